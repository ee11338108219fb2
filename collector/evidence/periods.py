"""Names of periods: `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `2026`, `today`, or `FROM/TO`.

Dates and instants are ISO 8601; without an offset they are local to the contract's zone. Half-open.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from collector.evidence.bundle import Period

_QUARTER = re.compile(r"(\d{4})-Q([1-4])\Z")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z")
_WEEK = re.compile(r"(\d{4})-W(\d{2})\Z")
_YEAR = re.compile(r"(\d{4})\Z")
FORMS = "2026-11-21, 2026-W47, 2026-11, 2026-Q4, 2026, today, or FROM/TO (ISO 8601)"


class PeriodError(ValueError):
    """A text names no period."""

    code = "bad_period"


def parse_period(text: str, zone: tzinfo, now_ms: int) -> Period:
    """The period called `text`; PeriodError for anything else, or one that ends before it starts."""
    first, slash, last = text.partition("/")
    try:
        if slash:
            low, high = parse_instant(first, zone), parse_instant(last, zone)
        else:
            start, end = _named(text, zone, now_ms)
            low, high = _midnight(start, zone), _midnight(end, zone)
    except (ValueError, OverflowError):
        raise PeriodError(f"{text!r} is no period; periods are written {FORMS}") from None
    if high <= low:
        raise PeriodError(f"{text!r} does not end after it starts; FROM stands first, TO is not part of it")
    name = text if text != "today" else datetime.fromtimestamp(low / 1000, zone).date().isoformat()
    return Period(name, low, high)


def parse_instant(text: str, zone: tzinfo) -> int:
    """UTC milliseconds of an ISO 8601 date or instant, local to `zone` without an offset; ValueError."""
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day or instant such as 2026-07-03T10:00 (ISO 8601)") from None
    if made.tzinfo is None:
        made = made.replace(tzinfo=zone)
    return round((made - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def _midnight(day: date, zone: tzinfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1000


def _named(text: str, zone: tzinfo, now_ms: int) -> tuple[date, date]:
    if text == "today":
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
        return today, today + timedelta(days=1)
    if found := _QUARTER.match(text):
        year, quarter = int(found[1]), int(found[2])
        return date(year, 3 * quarter - 2, 1), date(year + quarter // 4, 3 * quarter % 12 + 1, 1)
    if found := _MONTH.match(text):
        year, month = int(found[1]), int(found[2])
        return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
    if found := _WEEK.match(text):
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return monday, monday + timedelta(days=7)
    if found := _YEAR.match(text):
        return date(int(found[1]), 1, 1), date(int(found[1]) + 1, 1, 1)
    day = date.fromisoformat(text)
    return day, day + timedelta(days=1)
