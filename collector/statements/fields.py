"""Fields of statements: their types, how a person writes them, how they stand in signed bytes. Pure.

Signed bytes hold texts, whole numbers, true and false. Instants are UTC ms; days and periods are texts of the
contract's calendar; points and money are decimal texts, never floats.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from collector.evidence.periods import PeriodError, parse_instant, parse_period
from collector.statements.model import Scalar

ZONE = timezone(timedelta(hours=8))  # contract calendars are China's, which keeps one time all the year
MOST = 500
_ID = re.compile(r"[^\s/][^\s]{0,199}\Z")
# Unseen, they could make a signed text read as something else.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,4})?\Z", re.ASCII)
# `cycle-2`; with the pack or the first day behind it where an older contract had that name first.
_NAMED = re.compile(r"(?:[a-z]+-[0-9]{1,4}|[0-9]{4}-[0-9]{2}(?=@))(?:@[a-z0-9-]{1,100})?\Z")
_MOST_WHOLE = 10**12


class Type(StrEnum):
    """What a field holds."""

    TEXT = "text"
    WORD = "word"  # one of the field's choices
    FLAG = "flag"
    COUNT = "count"
    DECIMAL = "decimal"
    INSTANT = "instant"
    DAY = "day"
    PERIOD = "period"
    ID = "id"
    ENTRY = "entry"  # of another statement
    UNIT = "unit"
    SYSTEM = "system"
    ASSET = "asset"
    FAULT = "fault"
    FINDING = "finding"
    OBJECT = "object"  # of backups
    WINDOW = "window"
    ACCOUNT = "account"


REFERENCES = frozenset(
    {Type.UNIT, Type.SYSTEM, Type.ASSET, Type.FAULT, Type.FINDING, Type.OBJECT, Type.WINDOW, Type.ENTRY}
)


class FieldsError(ValueError):
    """A field is missing, unknown or wrong: stable `code`, the field's name, detail for people."""

    def __init__(self, code: str, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind. `unit`: of its number; `choices`: words it may be; titles in both languages."""

    name: str
    type: Type
    zh: str
    en: str
    required: bool = True
    choices: tuple[str, ...] = ()
    unit: str = ""
    least: int | None = None
    most: int | None = None

    @property
    def form(self) -> str:
        """What it says and how that is written, in a few words."""
        written = "true or false" if self.type is Type.FLAG else " or ".join(self.choices) or self.type.value
        return self.en if self.en == written else f"{self.en} ({written})"


def _text(text: str, _field: Field) -> Scalar:
    if not text.strip() or len(text) > MOST:
        raise ValueError(f"a text of 1 to {MOST} characters is wanted")
    return _seen(text)


def _seen(text: str) -> str:
    if _HIDDEN.search(text):
        raise ValueError("no control characters, nor any that change the direction of text unseen")
    return text


def _word(text: str, field: Field) -> Scalar:
    if text not in field.choices:
        raise ValueError(f"{text!r} is none of: {', '.join(field.choices)}")
    return text


def _flag(text: str, _field: Field) -> Scalar:
    known = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}
    if text not in known:
        raise ValueError(f"{text!r} is neither true nor false")
    return known[text]


def _count(text: str, field: Field) -> Scalar:
    if not (text.isascii() and text.isdigit() and len(text) <= 13):
        raise ValueError(f"{text!r} is no whole number")
    return _in_bounds(int(text), field)


def _in_bounds(value: int, field: Field) -> int:
    least, most = field.least or 0, _MOST_WHOLE if field.most is None else field.most
    if not least <= value <= most:
        raise ValueError(f"{value} is not from {least} to {most}")
    return value


def _decimal(text: str, field: Field) -> Scalar:
    if not _DECIMAL.match(text):
        raise ValueError(f"{text!r} is no decimal number with at most four places")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no decimal number") from None
    least, most = field.least or 0, _MOST_WHOLE if field.most is None else field.most
    if not least <= value <= most:
        raise ValueError(f"{text} is not from {least} to {most}")
    return text


def _instant(text: str, _field: Field) -> Scalar:
    made = parse_instant(text, ZONE)
    if made < 0:
        raise ValueError(f"{text} is before 1970")
    return made


def _day(text: str, _field: Field) -> Scalar:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{text!r} is no day such as 2026-07-03") from None


def _period(text: str, _field: Field) -> Scalar:
    """A period by its dates, or by the name that a contract's pack gives it (`cycle-2`)."""
    if _NAMED.match(text):
        return text
    if text == "today":
        raise ValueError("a period is named by its dates")
    try:
        parse_period(text, ZONE, 0)
    except PeriodError as error:
        raise ValueError(str(error)) from None
    return text


def _id(text: str, _field: Field) -> Scalar:
    if not _ID.match(text):
        raise ValueError(f"{text!r} is no id: at most 200 characters without spaces")
    return _seen(text)


_READERS: Mapping[Type, Callable[[str, Field], Scalar]] = {
    Type.TEXT: _text,
    Type.WORD: _word,
    Type.FLAG: _flag,
    Type.COUNT: _count,
    Type.DECIMAL: _decimal,
    Type.INSTANT: _instant,
    Type.DAY: _day,
    Type.PERIOD: _period,
    Type.ENTRY: _count,
}
_NUMBERS = (Type.COUNT, Type.ENTRY, Type.INSTANT)


def read(field: Field, text: str) -> Scalar:
    """The value that a person wrote; FieldsError `bad_field` naming the field."""
    try:
        return _READERS.get(field.type, _id)(text, field)
    except (ValueError, OverflowError) as error:
        raise FieldsError("bad_field", field.name, str(error)) from None


def check(field: Field, value: Scalar) -> None:
    """Whether a value in signed bytes is one of the field's type; FieldsError `bad_field`."""
    wanted = bool if field.type is Type.FLAG else int if field.type in _NUMBERS else str
    if type(value) is not wanted:
        raise FieldsError("bad_field", field.name, f"{value!r} is not of type {field.type}")
    try:
        if type(value) is int:
            _whole(value, field)
        elif type(value) is str and _READERS.get(field.type, _id)(value, field) != value:
            raise ValueError(f"{value!r} is written in another way")
    except (ValueError, OverflowError) as error:
        raise FieldsError("bad_field", field.name, str(error)) from None


def _whole(value: int, field: Field) -> None:
    if field.type is Type.INSTANT:
        if not 0 <= value < 2**53:
            raise ValueError(f"{value} is no instant")
        return
    _in_bounds(value, field)


def day_ms(text: str) -> int:
    """UTC ms of the midnight a day begins with."""
    return round(datetime.combine(date.fromisoformat(text), datetime.min.time(), ZONE).timestamp()) * 1000
