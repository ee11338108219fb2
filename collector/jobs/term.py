"""The end-of-term sheet over the store: what was operated, and when it was not, so far."""

from datetime import date

from sqlalchemy import Connection

from collector.jobs import as_of
from collector.judging import judge
from collector.judging.estates import Estates
from collector.judging.ground import day
from collector.judging.term import TermLine, Watched, sheet, so_far
from collector.store import runs


def term_sheet(
    conn: Connection,
    as_of_ms: int,
    until_ms: int | None = None,
    size: int | None = None,
    period: str | None = None,
) -> tuple[TermLine, ...]:
    """A line for each system and asset, up to the last midnight before `as_of_ms`, and not beyond `until_ms`;
    NoScorecard. `size`: of the log that it is made of; None: what had come by then. `period`: of the contract
    whose term it is; None: of the one in force."""
    size = as_of.size_at(conn, as_of_ms) if size is None else size
    held = as_of.applied(conn, size)
    from_ms, to_ms = judge.term(held, as_of_ms, period)
    estates = Estates.of(held, as_of.said_of(conn, as_of_ms, size))
    return sheet(
        estates,
        _watched(conn, from_ms, as_of_ms, size),
        so_far(from_ms, to_ms, min(as_of_ms, until_ms or as_of_ms)),
    )


def _watched(conn: Connection, from_ms: int, to_ms: int, size: int) -> dict[str, dict[date, Watched]]:
    """By target and day who looked, and the newest entry; a run lies within one day."""
    made: dict[str, dict[date, Watched]] = {}
    for target, vantage, first_ms, idx in runs.by_day(conn, from_ms, to_ms, size):
        days = made.setdefault(target, {})
        when = day(first_ms)
        before = days.get(when)
        seen = frozenset({vantage}) if before is None else before.vantages | {vantage}
        days[when] = Watched(idx if before is None else max(idx, before.entry), seen)
    return made
