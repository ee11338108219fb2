"""Looks in threads: deadlines, what is stuck, what overlaps, and what must not delay the next."""

import threading
import time
from dataclasses import replace

import pytest

from agent import runner
from agent.clock import Clock
from agent.memory import LookMemory, Recent
from agent.outbox import Outbox
from agent.runner import Eyes, Pool
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.timetable import Due
from checks import registry
from checks.api import ErrorKind, State
from checks.result import Item, Result, When, decode


class Slow(Eyes):
    """Looks that take as long as their target's name says; `until` releases those that hang."""

    def __init__(self, clock):
        super().__init__("web-01", Means(), clock)
        self.release = threading.Event()
        self.most = self.now = 0
        self.lock = threading.Lock()

    def look(self, item, when, memory, deadline_ms=0):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        started = self._clock.wall()
        if item.target.startswith("hang"):
            self.release.wait(300)
        else:
            time.sleep(0.05)
        memory.swap("seen", started)
        with self.lock:
            self.now -= 1
        return Result(
            item.check, 1, None, item.target, "web-01", when.slot, started, started, "00", {}, (), State.OK
        )


@pytest.fixture
def pool(tmp_path):
    clock = Clock()
    eyes = Slow(clock)
    outbox = Outbox(tmp_path / "outbox.db")
    made = Pool(eyes, Recent(outbox), clock)
    made.eyes = eyes
    yield made
    eyes.release.set()
    while made.stuck() or made.busy():
        time.sleep(0.01)
    outbox.close()


def due(target, *, deadline_ms=200, probe=False, extra=False, slot=0):
    return Due(
        f"k|{target}", Item("x.y", 1, target, None, {}), slot, 0, deadline_ms, probe, extra, memory=target
    )


def collect(pool, count, seconds=120.0):
    found, end = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        pool.sweep()
        found += pool.ended()
        time.sleep(0.01)
    return found


def test_a_look_beyond_its_deadline_becomes_a_timeout_and_does_not_delay_the_next(pool):
    for number in range(runner.WORKERS):
        pool.submit(due(f"hang{number}"))
    for number in range(10):
        pool.submit(due(f"ok{number}", deadline_ms=60_000))
    found = collect(pool, runner.WORKERS + 10)
    by = {one.due.item.target: one.result for one in found}
    assert all(by[f"hang{n}"].error is ErrorKind.TIMEOUT for n in range(runner.WORKERS))
    assert all(by[f"ok{n}"].error is None for n in range(10))
    assert pool.stuck() == runner.WORKERS and pool.counts.timeouts == runner.WORKERS
    line = decode(next(one.finished.line for one in found if one.due.item.target == "hang0"))
    assert line.error is ErrorKind.TIMEOUT and 200 <= line.t1 - line.t0 < 60_000


def test_what_a_given_up_look_brings_later_is_neither_a_result_nor_remembered(pool):
    pool.submit(due("hang"))
    (first,) = collect(pool, 1)
    assert first.finished.memory == {}
    pool.eyes.release.set()
    assert collect(pool, 1, seconds=0.3) == []
    assert pool.stuck() == 0
    pool.submit(due("hang", slot=1))
    (second,) = collect(pool, 1)
    assert second.result.error is None and list(second.finished.memory) == ["hang/seen"]


def test_a_look_whose_last_one_still_runs_is_skipped_and_recorded(pool):
    pool.submit(due("hang", deadline_ms=60_000))
    pool.submit(due("hang", slot=1))
    (skipped,) = collect(pool, 1)
    assert (skipped.result.slot, skipped.result.error) == (1, ErrorKind.TIMEOUT)
    assert pool.counts.overlaps == 1


def test_a_target_that_hangs_for_ever_keeps_one_thread_not_one_per_slot(pool):
    pool.submit(due("hang"))
    collect(pool, 1)
    before = threading.active_count()
    for slot in range(1, 20):
        pool.submit(due("hang", slot=slot))
    assert len(collect(pool, 19)) == 19
    assert threading.active_count() <= before
    assert pool.stuck() == 1


def test_at_most_four_probes_are_in_flight_and_other_looks_go_past_them(pool):
    for number in range(12):
        pool.submit(due(f"p{number}", deadline_ms=60_000, probe=True))
    assert len(collect(pool, 12)) == 12
    assert pool.eyes.most <= runner.MOST_PROBES
    for number in range(6):
        pool.submit(due(f"hang{number}", deadline_ms=60_000, probe=True))
    pool.submit(due("ok", deadline_ms=60_000))
    (one,) = collect(pool, 1)
    assert one.due.item.target == "ok"


def test_looks_again_at_failing_targets_leave_room_for_the_others(pool):
    taken = [pool.submit(due(f"hang{n}", deadline_ms=60_000, probe=True, extra=True)) for n in range(5)]
    assert taken == [True, True, False, False, False]
    pool.submit(due("ok", deadline_ms=60_000, probe=True))
    assert [one.due.item.target for one in collect(pool, 1)] == ["ok"]


def own(target):
    made = due(target, deadline_ms=60_000)
    return replace(made, item=replace(made.item, check="host.x"))


def test_looks_at_the_own_host_share_a_thread_unless_one_of_them_hangs(pool):
    for number in range(4):
        pool.submit(own(f"ok{number}"))
    assert pool._threads == 1
    assert [one.due.item.target for one in collect(pool, 4)] == ["ok0", "ok1", "ok2", "ok3"]
    pool.submit(own("hang"))
    pool.submit(own("ok"))
    assert [one.due.item.target for one in collect(pool, 1)] == ["ok"]
    assert pool.busy() == 1 and pool.counts.timeouts == 0


def test_threads_without_work_end(pool, monkeypatch):
    monkeypatch.setattr(runner, "IDLE_S", 0.1)
    for number in range(8):
        pool.submit(due(f"ok{number}", deadline_ms=60_000))
    collect(pool, 8)
    end = time.monotonic() + 60
    while pool._threads > 1 and time.monotonic() < end:
        time.sleep(0.02)
    assert pool._threads == 1
    pool.submit(due("again", deadline_ms=60_000))
    assert len(collect(pool, 1)) == 1


@pytest.mark.parametrize(
    ("check", "params", "kind"),
    [
        ("host.nosuch", {}, ErrorKind.UNSUPPORTED),
        ("host.load", {"nonsense": 1}, ErrorKind.UNSUPPORTED),
        ("../../etc", {}, ErrorKind.UNSUPPORTED),
    ],
)
def test_an_unknown_check_or_parameter_in_a_plan_is_a_signed_unsupported(pool, tmp_path, check, params, kind):
    real = Pool(Eyes("web-01", Means(), Clock()), pool._recent, Clock())
    real.submit(Due("k", Item(check, 1, "t", None, params), 0, 0, 5000, False, memory="k"))
    (one,) = collect(real, 1)
    assert decode(one.finished.line).error is kind


@pytest.mark.parametrize("check", ["host.load", "application.mail", "service.tcp"])
def test_a_source_that_the_agents_owner_switched_off_is_denied_and_nothing_else(tmp_path, check):
    means = Means(state=tmp_path, off=frozenset({registry.get(check).source}))
    params = {"address": "127.0.0.1", "host": "127.0.0.1", "port": 1}
    params = {key: params[key] for key in params if key in registry.get(check).params.__dataclass_fields__}
    for given, wanted in ((means, ErrorKind.DENIED), (Means(state=tmp_path), None)):
        eyes = Eyes("web-01", given, Clock())
        try:
            result = eyes.look(Item(check, 1, "t", None, params), When(slot=0), Transient({}))
        finally:
            eyes.close()
        assert (result.error is ErrorKind.DENIED) is (wanted is not None), result


def test_a_fault_in_a_check_costs_one_look_not_the_agent(pool, monkeypatch, caplog):
    from checks.host import load

    monkeypatch.setattr(load, "observe", lambda *_: 1 / 0)
    monkeypatch.setattr(
        load,
        "CHECK",
        type(load.CHECK)(
            **{name: getattr(load.CHECK, name) for name in load.CHECK.__slots__ if name != "observe"},
            observe=lambda *_: 1 / 0,
        ),
    )
    real = Pool(Eyes("web-01", Means(), Clock()), pool._recent, Clock())
    real.submit(Due("k", Item("host.load", 1, "t", None, {}), 0, 0, 5000, False, memory="k"))
    (one,) = collect(real, 1)
    assert one.result.error is ErrorKind.GARBLED
    assert "ZeroDivisionError" in caplog.text


def test_why_a_look_fails_is_logged_once_until_it_changes(pool, caplog):
    eyes = Eyes("web-01", Means(), Clock())
    memory = LookMemory(pool._recent, "k")
    for name in ("raid", "raid", "other", "raid"):
        assert eyes.look(plugin(name), When(0), memory).error is ErrorKind.DENIED
    assert [one.levelname for one in caplog.records] == ["WARNING"] * 3
    assert "raid" in caplog.text and "plugin.nagios on t" in caplog.text


def plugin(name):
    return Item("plugin.nagios", 1, "t", None, {"plugin": name})
