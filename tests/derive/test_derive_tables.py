"""Series, runs, looks of rounds and marks: whatever happens on the way, the log alone decides them."""

import random
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from checks.wire.header import Kind, Loss
from collector.availability.hours import zone_of
from collector.availability.runs import (
    OUTCOME_OF_STATE,
    Observation,
    Outcome,
    Run,
    distinct,
    extend,
)
from collector.jobs import estates
from collector.jobs.derive import DERIVED, Deriver, Overtaken, catch_up, rebuild
from collector.store import plans, rounds, runs, series

ENDLESS = 2**62  # ms, past any run
HOLD = 150_000
MINUTE = 60_000


def dump(context: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Every derived table, whole, in the order of its key."""
    found = {}
    with context.read() as conn:
        for table in DERIVED:
            rows = conn.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    return found


def runs_of(context: Any, target: str) -> list[Run]:
    with context.read() as conn:
        (one,) = series.of_targets(conn, [target])
        return [row.run for row in runs.around(conn, [one.id], 0, ENDLESS)[one.id]]


def plain(run: Run) -> tuple[Any, ...]:
    return (run.outcome, run.first_ms, run.last_ms, run.n, run.longest_gap_ms)


def test_an_error_is_no_evidence_and_prolongs_nothing(world, sight):
    agent = world.agent("a")
    t = world.at - 10 * MINUTE
    agent.send(sight("p", t), sight("p", t + MINUTE, "error"), sight("p", t + 2 * MINUTE, "unknown"))
    agent.send(sight("p", t + 3 * MINUTE))
    catch_up(world.context)
    assert [plain(run) for run in runs_of(world.context, "p")] == [
        (Outcome.OK, t, t, 1, 0),
        (Outcome.OK, t + 3 * MINUTE, t + 3 * MINUTE, 1, 0),
    ]


def test_a_series_that_is_there_is_kept_with_its_new_asset(world, sight):
    agent, t = world.agent("a"), world.at - 10 * MINUTE
    for minute, asset in enumerate(["web-01", "web-01", "web-01", "web-02"]):
        agent.send(sight("p", t + minute * MINUTE, asset=asset))
        catch_up(world.context)
    deriver = Deriver(world.context)
    for minute, asset in enumerate(["web-02", "web-03", None], 4):
        agent.send(sight("p", t + minute * MINUTE, asset=asset))
        deriver.catch_up()
    deriver.flush()
    with world.context.read() as conn:
        assert [(one.asset, one.t) for one in series.every(conn)] == [(None, t + 6 * MINUTE)]
    before = dump(world.context)
    rebuild(world.context)
    assert dump(world.context) == before


def test_an_agent_cannot_speak_for_another(world, sight):
    world.agent("a").send(sight("p", world.at, vantage="b"))
    catch_up(world.context)
    with world.context.read() as conn:
        assert series.every(conn) == []


def test_what_was_observed_after_its_receipt_is_no_evidence(world, sight):
    world.agent("a").send(sight("p", world.at + MINUTE), sight("p", world.at))
    catch_up(world.context)
    assert [run.first_ms for run in runs_of(world.context, "p")] == [world.at]
    with world.context.read() as conn:
        assert [(e.kind, e.detail) for e in series.events(conn, "a")] == [("future", "1 observations")]


def test_an_agent_in_quarantine_is_logged_and_not_scored(world, sight):
    agent = world.agent("a")
    agent.send(sight("p", world.at))
    catch_up(world.context)
    forked = agent.send(sight("p", world.at))
    assert forked.scored
    deriver = Deriver(world.context)
    deriver.load()
    deriver.next = forked.idx
    deriver.take(replace(forked, scored=False))
    deriver.flush()
    with world.context.read() as conn:
        assert series.marks(conn)["a"].seq == 1
    assert [run.n for run in runs_of(world.context, "p")] == [1]


def test_a_clock_that_is_off_is_corrected_and_said(world, sight):
    agent = world.agent("a")
    agent.offset_us = 300_000_000
    agent.send(sight("p", world.at + 300_000))
    catch_up(world.context)
    assert runs_of(world.context, "p")[0].first_ms == world.at
    with world.context.read() as conn:
        assert [e.kind for e in series.events(conn, "a")] == ["clock"]
        assert series.marks(conn)["a"].watermark == world.at  # never beyond its receipt


def test_boots_and_losses_are_kept_as_events(world, sight):
    agent = world.agent("a")
    agent.send(sight("p", world.at))
    agent.boot = "boot-2"
    agent.send(kind=Kind.LOSS, loss=Loss(1, 3, "spool"))
    catch_up(world.context)
    with world.context.read() as conn:
        found = [(e.kind, e.detail) for e in series.events(conn, "a")]
    assert found == [("boot", "boot-2"), ("loss", "1-3 spool")]


def test_a_late_result_changes_the_past_as_if_it_had_been_in_time(world, sight):
    world.at += 60 * MINUTE
    agent = world.agent("a")
    t = world.at - 30 * MINUTE
    for i in (0, 1, 2, 6, 7, 8):
        agent.send(sight("p", t + i * MINUTE))
    catch_up(world.context)
    assert [run.n for run in runs_of(world.context, "p")] == [3, 3]
    agent.send(*[sight("p", t + i * MINUTE, "crit" if i == 4 else "ok") for i in (3, 4, 5)])
    catch_up(world.context)
    assert [(run.outcome, run.n) for run in runs_of(world.context, "p")] == [
        (Outcome.OK, 4),
        (Outcome.FAIL, 1),
        (Outcome.OK, 4),
    ]
    with world.context.read() as conn:
        newest = series.of_targets(conn, ["p"])[0]
    assert newest.t == t + 8 * MINUTE and newest.state == "ok"


def test_a_round_counts_a_reading_before_an_error_and_the_first_reading(world, sight):
    agent = world.agent("a")
    t = world.at - MINUTE
    mark = "weekly/2026-11-16"
    agent.send(sight("web", t, "error", check="host.cpu", round=mark))
    agent.send(sight("web", t + 1, "warn", check="host.cpu", round=mark))
    last = agent.send(sight("web", t + 2, "ok", check="host.cpu", round=mark))
    catch_up(world.context)
    with world.context.read() as conn:
        (row,) = rounds.done(conn, mark)
    assert (row.state, row.error, row.idx, row.t) == ("warn", None, last.idx - 1, t + 1)


def test_two_derivers_cannot_both_move_the_cursor(world, sight):
    agent = world.agent("a")
    agent.send(sight("p", world.at))
    one, other = Deriver(world.context), Deriver(world.context)
    one.catch_up()
    other.catch_up()
    one.flush()
    with pytest.raises(Overtaken):
        other.flush()
    other.catch_up()
    other.flush()
    assert [run.n for run in runs_of(world.context, "p")] == [1]


ESTATE = """
estate: e
assets: [{id: h, kind: server, agent: a}, {id: i, kind: server, agent: b}, {id: j, kind: server, agent: c}]
probes:
"""
PROBE = "  - {id: p%d, check: service.tcp, from: [a, b, c], every: %ds, params: {host: x, port: 1}}\n"


def plans_of(world, every: int) -> dict[str, str]:
    """Digest of each agent's plan in an estate with that interval: hold is two and a half of it."""
    text = ESTATE + "".join(PROBE % (i, every) for i in range(4))
    estates.apply(world.context, world.estate(text), by="test")
    with world.context.read() as conn:
        return {one.agent: one.digest for one in plans.every(conn)}  # the newest last


def story(world, sight, seed: int) -> list[Any]:
    """Batches of three agents in a random order: outages, errors, rounds, late and repeated looks."""
    chance = random.Random(seed)
    for name in "abc":
        world.agent(name)
    known = [plans_of(world, 20), plans_of(world, 80), {}]
    world.at += 90 * MINUTE
    start, sent = world.at - 80 * MINUTE, []
    clocks = {name: start for name in "abc"}
    for step in range(60):
        name = chance.choice("abc")
        agent = world.agent(name)
        looks = []
        for _ in range(chance.randint(1, 6)):
            clocks[name] += chance.choice([1000, 20_000, MINUTE, MINUTE, 200_000])
            t = min(clocks[name], world.at)
            if chance.random() < 0.2:
                t -= chance.randint(1, 40) * 30_000
            state = chance.choice(["ok", "ok", "ok", "ok", "warn", "crit", "crit", "error", "unknown"])
            mark = chance.choice([None, None, None, "weekly/2026-11-16"])
            looks.append(sight(f"p{chance.randint(0, 3)}", t, state, round=mark))
        if chance.random() < 0.1:
            agent.boot = f"boot-{step}"
        agent.offset_us = chance.choice([0, 0, 0, 2_500_000])
        agent.plan = chance.choice(known).get(name, "")
        sent.append(agent.send(*looks))
    return sent


@pytest.mark.parametrize("seed", range(6))
def test_flushes_and_restarts_at_random_points_leave_the_tables_of_a_rebuild(world, sight, seed):
    sent = story(world, sight, seed)
    chance = random.Random(seed + 1000)
    deriver = Deriver(world.context)
    deriver.load()
    for batch in sent:
        if batch.idx > deriver.next:
            deriver.catch_up(batch.idx)
        if batch.idx == deriver.next:
            deriver.take(batch)
        if chance.random() < 0.3:
            deriver.flush()
        if chance.random() < 0.2:
            # A crash: what was not flushed is gone.
            deriver = Deriver(world.context)
            deriver.catch_up(min(batch.idx + 1, chance.randint(0, batch.idx + 1)))
    deriver.catch_up()
    deriver.settle()
    before = dump(world.context)
    rebuild(world.context)
    assert dump(world.context) == before
    assert before["run"] and before["round_done"] and before["agent_event"]


@pytest.mark.parametrize("seed", range(4))
def test_runs_are_those_that_the_engine_makes_of_the_same_observations(world, sight, seed):
    sent = story(world, sight, seed)
    catch_up(world.context)
    with world.context.read() as conn:
        holds = {
            (one.digest, item.target): item.hold_ms
            for one in plans.every(conn)
            for item in plans.at(conn, one.idx).items
        }
    seen: dict[tuple[str, str], list[Observation]] = {}
    hold_at: dict[tuple[str, str, int], int] = {}
    for batch in sent:
        shift = (batch.header.clock.offset_us or 0) // 1000
        for row in batch.rows:
            if row.state is not None and OUTCOME_OF_STATE[row.state] is not Outcome.ERROR:
                key, place = (row.target, batch.agent), batch.idx * 100 + row.line_no
                made = Observation(row.t0 - shift, OUTCOME_OF_STATE[row.state], place)
                seen.setdefault(key, []).append(made)
                hold_at[(*key, made.t_ms)] = holds.get((batch.header.plan, row.target), HOLD)
    with world.context.read() as conn:
        for one in series.every(conn):
            key = (one.target, one.vantage)
            got = [row.run for row in runs.around(conn, [one.id], 0, ENDLESS)[one.id]]
            assert [plain(run) for run in got] == [
                plain(run) for run in made_of(key, seen.get(key, []), hold_at)
            ]


def made_of(key: tuple[str, str], seen: list[Observation], hold_at: dict) -> list[Run]:
    """Runs by the engine's own step, each observation joined by the hold of its own plan."""

    def day(t_ms: int) -> int:
        return datetime.fromtimestamp(t_ms // 1000, zone_of("Asia/Shanghai")).toordinal()

    made, last = [], None
    for one in distinct(seen):
        step = extend(last, one, hold_at[(*key, one.t_ms)], day)
        made += [step.closed] if step.closed else []
        last = step.open
    return [*made, last] if last else made


class _CutError(Exception):
    """Stands for a crash."""


@pytest.mark.parametrize("seed", range(8))
def test_flushes_cut_short_between_their_pieces_leave_the_tables_of_a_rebuild(
    world, sight, seed, monkeypatch
):
    sent = story(world, sight, seed + 50)
    chance = random.Random(seed + 2000)

    def cut(name: str) -> None:
        if chance.random() < 0.15:
            raise _CutError(name)

    monkeypatch.setattr("collector.jobs.deriver.PIECE", 5)
    monkeypatch.setattr("collector.jobs.deriver.crash_point", cut)
    monkeypatch.setattr("collector.jobs.derive_late.SLICE", 3)
    deriver = Deriver(world.context)
    end = sent[-1].idx + 1
    while True:
        try:
            deriver.catch_up(min(deriver.next + chance.randint(1, 8), end))
            if chance.random() < 0.3:
                deriver.flush()
            if deriver.late and chance.random() < 0.5:
                deriver.late_step(patient=False)
                deriver.late_finish()
            if deriver.next >= end:
                deriver.settle()
                break
        except (_CutError, Overtaken):
            if chance.random() < 0.5:
                deriver = Deriver(world.context)
    monkeypatch.undo()
    before = dump(world.context)
    rebuild(world.context)
    assert dump(world.context) == before
    assert before["run"] and before["round_done"] and not before["derive_late"]


@pytest.mark.parametrize("seed", range(3))
def test_two_derivers_in_turns_leave_the_tables_of_a_rebuild(world, sight, seed, monkeypatch):
    sent = story(world, sight, seed + 80)
    chance = random.Random(seed)
    monkeypatch.setattr("collector.jobs.deriver.PIECE", 5)
    end, both = sent[-1].idx + 1, [Deriver(world.context), Deriver(world.context)]
    for _ in range(60):
        one = chance.choice(both)
        try:
            one.catch_up(min(one.next + chance.randint(1, 6), end))
            one.flush()
            if one.late and chance.random() < 0.6:
                one.late_step(patient=False)
                one.late_finish()
        except Overtaken:
            pass
    catch_up(world.context)
    before = dump(world.context)
    rebuild(world.context)
    assert dump(world.context) == before


def test_the_newest_look_told_again_costs_no_walk_through_the_log(world, sight):
    agent = world.agent("a")
    t = world.at - 10 * MINUTE
    deriver = Deriver(world.context)
    for i in range(3):
        agent.send(sight("p", t + i * MINUTE), sight("p", t + i * MINUTE))
        agent.send(sight("p", t + i * MINUTE))
    deriver.catch_up()
    deriver.flush()
    assert not deriver.late
    before = dump(world.context)
    assert [plain(run) for run in runs_of(world.context, "p")] == [(Outcome.OK, t, t + 2 * MINUTE, 3, MINUTE)]
    rebuild(world.context)
    assert dump(world.context) == before


def test_late_looks_of_many_series_read_each_batch_once(world, sight, monkeypatch):
    from collector.jobs import derive_late

    agent = world.agent("a")
    world.at += 60 * MINUTE
    t = world.at - 40 * MINUTE
    for i in range(30):
        agent.send(*[sight(f"p{k}", t + i * MINUTE) for k in range(20)])
    catch_up(world.context)
    agent.send(*[sight(f"p{k}", t + i * MINUTE + 1) for k in range(20) for i in range(20)])
    read: list[int] = []
    whole = derive_late.read_places
    monkeypatch.setattr(
        derive_late, "read_places", lambda conn, places: read.extend(places) or whole(conn, places)
    )
    catch_up(world.context)
    assert len(read) == len(set(read)) == 31
    assert {run.n for k in range(20) for run in runs_of(world.context, f"p{k}")} == {50}


def test_an_agent_that_always_sends_old_looks_does_not_hold_up_another(world, sight, monkeypatch):
    monkeypatch.setattr("collector.jobs.derive_late.SLICE", 2)
    world.at += 90 * MINUTE
    bad, good = world.agent("a"), world.agent("b")
    t = world.at - 80 * MINUTE
    for i in range(40):
        bad.send(sight("x", t + i * MINUTE))
    good.send(sight("y", t), sight("y", t + 2 * MINUTE))
    catch_up(world.context)
    bad.send(sight("x", t + 1))
    good.send(sight("y", t + MINUTE))
    deriver = Deriver(world.context)
    deriver.catch_up()
    deriver.flush()
    for _ in range(6):
        deriver.late_step()
        deriver.late_finish()
    assert [run.n for run in runs_of(world.context, "y")] == [3]  # x is still being read
    assert [run.n for run in runs_of(world.context, "x")] == [40]
    deriver.settle()
    assert [run.n for run in runs_of(world.context, "x")] == [41]
