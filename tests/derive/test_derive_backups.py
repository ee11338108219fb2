"""Looks of backup checks in their own derived table: incrementally, and the same from a rebuild."""

import json
from dataclasses import replace
from typing import Any

from checks.api import Reading, State, Unit
from checks.wire import lines as bodies
from collector.evidence.rows import Rows, pack, read_lines
from collector.jobs import backup_lines, derive
from collector.store import backups

BASE = {"name": "a.dmp", "kind": "full", "bytes": 10, "parts": 1, "modified": 5}
FACTS = {
    "artefacts": [{"base": BASE, "tables": [{"name": str(i)} for i in range(200)], "rows": 7}],
    "stands": {"count": 1, "listed": [{"name": "a.dmp", "bytes": 10, "modified": 5}]},
}
READINGS = (Reading("a.dmp:present", 1, Unit.NONE, State.OK),)


def looks(world: Any) -> list[backups.LookRow]:
    with world.context.read() as conn:
        return backups.every(conn)


def test_looks_at_backups_are_kept_without_their_long_lists(world: Any, sight: Any) -> None:
    agent = world.agent("backup-1")
    one = sight("city/oa@disk", world.at, check="backup.postgres", facts=FACTS, readings=READINGS)
    agent.send(sight("other", world.at), one, sight("city/oa@disk", world.at + 1, "error", "backup.postgres"))
    derive.catch_up(world.context)
    first, second = looks(world)
    assert (first.line, first.check, first.target, first.error) == (
        1,
        "backup.postgres",
        "city/oa@disk",
        None,
    )
    seen = json.loads(first.seen)
    assert seen["facts"]["artefacts"] == [{"base": BASE, "rows": 7}]
    assert seen["facts"]["stands"] == FACTS["stands"]
    assert seen["readings"] == [["a.dmp:present", 1, "none", "ok", ""]]
    assert (second.line, second.error, second.seen) == (2, "timeout", "{}")


def test_a_rebuild_gives_the_same_looks(world: Any, sight: Any) -> None:
    agent = world.agent("backup-1")
    for day in range(5):
        at = world.at + day * 86_400_000
        world.at = at
        agent.send(sight("city/oa@disk", at, check="backup.postgres", facts=FACTS, readings=READINGS))
        derive.catch_up(world.context)
    before = looks(world)
    assert [row.seen == backups.SAME for row in before] == [False, True, True, True, True]
    derive.rebuild(world.context)
    assert looks(world) == before


def test_an_agent_speaks_for_itself_only(world: Any, sight: Any) -> None:
    world.agent("backup-1").send(sight("city/oa@disk", world.at, check="backup.postgres", vantage="backup-2"))
    derive.catch_up(world.context)
    assert looks(world) == []


def test_looks_are_found_in_batches_that_are_packed_as_in_others(world: Any, sight: Any) -> None:
    agent, others = world.agent("backup-1"), {"vantage": "backup-2", "check": "backup.files"}
    lines = [
        sight("a", world.at),
        sight("backup.txt", world.at),
        sight("b@disk", world.at, check="backup.files"),
        sight("c@disk", world.at, **others),
        sight("d@disk", world.at, "error", "backup.postgres"),
    ]
    for sights, wanted in ((lines, [2, 4]), (lines[:2], []), (lines[:1], []), (lines[4:], [0])):
        batch = agent.send(*sights)
        body = b"".join(one.line(agent.name) + b"\n" for one in sights)
        packed = replace(batch, rows=Rows(pack(read_lines(bodies.split(body)))))
        for one in (batch, packed, replace(batch, rows=list(batch.rows))):
            assert [number for _, number in backup_lines.found_in(one)] == wanted
            assert not list(backup_lines.found_in(replace(one, scored=False)))


def test_what_was_seen_before_is_not_kept_again(world: Any, sight: Any) -> None:
    agent = world.agent("backup-1")
    other = {**FACTS, "stands": {"count": 0, "listed": []}}
    for number, facts in enumerate((FACTS, FACTS, other, FACTS)):
        world.at += 1000
        line = sight("city/oa@disk", world.at, check="backup.postgres", facts=facts, readings=READINGS)
        agent.send(line, sight("city/oa@disk", world.at + 1, "error", "backup.postgres"))
        if number != 1:  # with and without a flush in between
            derive.catch_up(world.context)
    said = [row.seen for row in looks(world) if row.error is None]
    assert [text == backups.SAME for text in said] == [False, True, False, False]
    before = looks(world)
    derive.rebuild(world.context)
    assert looks(world) == before
