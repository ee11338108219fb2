"""What is made of a device's tables: the silent, the half-read and the odd case first."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from checks import registry
from checks.api import ErrorKind, ObservationError, Seen, State, worst
from checks.codec import from_json
from checks.network import bgp, cpu, interfaces, ospf, printer, sensors, storage, ups
from checks.network._parts import unique
from checks.snmp import Port, PortCounters, Processor, Sensor, Space

AT = 1_795_255_710_806
PARAMS = {"address": "10.0.0.1"}
MORE = {"network.config": {"platform": "cisco_ios"}, "network.policy": {"platform": "huawei_vrp"}}
IDS = [one for one in registry.ids() if one.startswith("network.")]


@pytest.mark.parametrize("check_id", IDS)
def test_a_wrong_address_is_refused_where_the_check_is_planned(check_id: str) -> None:
    check = registry.get(check_id)
    for wrong in ({"address": "a b"}, {"port": -1}, {"nonsense": 1}):
        with pytest.raises(ValueError):
            from_json(check.params, PARAMS | MORE.get(check_id, {}) | wrong, "params")


def test_names_that_repeat_stay_apart() -> None:
    assert unique(["Fan", "Fan #2", "Fan", ""]) == ["Fan", "Fan #2", "Fan #3", "-"]


class Tables:
    """A device whose tables somebody wrote down."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self.tables = tables

    def walk(self, _peer: Any, columns: Any) -> Mapping[str, Mapping[str, Any]]:
        return {column: self.tables.get(column, {}) for column in columns}


def test_a_device_without_the_table_is_no_healthy_ups_and_no_full_printer() -> None:
    for module in (ups, printer):
        with pytest.raises(ObservationError) as raised:
            module.observe(Tables({}), module.Params("10.0.0.1"))
        assert raised.value.kind is ErrorKind.UNSUPPORTED


def test_a_ups_on_battery_is_seen_with_its_alarms() -> None:
    base = "1.3.6.1.2.1.33.1."
    found = ups.observe(
        Tables(
            {
                base + "2.1.0": {"": 2},
                base + "2.3.0": {"": 17},
                base + "2.4.0": {"": 88},
                base + "4.1.0": {"": 5},
                base + "4.4.1.5": {"1": 40},
                base + "6.1.0": {"": 2},
                base + "6.2.1.2": {"1": base + "6.3.2", "2": "1.3.6.1.4.1.318.1"},
            }
        ),
        ups.Params("10.0.0.1"),
    )
    assert (found.source, found.minutes, found.charge, found.alarms) == (5, 17, 88, (0, 2))
    readings = {one.name: one for one in ups.judge(Seen(found, AT), ups.Params("10.0.0.1"))}
    assert readings["source"].reason == "on_battery" and readings["source"].state is State.CRIT
    assert readings["time_left"].value == 17 * 60 and readings["alarms"].state is State.CRIT


def test_a_printers_bits_are_counted_from_the_left() -> None:
    tables = {
        "1.3.6.1.2.1.43.11.1.1.6": {"1.1": "黑色墨粉".encode(), "1.2": b"\xff\x00Cyan"},
        "1.3.6.1.2.1.43.11.1.1.8": {"1.1": 1000, "1.2": -2},
        "1.3.6.1.2.1.43.11.1.1.9": {"1.1": 50, "1.2": 5},
        "1.3.6.1.2.1.25.3.5.1.1": {"1": 5},
        "1.3.6.1.2.1.25.3.5.1.2": {"1": b"\x44"},
    }
    found = printer.observe(Tables(tables), printer.Params("10.0.0.1"))
    assert found.faults == ("no_paper", "jammed")
    assert [one.name for one in found.supplies] == ["黑色墨粉", "\ufffdCyan"]
    states = {one.name: one.state for one in printer.judge(Seen(found, AT), printer.Params("10.0.0.1"))}
    assert states["黑色墨粉"] is State.WARN and states["\ufffdCyan"] is State.UNKNOWN
    assert states["jammed"] is State.CRIT


def test_a_neighbour_that_is_gone_is_missing_and_not_forgotten() -> None:
    table = "1.3.6.1.2.1.15.3.1."
    source = Tables(
        {table + "2": {"10.0.0.2": 6}, table + "3": {"10.0.0.2": 2}, table + "16": {"10.0.0.2": 9}}
    )
    found = bgp.observe(source, bgp.Params("10.0.0.1"))
    params = bgp.Params("10.0.0.1", expected=("10.0.0.2", "10.0.0.3"))
    readings = {one.name: (one.state, one.reason) for one in bgp.judge(Seen(found, AT), params)}
    assert readings["10.0.0.2"] == (State.OK, "")
    assert readings["10.0.0.3"] == (State.CRIT, "missing")


def test_two_way_is_enough_only_where_nobody_expects_more() -> None:
    table = "1.3.6.1.2.1.14.10.1."
    source = Tables({table + "6": {"10.1.0.3.0": 4}, table + "3": {"10.1.0.3.0": "1.1.1.3"}})
    found = ospf.observe(source, ospf.Params("10.0.0.1"))
    assert found.neighbours[0].address == "10.1.0.3"
    for expected, state in (((), State.OK), (("1.1.1.3",), State.CRIT)):
        params = ospf.Params("10.0.0.1", expected=expected)
        assert worst(one.state for one in ospf.judge(Seen(found, AT), params)) is state


def port(after: PortCounters, before: PortCounters | None, speed: int | None = 10**9) -> Port:
    return Port(1, "GE1", "", "", 6, "up", "up", speed, after, before)


def told(one: Port, elapsed: int | None) -> dict[str, Any]:
    params = interfaces.Params("10.0.0.1", expected=("GE1",))
    readings = interfaces.judge(Seen(interfaces.Facts((one,), elapsed, False), AT), params)
    return {reading.name: reading for reading in readings}


def test_a_counter_that_went_back_says_nothing_of_the_time_between() -> None:
    found = told(port(PortCounters(5, 5, 0, 0, 0, 0), PortCounters(9, 9, 7, 0, 0, 0)), 60_000)
    assert "GE1:use_in" not in found
    assert found["GE1:errors_hourly"].value == 0


def test_without_a_look_before_there_are_no_rates() -> None:
    found = told(port(PortCounters(5, 5, 0, 0, 0, 0), None), None)
    assert found["counters"].reason == "first_look" and "GE1:errors_hourly" not in found


def test_use_and_errors_are_exact() -> None:
    found = told(port(PortCounters(7500_000_000, 0, 60, 1, 0, 0), PortCounters(0, 0, 0, 0, 0, 0)), 3_600_000)
    assert found["GE1:use_in"].value == Fraction(100 * 7500_000_000 * 8000, 10**9 * 3_600_000)
    assert found["GE1:errors_hourly"].value == 61 and found["GE1:errors_hourly"].state is State.WARN


def test_a_port_without_speed_has_no_use_but_a_link() -> None:
    found = told(port(PortCounters(5, 5, 0, 0, 0, 0), PortCounters(0, 0, 0, 0, 0, 0), None), 60_000)
    assert "GE1:use_in" not in found and found["GE1:link"].state is State.OK


def test_a_device_that_tells_of_no_processor_is_unknown_and_not_idle() -> None:
    params = cpu.Params("10.0.0.1")
    for facts in (cpu.Facts((), False), cpu.Facts((Processor("1", "a", 100),), True)):
        assert worst(one.state for one in cpu.judge(Seen(facts, AT), params)) is State.UNKNOWN


def test_the_devices_own_limits_count_and_ours_only_without() -> None:
    params = from_json(sensors.Params, PARAMS | {"temperature": {"warn": 30, "crit": 40}}, "params")
    own = Sensor("1", "temperature", "a", 41_000, warn_high=60_000, crit_high=70_000)
    bare = Sensor("2", "temperature", "b", 41_000)
    readings = list(sensors.judge(Seen(sensors.Facts((own, bare), False), AT), params))
    assert [one.state for one in readings] == [State.OK, State.CRIT]


@pytest.mark.parametrize(
    "space",
    [(None, 100, None), (5, None, None), (5, -100, None), (-5, 100, None), (None, 100, -1), (5, 100, -1)],
)
def test_a_disk_whose_sizes_say_nothing_is_unknown(space: tuple[int | None, ...]) -> None:
    facts = storage.Facts((Space("1", "C:", "disk", *space),), False)
    found = list(storage.judge(Seen(facts, 0), storage.Params("192.0.2.1", expected=("C:*",))))
    assert [(one.name, one.state, one.reason) for one in found] == [("C:", State.UNKNOWN, "not_reported")]
