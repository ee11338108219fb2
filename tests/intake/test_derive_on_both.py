"""Estate, runs, a round's record and a rebuild on SQLite and on PostgreSQL alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from checks.wire import frame as frames
from collector.context import open_context
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.inspection.human import Answer
from collector.jobs import estates, figures, human, rounds, statements
from collector.jobs.checkpoints import Publisher
from collector.jobs.derive import DERIVED, catch_up, rebuild
from collector.metrics import Metrics
from collector.store import runs, series
from collector.web.batches import Batches
from collector.web.plans import Plans

ENDLESS = 2**62  # ms, past any run
ESTATE = b"""
estate: e
systems: [{id: s, service: probe-0, target: 99%}]
assets: [{id: a, kind: server, agent: a}]
probes: [{id: probe-0, check: service.tcp, from: a, every: 60s, params: {host: x, port: 1}}]
rounds: [{id: daily, every: day, assets: all, checks: [host.load]}]
windows: [{id: w, from: 2026-01-01, to: 2026-01-02, systems: all}]
"""


def dump(context: Any) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with context.read() as conn:
        for table in DERIVED:
            rows = conn.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    found.pop("derive_cursor")
    return found


def test_derived_tables_are_made_and_made_again(any_directory: Path, enrol: Callable[..., Any]) -> None:
    with open_context(any_directory) as context:
        agent = enrol(context, "a")
        done = estates.apply(context, read_estate("e", lambda _: ESTATE, installed()), by="test")
        assert done.agents == ("a",)
        batches = Batches(context, Publisher(context), Metrics(), Plans(context))
        for _ in range(5):
            assert [str(ack.status) for ack in batches.take(agent.batch(3))] == ["ok"]
        late = agent.batch(2)
        catch_up(context)
        batches.take(late)
        catch_up(context)
        statements.add(context, "approval", {"window": "w"}, by="nobody")
        window, _, _ = estates.run_round(context, "daily", by="test")
        assert rounds.close_due(context, window.until_ms + 10_000_000)
        with context.read() as conn:
            assert [one.id for one in series.every(conn)] == [1, 2, 3]
            found_runs = runs.around(conn, [1], 0, ENDLESS)[1]
            assert sum(run.n for run in found_runs) == 6
            found = rounds.ledger(conn, context.now(), context.now() - 10, context.now() + 10)
        assert {one.state for one in found} >= {"missed"}
        made = figures.service_figure(context, "s", found_runs[0].first, found_runs[-1].last)
        assert made.figure.buckets.unknown == made.figure.buckets.down == 0 < made.figure.buckets.up
        before = dump(context)
        rebuild(context)
        assert dump(context) == before
        assert frames.decode(late).header


WALK = b"""
estate: e
assets: [{id: room, kind: room}]
rounds: [{id: walk, every: day, human: {assets: all, items: [water, fire]}}]
"""


def test_statements_of_people_are_kept_and_projected_again(any_directory: Path) -> None:
    with open_context(any_directory) as context:
        estates.apply(context, read_estate("e", lambda _: WALK, installed()), by="test")
        with context.read() as conn:
            window = rounds.find(conn, "walk", context.now()).window
        human.arrive(context, window, by="zhao")
        first = human.enter(context, window, "room", [Answer("water", "ok"), Answer("fire", "ok")], by="zhao")
        last = human.enter(context, window, "room", [Answer("fire", "crit", "空", corrects=first)], by="zhao")
        human.sign_off(context, window, last, by="zhao")
        before = dump(context)
        rebuild(context)
        assert dump(context) == before
        assert rounds.close_due(context) == [window.id]
        with context.read() as conn:
            made = rounds.read_record(conn, rounds.find(conn, window.id, context.now()).record)
            assert len(human.said(conn, window.id)) == 4
        assert [(one.item, one.state, one.signed) for one in made.human.items] == [
            ("water", "ok", True),
            ("fire", "crit", True),
        ]
