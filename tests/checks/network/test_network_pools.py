"""Pools read over real UDP from our responder: tables of our own, and a recording of a real device."""

import contextlib
import tarfile
from pathlib import Path

import pytest

from agent.sources.memory import Transient
from agent.sources.open import open_source
from agent.sources.snmp_responder import Responder, recording
from checks.api import ErrorKind, Source, State

SHARED = Path(__file__).parents[4] / "shared/data/snmp.tar.xz"
F5 = "1.3.6.1.4.1.3375.2.2.5.6.2.1"
A10 = "1.3.6.1.4.1.22610.2.4.3.3.3.1.1"


def named(text):
    return ".".join(map(str, (len(text), *text.encode())))


def f5(members):
    """ltmPoolMbrStatusTable with (pool, node, availability, enabled)."""
    lines = []
    for pool, node, available, enabled in members:
        index = f"{named(pool)}.{named(node)}.80"
        lines += [f"{F5}.5.{index}|2|{available}", f"{F5}.6.{index}|2|{enabled}", f"{F5}.9.{index}|4|{node}"]
    return "\n".join(lines).encode()


def a10(members):
    """axServiceGroupMemberTable with (pool, server, state)."""
    lines = []
    for pool, server, state in members:
        index = f"{named(pool)}.1.{named(server)}.443"
        lines += [f"{A10}.1.{index}|4|{pool}", f"{A10}.3.{index}|4|{server}"]
        lines += [f"{A10}.4.{index}|2|443", f"{A10}.6.{index}|2|{state}"]
    return "\n".join(lines).encode()


@pytest.fixture
def snmp(means, secrets):
    secrets(snmp={"community": "look"})
    return open_source(Source.SNMP, Transient(), means)


@pytest.fixture
def balancer():
    """Start a device that holds these lines; gives the parameters that lead there."""
    with contextlib.ExitStack() as stack:

        def start(data):
            responder = stack.enter_context(Responder({b"look": recording(data.splitlines())}))
            return {"address": "127.0.0.1", "port": responder.port, "version": 2}

        yield start


def test_a_device_without_such_tables_is_unsupported(snmp, balancer, looked):
    params = balancer(b"1.3.6.1.2.1.1.1.0|4|a switch")
    assert looked("network.pools", params, snmp).error is ErrorKind.UNSUPPORTED


def test_pools_of_a_big_ip(snmp, balancer, looked, why):
    good = [("/Common/web", "/Common/a", 1, 1), ("/Common/web", "/Common/b", 1, 1)]
    assert looked("network.pools", balancer(f5(good)), snmp, "ok").state is State.OK
    bad = [
        ("/Common/web", "/Common/a", 3, 1),
        ("/Common/web", "/Common/b", 1, 2),
        ("/Common/db", "/Common/c", 1, 1),
        ("/Common/db", "/Common/d", 4, 1),
        ("/Common/x", "/Common/e", 9, 1),
    ]
    params = balancer(f5(bad)) | {"expected": ["/Common/web", "/Common/sso"]}
    found = why(looked("network.pools", params, snmp, "crit"))
    assert found["/Common/web:members_up"] == "no_member"
    assert (
        found["/Common/web//Common/a:80"] == "member_down"
        and found["/Common/web//Common/b:80"] == "member_disabled"
    )
    assert found["/Common/sso:members_up"] == "missing"
    assert found["/Common/db//Common/d:80"] == "not_monitored"
    assert found["/Common/x:members_up"] == "state_unknown"
    assert looked("network.pools", balancer(f5(bad[2:4])), snmp, "unknown").state is State.UNKNOWN


def test_pools_of_an_a10(snmp, balancer, looked, why):
    params = balancer(a10([("web", "a", 1), ("web", "b", 2), ("web", "c", 0)]))
    assert why(looked("network.pools", params, snmp)) == {
        "web:members_up": "member_missing",
        "web/b:443": "member_down",
        "web/c:443": "member_disabled",
    }


def test_the_pool_of_a_recorded_device(snmp, balancer, looked):
    if not SHARED.exists():
        pytest.skip("NOT TESTED: ../shared/data/snmp.tar.xz with recorded devices is not present")
    with tarfile.open(SHARED) as packed:
        data = packed.extractfile("dev/recordings/f5_ve.snmprec").read()
    found = looked("network.pools", balancer(data), snmp)
    assert found.state is State.OK
    assert [one.value for one in found.readings] == [1]
