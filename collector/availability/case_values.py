"""Values of a case file with their place, so that every complaint names the example and the field."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

from collector.availability.errors import CaseError

_HUGE = re.compile(r"[eE][+-]?[0-9_]{4,}")
_SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Value:
    """One value, the example it belongs to and its path inside it."""

    example: str
    path: str
    raw: Any

    def wrong(self, detail: str) -> CaseError:
        """The error to raise about this value."""
        return CaseError(self.example, self.path or "example", detail)

    def mapping(self, allowed: str = "") -> dict[str, "Value"]:
        """A mapping; with `allowed` (names separated by spaces) every other key is an error."""
        if not isinstance(self.raw, dict):
            raise self.wrong(f"must be a mapping, not {type(self.raw).__name__}")
        names = allowed.split()
        for key in self.raw:
            if not isinstance(key, str):
                raise self.wrong(f"key {key!r} is not a text")
            if names and key not in names:
                raise self.wrong(f"unknown key {key!r}; known: {', '.join(names)}")
        return {key: Value(self.example, self._below(key), raw) for key, raw in self.raw.items()}

    def items(self) -> Iterator["Value"]:
        """The values of a list."""
        if not isinstance(self.raw, list):
            raise self.wrong(f"must be a list, not {type(self.raw).__name__}")
        for i, raw in enumerate(self.raw):
            yield Value(self.example, f"{self.path}[{i}]", raw)

    def row(self, n: int) -> list["Value"]:
        """A list of exactly n values."""
        values = list(self.items())
        if len(values) != n:
            raise self.wrong(f"must have {n} values, not {len(values)}")
        return values

    def text(self) -> str:
        """A text."""
        if not isinstance(self.raw, str):
            raise self.wrong(f"must be a text, not {self.raw!r}")
        return self.raw

    def name(self) -> str:
        """A name; a bare number is one too."""
        return str(self.raw) if isinstance(self.raw, int) and not isinstance(self.raw, bool) else self.text()

    def one_of(self, *allowed: str) -> str:
        """One of some words."""
        if self.raw not in allowed:
            raise self.wrong(f"must be one of {', '.join(allowed)}, not {self.raw!r}")
        return str(self.raw)

    def number(self) -> Fraction:
        """A number, exactly as it was written."""
        if isinstance(self.raw, bool) or not isinstance(self.raw, int | float | str):
            raise self.wrong(f"must be a number, not {self.raw!r}")
        text = str(self.raw).strip().removesuffix("%")
        if len(text) > 400 or _HUGE.search(text):  # exact, it would fill the memory
            raise self.wrong(f"must be a number of this world, not {text[:40]!r}")
        try:
            return Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise self.wrong(f"must be a number, not {self.raw!r}") from None

    def whole(self, least: int = 0) -> int:
        """A whole number, not below `least`."""
        value = self.number()
        if value.denominator != 1 or value < least:
            raise self.wrong(f"must be a whole number from {least} on, not {self.raw!r}")
        return int(value)

    def ms(self) -> int:
        """Seconds, down to the millisecond, as ms."""
        value = self.number() * 1000
        if value.denominator != 1:
            raise self.wrong(f"is finer than a millisecond: {self.raw!r}")
        return int(value)

    def length(self, least: int = 0) -> int:
        """A length in seconds as ms, not below `least` ms."""
        value = self.ms()
        if value < least:
            raise self.wrong(f"must not be below {Fraction(least, 1000)} s, not {self.raw!r}")
        return value

    def instant(self) -> int:
        """ISO 8601 as ms since the epoch; Asia/Shanghai if it names no zone."""
        try:
            moment = self._moment()
        except ValueError:
            raise self.wrong(f"is not ISO 8601: {self.raw!r}") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_SHANGHAI)
        return int((moment - datetime(1970, 1, 1, tzinfo=timezone(timedelta()))) / timedelta(milliseconds=1))

    def _moment(self) -> datetime:
        # YAML reads an unquoted instant or day by itself.
        if isinstance(self.raw, datetime):
            return self.raw
        text = self.raw.isoformat() if isinstance(self.raw, date) else self.text()
        return datetime.fromisoformat(text)

    def minutes(self) -> int:
        """A time of day as minutes; an unquoted 12:30 reaches us as the number of minutes already."""
        if isinstance(self.raw, int) and not isinstance(self.raw, bool) and 0 <= self.raw <= 1440:
            return self.raw
        hour, colon, minute = self.text().partition(":")
        if not (colon and hour.isdecimal() and minute.isdecimal() and int(minute) < 60):
            raise self.wrong(f'must be a time of day like "08:30", not {self.raw!r}')
        if (value := int(hour) * 60 + int(minute)) > 1440:
            raise self.wrong(f"is after the end of the day: {self.raw!r}")
        return value

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def items_of(value: Value | None) -> Iterator[Value]:
    """The values of a list that may be left out."""
    return iter(()) if value is None else value.items()


def stretch(value: Value, from_: Value, to: Value) -> tuple[int, int]:
    """Milliseconds of a stretch's two ends; it may be empty, and must not end before it begins."""
    first, end = from_.ms(), to.ms()
    if end < first:
        raise value.wrong(f"ends before it begins: {from_.raw!r} to {to.raw!r}")
    return first, end
