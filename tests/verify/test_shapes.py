"""The short way to facts and readings agrees with the careful one, or says that it does not know."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import registry
from checks.api import Reading, State, Unit
from checks.codec import FieldError, from_json, to_json
from checks.result import _reading_json
from checks.wire import strict_json
from checks.wire.errors import WireError
from collector.verify import swift
from collector.verify.looks import written
from collector.verify.shapes import Misfit, Shape, shape_of


class Kind(StrEnum):
    NEAR = "near"
    FAR = "far-off"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    size: int | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class Whole:
    parts: tuple[Part, ...]
    counts: Mapping[str, int]
    words: frozenset[str]
    best: Part | None
    good: bool


@dataclass(frozen=True, slots=True)
class Positive:
    size: int

    def __post_init__(self) -> None:
        if self.size <= 0:
            raise ValueError("not positive")


TEXT = st.text(max_size=5)
NUMBER = st.integers(-(2**53), 2**53)
PART = st.builds(Part, TEXT, st.none() | NUMBER, st.sampled_from(Kind))
WHOLE = st.builds(
    Whole,
    st.lists(PART, max_size=3).map(tuple),
    st.dictionaries(TEXT, NUMBER, max_size=3),
    st.frozensets(TEXT, max_size=3),
    st.none() | PART,
    st.booleans(),
)
SHAPE = shape_of(Whole)
SWIFT = swift.reads_of(Whole)
END = b',"readings":['  # facts end there
GOOD = strict_json.dumps(
    to_json(
        Whole((Part("é/", None, Kind.FAR),), {"a": 1, "b": -2}, frozenset("x"), Part("", 0, Kind.NEAR), False)
    )
)


def agree(data: bytes) -> bool:
    """Whether the short way knew these bytes; if it did, the careful way reads the same."""
    assert SHAPE is not None
    try:
        value, end = SHAPE.read(data, 0)
    except (Misfit, ValueError, TypeError):
        return False
    assert value == from_json(Whole, strict_json.loads(data[:end]))
    assert all(type(part) is Part for part in value.parts)
    return True


def agree_swiftly(data: bytes) -> bool:
    """The same of the reader that uses a library."""
    assert SWIFT is not None
    try:
        value, end = SWIFT.read(data + END, 0)
    except (Misfit, ValueError, TypeError):
        return False
    assert end == (data + END).index(END)
    assert repr(value) == repr(from_json(Whole, strict_json.loads(data[:end])))
    return True


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"b":-2', b'"a":-2'),
        (b'"b":-2', b'"b":-0'),
        (b'"b":-2', b'"b":02'),
        (b'"b":-2', b'"b":2.0'),
        (b'"b":-2', b'"b":9007199254740993'),
        (b'"b":-2', b'"b":true'),
        (b'"b":-2', b'"b" :2'),
        (b'"good":false', b'"good":0'),
        (b'"good":false', b'"good":false,"good":true'),
        (b'"far-off"', b'"far"'),
        (b"\xc3\xa9", b"\xed\xa0\x80"),
        (b"\xc3\xa9", b"\xff"),
        (b"\xc3\xa9", b"\\ud800"),
        (b"\xc3\xa9", b"\x01"),
    ],
)
def test_what_our_writer_would_not_write_is_left_to_the_careful_way(old: bytes, new: bytes):
    assert old in GOOD
    assert not agree(GOOD.replace(old, new))
    assert not agree_swiftly(GOOD.replace(old, new))


@given(WHOLE)
def test_what_our_writer_wrote_is_read_alike(value: Whole):
    data = strict_json.dumps(to_json(value))
    agree(data)
    agree_swiftly(data)
    assert agree(GOOD) and agree_swiftly(GOOD)


@given(st.integers(0, len(GOOD)), st.integers(0, 3), st.binary(max_size=3))
def test_any_changed_bytes_are_read_alike_or_not_at_all(at: int, cut: int, piece: bytes):
    bad = GOOD[:at] + piece + GOOD[at + cut :]
    agree(bad)
    agree_swiftly(bad)


def test_facts_without_an_end_are_not_read():
    assert SWIFT is not None
    with pytest.raises(Misfit):
        SWIFT.read(GOOD + b"}", 0) if swift.LIBRARY else SWIFT.read(b"}", 0)


def test_every_check_is_read_by_the_library_where_it_is_installed():
    if swift.LIBRARY:
        facts = [registry.get(name).facts for name in registry.ids()]
        slow = {one for one in facts if shape_of(one) is not None and type(swift.reads_of(one)) is Shape}
        assert not slow


def test_a_class_that_checks_its_values_still_does():
    shape = shape_of(Positive)
    assert shape is not None
    assert shape.read(b'{"size":1}', 0) == (Positive(1), 10)
    with pytest.raises(ValueError, match="not positive"):
        shape.read(b'{"size":0}', 0)
    with pytest.raises(FieldError):
        from_json(Positive, {"size": 0})


READING = st.builds(
    Reading,
    TEXT,
    st.none() | st.integers(-(2**54), 2**54) | st.fractions() | st.booleans(),
    st.sampled_from(Unit),
    st.sampled_from(State),
    TEXT,
)


@given(st.lists(READING, max_size=3), st.sampled_from(State))
def test_readings_are_written_as_our_writer_does_or_not_at_all(readings: list[Reading], state: State):
    try:
        made = written(readings, state)
    except (Misfit, ValueError):
        return
    value = {"readings": [_reading_json(one) for one in readings], "state": state.value}
    assert b"{" + made[1:] == strict_json.dumps(value)


def test_a_number_that_signed_json_cannot_hold_is_not_written():
    for value in (2**53 + 1, Fraction(2**53 + 1, 2)):
        reading = Reading("x", value, Unit.COUNT, State.OK)
        with pytest.raises(Misfit):
            written([reading], State.OK)
        with pytest.raises(WireError):
            strict_json.dumps(_reading_json(reading))
