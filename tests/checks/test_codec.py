"""Ratios of any size survive plain JSON, exactly; nothing that only looks like one is taken for it."""

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import codec
from checks.codec import FieldError, from_json, texts_for_big, to_json
from checks.wire import strict_json


@pytest.mark.parametrize(
    "odd",
    [
        ["1", "0"],
        ["1", "-2"],
        ["01", "2"],
        ["1", 2],
        [" 1", "2"],
        ["1_0", "2"],
        ["1" * 1001, "2"],
        ["1"],
        "1/2",
        0.5,
    ],
)
def test_what_is_no_ratio_is_refused_with_its_place(odd):
    with pytest.raises(FieldError, match=r"^share"):
        from_json(Fraction, odd, "share")


@given(st.fractions() | st.builds(Fraction, st.integers(-(10**60), 10**60), st.integers(1, 10**60)))
def test_every_ratio_comes_back_from_strict_json(value):
    data = strict_json.dumps(texts_for_big(to_json(value)))
    assert from_json(Fraction, strict_json.loads(data), "share") == value


def test_small_ones_keep_the_form_they_always_had():
    assert to_json(Fraction(1, 3)) == [1, 3]


class Colour(StrEnum):
    RED, BLUE = "red", "blue"


class Level(IntEnum):
    LOW, HIGH = 1, 3


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    of: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One field of every kind that is logged."""

    day: date
    yuan: Decimal
    share: Fraction
    level: Level
    colour: Colour | None
    term: Fraction | Named | None
    facts: dict[str, str | int | bool | None]
    number: int | Fraction
    either: str | int | None = None
    words: tuple[str | int, ...] = ()
    held: dict[str, tuple[int, ...]] = field(default_factory=dict)


ODDS = st.sampled_from(
    [None, True, 0, 3, -1, "", "red", "1.5", "2026-07-01", "20260701", [1, 2], [1, 0], ["1", "2"], {}, 0.5]
)
SHEETS = st.builds(
    Sheet,
    day=st.dates(),
    yuan=st.decimals(allow_nan=False, allow_infinity=False),
    share=st.fractions(),
    level=st.sampled_from(Level),
    colour=st.none() | st.sampled_from(Colour),
    term=st.none()
    | st.fractions()
    | st.builds(Named, st.text(), st.none() | st.tuples(st.text(), st.text())),
    facts=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()),
    number=st.integers() | st.fractions(),
    either=st.none() | st.text() | st.integers(),
    words=st.lists(st.text() | st.integers()).map(tuple),
    held=st.dictionaries(st.text(), st.lists(st.integers()).map(tuple)),
)


def with_care(value):
    """As the slow way reads it, or what it finds wrong."""
    try:
        return codec._read(Sheet, value, "sheet")
    except FieldError as error:
        return str(error)


def quickly(value):
    try:
        return from_json(Sheet, value, "sheet")
    except FieldError as error:
        return str(error)


@given(SHEETS, st.sets(st.sampled_from(["either", "words", "held"])))
def test_what_is_well_formed_is_read_the_quick_way_whatever_is_left_out(sheet, left_out):
    value = {name: one for name, one in to_json(sheet).items() if name not in left_out}
    made = codec._quick(Sheet)(value)
    assert made == with_care(value)
    assert left_out or made == sheet
    assert [type(getattr(made, f.name)) for f in fields(Sheet)] == [
        type(getattr(with_care(value), f.name)) for f in fields(Sheet)
    ]


@given(SHEETS, st.sampled_from([f.name for f in fields(Sheet)] + ["more"]), ODDS)
def test_the_quick_way_never_takes_what_the_careful_one_refuses(sheet, name, odd):
    value = {**to_json(sheet), name: odd}
    assert quickly(value) == with_care(value)
    del value[name]
    assert quickly(value) == with_care(value)


def test_kinds_that_could_be_taken_for_each_other_are_read_with_care():
    with pytest.raises(codec._Odd):
        codec._quick(Named | Sheet)({"name": "a"})
    assert from_json(Named | Sheet, {"name": "a"}) == Named("a")
