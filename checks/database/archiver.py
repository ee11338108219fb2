"""Archiving of the write-ahead or binary log: failing, piling up, or off."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sql import GRANTS, TRIED_ON, Archiver, Reach, Sql, grown, limited


@dataclass(frozen=True, slots=True)
class Facts:
    archiver: Archiver


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`wanted`: whether archiving is agreed. Limits: files that wait, bytes of log on the server's disk,
    failures since the last look."""

    wanted: bool = True
    waiting: Upper = Upper(10, 100)
    log_bytes: Upper = Upper(None, None)
    failed: Upper = Upper(1, None)


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.archiver(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.archiver
    yield _working(found, params.wanted)
    if found.waiting is not None:
        yield limited("archive_waiting", found.waiting, Unit.COUNT, params.waiting, "piling_up")
    if found.failed.grown() is not None:
        yield grown("archive_failures", found.failed, params.failed, "failed")
    if found.log_bytes is not None:
        yield limited("log_bytes", found.log_bytes, Unit.BYTES, params.log_bytes, "piling_up")


def _working(found: Archiver, wanted: bool) -> Reading:
    name = "archiving"
    if found.enabled is None:
        return Reading(name, None, Unit.NONE, State.UNKNOWN, "not_reported")
    if not found.enabled:
        return Reading(name, None, Unit.NONE, State.WARN if wanted else State.OK, "archiving_off")
    if found.last_failed is not None and (found.last_done is None or found.last_failed > found.last_done):
        return Reading(name, None, Unit.NONE, State.CRIT, "failed")
    return Reading(name, None, Unit.NONE, State.OK)


CHECK = Check(
    id="database.archiver",
    version=1,
    title="数据库日志归档",
    title_en="Log archiving of a database",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-07",),
    needs=(*GRANTS, TRIED_ON),
)
