"""Agreed hours (约定服务时间): local ranges on weekdays or Chinese working days, as spans of instants."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collector.availability.calendar_cn import Calendar
from collector.availability.errors import SpecError
from collector.availability.spans import Span, union

# Without daylight saving since 1991, and needed where the machine has no zone data (the offline verifier).
_SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """Agreed hours in minutes of the day; `days` are weekdays (Monday is 0), None for Chinese working days.

    A range that ends before it starts runs into the next day; 1440 is the end of the day.
    """

    zone: str
    days: frozenset[int] | None
    ranges: tuple[tuple[int, int], ...]


def zone_of(name: str) -> tzinfo:
    """The time zone of that name."""
    if name == "Asia/Shanghai":
        return _SHANGHAI
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SpecError("hours.zone", name, "no such time zone on this machine") from None


def agreed(hours: Hours, period: Span, calendar: Calendar | None) -> list[Span]:
    """Spans of agreed hours inside the period."""
    if hours.days is None and calendar is None:
        raise SpecError("hours.calendar", hours.zone, "Chinese working days need a calendar")
    zone = zone_of(hours.zone)
    spans: list[Span] = []
    for day in _days(hours, zone, period):
        if not _counts(hours, calendar, day):
            continue
        for opens, closes in hours.ranges:
            spans.append((_edge(day, opens, zone, closing=False), _edge(day, _after(opens, closes), zone)))
    inside = ((max(a, period[0]), min(b, period[1])) for a, b in spans)
    return union(inside)


def instant(local: datetime, zone: tzinfo, *, closing: bool = False) -> int:
    """Local wall time to ms since the epoch.

    A time that does not exist (clocks put forward) maps forward by the length of the jump; of two equal ones
    (clocks put back) the first opens a range and the last closes it.
    """
    first = local.replace(tzinfo=zone, fold=0)
    if isinstance(zone, timezone):
        return int((first - _EPOCH) / timedelta(milliseconds=1))
    exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == local
    chosen = local.replace(tzinfo=zone, fold=1) if closing and exists else first
    return int((chosen.astimezone(UTC) - _EPOCH) / timedelta(milliseconds=1))


def _counts(hours: Hours, calendar: Calendar | None, day: date) -> bool:
    if hours.days is not None:
        return day.weekday() in hours.days
    return calendar is not None and calendar.is_workday(day)


def _days(hours: Hours, zone: tzinfo, period: Span) -> Iterator[date]:
    """The local days whose ranges reach into the period, no others: a year without data stops a figure."""
    overnight = any(closes <= opens for opens, closes in hours.ranges)
    day = _local_day(period[0], zone) - timedelta(days=1 if overnight else 0)
    last = _local_day(period[1] - 1, zone)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _local_day(t_ms: int, zone: tzinfo) -> date:
    return (_EPOCH + timedelta(milliseconds=t_ms)).astimezone(zone).date()


def _after(opens: int, closes: int) -> int:
    return closes if closes > opens else closes + _DAY_MINUTES


def _edge(day: date, minutes: int, zone: tzinfo, *, closing: bool = True) -> int:
    days, minute = divmod(minutes, _DAY_MINUTES)
    local = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60))
    return instant(local, zone, closing=closing)
