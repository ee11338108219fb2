"""What the host checks make of odd facts: counters that wrap or reset, spare ports, missing baselines."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import registry
from checks.api import Reading, Seen, State
from checks.codec import FieldError, from_json
from checks.host import cpu, disk_io, filesystem, log, memory, network, ports, processes, time, units, uptime
from checks.sources import (
    Boot,
    ClockOffset,
    CpuSpan,
    CpuTimes,
    Disk,
    DiskCounters,
    DiskSpan,
    KernelClock,
    Link,
    LinkCounters,
    LinkSpan,
    LogGrowth,
    MemoryUse,
    Mount,
    ServiceUnit,
)


def named(readings: Iterable[Reading]) -> dict[str, Reading]:
    return {each.name: each for each in readings}


def judged(module: Any, facts: Any, params: Any = None) -> dict[str, Reading]:
    return named(module.CHECK.judge(Seen(facts, 0), module.Params() if params is None else params))


# --- processors

TIMES = CpuTimes(1000, 0, 1000, 8000, 500, 0, 0, 0)


def cpu_span(**later: int) -> cpu.Facts:
    return cpu.Facts(CpuSpan(TIMES, replace(TIMES, **later), 1000, 1))


def test_processor_clocks_that_stand_still_or_go_back_are_unknown() -> None:
    for facts in (cpu_span(), cpu_span(user=900, idle=9000), cpu_span(steal=-1, idle=9000)):
        assert {(r.value, r.state, r.reason) for r in judged(cpu, facts).values()} == {
            (None, State.UNKNOWN, "counter_reset")
        }


def test_idle_may_step_back_a_little() -> None:
    found = judged(cpu, cpu_span(user=1900, idle=8100, iowait=490))
    assert found["total"].value == 90 and found["total"].state is State.CRIT


def test_waiting_for_the_disk_is_not_use() -> None:
    found = judged(cpu, cpu_span(user=1100, iowait=1400))
    assert (found["total"].value, found["iowait"].value, found["iowait"].state) == (10, 90, State.CRIT)


# --- disks

IO = DiskCounters(100, 100, 0, 0, 1000, 1000, 1000)


def disk(before: DiskCounters | None, after: DiskCounters, elapsed: int = 10_000) -> disk_io.Facts:
    return disk_io.Facts(DiskSpan((Disk("sda", before, after),), elapsed))


def test_a_busy_clock_that_wrapped_is_read_on() -> None:
    before = replace(IO, busy_ms=2**32 - 1000, read_ms=2**32 - 500)
    after = replace(before, reads=200, busy_ms=4000, read_ms=1500)
    found = judged(disk_io, disk(before, after))
    assert (found["sda:busy"].value, found["sda:latency"].value) == (50, 20)


def test_a_disk_whose_counters_began_anew_is_unknown() -> None:
    for after in (replace(IO, reads=1), replace(IO, busy_ms=0)):
        found = judged(disk_io, disk(IO, after))
        assert [(r.state, r.reason) for r in found.values()] == [(State.UNKNOWN, "counter_reset")]


def test_a_disk_that_has_just_appeared_is_unknown_and_an_elapsed_time_of_nothing_too() -> None:
    assert judged(disk_io, disk(None, IO))["sda:busy"].reason == "first_look"
    assert judged(disk_io, disk(IO, IO, 0))["sda:busy"].reason == "no_time"


def test_a_disk_that_hangs_without_finishing_anything_is_critical() -> None:
    found = judged(disk_io, disk(IO, replace(IO, busy_ms=11_000)))
    assert found["sda:busy"].state is State.CRIT and "sda:latency" not in found


def test_no_disk_at_all_is_not_ok() -> None:
    assert judged(disk_io, disk_io.Facts(DiskSpan((), 1000))) == {}


# --- memory

USE = MemoryUse(1000, 500, 0, 0, 3, 3)


def test_kills_at_a_first_look_are_unknown_unless_there_were_none() -> None:
    def kills(now: int | None, before: int | None) -> tuple[Any, State, str]:
        facts = memory.Facts(replace(USE, oom_kills=now, oom_kills_before=before))
        found = judged(memory, facts)["oom_kills"]
        return found.value, found.state, found.reason

    assert kills(None, None) == (None, State.UNKNOWN, "not_counted")
    assert kills(3, None) == (None, State.UNKNOWN, "first_look")
    assert kills(1, 3) == (None, State.UNKNOWN, "counter_reset")
    assert kills(0, None) == (0, State.OK, "")
    assert kills(3, 3) == (0, State.OK, "")
    assert kills(4, 3) == (1, State.CRIT, "")


def test_memory_without_a_size_is_unknown_and_no_swap_is_no_reading() -> None:
    found = judged(memory, memory.Facts(replace(USE, total=0)))
    assert (found["memory"].state, found["memory"].reason) == (State.UNKNOWN, "no_size")
    assert "swap" not in found


# --- filesystems


def test_percent_is_taken_of_what_users_can_have_as_df_does() -> None:
    mount = Mount(
        "/", "/dev/sda1", "ext4", False, total=1000, free=100, available=50, inodes=0, inodes_free=0
    )
    found = judged(filesystem, filesystem.Facts((mount,)))
    assert found["/"].value == Fraction(900 * 100, 950) and list(found) == ["/"]


def test_a_required_path_is_judged_whatever_its_kind_and_critical_when_gone() -> None:
    params = filesystem.Params(required=("/dev/shm", "/data"))
    mount = Mount("/dev/shm", "tmpfs", "tmpfs", False, 100, 50, 50, 10, 5)
    found = judged(filesystem, filesystem.Facts((mount,)), params)
    assert found["/dev/shm"].state is State.OK
    assert (found["/data"].state, found["/data"].reason) == (State.CRIT, "not_mounted")


# --- network

QUIET = LinkCounters(10_000, 10_000, 0, 0, 0, 0, 0, 0, 2)
ETH = Link("eth0", True, True, True, 1000, True, QUIET, replace(QUIET, packets_in=20_000))


def net(*links: Link) -> network.Facts:
    return network.Facts(LinkSpan(links, 60_000))


def test_a_spare_port_is_left_out_and_one_that_lost_its_link_is_critical() -> None:
    unused = replace(QUIET, packets_in=0, packets_out=0)
    spare = replace(ETH, name="eth1", carrier=False, before=unused, after=unused)
    found = judged(network, net(ETH, spare, replace(ETH, name="eth2", carrier=False)))
    assert [name for name in found if name.startswith("eth1")] == []
    assert (found["eth2:link"].state, found["eth2:link"].reason) == (State.CRIT, "no_carrier")
    required = judged(network, net(spare), network.Params(required=("eth1",)))
    assert required["eth1:link"].state is State.CRIT


def test_interface_counters_that_went_back_are_unknown() -> None:
    wrapped = replace(ETH, before=replace(QUIET, packets_in=2**32 - 1))
    found = judged(network, net(wrapped))
    assert (found["eth0:errors"].state, found["eth0:errors"].reason) == (State.UNKNOWN, "counter_reset")
    assert found["eth0:link"].state is State.OK


def test_errors_are_judged_per_million_and_a_handful_of_packets_is_no_rate() -> None:
    bad = replace(ETH, after=replace(ETH.after, errors_in=100))
    assert judged(network, net(bad))["eth0:errors"].state is State.CRIT
    few = replace(ETH, after=replace(QUIET, packets_in=10_005, errors_in=1))
    found = judged(network, net(few))["eth0:errors"]
    assert (found.value, found.state, found.reason) == (Fraction(1, 6), State.WARN, "few_packets")


def test_a_link_that_flaps_is_noticed() -> None:
    flapping = replace(ETH, after=replace(ETH.after, carrier_changes=14))
    assert judged(network, net(flapping))["eth0:link_changes"].state is State.CRIT
    uncounted = replace(ETH, after=replace(ETH.after, carrier_changes=None), before=QUIET)
    assert "eth0:link_changes" not in judged(network, net(uncounted))


# --- uptime

BOOT = Boot("new", 1_000_000_000, 5000, "old", None)


def test_a_restart_is_expected_only_if_marked_shortly_before_it_or_planned() -> None:
    def restart(boot: Boot, **given: Any) -> tuple[State, str]:
        found = judged(uptime, uptime.Facts(boot), uptime.Params(**given))["unexpected_restart"]
        return found.state, found.reason

    minute = 60_000
    assert restart(BOOT) == (State.CRIT, "restarted")
    assert restart(replace(BOOT, marked_at=BOOT.booted_at + 1))[0] is State.CRIT, "marked afterwards"
    assert restart(replace(BOOT, marked_at=BOOT.booted_at - 241 * minute))[0] is State.CRIT, "long ago"
    assert restart(replace(BOOT, marked_at=BOOT.booted_at - 10 * minute)) == (State.OK, "planned")
    begin, end = BOOT.booted_at, BOOT.booted_at + 1
    assert restart(BOOT, planned=((begin, end),)) == (State.OK, "planned")
    assert restart(BOOT, planned=((begin - 5, begin),))[0] is State.CRIT, "periods are half-open"
    assert restart(replace(BOOT, previous_boot_id="new")) == (State.OK, "")


# --- processes, ports


def crowd(count: int, hidden: int = 0) -> processes.Facts:
    group = processes.Group("web", count, ())
    none = processes.Group("", 0, ())
    return processes.Facts(9, hidden, (group,), none, none)


def test_too_few_is_critical_unless_command_lines_were_hidden() -> None:
    by_pattern = processes.Params(expected=(processes.Expected("web", pattern="nginx"),))
    by_program = processes.Params(expected=(processes.Expected("web", program="nginx", most=4),))
    assert judged(processes, crowd(0), by_pattern)["web"].state is State.CRIT
    assert judged(processes, crowd(0, 3), by_pattern)["web"].reason == "commands_hidden"
    assert judged(processes, crowd(0, 3), by_program)["web"].state is State.CRIT
    assert judged(processes, crowd(5), by_program)["web"].state is State.WARN


def test_what_nobody_counted_is_unknown() -> None:
    params = processes.Params(expected=(processes.Expected("db", program="postgres"),))
    assert judged(processes, crowd(1), params)["db"].reason == "not_counted"


OPEN = ports.Facts(
    (
        ports.Open("tcp", "0.0.0.0", 22),
        ports.Open("tcp", "::1", 5432),
        ports.Open("tcp", "::ffff:127.0.0.1", 8005),
        ports.Open("udp", "0.0.0.0", 41234),
        ports.Open("udp", "10.0.0.5", 161),
    ),
    32768,
    60999,
)


def test_without_a_baseline_ports_are_unknown_and_an_empty_one_allows_nothing() -> None:
    assert [(r.state, r.reason) for r in judged(ports, OPEN).values()] == [(State.UNKNOWN, "no_baseline")]
    found = judged(ports, OPEN, ports.Params(baseline=()))
    assert found["unexpected"].value == 2, "loopback and clients' sockets are nobody's way in"


def test_loopback_is_compared_when_asked_and_an_address_is_kept_to() -> None:
    strict = ports.Params(baseline=("tcp/10.0.0.5:22", "udp/161", "tcp/[::1]:5432"), loopback=True)
    found = judged(ports, OPEN, strict)
    assert found["tcp/0.0.0.0:22"].reason == "unexpected"
    assert found["tcp/10.0.0.5:22"].reason == "not_listening"
    assert found["tcp/[::ffff:127.0.0.1]:8005"].reason == "unexpected"
    assert found["unexpected"].value == 2


def test_the_proposed_baseline_is_one_that_these_facts_meet() -> None:
    proposed = ports.propose(OPEN)
    assert proposed == ("tcp/22", "udp/161")
    assert {r.state for r in judged(ports, OPEN, ports.Params(baseline=proposed)).values()} == {State.OK}


# --- time, units, log


def test_an_unkept_clock_is_critical_unless_a_server_agrees_with_it() -> None:
    def kept(*servers: ClockOffset) -> State:
        facts = time.Facts(KernelClock(False, 16_000_000, 16_000_000), servers)
        return judged(time, facts)["synchronised"].state

    assert kept() is State.CRIT
    assert kept(ClockOffset("a", trouble="timeout")) is State.CRIT
    assert kept(ClockOffset("a", 31_000_000, 200, 2)) is State.CRIT
    assert kept(ClockOffset("a", -31_000_000, 200, 2)) is State.CRIT
    assert kept(ClockOffset("a", 1_000, 200, 2)) is State.WARN


def test_a_clock_behind_is_as_bad_as_one_ahead() -> None:
    facts = time.Facts(KernelClock(True, 5, 5), (ClockOffset("a", -2_500_000, 200, 2),))
    found = judged(time, facts)["offset:a"]
    assert (found.value, found.state) == (-2500, State.CRIT)


def test_a_required_unit_in_a_state_nobody_knows_is_unknown() -> None:
    def required(load: str, active: str) -> tuple[State, str]:
        facts = units.Facts((), (ServiceUnit("a.service", load, active, ""),))
        found = judged(units, facts, units.Params(required=("a.service",)))["a.service"]
        return found.state, found.reason

    assert required("loaded", "maintenance") == (State.UNKNOWN, "maintenance")
    assert required("loaded", "") == (State.UNKNOWN, "no_state")
    assert required("not-found", "inactive") == (State.CRIT, "not_found")
    assert required("loaded", "activating") == (State.WARN, "activating")
    assert required("loaded", "active") == (State.OK, "")


GROWTH = LogGrowth("l", False, False, False, 0, 9, 9, 0, 1, {"errors": 0}, "")


def test_counts_of_a_log_that_was_not_read_in_full_do_not_make_it_ok() -> None:
    for facts, reason in (
        (replace(GROWTH, lost=True), "rotated_away"),
        (replace(GROWTH, skipped=7), "too_much"),
        (replace(GROWTH, trouble="denied"), "denied"),
        (replace(GROWTH, first_look=True), "first_look"),
    ):
        found = judged(log, log.Facts((facts,)))["l"]
        assert (found.state, found.reason) == (State.UNKNOWN, reason)


def test_a_pattern_that_was_not_counted_is_unknown() -> None:
    found = judged(log, log.Facts((GROWTH,)))
    assert found["l:errors"].state is State.OK
    assert found["l:failed_logins"].reason == "not_counted"


# --- parameters


@pytest.mark.parametrize(
    ("check_id", "params", "path"),
    [
        ("host.cpu", {"used": {"warn": 95, "crit": 90}}, "params.used"),
        ("host.cpu", {"usage": 1}, "params.usage"),
        ("host.ports", {"baseline": ["22/tcp"]}, "params"),
        ("host.ports", {"baseline": [22]}, "params.baseline.0"),
        ("host.processes", {"expected": [{"name": "x"}]}, "params.expected.0"),
        ("host.processes", {"expected": [{"name": "x", "pattern": "("}]}, "params.expected.0"),
        ("host.log", {"ignore": ["["]}, "params"),
        (
            "host.log",
            {"patterns": [{"name": "x", "pattern": "*", "limit": {"warn": 1, "crit": 1}}]},
            "patterns",
        ),
        ("host.units", {"required": ["--state=x"]}, "params"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_path(check_id: str, params: dict[str, Any], path: str) -> None:
    with pytest.raises(FieldError) as caught:
        from_json(registry.get(check_id).params, params, "params")
    assert path in caught.value.path


@given(
    st.lists(st.integers(0, 2**64), min_size=14, max_size=14),
    st.integers(0, 10**10),
)
def test_no_numbers_make_the_disk_and_link_checks_stumble(numbers: list[int], elapsed: int) -> None:
    facts = disk(DiskCounters(*numbers[:7]), DiskCounters(*numbers[7:]), elapsed)
    for reading in judged(disk_io, facts).values():
        assert reading.reason or reading.state is not State.UNKNOWN
    link = replace(ETH, before=LinkCounters(*numbers[:9]), after=LinkCounters(*numbers[5:]))
    for reading in judged(network, net(link)).values():
        assert reading.reason or reading.state is not State.UNKNOWN
