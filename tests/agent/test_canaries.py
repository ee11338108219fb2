"""A vantage point that has lost its own way out proves nothing about a target (AV 3.2)."""

import socket
import time

import pytest

from agent.clock import Clock
from agent.memory import Recent
from agent.outbox import Outbox
from agent.runner import Eyes, Pool
from agent.sources.means import Means
from agent.timetable import Due
from checks.api import ErrorKind, State
from checks.plan import PlanItem


def listener():
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(16)
    return made


def closed_port():
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


def item(target, port, *, canary=False):
    params = {"host": "127.0.0.1", "port": port, "timeout_ms": 30_000}
    return PlanItem("probe", "service.tcp", 1, target, None, params, 60_000, 50_000, 150_000, 2, canary)


@pytest.fixture
def pool(tmp_path):
    clock = Clock()
    outbox = Outbox(tmp_path / "outbox.db")
    made = Pool(Eyes("web-01", Means(), clock), Recent(outbox), clock)
    yield made
    outbox.close()


def looked(pool, probe):
    pool.submit(Due(f"k|{probe.target}", probe.item, 0, 0, probe.deadline_ms, True, memory=probe.target))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := pool.ended():
            return found[0].result
        time.sleep(0.01)
    raise AssertionError("no result within a minute")


def test_when_no_canary_answers_a_failed_probe_is_an_error_and_no_evidence(pool):
    target = item("portal", closed_port())
    pool.canaries.adopt(
        [target, item("c1", closed_port(), canary=True), item("c2", closed_port(), canary=True)]
    )
    result = looked(pool, target)
    assert (result.error, result.facts, result.readings) == (ErrorKind.UNREACHABLE, None, ())


def test_one_canary_that_answers_lets_the_failure_stand(pool):
    with listener() as alive:
        target = item("portal", closed_port())
        canaries = [item("c1", closed_port(), canary=True), item("c2", alive.getsockname()[1], canary=True)]
        pool.canaries.adopt([target, *canaries])
        result = looked(pool, target)
    assert (result.state, result.error) == (State.CRIT, None)


def test_a_canary_that_says_nothing_before_the_deadline_lets_the_failure_stand(pool):
    silent = PlanItem(
        "probe", "service.tcp", 1, "c1", None,
        {"host": "127.0.0.1", "port": 1, "timeout_ms": 60_000}, 61_000, 60_000, 200_000, 2, True,
    )  # fmt: skip

    class Hanging(Eyes):
        def look(self, wanted, when, memory):
            if wanted.target == "c1":
                time.sleep(3)
            return super().look(wanted, when, memory)

    pool.canaries._look = Hanging("web-01", {}, Clock()).look
    target = item("portal", closed_port())
    pool.canaries.adopt([target, silent])
    short = PlanItem(
        *[getattr(target, f) for f in ("kind", "check", "version", "target", "asset", "params")],
        5000,
        800,
        12_500,
    )
    result = looked(pool, short)
    assert (result.state, result.error) == (State.CRIT, None)


def test_without_a_canary_set_a_failure_is_a_failure(pool):
    target = item("portal", closed_port())
    pool.canaries.adopt([target])
    assert looked(pool, target).state is State.CRIT


def test_a_probe_that_answers_asks_no_canary(pool):
    with listener() as alive:
        target = item("portal", alive.getsockname()[1])
        pool.canaries.adopt([target, item("c1", closed_port(), canary=True)])
        assert looked(pool, target).state is State.OK
    assert pool.canaries._newest is None
