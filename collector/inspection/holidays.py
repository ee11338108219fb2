"""Named Chinese holidays as stretches of days, from the calendar's data files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from collector.availability.calendar_cn import Calendar

# A holiday is the stretch of free days that holds its day, or begins inside these days of the year.
HOLIDAYS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "new-year": ((1, 1), (1, 1)),
    "spring-festival": ((1, 19), (2, 22)),
    "tomb-sweeping-day": ((4, 3), (4, 6)),
    "labour-day": ((5, 1), (5, 1)),
    "dragon-boat": ((5, 25), (6, 27)),
    "mid-autumn": ((9, 7), (10, 8)),  # in some years one stretch with National Day
    "national-day": ((10, 1), (10, 1)),
}


@dataclass(frozen=True, slots=True)
class Holiday:
    """One occurrence: first free day and the day after the last."""

    name: str
    first: date
    after: date


def occurrences(calendar: Calendar, name: str) -> Iterator[Holiday]:
    """The holiday's occurrences in the years that the calendar has, in order."""
    first, last = HOLIDAYS[name]
    for year in sorted(calendar.years):
        earliest, latest = date(year, *first), date(year, *last)
        days = sorted(calendar.years[year].holidays)
        named = [day for day in days if earliest <= day <= latest]
        if named:
            start, after = _stretch(named[0], calendar.years[year].holidays)
            yield Holiday(name, start, after)


def _stretch(day: date, holidays: frozenset[date]) -> tuple[date, date]:
    start = _walk(day, holidays, -1)
    return start, _walk(day, holidays, 1) + timedelta(days=1)


def _walk(day: date, holidays: frozenset[date], step: int) -> date:
    following = day + timedelta(days=step)
    while following in holidays:
        day, following = following, following + timedelta(days=step)
    return day


def known_until(calendar: Calendar) -> date:
    """The first day that the calendar says nothing about."""
    return date(max(calendar.years, default=1969) + 1, 1, 1)


# Holidays whose day is fixed: they can be told, provisionally, before the year's notice.
_FIXED = {"new-year": (1, 1, 1), "labour-day": (5, 1, 2), "national-day": (10, 1, 3)}


def fixed(name: str, year: int) -> Holiday | None:
    """The statutory days of a holiday with a fixed date, of a year without a notice; None for the others."""
    if name not in _FIXED:
        return None
    month, day, days = _FIXED[name]
    first = date(year, month, day)
    return Holiday(name, first, first + timedelta(days=days))
