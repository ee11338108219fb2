"""kill -9 at every write point: each signed result arrives exactly once, and the chain has no hole."""

import itertools
import signal
import sqlite3
from collections import Counter

import pytest

from checks.wire.chain import chain_hash

# One run passes about this many write points before it has sent a few batches.
POINTS = [1, 2, 3, 5, 6, 7, 8, 11, 13, 18]


def once_each(collector):
    """No line twice: a look is known by what it looked at and when it began."""
    seen = Counter((line["target"], line["slot"], line["t0"]) for line in collector.results())
    return [key for key, count in seen.items() if count > 1]


def chain_is_whole(collector):
    headers = collector.headers()
    assert [h.seq for h in headers] == list(range(len(headers)))
    assert all(str(h.kind) == "results" for h in headers)


@pytest.mark.parametrize("points", [POINTS[:6], POINTS[6:]], ids=["early", "later"])
def test_an_agent_killed_at_any_write_sends_each_signed_result_once(
    collector, state, start_agent, until, item, points
):
    collector.serve_plan(items=[item(target=f"t{n}") for n in range(6)], flush_ms=1000)
    for turn, point in enumerate(points):
        if turn % 3 == 1:
            collector.faults.append("lose_answer")
        process = start_agent(state, ROUNDSEAL_CRASH_AFTER=str(point))
        assert process.wait(60) == -signal.SIGKILL
    signed = sqlite3.connect(state.path("outbox.db")).execute("SELECT max(seq) FROM batch").fetchone()[0]
    process = start_agent(state)
    until(lambda: collector.headers() and collector.headers()[-1].seq > (signed or 0) + 1)
    start_agent.end(process)
    assert once_each(collector) == []
    chain_is_whole(collector)


@pytest.mark.parametrize("name", ["batch.before", "batch.after"])
def test_a_crash_around_the_signing_of_a_batch_loses_nothing_that_was_recorded(
    collector, state, start_agent, until, item, name
):
    collector.serve_plan(items=[item()], flush_ms=1000)
    process = start_agent(state, ROUNDSEAL_CRASH_AFTER=f"{name}:2")
    assert process.wait(60) == -signal.SIGKILL
    db = sqlite3.connect(state.path("outbox.db"))
    recorded = {row[0] for row in db.execute("SELECT line FROM pending")}
    assert bool(recorded) == (name == "batch.before")  # before: still waiting; after: in a batch
    db.close()
    process = start_agent(state)
    until(lambda: len(collector.headers()) >= 3)
    start_agent.end(process)
    sent = {line for _, lines in collector.batches for line in lines}
    assert recorded <= sent
    assert once_each(collector) == []
    chain_is_whole(collector)


def test_results_survive_days_without_a_collector_and_arrive_in_order(
    collector, state, start_agent, until, item
):
    collector.serve_plan(items=[item()], flush_ms=1000)
    process = start_agent(state)
    until(lambda: collector.results())
    collector.stop()
    start_agent.end(process)
    process = start_agent(state)  # the plan is on disk: it goes on without anybody

    def signed():
        with sqlite3.connect(state.path("outbox.db")) as db:
            return db.execute("SELECT count(*) FROM batch WHERE state = 'unsent'").fetchone()[0]

    until(lambda: signed() >= 3)
    collector.start()  # on another port: the agent does not find it, a restart with the old URL would
    start_agent.end(process)
    identity = state.identity()
    from dataclasses import replace

    state.write_identity(replace(identity, url=collector.url))
    process = start_agent(state)
    until(lambda: len(collector.headers()) >= 5)
    start_agent.end(process)
    assert once_each(collector) == []
    chain_is_whole(collector)
    for before, after in itertools.pairwise(collector.headers()):
        assert before.to_ms <= after.to_ms


def test_the_chain_begins_at_the_enrolment_statement(collector, state, start_agent, until, item):
    collector.serve_plan(items=[item()])
    process = start_agent(state)
    until(lambda: collector.headers())
    start_agent.end(process)
    assert collector.headers()[0].prev == chain_hash(collector.statement).hex()
