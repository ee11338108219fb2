"""The end-of-term sheet over the store: what was operated, and when it was not, so far."""

from datetime import date

from sqlalchemy import Connection

from collector.jobs import scorecards
from collector.judging import judge
from collector.judging.estates import Estates
from collector.judging.ground import day
from collector.judging.term import TermLine, Watched, sheet
from collector.store import runs

_DAY_MS = 86_400_000
_CHINA_MS = 8 * 3_600_000


def term_sheet(conn: Connection, as_of_ms: int) -> tuple[TermLine, ...]:
    """A line for each system and asset, up to the last midnight before `as_of_ms`; NoScorecard."""
    size = scorecards.size_at(conn, as_of_ms)
    held = scorecards.applied(conn, size)
    every = judge.periods(held, as_of_ms)
    estates = Estates.of(held, scorecards.said_of(conn, as_of_ms, size))
    return sheet(
        estates,
        _watched(conn, every[0].from_ms, as_of_ms, size),
        so_far(every[0].from_ms, every[-1].to_ms, as_of_ms),
    )


def so_far(from_ms: int, to_ms: int, as_of_ms: int) -> tuple[int, int]:
    """The whole days of a term that are over."""
    over = (as_of_ms + _CHINA_MS) // _DAY_MS * _DAY_MS - _CHINA_MS
    return from_ms, max(from_ms, min(to_ms, over))


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
