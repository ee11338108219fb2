"""Sessions of clients against the server's limit, and transactions left open by idle ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.sql import GRANTS, TRIED_ON, Connections, Reach, Sql, hidden, limited


@dataclass(frozen=True, slots=True)
class Facts:
    connections: Connections


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """Limits: per cent of the server's limit, sessions, seconds."""

    used: Upper = Upper(80, 95)
    idle_in_transaction: Upper = Upper(None, None)
    longest_idle_in_transaction_s: Upper = Upper(600, 3600)
    longest_active_s: Upper = Upper(3600, None)


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.connections(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.connections
    share = percent(found.used, found.limit)
    yield limited("used", share, Unit.PERCENT, params.used, "too_many")
    yield Reading("sessions", found.used, Unit.COUNT, *_told(found.used))
    yield from hidden(found.hidden)
    idle, longest = found.idle_in_transaction, found.longest_idle_in_transaction_s
    yield limited("idle_in_transaction", idle, Unit.COUNT, params.idle_in_transaction, "too_many")
    if longest is not None:
        limit = params.longest_idle_in_transaction_s
        yield limited("longest_idle_in_transaction", longest, Unit.SECONDS, limit, "lasts_too_long")
    if found.longest_active_s is not None:
        yield limited(
            "longest_active", found.longest_active_s, Unit.SECONDS, params.longest_active_s, "lasts_too_long"
        )


def _told(number: int | None) -> tuple[State, str]:
    return (State.UNKNOWN, "not_reported") if number is None else (State.OK, "")


CHECK = Check(
    id="database.connections",
    version=1,
    title="数据库连接数",
    title_en="Database connections",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35",),
    needs=(*GRANTS, TRIED_ON),
)
