"""Backups that the server itself knows of, and how old the newest good one is."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sql import GRANTS, TRIED_ON, Backups, Reach, Sql, limited


@dataclass(frozen=True, slots=True)
class Facts:
    backups: Backups


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`age_s`: seconds since the newest good backup ended. What the server knows proves that a backup was
    made, not that it can be restored."""

    age_s: Upper = Upper(26 * 3600, 8 * 86_400)


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.backups(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.backups.backups
    good = [one for one in found if one.outcome == "ok" and one.ended is not None]
    if not good:
        # The server's memory is short: it may have been cleaned, or backups made where it does not see them.
        state, reason = (State.CRIT, "failed") if found else (State.UNKNOWN, "no_backup_known")
        yield Reading("backup_age", None, Unit.SECONDS, state, reason)
        return
    newest = max(one.ended or 0 for one in good)
    age = max(seen.taken_at - newest, 0) // 1000
    yield limited("backup_age", age, Unit.SECONDS, params.age_s, "too_old")
    failed = sum(one.outcome == "failed" and (one.ended or 0) > newest for one in found)
    yield Reading(
        "backups_failed", failed, Unit.COUNT, State.CRIT if failed else State.OK, "failed" if failed else ""
    )


CHECK = Check(
    id="database.backups",
    version=1,
    title="数据库自知的备份",
    title_en="Backups known to the database",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-07",),
    needs=(*GRANTS, TRIED_ON),
)
