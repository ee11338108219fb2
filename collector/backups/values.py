"""Single values of the policy: durations, retention, sizes, dates, windows; and mappings read by key."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from checks.artefacts.standing import DATE_FIELDS
from checks.china import start_of
from checks.codec import FieldError
from checks.recurrence import check_recurrence
from collector.backups.policy import DAY_MS, HOUR_MS, Keep

Path = tuple[str | int, ...]
T = TypeVar("T")
_NUMBER = re.compile(r"(\d{1,6}) ?([A-Za-z]+)\Z")
_SPANS = {
    **dict.fromkeys(("s", "second", "seconds"), 1000),
    **dict.fromkeys(("min", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hour", "hours"), HOUR_MS),
    **dict.fromkeys(("d", "day", "days"), DAY_MS),
    **dict.fromkeys(("week", "weeks"), 7 * DAY_MS),
}
_KEEPS = {
    **dict.fromkeys(("d", "day", "days"), (0, 1)),
    **dict.fromkeys(("week", "weeks"), (0, 7)),
    **dict.fromkeys(("month", "months"), (1, 0)),
    **dict.fromkeys(("year", "years"), (12, 0)),
}
_SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


class Wrong(ValueError):
    """A value that does not fit; `path` from the mapping that was being read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


def _measured(raw: Any, units: Mapping[str, T], example: str) -> tuple[int, T]:
    found = _NUMBER.match(raw) if isinstance(raw, str) else None
    if found is None or found[2] not in units:
        raise Wrong((), f"{raw!r}: a number with its unit is wanted, such as {example}")
    return int(found[1]), units[found[2]]


def duration(raw: Any) -> int:
    """Milliseconds of `4h`, `30min`, `2 days`."""
    count, unit = _measured(raw, _SPANS, "4h")
    return count * unit


def keep(raw: Any) -> Keep:
    """`3 months`, `90 days`, `1 year`."""
    count, (months, days) = _measured(raw, _KEEPS, "3 months")
    if not count:
        raise Wrong((), "keep nothing is no promise")
    return Keep(count * months, count * days)


def amount(raw: Any) -> int:
    """Bytes of `500GB`."""
    count, unit = _measured(raw, _SIZES, "500GB")
    return count * unit


_PLACEHOLDER = re.compile(r"\{[^{}/]*\}")
_DATE = re.compile(r"%(.?)", re.S)


def path_of(raw: Any) -> str:
    """A path in which `{object}` and fields of a date are filled in; what nobody fills in fits nothing."""
    if not isinstance(raw, str):
        raise Wrong((), f"{raw!r}: a path is wanted here")
    for found in _PLACEHOLDER.findall(raw):
        if found != "{object}":
            raise Wrong((), f"{found}: nobody fills this in; {{object}} is known")
    for field in _DATE.findall(raw):
        if field not in {*DATE_FIELDS, "%"}:
            raise Wrong(
                (), f"%{field}: no field of a date; there are {' '.join('%' + f for f in DATE_FIELDS)}"
            )
    return raw


def share(raw: Any) -> Fraction:
    """Ratio of `99%`, `99.5%`."""
    found = re.match(r"(\d{1,3}(?:\.\d{1,6})?)%\Z", raw) if isinstance(raw, str) else None
    if found is None or not 0 < Fraction(found[1]) <= 100:
        raise Wrong((), f"{raw!r}: a share is wanted, such as 99%")
    return Fraction(found[1]) / 100


def day_start(raw: Any) -> int:
    """UTC ms of the first instant of a day in Shanghai; a date or `2026-03-01`."""
    try:
        day = raw if isinstance(raw, date) else date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise Wrong((), f"{raw!r} is no date, such as 2026-03-01") from None
    return start_of((day.replace() - date(1970, 1, 1)).days)


@dataclass(frozen=True, slots=True)
class Reader:
    """A mapping, and where it stands."""

    raw: Mapping[str, Any]
    path: Path = ()

    @classmethod
    def of(cls, raw: Any, keys: Collection[str], path: Path = ()) -> "Reader":
        """Wrong unless it is a mapping with no other keys than these."""
        if not isinstance(raw, Mapping):
            raise Wrong(path, "a mapping is wanted here")
        for key in raw:
            if key not in keys:
                raise Wrong((*path, key), "unknown key")
        return cls(raw, path)

    def text(self, key: str, *, needed: bool = False) -> str:
        """A string, "" where it is absent and not needed."""
        value = self.raw.get(key)
        if value is None:
            if needed:
                raise Wrong((*self.path, key), "missing")
            return ""
        if not isinstance(value, str) or (needed and not value):
            raise Wrong((*self.path, key), f"{value!r}: a word is wanted here")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Words: a list of them, or one string with blanks between."""
        value = self.raw.get(key)
        if value is None:
            return ()
        parts = value.split() if isinstance(value, str) else value
        if not isinstance(parts, Sequence) or any(not isinstance(one, str) or not one for one in parts):
            raise Wrong((*self.path, key), "words are wanted here")
        return tuple(parts)

    def flag(self, key: str) -> bool:
        """true or false; false where it is absent."""
        value = self.raw.get(key, False)
        if not isinstance(value, bool):
            raise Wrong((*self.path, key), f"{value!r}: true or false is wanted here")
        return value

    def number(self, key: str) -> int | None:
        """A whole number above -1."""
        value = self.raw.get(key)
        if value is not None and (type(value) is not int or value < 0):
            raise Wrong((*self.path, key), f"{value!r}: a whole number is wanted here")
        return value

    def one_of(self, key: str, words: Sequence[str], default: str = "", *, needed: bool = False) -> Any:
        """One of these words."""
        value = self.text(key, needed=needed) or default
        if value not in words:
            raise Wrong((*self.path, key), f"{value!r} is none of: {', '.join(words)}")
        return value

    def make(self, key: str, make: Callable[[Any], T], *, needed: bool = False) -> Any:
        """What `make` reads there, None where it is absent and not needed."""
        if self.raw.get(key) is None:
            if needed:
                raise Wrong((*self.path, key), "missing")
            return None
        try:
            return make(self.raw[key])
        except Wrong as problem:
            raise Wrong((*self.path, key, *problem.path), problem.reason) from None

    def child(self, key: str, keys: Collection[str], make: Callable[["Reader"], T]) -> T | None:
        """A mapping below, read by `make`."""
        if self.raw.get(key) is None:
            return None
        return make(Reader.of(self.raw[key], keys, (*self.path, key)))

    def children(self, key: str, keys: Collection[str]) -> Iterator["Reader"]:
        """A mapping below, or a list of them."""
        value = self.raw.get(key)
        if value is None:
            return
        if isinstance(value, Sequence) and not isinstance(value, str):
            for index, one in enumerate(value):
                yield Reader.of(one, keys, (*self.path, key, index))
        else:
            yield Reader.of(value, keys, (*self.path, key))


def window(at: Reader) -> tuple[int | None, int | None]:
    """Minutes of the day a slot opens and closes at; None, None for the whole period."""
    every, on, clock = at.text("every", needed=True), at.text("on"), at.text("window")
    try:
        check_recurrence(every, on, clock)
    except FieldError as problem:
        raise Wrong((*at.path, problem.path), problem.problem) from None
    if not clock:
        return (0, 1440) if on else (None, None)
    if every != "day" and not on:
        raise Wrong((*at.path, "on"), f"missing: a window in a {every} needs its day")
    a, b = (60 * int(part[:2]) + int(part[3:]) for part in clock.split("-"))
    return a, b if b > a else b + 1440
