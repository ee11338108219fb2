"""service.tcp against real listeners."""

import resource
import socket
from contextlib import suppress

import pytest

from agent.sources.net import open_net
from checks.api import ErrorKind, State
from checks.codec import FieldError


def _ask(port: int, **more) -> dict:
    return {"host": "127.0.0.1", "port": port, **more}


def test_a_port_that_never_takes_the_connection_is_down_within_its_timeout(observed, silent_port):
    result = observed("service.tcp", _ask(silent_port, timeout_ms=300), "crit_timeout")
    assert result.state is State.CRIT
    assert result.readings[0].reason == "timeout"
    assert result.t1 - result.t0 < 60_000


def test_a_refused_connection_is_a_fact_about_the_target_and_no_error(observed, closed_port):
    result = observed("service.tcp", _ask(closed_port), "crit")
    assert result.error is None
    assert (result.state, result.readings[0].reason) == (State.CRIT, "refused")


def test_no_descriptors_left_is_our_trouble_and_says_nothing_about_the_target(observed, closed_port):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
        with suppress(OSError):
            while True:
                held.append(socket.socket())
        result = observed("service.tcp", _ask(closed_port))
    finally:
        for sock in held:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.DENIED)


def test_an_address_family_this_host_has_no_route_for_is_our_trouble(observed):
    # A multicast destination can't be connected to: the kernel refuses before a packet leaves.
    result = observed("service.tcp", {"host": "224.0.0.1", "port": 80, "timeout_ms": 500}, "unknown")
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.UNREACHABLE)


def test_an_open_port_is_ok_with_its_connect_time(observed, serve):
    result = observed("service.tcp", _ask(serve(lambda connection, stop: None)), "ok")
    assert result.state is State.OK
    assert 0 < result.readings[0].value < 5_000_000
    assert result.facts["connection"]["address"] == "127.0.0.1"


def test_a_connection_slower_than_declared_is_degraded_and_not_down(observed, serve):
    port = serve(lambda connection, stop: None)
    result = observed("service.tcp", _ask(port, latency_ms={"warn": 0, "crit": None}), "warn_slow")
    assert (result.state, result.readings[0].reason) == (State.WARN, "slow")


def test_a_name_is_resolved_and_its_time_kept_apart(serve):
    found = open_net().tcp("localhost", serve(lambda connection, stop: None), timeout_ms=30_000)
    assert found.outcome == "connected"
    assert found.resolve_us > 0


@pytest.mark.parametrize(
    "params", [{"host": "", "port": 1}, {"host": "a", "port": 0}, {"host": "a", "port": "1"}]
)
def test_parameters_that_cannot_be_meant_are_refused_by_name(observed, params):
    with pytest.raises(FieldError, match=r"service\.tcp\.params"):
        observed("service.tcp", params)
