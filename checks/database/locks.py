"""Sessions that wait for locks, those that hold them up, and deadlocks since the last look."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sql import GRANTS, TRIED_ON, Locks, Reach, Sql, grown, hidden, limited


@dataclass(frozen=True, slots=True)
class Facts:
    locks: Locks


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """Limits: sessions that wait, seconds of the longest wait, deadlocks since the last look."""

    waiting: Upper = Upper(5, 50)
    longest_wait_s: Upper = Upper(30, 300)
    deadlocks: Upper = Upper(1, 20)


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.locks(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.locks
    yield limited("lock_waits", found.waiting, Unit.COUNT, params.waiting, "too_many")
    if found.waiting:
        yield limited(
            "longest_wait", found.longest_wait_s, Unit.SECONDS, params.longest_wait_s, "lasts_too_long"
        )
    for one in found.blockers:
        yield Reading(f"{one.session}:blocks", one.blocks, Unit.COUNT, State.OK)
    yield from hidden(found.hidden)
    if found.deadlocks.now is not None and found.deadlocks.before is not None:
        yield grown("deadlocks", found.deadlocks, params.deadlocks, "deadlocked")


CHECK = Check(
    id="database.locks",
    version=1,
    title="数据库锁等待与死锁",
    title_en="Database locks and deadlocks",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35",),
    needs=(*GRANTS, TRIED_ON),
)
