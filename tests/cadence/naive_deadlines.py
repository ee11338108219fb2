"""A second, slow way to count limits: day by day and minute by minute. It shares no line with the program."""

import calendar as months
from datetime import date, datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=8))


def last_of(year, month):
    return months.monthrange(year, month)[1]


def same_day_next_month(wanted, year, month):
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return year, month, date(year, month, min(wanted, last_of(year, month)))


def last_day(unit, count, start, workdays, first_counts, roll):
    """The last day of a limit of days or longer; `workdays` is the set of working days."""
    day = start
    if unit == "working_days":
        seen = 1 if first_counts and day in workdays else 0
        while seen < count:
            day += timedelta(days=1)
            seen += day in workdays
        return day
    if unit in ("months", "half_years", "years"):
        steps = count * {"months": 1, "half_years": 6, "years": 12}[unit]
        year, month = start.year, start.month
        for _ in range(steps):
            year, month, day = same_day_next_month(start.day, year, month)
    else:
        for _ in range(count * (7 if unit == "weeks" else 1)):
            day += timedelta(days=1)
    if first_counts:
        day -= timedelta(days=1)
    while roll and day not in workdays:
        day += timedelta(days=1)
    return day


def working_minutes(start, count, workdays, office):
    """The instant at which so many minutes of office hours have passed since `start` (whole minutes)."""
    at = start
    while count:
        minute = at.hour * 60 + at.minute
        if at.date() in workdays and any(opens <= minute < closes for opens, closes in office):
            count -= 1
        at += timedelta(minutes=1)
    return at


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def ms(at):
    return int(at.timestamp() * 1000)
