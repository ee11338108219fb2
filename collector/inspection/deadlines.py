"""When a time limit ends (contracts.md 2, "Counting deadlines"; Civil Code Art. 201-204). Pure.

Hours run from the event. For days, weeks, months and years the day of the event does not count (unless the
contract says so), a month ends on the corresponding day or its last, a last day that is a public rest day
moves to the next working day, and the last day ends at 24:00. Instants are UTC ms; days are of the
contract's zone.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from collector.availability.calendar_cn import Calendar
from collector.availability.errors import SpecError
from collector.availability.hours import instant, zone_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MINUTE_MS = 60_000
_FAR = 3700  # no limit of these contracts spans ten years


class Unit(StrEnum):
    """What a limit is counted in. Months are those of the Civil Code: to the corresponding day."""

    MINUTES = "minutes"
    HOURS = "hours"
    WORKING_HOURS = "working_hours"
    DAYS = "days"
    WORKING_DAYS = "working_days"
    WEEKS = "weeks"
    MONTHS = "months"
    HALF_YEARS = "half_years"
    YEARS = "years"


_RUNNING = {Unit.MINUTES: _MINUTE_MS, Unit.HOURS: 60 * _MINUTE_MS}
_MONTHS = {Unit.MONTHS: 1, Unit.HALF_YEARS: 6, Unit.YEARS: 12}


@dataclass(frozen=True, slots=True)
class Deadline:
    """A limit as a contract writes it: so many units after `start_event`.

    `first_day_counts`: the day of the event is day one (LH "自…起", C24 "从合同签订日期起");
    `roll_rest_day`: a last day that is a public rest day moves on (Civil Code Art. 203).
    """

    count: int
    unit: Unit
    start_event: str = ""
    first_day_counts: bool = False
    roll_rest_day: bool = True


@dataclass(frozen=True, slots=True)
class Workdays:
    """Which days are working days, and the agreed office hours in minutes of the day.

    `guess`: beyond the published years Monday to Friday is taken and what comes of it is *provisional*
    (ruling 12); without it such a year is `MissingYear`.
    """

    calendar: Calendar
    zone: tzinfo
    office: tuple[tuple[int, int], ...] = ()
    guess: bool = False

    def is_workday(self, day: date) -> bool:
        """Whether people work on it."""
        if self.guess and self.guessed(day):
            return day.weekday() < 5
        return self.calendar.is_workday(day)

    def guessed(self, day: date) -> bool:
        """Whether no notice is known for its year."""
        return day.year not in self.calendar.years


@dataclass(frozen=True, slots=True)
class Due:
    """The end of a limit. `at_ms` is the first instant that is too late.

    `day`: the last day; `rolled`: the rest day that it was moved from; `provisional`: rests on a year whose
    holidays are not published.
    """

    at_ms: int
    day: date
    rolled: date | None = None
    provisional: bool = False


def shanghai() -> tzinfo:
    """The contracts' zone."""
    return zone_of("Asia/Shanghai")


def day_of(t_ms: int, zone: tzinfo) -> date:
    """The local day that holds an instant."""
    return (_EPOCH + timedelta(milliseconds=t_ms)).astimezone(zone).date()


def start_of(day: date, zone: tzinfo) -> int:
    """0:00 of a day; of the day before this is 24:00."""
    return instant(datetime.combine(day, time()), zone)


def due(limit: Deadline, from_ms: int, days: Workdays) -> Due:
    """When a limit ends that an event at `from_ms` starts.

    MissingYear where a needed year is not published and must not be guessed; SpecError for a limit that
    cannot be counted (nothing or less, working hours without office hours, no working day in ten years).
    """
    if limit.count < 1:
        raise SpecError("deadline.count", str(limit.count), "a limit is of one unit at least")
    if limit.unit in _RUNNING:
        at = from_ms + limit.count * _RUNNING[limit.unit]
        return Due(at, day_of(at - 1, days.zone))
    if limit.unit is Unit.WORKING_HOURS:
        return _working_hours(limit.count, from_ms, days)
    return due_day(limit, day_of(from_ms, days.zone), days)


def due_day(limit: Deadline, first: date, days: Workdays) -> Due:
    """Likewise for limits of days and longer, from the day of the event."""
    if limit.unit is Unit.WORKING_DAYS:
        last = _working_day(limit, first, days)
        return _ended(last, None, days, first)
    last = _corresponding(limit, first)
    if not limit.roll_rest_day:
        return _ended(last, None, days, None)
    rolled = next_workday(last, days)
    return _ended(rolled, last if rolled != last else None, days, last)


def next_workday(day: date, days: Workdays) -> date:
    """The day itself if people work on it, else the next on which they do."""
    for one in _from(day):
        if days.is_workday(one):
            return one
    raise SpecError("deadline.far", day.isoformat(), "no working day within ten years")


def late_days(ended: Due, at_ms: int, zone: tzinfo) -> int:
    """Calendar dates begun after the last day, up to the one that holds `at_ms`; 0 in time.

    A limit of hours that ended earlier on the same date counts as one day late.
    """
    if at_ms < ended.at_ms:
        return 0
    return max((day_of(at_ms, zone) - ended.day).days, 1)


def add_months(day: date, months: int) -> date:
    """The corresponding day so many months on, or that month's last."""
    return _in_month(day.year * 12 + day.month - 1 + months, day.day)


def stretches(
    first: date, end: date, months: int, anchor_day: int | None = None
) -> Iterator[tuple[date, date]]:
    """Contract months (quarters, half-years, years) of a term [first, end), half open.

    Every edge is counted from the anchor itself, so the 31st comes back after a February. An anchor day
    other than the term's own makes a short first stretch.
    """
    wanted = first.day if anchor_day is None else anchor_day
    number = first.year * 12 + first.month - 1
    number -= _in_month(number, wanted) > first
    while (begins := _in_month(number, wanted)) < end:
        ends = _in_month(number + months, wanted)
        yield max(begins, first), min(ends, end)
        number += months


def _in_month(number: int, wanted: int) -> date:
    """A day of the month of this number (12 * year + month - 1), or its last where it has no such day."""
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(wanted, monthrange(year, month)[1]))


def iso_week(day: date) -> str:
    """`2026-W28`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def monday(day: date) -> date:
    """The Monday of its ISO week."""
    return day - timedelta(days=day.weekday())


def _corresponding(limit: Deadline, first: date) -> date:
    if limit.unit in _MONTHS:
        last = add_months(first, limit.count * _MONTHS[limit.unit])
    else:
        last = first + limit.count * (7 * _DAY if limit.unit is Unit.WEEKS else _DAY)
    return last - _DAY if limit.first_day_counts else last


def _working_day(limit: Deadline, first: date, days: Workdays) -> date:
    left = limit.count
    for one in _from(first if limit.first_day_counts else first + _DAY):
        left -= days.is_workday(one)
        if not left:
            return one
    raise SpecError("deadline.far", first.isoformat(), "too few working days within ten years")


def _working_hours(count: int, from_ms: int, days: Workdays) -> Due:
    if not days.office:
        raise SpecError("deadline.office", str(count), "working hours need agreed office hours")
    left = count * 60 * _MINUTE_MS
    first = day_of(from_ms, days.zone)
    for day in _from(first):
        if not days.is_workday(day):
            continue
        midnight = start_of(day, days.zone)
        for opens, closes in sorted(days.office):
            begins = max(midnight + opens * _MINUTE_MS, from_ms)
            room = midnight + closes * _MINUTE_MS - begins
            if room >= left:
                return Due(begins + left, day, provisional=_guessed(first, day, days))
            left -= max(room, 0)
    raise SpecError("deadline.far", first.isoformat(), "too few working hours within ten years")


def _ended(last: date, rolled: date | None, days: Workdays, asked_from: date | None) -> Due:
    guessed = asked_from is not None and _guessed(asked_from, last, days)
    return Due(start_of(last + _DAY, days.zone), last, rolled, guessed)


def _guessed(first: date, last: date, days: Workdays) -> bool:
    return any(year not in days.calendar.years for year in range(first.year, last.year + 1))


def _from(day: date) -> Iterator[date]:
    return (day + timedelta(days=n) for n in range(_FAR))
