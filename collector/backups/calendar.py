"""The contract's calendar: slots of a schedule, how long a day is owed. Days are numbers (`checks/china.py`).

Half-open everywhere.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from checks.china import day_of, start_of
from checks.recurrence import WEEKDAYS
from collector.backups.policy import Keep, Schedule

MINUTE_MS = 60_000
_EPOCH = date(1970, 1, 1)
_MONDAY = (date(1970, 1, 5) - _EPOCH).days
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7, "fortnight": 14}
EVERY = (*_DAYS, *_MONTHS)


@lru_cache(maxsize=20_000)
def iso(day: int) -> str:
    """`2026-03-01`."""
    return (_EPOCH + timedelta(days=day)).isoformat()


@lru_cache(maxsize=20_000)
def week_of(day: int) -> str:
    """`2026-W09`, the ISO week that holds the day."""
    year, week, _ = (_EPOCH + timedelta(days=day)).isocalendar()
    return f"{year}-W{week:02d}"


def monday_of(day: int) -> int:
    """The Monday of its ISO week."""
    return day - (day - _MONDAY) % 7


def plus_months(day: int, months: int) -> int:
    """The same day of another month; its last day where that month has no such one."""
    held = _EPOCH + timedelta(days=day)
    number = held.year * 12 + held.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return (date(year, month, min(held.day, monthrange(year, month)[1])) - _EPOCH).days


@lru_cache(maxsize=50_000)
def promised_from(today: int, keep: Keep) -> int:
    """The oldest day that is owed on `today`."""
    return plus_months(today, -keep.months) - keep.days


@lru_cache(maxsize=50_000)
def expires(day: int, keep: Keep) -> int:
    """The first day on which `day` is owed no more."""
    at = plus_months(day + keep.days, keep.months)
    while promised_from(at, keep) <= day:
        at += 1
    while promised_from(at - 1, keep) > day:
        at -= 1
    return at


@lru_cache(maxsize=64)
def longest(keep: Keep) -> int:
    """How many days `keep` reaches back at most (3 months: 92)."""
    leap = (date(2024, 1, 1) - _EPOCH).days
    return max(day - promised_from(day, keep) for day in range(leap, leap + 4 * 366))


@dataclass(frozen=True, slots=True)
class Table:
    """Slots of one schedule, by opening. `days`: anchors; the rest UTC ms, `owed`: until when the day of the
    slot must be restorable."""

    days: tuple[int, ...]
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    deadlines: tuple[int, ...]
    owed: tuple[int, ...] = ()


def owed_until(days: Iterable[int], keep: Keep) -> tuple[int, ...]:
    """For each day the instant from which it is owed no more (UTC ms)."""
    return tuple(start_of(expires(day, keep)) for day in days)


@lru_cache(maxsize=512)
def _table(
    every: str, on: str, opens: int | None, closes: int | None, grace: int, span: tuple[int, int]
) -> Table:
    stretches = list(periods(every, *span))
    if opens is None or closes is None:
        days = [first for first, _ in stretches]
        starts = [start_of(first) for first, _ in stretches]
        ends = [start_of(following) for _, following in stretches]
    else:
        days = [_anchor(first, following, on) for first, following in stretches]
        starts = [start_of(day) + opens * MINUTE_MS for day in days]
        ends = [start_of(day) + closes * MINUTE_MS for day in days]
    return Table(tuple(days), tuple(starts), tuple(ends), tuple(end + grace for end in ends))


@lru_cache(maxsize=512)
def slots(schedule: Schedule, from_ms: int, until_ms: int) -> Table:
    """Slots of a schedule by the calendar that open in [from_ms, until_ms); by event there are none here."""
    if not schedule.every or until_ms <= from_ms:
        return Table((), (), (), ())
    # The table is shared by all objects of the same schedule, whichever day their service began.
    first = day_of(from_ms) - 400
    whole = _table(
        schedule.every,
        schedule.on,
        schedule.opens,
        schedule.closes,
        schedule.grace_ms,
        (first - first % 400, day_of(until_ms) + 1),
    )
    a, b = bisect_left(whole.opens, from_ms), bisect_left(whole.opens, until_ms)
    days = whole.days[a:b]
    owed = owed_until(days, schedule.keep)
    return Table(days, whole.opens[a:b], whole.closes[a:b], whole.deadlines[a:b], owed)


def _anchor(first: int, following: int, on: str) -> int:
    if on in WEEKDAYS:
        return first + WEEKDAYS.index(on)
    if on == "last":
        return following - 1
    return first + int(on) - 1 if on else first


def periods(every: str, from_day: int, to_day: int) -> Iterator[tuple[int, int]]:
    """Periods [start, end), as days, from the one that holds `from_day` to the last that begins before
    `to_day`."""
    if every in _DAYS:
        step = _DAYS[every]
        start = from_day - (from_day - _MONDAY) % step
        while start < to_day:
            yield start, start + step
            start += step
        return
    step = _MONTHS[every]
    held = _EPOCH + timedelta(days=from_day)
    start = (date(held.year, (held.month - 1) // step * step + 1, 1) - _EPOCH).days
    while start < to_day:
        following = plus_months(start, step)
        yield start, following
        start = following
