"""Profiles: every one is readable, chosen by what a device says of itself, and names nobody's recording."""

import re

import pytest

from agent.sources import snmp_profiles, snmp_rules
from agent.sources.snmp_profiles import BadProfile, chosen, complete, everything, find, joined, profile
from agent.sources.snmp_rules import number, processors, sensors, spaces
from agent.sources.snmp_walk import Rows
from checks.snmp import UNITS

NAMES = sorted(everything())
V = "1.3.6.1.4.1.99999.1."


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_is_readable_and_whole(name):
    made = complete(name)
    assert made.match or not made.vendor, "a profile that nothing chooses names no vendor"
    for rule in made.sensors:
        assert rule.kind in UNITS
        assert rule.kind != "state" or rule.states, rule.value
        assert rule.kind == "state" or not rule.states
        assert rule.convert in snmp_rules.CONVERT
    for oid in snmp_rules.wanted((*made.sensors, *made.processors, *made.memory, *made.storage)):
        assert re.fullmatch(r"\d+(\.\d+)+", oid)


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_says_first_where_it_comes_from(name):
    text = (snmp_profiles.DIRECTORY / f"{name}.yaml").read_text("utf-8")
    assert text.startswith("# ")


@pytest.mark.parametrize("name", [name for name in NAMES if everything()[name].own])
def test_what_stands_in_a_tree_of_each_models_own_is_read_there_and_nowhere_else(name):
    """A device that has no such tree is read by the standard rules alone."""
    head, many = everything()[name].match[0].oid.split("."), everything()[name].own
    for arc in ("5", "66"):
        tree = ".".join([*head, *[arc] * (many - len(head))])
        made = chosen(f"{tree}.4", "")[0]
        assert made.name == name and made.sensors
        assert all(rule.value.startswith(f"{tree}.") or "$" not in rule.value for rule in made.sensors)
        assert any(oid.startswith(f"{tree}.") for oid in snmp_rules.wanted(made.sensors))
        assert not any(
            "$own" in str(part) for part in (made.version, made.hardware, made.serial, made.sensors)
        )
    assert not chosen(".".join(head), "")[0].sensors


def test_the_longest_object_id_wins_then_the_description():
    assert find("1.3.6.1.4.1.9.1.1208", "Cisco IOS Software, C2960X").name == "cisco-ios"
    assert find("1.3.6.1.4.1.9.1.2571", "Cisco IOS XR Software (NCS-5500)").name == "cisco-ios-xr"
    assert find("1.3.6.1.4.1.9.5.1", "a switch").name == "cisco"
    assert find("1.3.6.1.4.1.2011.2.23.1", "x").name == "huawei-vrp"
    assert find("1.3.6.1.4.1.2011.10.1", "x").name == "h3c-comware"
    assert find("1.3.6.1.4.1.31.1", "x") is None
    assert find("1.3.6.1.4.1.3180.1", "x") is None, "a longer number is another enterprise"


def test_every_device_gets_the_standard_rules_behind_its_own_each_once():
    names = [each.name for each in chosen("1.3.6.1.4.1.9.1.1208", "Cisco IOS Software, C2960X")]
    assert names[:2] == ["cisco-ios", "cisco"] and "entity-state" in names and len(set(names)) == len(names)
    assert chosen("1.3.6.1.4.1.99999", "x")[0].name == "standard"


def test_a_makers_tables_that_are_present_say_who_the_device_is():
    host = profile("host", {"vendor": "anybody", "version": ["descr"]})
    store = profile("store", {"present": V[:-1], "vendor": "somebody", "version": [V + "1.0"]})
    made = joined([host, store])
    assert made.vendor == "somebody" and made.version[0].values == (V + "1.0",)


def test_a_fallback_is_used_only_where_nothing_came_before():
    both = rules("processors", {"value": V + "1"}, {"value": V + "2", "fallback": "yes"})
    assert [cpu.load for cpu in processors(both, held({V + "1": {1: 7}, V + "2": {1: 8}}))] == [700]
    assert [cpu.load for cpu in processors(both, held({V + "2": {1: 8}}))] == [800]
    pools = rules("memory", {"percent": V + "1"}, {"percent": V + "2", "fallback": "yes"})
    assert [space.share for space in spaces(pools, held({V + "2": {1: 8}}))] == [800]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sensors": [{"class": "state", "value": V + "1", "colour": "red"}]}, "unknown key colour"),
        ({"sensor": []}, "unknown key sensor"),
        ({"sensors": [{"class": "state", "value": V + "1", "states": {"1": "fine"}}]}, "one of ok"),
    ],
)
def test_a_mistake_in_a_profile_is_named(given, said):
    with pytest.raises(BadProfile, match=said):
        profile("x", given)


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text("sensors: [")
    with pytest.raises(BadProfile, match=r"odd\.yaml"):
        snmp_profiles.read(path)


def held(columns, scalars=None):
    rows = Rows()
    for oid, cells in columns.items():
        rows.columns[oid] = {
            bytes([index]): (2 if isinstance(v, int) else 4, coded(v)) for index, v in cells.items()
        }
    for oid, value in (scalars or {}).items():
        rows.scalars[oid] = (2 if isinstance(value, int) else 4, coded(value))
    return rows


def coded(value):
    return value.to_bytes(8, "big", signed=True) if isinstance(value, int) else value


def test_a_profile_may_be_another_makers_below_another_number():
    objects = {rule.value for rule in complete("fs-datacenter").sensors}
    assert len(objects) == len({rule.value for rule in complete("ruijie").sensors})
    assert all(oid.startswith("1.3.6.1.4.1.52642.") for oid in objects)
    assert complete("fs-datacenter").vendor == "FS"


def test_an_index_that_is_a_text_names_its_row():
    assert snmp_rules.readable("3.67.80.85") == "CPU"
    assert snmp_rules.readable("3.67.80") == "3.67.80"
    assert snmp_rules.readable("") == ""


def test_a_rule_may_need_so_many_rows_of_another_column():
    rule = {"class": "state", "value": V + "5.0", "states": {"2": "no ring warn"}, "rows": {V + "1": "2"}}
    alone, stack = held({V + "1": {1: 1}}, {V + "5.0": 2}), held({V + "1": {1: 1, 2: 1}}, {V + "5.0": 2})
    assert sensors(rules("sensors", rule), alone) == []
    assert [sensor.severity for sensor in sensors(rules("sensors", rule), stack)] == ["warn"]


@pytest.mark.parametrize("kind", ["temperature", "humidity", "fanspeed"])
def test_an_upper_limit_of_nothing_was_never_set(kind):
    columns = {V + "1": {1: 41, 2: 41}, V + "2": {1: 70, 2: 0}}
    rule = {"class": kind, "value": V + "1", "limits": {"warn_high": V + "2"}}
    found = sensors(rules("sensors", rule), held(columns))
    assert [sensor.warn_high for sensor in found] == [70_000, None]


def test_a_power_of_ten_may_multiply():
    columns = {V + "1": {1: 3312}, V + "2": {1: -3}}
    rule = {"class": "voltage", "value": V + "1", "power": V + "2"}
    assert [sensor.value for sensor in sensors(rules("sensors", rule), held(columns))] == [3_312]


def rules(part, *given):
    return getattr(
        profile("x", {part: [rule if isinstance(rule, str) else dict(rule) for rule in given]}), part
    )


def test_values_are_scaled_converted_and_left_out():
    columns = {V + "1": {1: 215, 2: 0, 3: 998}, V + "2": {1: b"a", 2: b"b", 3: b"c"}}
    rule = {"class": "temperature", "value": V + "1", "names": V + "2", "scale": "1/10", "skip": "0"}
    found = sensors(rules("sensors", rule | {"high": "900"}), held(columns))
    assert [(sensor.name, sensor.value) for sensor in found] == [("a", 21_500)]
    warm = sensors(
        rules("sensors", {"class": "temperature", "value": V + "1", "convert": "fahrenheit"}), held(columns)
    )
    assert warm[1].value == -17_778
    assert warm[0].oid == V + "1.1"


def test_a_scale_column_multiplies_or_divides():
    columns = {V + "1": {1: 50, 2: 50, 3: 50}, V + "2": {1: -10, 2: 10, 3: 0}}
    found = sensors(rules("sensors", {"class": "power", "value": V + "1", "times": V + "2"}), held(columns))
    assert [sensor.value for sensor in found] == [5_000, 500_000, 50_000]


def test_a_device_may_tell_the_divisor_of_each_value():
    columns = {V + "1": {1: 159, 2: 7, 3: 5}, V + "2": {1: 10, 2: 1, 3: 0}}
    found = sensors(
        rules("sensors", {"class": "temperature", "value": V + "1", "over": V + "2"}), held(columns)
    )
    assert [each.value for each in found] == [15_900, 7_000], "no divisor, no value"


def test_a_level_is_a_percentage_of_what_fits_and_nothing_where_that_is_not_told():
    columns = {V + "1": {1: 50, 2: 50, 3: 50, 4: 50}, V + "2": {1: 200, 2: -2, 3: 0}}
    found = sensors(rules("sensors", {"class": "percent", "value": V + "1", "of": V + "2"}), held(columns))
    assert [(sensor.oid, sensor.value) for sensor in found] == [(V + "1.1", 25_000)]


def test_states_have_the_severity_of_their_mib_and_unknown_codes_are_unknown():
    columns = {V + "1": {1: 2, 2: 3, 3: 77}}
    rule = {"class": "state", "value": V + "1", "states": {"2": "fine ok", "3": "broken crit"}}
    found = sensors(rules("sensors", rule), held(columns))
    assert [(sensor.state, sensor.severity) for sensor in found] == [
        ("fine", "ok"),
        ("broken", "crit"),
        ("", "unknown"),
    ]


def test_of_a_bit_string_the_worst_bit_counts():
    states = {"none": "normal ok", "bit 0": "low paper warn", "bit 9": "jammed crit"}
    columns = {V + "1": {1: b"\x00", 2: b"\x80", 3: b"\x80\x40"}}
    found = sensors(rules("sensors", {"class": "state", "value": V + "1", "states": states}), held(columns))
    assert [sensor.severity for sensor in found] == ["ok", "warn", "crit"]


def test_a_bit_string_given_as_text_is_read_as_one():
    states = {"none": "normal ok", "bit 0": "unknown unknown", "bit 2": "critical crit"}
    columns = {V + "1": {1: b"00", 2: b"80 0", 3: b"20 2", 4: b"\x20"}}
    found = sensors(rules("sensors", {"class": "state", "value": V + "1", "states": states}), held(columns))
    assert [sensor.severity for sensor in found] == ["ok", "unknown", "crit", "crit"]


def test_numbers_in_texts_are_read_and_texts_without_are_no_sensor():
    columns = {V + "1": {1: b"Rail: 12.05V", 2: b"absent"}}
    rule = {"class": "voltage", "value": V + "1", "pattern": r"([\d.]+)V"}
    assert [sensor.value for sensor in sensors(rules("sensors", rule), held(columns))] == [12_050]
    assert number(b"about 1e999") is None
    assert number(b"\x9f\x78\x04\x41\xc8\x00\x00") == 25


def test_memory_is_computed_from_any_two_and_never_from_nothing():
    columns = {V + "1": {1: 30, 2: 0}, V + "2": {1: 70, 2: 0}}
    both = spaces(rules("memory", {"used": V + "1", "free": V + "2", "unit": "1024"}), held(columns))
    assert (both[0].used, both[0].total, both[0].share) == (30 * 1024, 100 * 1024, 3000)
    assert both[1].share is None
    free = spaces(rules("storage", {"free": V + "1", "total": V + "2"}), held(columns))
    assert free[0].oid == "" and free[0].used == 40


def test_a_size_that_wrapped_or_a_share_below_nothing_is_unknown():
    columns = {V + "1": {1: 30, 2: 30}, V + "2": {1: -(2**31) + 5, 2: 100}, V + "3": {1: 4, 2: -1}}
    wrapped, good = spaces(rules("storage", {"used": V + "1", "total": V + "2"}), held(columns))
    assert (wrapped.share, good.share) == (None, 3000)
    low, none = spaces(rules("storage", {"percent": V + "3", "total": V + "2"}), held(columns))
    assert low.share == 400 and (none.share, none.used, none.total) == (None, None, 100)


def test_more_free_than_there_is_is_no_reading():
    columns = {V + "1": {1: 15_943}, V + "2": {1: 507_716}}
    assert spaces(rules("memory", {"total": V + "1", "free": V + "2"}), held(columns)) == []


def test_an_identity_may_be_octets_capitals_or_the_row_of_another_table():
    address = rules("serial", {"from": V + "1", "hex": "yes", "upper": "yes"})
    assert snmp_rules.identify(address, "", held({V + "1": {1: b"", 2: b"\xac\xcc\x8e\x00\x00\x01"}})) == (
        "ACCC8E000001"
    )
    kind = rules("hardware", {"from": V + "2.0", "row": V + "3"})
    table = held({V + "3": {7: b"SAS-R6", 8: b"SAS-R12"}}, {V + "2.0": 8})
    assert snmp_rules.identify(kind, "", table) == "SAS-R12"
    assert snmp_rules.identify(kind, "", held({V + "3": {7: b"SAS-R6"}}, {V + "2.0": 8})) == ""
    named = rules("hardware", {"from": V + "2.0", "map": {"8": "eight"}, "known": "yes"}, "descr")
    assert snmp_rules.identify(named, "else", held({}, {V + "2.0": 8})) == "eight"
    assert snmp_rules.identify(named, "else", held({}, {V + "2.0": 9})) == "else"


def test_processors_may_be_given_as_idle_time():
    found = processors(
        rules("processors", {"value": V + "5.0", "scale": "-1", "offset": "100"}), held({}, {V + "5.0": 83})
    )
    assert [cpu.load for cpu in found] == [1700]
