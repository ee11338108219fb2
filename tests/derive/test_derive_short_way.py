"""Lines that only prolong a run go the short way; what comes of them is what the long way makes of them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from checks.api import ErrorKind, Reading, State, Unit
from checks.china import DAY_MS, midnight_after
from checks.result import Result, encode
from checks.wire import lines as bodies
from checks.wire.header import Clock, Header, Kind
from collector.evidence.accepted import Accepted
from collector.evidence.looks import read_back
from collector.evidence.rows import Rows, pack, read_lines
from collector.jobs.derive_state import Memory

START = midnight_after(1_795_190_400_000) - 1_800_000
PLANS = {
    "": {},
    "11" * 32: {("service.tcp", "t0"): 90_000, ("service.tcp", "t1"): 400_000},
    "22" * 32: {("service.tcp", "t0"): 200_000, ("service.tcp", "t1"): 61_000},
}


def line(
    agent: str, target: str, t: int, state: str, round_: str | None, vantage: str, asset: str | None = None
) -> bytes:
    failed = state == "error"
    said = State.UNKNOWN if failed else State(state)
    made = Result(
        check="service.tcp",
        version=1,
        asset=asset or random.Random(t).choice(["web-01", "web-02"]),
        target=target,
        vantage=vantage,
        slot=t - t % 60_000,
        t0=t,
        t1=t + 5,
        params="33" * 32,
        facts=None if failed else {"n": 1},
        readings=() if failed else (Reading("connect", 1, Unit.MICROSECONDS, said),),
        state=said,
        error=ErrorKind.TIMEOUT if failed else None,
        round=round_,
    )
    return encode(made)


def batch(idx: int, agent: str, lines: Sequence[bytes], received: int, plan: str, offset: int) -> Accepted:
    body, clock = bodies.join(lines), Clock(received, 1, "boot-1", offset, True)
    header = Header(
        "derive.example/log", agent, 1, idx, "00" * 32, Kind.RESULTS, len(lines), len(body),
        "00" * 32, START, received - 60_000, clock, None, plan, "22" * 32, "11" * 32,
    )  # fmt: skip
    return Accepted(idx, agent, 1, idx, received, header, read_back(body, len(lines)))


def proven(one: Accepted) -> Accepted:
    """The same batch with its looks packed, as provers hand them over."""
    whole = [
        line(
            row.vantage,
            row.target,
            row.t0,
            (row.error and "error") or row.state or "",
            row.round,
            row.vantage,
            row.asset,
        )
        for row in one.rows
    ]
    return replace(one, rows=Rows(pack(read_lines(whole))))


def some_batches(luck: random.Random, count: int) -> list[Accepted]:
    """Mostly a look a minute, in order, of one outcome; now and then everything else that can come."""
    at, plan, states, made = START, "", {}, []
    for idx in range(count):
        at += luck.choice([60_000] * 60 + [1, 60_007, 59_000, 180_000, 420_000, DAY_MS, -50_000])
        plan = luck.choice([plan] * 40 + list(PLANS))
        agent = luck.choice(["a"] * 12 + ["b"])
        lines = []
        for target in luck.choice([["t0", "t1", "t2"]] * 12 + [["t0"], ["t1", "t0", "t1"], ["t2"] * 4]):
            usual = states.setdefault((agent, target), "ok")
            state = luck.choice([usual] * 40 + ["ok", "warn", "crit", "unknown", "error"])
            states[agent, target] = luck.choice([usual, usual, usual, state])
            t = at + luck.choice([0] * 40 + [3, 500, -1, -60_000, -300_000, 90_000])
            round_ = luck.choice([None] * 40 + ["r1", "r2"])
            vantage = luck.choice([agent] * 40 + ["somebody"])
            lines.append(line(agent, target, t, state, round_, vantage))
        offset = luck.choice([0] * 40 + [2_000_000, -3_000_000])
        made.append(batch(idx, agent, lines, at + 30_000, plan, offset))
    return made


def steady_batches(luck: random.Random, count: int) -> list[Accepted]:
    """Two kinds of batches in turn, each again and again the same but for its times; seldom anything else."""
    at, plan, made = START - 40 * 60_000, "", []
    kinds = [["t0", "t1", "t2"], luck.choice([["t3", "t4"], ["t3", "t4", "t3"]]), ["t5", "t5"], ["t6", "t2"]]
    offset = 0
    for idx in range(count):
        at += 30_000 + luck.choice([0] * 80 + [1, -20, 400_000, -90_000])
        plan = luck.choice([plan] * 60 + list(PLANS))
        offset = luck.choice([offset] * 60 + [0, 2_000_000, -3_000_000])
        agent, kind = luck.choice([("a", kinds[idx % 2])] * 40 + [("a", luck.choice(kinds)), ("b", kinds[0])])
        states = {"t1": "error", "t4": "unknown", "t6": "error"} if luck.random() < 0.97 else {}
        state = luck.choice(["ok"] * 80 + ["crit", "error", "unknown"])
        jitter = (
            [luck.choice([0, 0, 0, 7, 900, -900, 45_000]) for _ in kind] if luck.random() < 0.2 else [0] * 3
        )
        lines = [
            line(agent, target, at + 10 * n + jitter[n], states.get(target, state), None, agent, "web-01")
            for n, target in enumerate(kind)
        ]
        lines = [*lines, line(agent, "t0", at, "ok", None, "somebody")] if luck.random() < 0.02 else lines
        made.append(batch(idx, agent, lines, at + luck.choice([30_000] * 40 + [-60_000]), plan, offset))
    return made


def followed(batches: Sequence[Accepted], flush: Callable[[int], bool]) -> list[Any]:
    """What flushes after these batches would keep, and all that memory holds at the end."""
    memory, kept = Memory(PLANS.__getitem__), []
    for number, one in enumerate(batches):
        memory.take(one)
        if flush(number):
            kept.append(all_of(memory))
            memory.forget_changes()
    return [*kept, all_of(memory)]


def all_of(memory: Memory) -> list[Any]:
    for series in memory.every:
        series.level()
    looks = [(one.row(), one.run(), list(one.ended), one.dirty, one.last_hold) for one in memory.every]
    dirty = sorted(one.id for one in memory.dirty)
    return [looks, dirty, dict(memory.late), dict(memory.done), list(memory.events), dict(memory.marks)]


@pytest.mark.parametrize("seed", range(40))
def test_the_short_way_keeps_what_the_long_way_keeps(seed: int) -> None:
    batches = some_batches(random.Random(seed), 120)
    # Plain rows are never taken the short way.
    long = [
        Accepted(one.idx, one.agent, one.epoch, one.seq, one.received_ms, one.header, list(one.rows))
        for one in batches
    ]
    times = {number for number in range(120) if random.Random(-number).random() < 0.1}
    assert followed(batches, times.__contains__) == followed(long, times.__contains__)


@pytest.mark.parametrize("make", [some_batches, steady_batches])
@pytest.mark.parametrize("seed", range(20))
def test_batches_taken_in_whole_keep_what_their_lines_one_by_one_keep(
    seed: int, make: Callable[[random.Random, int], list[Accepted]]
) -> None:
    batches = make(random.Random(seed), 160)
    long = [replace(one, rows=list(one.rows)) for one in batches]
    times = {number for number in range(160) if random.Random(-number).random() < 0.1}
    whole = followed([proven(one) for one in batches], times.__contains__)
    assert whole == followed(long, times.__contains__)


def test_a_batch_that_comes_again_and_again_is_taken_in_whole() -> None:
    memory = Memory(PLANS.__getitem__)
    for idx in range(10):
        t = START - 3_600_000 + 60_000 * (idx // 2)
        name = f"t{idx % 2}"
        one = batch(idx, "a", [line("a", name, t, "ok", None, "a", "web-01")], t + 1000, "", 0)
        memory.take(proven(one))
    first, second = memory.every
    assert first.group is not None and second.group is not None and first.group is not second.group
    # The first makes a run, the second its gap, the third prolongs it and is known: two are taken in whole.
    assert (first.n, first.last) == (3, START - 3_600_000 + 120_000)
    memory.settle()
    assert (first.n, second.n, first.last) == (5, 5, START - 3_600_000 + 240_000)
    first.level()
    assert (first.idx, first.last_idx) == (8, 8) and first.dirty
    # Another outcome ends the group, with all that it knew.
    t = START - 3_600_000 + 300_000
    memory.take(proven(batch(10, "a", [line("a", "t0", t, "crit", None, "a", "web-01")], t + 1000, "", 0)))
    assert first.group is None and [run.n for run in first.ended] == [5]
    assert second.group is not None


def test_a_batch_with_looks_that_fail_each_time_is_taken_in_whole_and_touches_no_run_of_them() -> None:
    memory, said = Memory(PLANS.__getitem__), {"t0": "ok", "t1": "error", "t2": "unknown"}

    def one(idx: int, said: dict[str, str]) -> Accepted:
        t = START - 3_600_000 + 60_000 * idx
        lines = [line("a", target, t, state, None, "a", "web-01") for target, state in said.items()]
        return proven(batch(idx, "a", lines, t + 1000, "", 0))

    for idx in range(6):
        memory.take(one(idx, said))
    healthy, failing, unknown = memory.every
    assert healthy.group is not None and healthy.group is failing.group is unknown.group
    memory.forget_changes()
    memory.settle()
    assert failing.dirty and unknown.dirty
    for series in memory.every:
        series.level()
    newest = START - 3_600_000 + 5 * 60_000
    assert [series.row().t for series in memory.every] == [newest] * 3
    assert [series.row().idx for series in memory.every] == [5] * 3
    assert [series.n for series in memory.every] == [6, 0, 0]
    assert (failing.row().error, unknown.row().state) == ("timeout", "unknown")
    # It answers again, and fails in another way after that: neither is passed over.
    memory.take(one(6, said | {"t1": "ok"}))
    memory.take(one(7, said | {"t1": "unknown"}))
    assert (failing.n, failing.last_idx, failing.row().idx) == (1, 6, 7)
    assert (failing.row().error, failing.row().state) == (None, "unknown")


def test_most_lines_of_a_quiet_agent_go_the_short_way() -> None:
    memory = Memory(PLANS.__getitem__)
    for minute in range(5):
        t = START - 3_600_000 + 60_000 * minute
        memory.take(batch(minute, "a", [line("a", "t0", t, "ok", None, "a")], t + 1000, "", 0))
    [series] = memory.every
    assert series.seen is not None
    assert (series.n, series.last_idx) == (5, 1)
    series.level()
    assert (series.n, series.last_idx, series.hi_idx, series.idx) == (5, 4, 4, 4)
    assert series.row().t == series.run().last == START - 3_600_000 + 240_000
