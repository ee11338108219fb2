"""When things are due: the slots of regular looks and the windows of rounds. Pure; UTC milliseconds out.

A slot is a stretch of the UTC grid: [k * every, (k + 1) * every). A regular check runs at a fixed hash
offset in its slot, so a thousand agents do not all look at the full minute, and the same agent looks at
the same place of each slot. A round's windows are local times of the plan's zone.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from hashlib import sha256

from checks.codec import FieldError
from checks.plan import RoundPlan, Window

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# every -> months from one occurrence to the next.
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
# every -> days from one occurrence to the next. A fortnight counts from Monday 1970-01-05.
_DAYS = {"day": 1, "week": 7, "fortnight": 14}
EVERY = (*_DAYS, *_MONTHS)
_MONDAY = date(1970, 1, 5)
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)\Z")
_DAY_MS = 86_400_000


def slot_start(t_ms: int, every_ms: int) -> int:
    """Start of the slot of the UTC grid that holds `t_ms`."""
    return t_ms - t_ms % every_ms


def offset_ms(check: str, target: str, agent: str, every_ms: int, deadline_ms: int = 0) -> int:
    """Where in its slots a regular check runs: fixed by its names, early enough to end inside the slot."""
    room = max(every_ms - deadline_ms, 1)
    named = "\0".join((check, target, agent)).encode()
    return int.from_bytes(sha256(named).digest()[:8], "big") % room


@cache
def zone(name: str) -> tzinfo:
    """The time zone called `name`; FieldError when this machine does not know it."""
    from zoneinfo import ZoneInfo  # loaded only where there are rounds: an agent without any stays smaller

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        # Small images come without zone data; China has had one fixed offset since 1991.
        if name == "Asia/Shanghai":
            return timezone(timedelta(hours=8), name)
        if name == "UTC":
            return UTC
        raise FieldError("timezone", f"{name!r} is no time zone known here") from None


def instant(local: datetime, tz: tzinfo, *, closes: bool = False) -> int:
    """UTC milliseconds of a local time. One that does not exist maps forward; of two equal ones the
    first opens a range and the last closes it."""
    first, second = (_utc_ms(local.replace(fold=fold), tz) for fold in (0, 1))
    return max(first, second) if closes else first


def _utc_ms(local: datetime, tz: tzinfo) -> int:
    delta = local.replace(tzinfo=tz).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return delta // timedelta(milliseconds=1)


def day_of(t_ms: int, tz: tzinfo) -> date:
    """The local day that holds an instant."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=t_ms)).astimezone(tz).date()


def windows(plan: RoundPlan, timezone: str, from_ms: int, to_ms: int) -> list[Window]:
    """The round's windows with any part of [from_ms, until_ms) in [from_ms, to_ms), by start."""
    tz = zone(timezone)
    found = [w for w in plan.windows if w.from_ms < to_ms and w.until_ms > from_ms]
    if plan.every:
        found += _recurring(plan, tz, from_ms, to_ms)
    return sorted(found, key=lambda window: (window.from_ms, window.id))


def _recurring(plan: RoundPlan, tz: tzinfo, from_ms: int, to_ms: int) -> Iterator[Window]:
    rule = _Rule.of(plan)
    start = rule.period_before(day_of(from_ms, tz))
    while True:
        following = rule.next_period(start)
        opens, closes = rule.bounds(start, following, tz)
        until = rule.bounds(following, rule.next_period(following), tz)[0]
        if opens >= to_ms:
            return
        if until > from_ms:
            day = rule.day(start)
            yield Window(f"{plan.id}/{day.isoformat()}", opens, min(closes, until), until)
        start = following


class _Rule:
    """A recurrence, read: periods follow each other; in each one day (or all of it) is the window."""

    __slots__ = ("clock", "every", "on")

    def __init__(self, every: str, on: str, clock: tuple[int, int] | None) -> None:
        self.every = every
        self.on = on
        self.clock = clock

    @classmethod
    def of(cls, plan: RoundPlan) -> "_Rule":
        check_recurrence(plan.every, plan.on, plan.window)
        return cls(plan.every, plan.on, _clock(plan.window) if plan.window else None)

    def period_before(self, day: date) -> date:
        """Start of the period before the one that holds `day`: windows may reach over its end."""
        if self.every in _DAYS:
            step = _DAYS[self.every]
            anchor = _MONDAY if step > 1 else day
            return day - timedelta(days=(day - anchor).days % step + step)
        step = _MONTHS[self.every]
        return _add_months(day.replace(month=(day.month - 1) // step * step + 1, day=1), -step)

    def next_period(self, start: date) -> date:
        if self.every in _DAYS:
            return start + timedelta(days=_DAYS[self.every])
        return _add_months(start, _MONTHS[self.every])

    def day(self, start: date) -> date:
        """The day of the period that the window opens on; in quarters and years counted from their start."""
        if not self.on:
            return start
        if self.on in WEEKDAYS:
            return start + timedelta(days=WEEKDAYS.index(self.on))
        if self.on == "last":
            return self.next_period(start) - timedelta(days=1)
        return start.replace(day=int(self.on))

    def bounds(self, start: date, following: date, tz: tzinfo) -> tuple[int, int]:
        day = self.day(start)
        if self.clock is None:
            end = day + timedelta(days=1) if self.on else following
            return _at(day, 0, tz), _at(end, 0, tz, closes=True)
        opens, closes = self.clock
        return _at(day, opens, tz), _at(day, closes, tz, closes=True)


def check_recurrence(every: str, on: str, window: str) -> None:
    """FieldError naming `every`, `on` or `window` when the three do not make a recurrence."""
    if every not in EVERY:
        raise FieldError("every", f"{every!r} is none of: {', '.join(EVERY)}")
    if on and not _fits(every, on):
        wanted = "a weekday name" if every in ("week", "fortnight") else "1 to 28 or last"
        raise FieldError("on", f"{on!r} does not fit here; {'nothing' if every == 'day' else wanted} does")
    if window:
        _clock(window)


def _fits(every: str, on: str) -> bool:
    if every in _MONTHS:
        return on == "last" or (on.isascii() and on.isdigit() and 1 <= int(on) <= 28)
    return every != "day" and on in WEEKDAYS


def _clock(window: str) -> tuple[int, int]:
    """Minutes of the day a window opens and closes at; one that ends earlier than it starts ends next day."""
    match = _CLOCK.match(window)
    if match is None:
        raise FieldError("window", f'{window!r} is not "HH:MM-HH:MM"')
    h1, m1, h2, m2 = (int(part) for part in match.groups())
    opens, closes = 60 * h1 + m1, 60 * h2 + m2
    if opens >= 1440 or closes > 1440 or opens == closes:
        raise FieldError("window", f"{window!r} is no stretch of a day")
    return opens, closes if closes > opens else closes + 1440


def _at(day: date, minutes: int, tz: tzinfo, *, closes: bool = False) -> int:
    local = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return instant(local, tz, closes=closes)


def _add_months(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
