"""service.icmp with real sockets, in namespaces where the network must misbehave."""

import os
from pathlib import Path

import pytest

from agent.sources import net_icmp
from checks.api import ErrorKind, State


def _reading(result, name: str):
    return next(reading for reading in result.readings if reading.name == name)


def test_a_host_that_never_answers_is_down(apart):
    setup = "sysctl -qw net.ipv4.icmp_echo_ignore_all=1"
    ask = {"host": "127.0.0.1", "count": 3, "gap_ms": 10, "timeout_ms": 200}
    result = apart(setup, "service.icmp", ask, "crit")
    assert (result.state, result.readings[0].reason, result.readings[0].value) == (
        State.CRIT,
        "no_answer",
        100,
    )
    assert result.t1 - result.t0 < 60_000


def test_a_host_that_a_router_calls_unreachable_is_down_and_said_so(apart, router):
    ask = {"host": "10.8.0.1", "count": 3, "gap_ms": 10, "timeout_ms": 500}
    result = apart(router, "service.icmp", ask, "crit_unreachable")
    assert (result.state, result.readings[0].reason) == (State.CRIT, "unreachable")


def test_lost_packets_are_a_warning(apart, router):
    # The kernel of the other side answers six pings of a burst and then one a second.
    limits = "net.ipv4.icmp_ratemask=1 net.ipv4.icmp_ratelimit=1000"
    setup = f"{router}\nip netns exec router sysctl -qw {limits}"
    ask = {"host": "10.9.0.2", "count": 10, "gap_ms": 10, "timeout_ms": 300}
    result = apart(setup, "service.icmp", ask, "warn")
    assert (result.state, _reading(result, "loss").reason) == (State.WARN, "packets_lost")
    assert 0 < _reading(result, "loss").value <= 40


def test_a_network_we_have_no_route_to_is_our_trouble(apart):
    ask = {"host": "203.0.113.1", "count": 1}
    result = apart("", "service.icmp", ask, "unknown")
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.UNREACHABLE)


def test_without_permission_nothing_is_said_about_the_target(observed):
    if os.geteuid() != 0 or Path("/proc/sys/net/ipv4/ping_group_range").read_text().split() != ["1", "0"]:
        pytest.skip("NOT TESTED: needs root and a closed net.ipv4.ping_group_range")
    os.seteuid(65534)
    try:
        result = observed("service.icmp", {"host": "127.0.0.1"}, "unknown_denied")
    finally:
        os.seteuid(0)
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.DENIED)


def test_a_group_that_may_ping_needs_no_root(apart):
    setup = 'sysctl -qw net.ipv4.ping_group_range="0 65534"\nset -- setpriv --bounding-set=-net_raw "$@"'
    result = apart(setup, "service.icmp", {"host": "127.0.0.1", "count": 2, "gap_ms": 10})
    assert result.state is State.OK


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_host_that_answers_is_ok_with_its_times(observed, host):
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: needs root")
    result = observed("service.icmp", {"host": host, "count": 5, "gap_ms": 10}, "ok")
    assert result.state is State.OK
    assert _reading(result, "loss").value == 0
    least, mean, most = (_reading(result, f"rtt_{name}").value for name in ("min", "avg", "max"))
    assert 0 < least <= mean <= most < 1_000_000


def test_a_host_slower_than_declared_is_degraded(observed):
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: needs root")
    ask = {"host": "127.0.0.1", "count": 1, "latency_ms": {"warn": 0, "crit": None}}
    assert observed("service.icmp", ask, "warn_slow").state is State.WARN


@pytest.mark.parametrize("kind", [0, 3, 11])
def test_packets_of_others_and_cut_ones_are_let_pass(kind):
    run = net_icmp._Run(2, "192.0.2.1", raw=True)
    run.sent_ns[0] = 0
    header = b"\x45" + bytes(19)
    reply = header + bytes([kind]) + bytes(7)
    for packet in (b"", b"\x45", header, reply[:25], reply, reply + header, reply + b"\x4f" + bytes(3)):
        net_icmp._settle(run, packet, "192.0.2.1", 1)
    assert not run.rtts_us
    assert not run.returned
