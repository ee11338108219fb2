"""Families of devices of which no recording is at hand: chosen by what they say, identified by its form.

The descriptions have the form that the makers' manuals print; they prove that the patterns read this form,
not that every release writes it.
"""

import pytest

from agent.sources import snmp_rules, snmp_standard
from agent.sources.snmp_ber import encode_oid
from agent.sources.snmp_profiles import chosen, find, joined
from agent.sources.snmp_walk import Rows

E = "1.3.6.1.4.1."
FAMILIES = [
    (E + "40310", "Cumulus Linux 3.7.12 (Linux Kernel 4.1.33)", "cumulus", "3.7.12", ""),
    (
        E + "8072.3.2.10",
        "SONiC Software Version: SONiC.202012.5 - HwSku: Force10-S6000 - Distribution: Debian 10.7",
        "sonic",
        "202012.5",
        "Force10-S6000",
    ),
    (E + "33049.1.1.1.2700", "Mellanox SN2700,MLNX-OS,SWv3.9.0914", "mellanox", "3.9.0914", "SN2700"),
    (E + "44641", "VyOS 1.3.2", "vyos", "1.3.2", ""),
    (E + "29671.2.64", "Meraki MS250-48FP Cloud Managed Switch", "meraki", "", "MS250-48FP"),
    (E + "26928.1", "AP130, HiveOS 8.2r1 release build192", "aerohive", "8.2r1", "AP130"),
    (
        E + "5624.2.1.59",
        "Enterasys Networks, Inc. C3G124-48P Rev 06.61.08",
        "enterasys",
        "06.61.08",
        "C3G124-48P",
    ),
    (
        E + "45.3.74.1",
        "Ethernet Routing Switch 5520-48T-PWR HW:02 FW:6.0 SW:v6.2.1",
        "avaya-ers",
        "6.2.1",
        "Ethernet Routing Switch 5520-48T-PWR",
    ),
    (E + "2272.205", "VSP-8284XSQ (8.1.5.0) BoxType", "avaya-voss", "8.1.5.0", "VSP-8284XSQ"),
    (
        E + "15497.1.2",
        "IronPort Model C370, AsyncOS Version: 9.7.1, Serial #: AB12",
        "asyncos",
        "9.7.1",
        "C370",
    ),
    (
        E + "9.1.1682",
        "Cisco Integrated Management Controller(CIMC) [C220-M3], Firmware Version 2.0(3d)",
        "cisco-ucs",
        "2.0(3d)",
        "",
    ),
    (
        E + "4329.20.1.1",
        "Siemens, SIMATIC NET, SCALANCE X204-2, 6GK5 204-2BB10-2AA3, HW: 4, FW: V5.02, VPD5107552",
        "scalance",
        "5.02",
        "SCALANCE X204-2",
    ),
    (
        E + "25049.1.90",
        "Opengear/ACM7004-2 Version 4.3.1 8a3f -- Thu Jul 5",
        "opengear",
        "4.3.1",
        "ACM7004-2",
    ),
    (
        E + "8072.3.2.16",
        "Darwin mini 19.6.0 Darwin Kernel Version 19.6.0 x86_64",
        "macos",
        "19.6.0",
        "x86_64",
    ),
    (E + "11.2.3.2.5", "HP-UX db1 B.11.31 U ia64 0123", "hpux", "B.11.31", "ia64"),
    (E + "890.1.15", "GS1920-24", "zyxel", "", "GS1920-24"),
    (E + "6486.801.1.1.2.1.11.1.1", "8.6.289.R01 GA, July 14, 2019.", "alcatel-aos7", "8.6.289.R01", ""),
    (E + "6486.800.1.1.2.1.10.1.1", "6.4.3.520.R01 GA", "alcatel-omniswitch", "6.4.3.520.R01", ""),
]


@pytest.mark.parametrize(("object_id", "descr", "name", "version", "hardware"), FAMILIES)
def test_a_family_is_chosen_and_identified_by_what_it_says(object_id, descr, name, version, hardware):
    profile = find(object_id, descr)
    assert profile is not None and profile.name == name
    whole = joined(chosen(object_id, descr))
    assert snmp_rules.identify(whole.version, descr, Rows()) == version
    assert snmp_rules.identify(whole.hardware, descr, Rows()) == hardware


@pytest.mark.parametrize(
    ("object_id", "name"),
    [
        (E + "12356.101.1.1001", "fortigate"),
        (E + "12356.105", "fortimail"),
        (E + "12356.113.1", "fortinet"),
        (E + "674.10902.2", "dell-ups"),
        (E + "674.10895.3042", "dell-powerconnect"),
        (E + "232.165.3", "hpe-ups"),
        (E + "232.165.7", "hpe-pdu"),
        (E + "232.9.4.10", "ilo"),
        (E + "259.10.1.24.101", "edgecore"),
        (E + "259.6.10.57", "edgecore"),
        (E + "11256.1", "stormshield"),
        (E + "7779.1.1402", "infoblox"),
        (E + "25053.3.1.5.1", "ruckus-wireless"),
        (E + "11.2.3.9.1", "jetdirect"),
    ],
)
def test_one_maker_has_several_kinds_of_devices(object_id, name):
    assert find(object_id, "").name == name


def test_no_maker_is_asked_the_tables_of_another():
    """Of the tables below `enterprises` a device is asked its own profiles' and the standard ones only."""
    standard = {each.name for each in chosen("", "")}
    zyxel = [each for each in chosen(E + "890.1.15", "GS1920-24") if each.name not in standard]
    asked = snmp_rules.wanted([rule for each in zyxel for rule in (*each.sensors, *each.processors)])
    assert asked and all(oid.startswith((E + "890.", "1.3.6.1.2.1.")) for oid in asked)


def _coded(value: int | bytes) -> tuple[int, bytes]:
    """Tag and content as the wire has them."""
    return (2, value.to_bytes(8, "big", signed=True)) if isinstance(value, int) else (4, value)


def _held(
    columns: dict[str, dict[int | str, int | bytes]], scalars: dict[str, int | bytes] | None = None
) -> Rows:
    rows = Rows()
    for oid, cells in columns.items():
        rows.columns[oid] = {bytes(map(int, str(at).split("."))): _coded(one) for at, one in cells.items()}
    for oid, one in (scalars or {}).items():
        rows.scalars[oid] = _coded(one)
    return rows


def _severities(object_id: str, descr: str, rows: Rows) -> dict[str, str]:
    profile = find(object_id, descr)
    assert profile is not None
    return {
        one.name: one.severity for one in snmp_rules.sensors(profile.sensors, rows) if one.kind == "state"
    }


def test_what_fails_in_a_family_never_seen_is_critical_and_an_empty_place_is_not():
    zyxel = E + "890.1.15.3.26.1."
    rows = _held(
        {
            zyxel + "1.1.2": {1: b"FAN1", 2: b"FAN2"},
            zyxel + "1.1.7": {1: b"Normal", 2: b"Error"},
            zyxel + "4.2.1.3": {1: b"absent", 2: b"something new"},
            zyxel + "4.2.1.4": {1: b"A", 2: b"B"},
        }
    )
    assert _severities(E + "890.1.15", "GS1920", rows) == {
        "FAN1": "ok",
        "FAN2": "crit",
        "power source 1 A": "ok",
        "power source 2 B": "unknown",
    }
    boss = E + "45.1.6.3.3.1.1."
    rows = _held({boss + "10": {"4.1.0": 5, "6.1.0": 10, "6.2.0": 11}, boss + "5": {}})
    assert _severities(E + "45.3.74", "x", rows) == {"4.1.0": "ok", "6.1.0": "crit", "6.2.0": "ok"}


def test_power_systems_tell_their_own_alarm_and_a_value_that_is_not_had_is_none():
    netsure = E + "6302.2.1.2."
    scalars = {netsure + "1.0": 5, netsure + "2.0": 53_900, netsure + "3.0": 2_147_483_647}
    rows = _held({netsure + "11.4.1.8": {1: 2, 2: 1}}, scalars)
    assert _severities(E + "6302.2", "x", rows) == {
        "system": "crit",
        "rectifier 1 failure": "ok",
        "rectifier 2 failure": "crit",
    }
    profile = find(E + "6302.2", "x")
    assert profile is not None
    measured = [one for one in snmp_rules.sensors(profile.sensors, rows) if one.kind != "state"]
    assert [(one.kind, one.value) for one in measured] == [("voltage", 53_900)]


def test_cooling_units_name_their_own_values_units_and_divisors():
    unit = E + "318.1.1.27.1.4.1.2.1."
    rows = _held(
        {
            unit + "2": {"1.1": b"Supply Air Temperature", "1.2": b"Cooling Output", "1.3": b"Fan Speed"},
            unit + "3": {"1.1": 159, "1.2": 123, "1.3": 450},
            unit + "4": {"1.1": b"C", "1.2": b"kW", "1.3": b"%"},
            unit + "5": {"1.1": 10, "1.2": 10, "1.3": 10},
        }
    )
    profile = find(E + "318.1.3.14", "APC")
    assert profile is not None
    found = {(one.kind, one.name): one.value for one in snmp_rules.sensors(profile.sensors, rows)}
    assert found == {
        ("temperature", "Supply Air Temperature"): 15_900,
        ("power", "Cooling Output"): 12_300_000,
        ("percent", "Fan Speed"): 45_000,
    }


def test_a_controller_that_was_never_paired_misses_no_peer():
    ruckus = E + "25053.1.2.1.1.1.1."
    alone = _held({}, {ruckus + "30.0": 3, ruckus + "31.0": 2})
    assert _severities(E + "25053.3.1.5.1", "x", alone) == {"redundancy": "ok"}
    paired = _held({}, {ruckus + "30.0": 1, ruckus + "31.0": 2})
    assert _severities(E + "25053.3.1.5.1", "x", paired) == {"redundancy": "ok", "peer": "crit"}


def test_parts_of_a_storage_tell_their_state_and_what_it_has_not_is_left_out():
    part = E + "211.1.21.1.150.2."
    columns: dict[str, dict[int | str, int | bytes]] = {
        part + "6.2.1.3": {0: 1, 1: 2},
        part + "13.2.1.3": {0: 4},
        part + "7.2.1.3": {0: 6},
        part + "19.2.1.3": {0: 1, 1: 64, 2: 3},
        part + "9.2.1.5": {0: 900},
    }
    rows = _held(columns, {E + "211.1.21.1.150.6.0": 4})
    assert _severities(E + "211.1.21.1.150", "ETERNUS DX100 S3", rows) == {
        "unit": "warn",
        "controller fan 0": "ok",
        "controller fan 1": "crit",
        "supply of the controller enclosure 0": "ok",
        "drive 0": "ok",
        "drive 1": "crit",
        "drive 2": "ok",
    }
    profile = find(E + "211.1.21.1.150", "x")
    assert profile is not None
    volts = [one.value for one in snmp_rules.sensors(profile.sensors, rows) if one.kind == "voltage"]
    assert volts == [45_000]


def test_a_power_system_tells_of_each_rectifier_battery_and_sensor_and_not_of_levels_somebody_set():
    site = E + "2011.6.164.1."
    columns: dict[str, dict[int | str, int | bytes]] = {
        site + "1.2.100.1.2": {1: b"AC failure"},
        site + "1.2.100.1.3": {1: 1},
        site + "3.2.2.1.99": {1: 1, 2: 4},
        site + "4.4.2.1.99": {1: 2},
        site + "4.4.2.1.6": {1: 253, 2: -99999},
        site + "5.2.1.1.99": {1: 2},
        site + "8.2.1.1.3": {1: b"room"},
        site + "8.2.1.1.4": {1: 24},
        site + "8.2.1.1.99": {1: 1},
    }
    rows = _held(columns)
    assert _severities(E + "2011.6.164", "SMU02B", rows) == {
        "rectifier 1": "ok",
        "rectifier 2": "crit",
        "battery 1": "crit",
        "AC input 1": "crit",
        "room 1": "ok",
    }
    profile = find(E + "2011.6.164", "SMU02B")
    assert profile is not None
    found = snmp_rules.sensors(profile.sensors, rows)
    warm = [(one.name, one.value) for one in found if one.kind == "temperature" and one.value is not None]
    assert warm == [("battery 1", 25_300), ("room 1", 24_000)]


def test_a_rack_pdu_tells_its_load_supply_and_the_limits_of_its_thermometer():
    pdu = E + "674.10903.200.2.200."
    columns: dict[str, dict[int | str, int | bytes]] = {
        pdu + "110.2.1.3": {1: 123},
        pdu + "110.2.1.6": {1: 3},
        pdu + "150.2.2.1.3": {1: 3},
        pdu + "150.2.2.1.6": {1: 6},
    }
    rows = _held(columns, {E + "674.10903.200.2.110.1.0": 5, pdu + "140.1.0": 1})
    assert _severities(E + "674.10903.200.3.1", "Dell Rack PDU", rows) == {
        "status": "crit",
        "load of PDU 1": "warn",
        "power supplies": "ok",
        "contact of sensor 1": "crit",
        "temperature of sensor 1": "crit",
    }
    profile = find(E + "674.10903.200.3.1", "x")
    assert profile is not None
    watts = [one.value for one in snmp_rules.sensors(profile.sensors, rows) if one.kind == "power"]
    assert watts == [1_230_000]


def test_a_service_nobody_knows_the_word_of_is_unknown():
    nios = E + "7779.3.1.1.2.1.9.1."
    rows = _held({nios + "2": {1: 1, 2: 3, 3: 9}, nios + "3": {1: b"Running", 2: b"Down", 3: b"?"}})
    assert list(_severities(E + "7779.1.1402", "x", rows).values()) == ["ok", "crit", "unknown"]


def test_a_sensor_that_the_device_takes_for_broken_is_unknown_and_not_left_out():
    base = snmp_standard.ENTITY
    rows = _held(
        {
            base + "1": {1: 8, 2: 8, 3: 8},
            base + "2": {1: 9, 2: 9, 3: 9},
            base + "3": {1: 0, 2: 0, 3: 0},
            base + "4": {1: 31, 2: 0, 3: 0},
            base + "5": {1: 1, 2: 3, 3: 2},
            snmp_standard.ENTITY_NAMES[0]: {1: b"inlet", 2: b"outlet", 3: b"empty bay"},
        }
    )
    found = {
        one.name: (one.kind, one.value, one.severity) for one in snmp_standard.entity_sensors(rows, base)
    }
    assert found == {"inlet": ("temperature", 31_000, ""), "outlet": ("state", 3000, "unknown")}


def test_an_alarm_that_stands_in_a_table_is_named_and_ranked_by_what_it_points_to():
    socomec = E + "4555.1.1.1.1."
    rows = _held({socomec + "6.2.1.4": {}}, {socomec + "2.1.0": 3, socomec + "4.1.0": 9})
    rows.columns[socomec + "6.2.1.2"] = {
        bytes([1]): (6, encode_oid(socomec + "6.3.16")),
        bytes([2]): (6, encode_oid(socomec + "6.3.24")),
        bytes([3]): (6, encode_oid(socomec + "6.3.99")),
    }
    found = _severities(E + "4555.1.1.1", "x", rows)
    assert (found.pop("battery"), found.pop("output source")) == ("crit", "ok")
    assert list(found.values()) == ["crit", "warn", "warn"]


def test_cards_boards_fans_and_supplies_of_zte_are_read_and_empty_slots_are_not():
    zte = E + "3902.3.6002.2."
    rows = _held(
        {
            E + "3902.3.2.3.1.6": {"0.0.1": 1, "0.0.2": 1, "0.0.3": 0},
            E + "3902.3.2.3.1.7": {"0.0.1": 1, "0.0.2": 0, "0.0.3": 0},
            zte + "1.1.4": {"0.0.1.1": 1, "0.0.2.1": 0, "0.0.3.1": 2},
            zte + "3.1.7": {"0.0.1.1": 1, "0.0.1.2": 0},
            zte + "5.1.8": {"0.0.1.0.72": 2},
            zte + "6.2.1.4": {"0.0.1.1": 1, "0.0.1.2": 2},
            zte + "6.2.1.5": {"0.0.1.1": 2, "0.0.1.2": 0},
        }
    )
    assert _severities(E + "3902.3.100.6002.1", "ZXR10 M6000", rows) == {
        "card 0.0.1": "ok",
        "card 0.0.2": "crit",
        "board 0.0.1.1": "ok",
        "board 0.0.2.1": "crit",
        "board 0.0.3.1": "unknown",
        "fan 0.0.1.1": "ok",
        "fan 0.0.1.2": "crit",
        "temperature of 0.0.1.0.72": "crit",
        "power module 0.0.1.1 presence": "ok",
        "power module 0.0.1.2 presence": "ok",
        "power module 0.0.1.1 power": "crit",
    }


def test_units_and_sensors_of_rittals_older_controllers_are_read_by_their_kind():
    unit = E + "2606.4.2.3."
    table = unit + "5.2.1."
    rows = _held(
        {
            table + "2": {1: 10, 2: 77, 3: 7},
            table + "3": {1: b"inlet", 2: b"phase", 3: b"smoke"},
            table + "4": {1: 4, 2: 7, 3: 9},
            table + "5": {1: 23, 2: 57, 3: 1},
        },
        {unit + "4.0": 5},
    )
    assert _severities(E + "2606.4", "x", rows) == {
        "unit 1": "crit",
        "unit 1 inlet": "ok",
        "unit 1 phase": "warn",
        "unit 1 smoke": "crit",
    }
    profile = find(E + "2606.4", "x")
    assert profile is not None
    read = {one.kind: one.value for one in snmp_rules.sensors(profile.sensors, rows) if one.kind != "state"}
    assert read == {"temperature": 23000, "current": 5700}, "a smoke detector's value is no number"


def test_a_stack_that_broke_in_two_is_critical_and_one_that_is_switched_off_is_not():
    stack = E + "11.2.14.11.5.1.69.1."
    rows = _held({stack + "3.1.9": {1: 3, 2: 1, 3: 0}}, {stack + "1.2.0": 4})
    assert _severities(E + "11.2.3.7.11.166", "x", rows) == {
        "stack": "crit",
        "stack member 1": "ok",
        "stack member 2": "crit",
    }
    assert _severities(E + "11.2.3.7.11.166", "x", _held({}, {stack + "1.2.0": 1})) == {"stack": "ok"}


def test_codes_of_h3c_servers_that_the_maker_takes_for_alarms_are_warnings():
    hdm = E + "25506.13.1.2."
    rows = _held(
        {
            hdm + "1.1.9.6.1.3": {1: 2, 2: 3, 3: 4, 4: 1},
            hdm + "1.1.9.6.1.2": {1: b"Front 1", 2: b"Front 2", 3: b"Front 3", 4: b"Front 4"},
            hdm + "1.1.2.2.1.5": {1: 1, 2: 2, 3: 0},
        },
        {hdm + "4.7.1.0": 1},
    )
    assert _severities(E + "25506.13.1.2", "x", rows) == {
        "system health": "warn",
        "disk Front 1": "ok",
        "disk Front 2": "warn",
        "disk Front 3": "crit",
        "disk Front 4": "unknown",
        "memory 1": "ok",
        "memory 2": "warn",
        "memory 3": "unknown",
    }
