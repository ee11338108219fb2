"""Values with units as people write them in an estate file: `10s`, `5m`, `99.9%`, `2026-06-10`.

A number without a unit is refused: `every: 10` may mean seconds to one reader and minutes to the next.
"""

import re
from datetime import date, datetime
from fractions import Fraction

from pydantic import ValidationInfo

from checks.recurrence import WEEKDAYS, instant, zone

_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d)\Z", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,9}))?%\Z", re.ASCII)
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)\Z", re.ASCII)
DURATION_PATTERN = r"^\d{1,9}(ms|s|m|h|d)$"
PERCENT_PATTERN = r"^\d{1,3}(\.\d{1,9})?%$"
CN_WORKDAYS = "cn_workdays"
# What people write for a switch, here as in agent.yaml.
_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
IN_FORCE = "in_force"
"""Key of the context of a validation: the estate stands in the log, and was accepted then."""
HOURS_PATTERN = r"^([01]\d|2[0-4]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$"


def duration_ms(text: object) -> int:
    """Milliseconds of `10s`, `5m`, `2h`, `1d`, `500ms`; ValueError says what is wrong."""
    match = _DURATION.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{_shown(text)} is no duration: a whole number and a unit, as in 10s, 5m, 2h or 1d")
    return int(match[1]) * _UNIT_MS[match[2]]


def ratio(text: object) -> Fraction:
    """Exact fraction of `99.9%`; ValueError says what is wrong."""
    match = _PERCENT.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{_shown(text)} is no percentage: write it as in 99.9%")
    decimals = match[2] or ""
    value = Fraction(int(match[1] + decimals), 100 * 10 ** len(decimals))
    if value > 1:
        raise ValueError(f"{text} is more than 100%")
    return value


def day(text: object) -> str:
    """An ISO day, kept as text; ValueError says what is wrong."""
    try:
        return date.fromisoformat(text if isinstance(text, str) else "").isoformat()
    except ValueError:
        raise ValueError(f"{_shown(text)} is no day: write it as in 2026-06-10") from None


def first_day(text: object) -> str:
    """The first day of a contract: an ISO day from 1970 to 2199."""
    made = day(text)
    if not "1970" <= made[:4] <= "2199":
        raise ValueError(f"{_shown(text)} is no first day of a contract: its year is from 1970 to 2199")
    return made


def switch(value: object, info: ValidationInfo) -> object:
    """True of `true`, `yes` and `on`, False of `false`, `no` and `off`; of an estate in force what an older
    version took (`1`, `y`) is left to the field. ValueError says what is wrong."""
    if isinstance(value, bool):
        return value
    known = _SWITCH.get(value.lower()) if isinstance(value, str) else None
    if known is None and not _accepted(info):
        raise ValueError(f"true or false is wanted here, not {_shown(value)}")
    return value if known is None else known


def _accepted(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get(IN_FORCE))


def instant_text(text: object, info: ValidationInfo) -> str:
    """An ISO 8601 instant, kept as text (its zone may come from the estate). Of an estate in force any year
    is taken: older versions took `9999-12-31` for an end that there is not."""
    try:
        made = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise ValueError(f"{_shown(text)} is no instant: write it as in 2026-06-10T22:00") from None
    if not 1970 <= made.year <= 2199 and not _accepted(info):
        raise ValueError(f"{text}: its year is from 1970 to 2199; leave out an end that there is not")
    return str(text)


def local_instant(text: str, timezone: str) -> int:
    """UTC milliseconds of an instant or day of the file; the estate's zone where it gives none."""
    given = datetime.fromisoformat(text)
    return instant(given, zone(timezone)) if given.tzinfo is None else int(given.timestamp() * 1000)


def hours_range(text: object) -> tuple[str, str]:
    """("08:30", "12:00") of `08:30-12:00`; ValueError says what is wrong."""
    match = _HOURS.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{_shown(text)} is no stretch of a day: write it as in 08:30-12:00")
    start, end = f"{match[1]}:{match[2]}", f"{match[3]}:{match[4]}"
    if start >= end or end > "24:00":
        raise ValueError(f"{text} does not end after it starts, on the same day")
    return start, end


def quiet_range(text: object) -> tuple[str, str] | None:
    """("22:00", "07:00") of `22:00-07:00`, which may go over midnight; ValueError says what is wrong."""
    match = _HOURS.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{_shown(text)} is no stretch of a day: write it as in 22:00-07:00")
    start, end = f"{match[1]}:{match[2]}", f"{match[3]}:{match[4]}"
    if start == end or "24:00" in (start, end):
        raise ValueError(f"{text} is no part of a day; midnight is 00:00")
    return start, end


def weekdays(value: object) -> tuple[str, ...]:
    """("monday", …) or ("cn_workdays",); ValueError says what is wrong."""
    if value == CN_WORKDAYS:
        return (CN_WORKDAYS,)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{CN_WORKDAYS} or a list of weekday names is wanted here")
    if wrong := [day for day in value if day not in WEEKDAYS]:
        raise ValueError(f"{_shown(wrong[0])} is no weekday name such as monday")
    return tuple(value)


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
