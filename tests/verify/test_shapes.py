"""The short way to facts and readings agrees with the careful one, or says that it does not know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import registry
from checks.api import Reading, State, Unit, worst
from checks.codec import FieldError, from_json, to_json
from checks.result import _reading_json
from checks.wire import strict_json
from checks.wire.errors import WireError
from collector.verify import swift
from collector.verify.shapes import Misfit, shape_of
from collector.verify.tails import Plain, Tails, Taken, written


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
assert SHAPE is not None
BOTH: list[Tails] = [Plain(SHAPE)]
if swift.LIBRARY:
    SWIFT = swift.tails_of(Whole)
    assert type(SWIFT) is swift.Swift
    BOTH.append(SWIFT)
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


def judge(seen: Any, _params: object) -> Iterator[Reading]:
    """All that it is given, as readings."""
    facts = seen.facts
    assert isinstance(facts, Whole)
    for name, count in facts.counts.items():
        yield Reading(name, count, Unit.COUNT, State.OK)
    yield Reading("all", Fraction(len(facts.parts), 3), Unit.RATIO, State.WARN, repr(facts)[:200])


def tail(facts: bytes, value: Whole) -> bytes:
    readings = tuple(judge(Taken(value, 0), None))
    return b'"facts":' + facts + written(readings, worst(one.state for one in readings))


def agree_on_tails(facts: bytes) -> bool:
    """Whether the short ways accept these facts; if one did, the careful way reads the same."""
    try:
        value = from_json(Whole, strict_json.loads(facts))
        whole = tail(facts, value)
    except (WireError, FieldError, Misfit, ValueError):
        value, whole = None, b'"facts":' + facts + b',"readings":[],"state":"unknown"}'
    said = []
    for tails in BOTH:
        try:
            state, timed = tails.state(whole, 0, judge, None)
        except Exception:
            said.append(False)
        else:
            assert value is not None and (state, timed) == (State.WARN, False)
            said.append(True)
    return all(said)


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
    assert not agree_on_tails(GOOD.replace(old, new))


@given(WHOLE)
def test_what_our_writer_wrote_is_read_alike(value: Whole):
    data = strict_json.dumps(to_json(value))
    agree(data)
    agree_on_tails(data)
    assert agree(GOOD) and agree_on_tails(GOOD)


@given(st.integers(0, len(GOOD)), st.integers(0, 3), st.binary(max_size=3))
def test_any_changed_bytes_are_read_alike_or_not_at_all(at: int, cut: int, piece: bytes):
    bad = GOOD[:at] + piece + GOOD[at + cut :]
    agree(bad)
    agree_on_tails(bad)


VALUE = from_json(Whole, strict_json.loads(GOOD))


@pytest.mark.parametrize("tails", BOTH)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"state":"warn"', b'"state":"ok"'),
        (b'"state":"warn"', b'"state" :"warn"'),
        (b'"state":"warn"}', b'"state":"warn"} '),
        (b'"state":"warn"}', b'"state":"warn","state":"warn"}'),
        (b'"state":"warn"}', b'"state":"warn","more":1}'),
        (b'"count"', b'"bytes"'),
        (b'"b",-2', b'"b",-3'),
        (b'"b",-2', b'"b",-2.0'),
        (b"[1,3]", b"[2,6]"),
        (b'"ratio","warn",', b'"ratio","ok",'),
        (b'"readings":[', b'"readings":[[],'),
        (b'"readings":[', b'"readings":[],"readings":['),
        (b',"readings"', b""),
        (b'"facts"', b'"fact"'),
    ],
)
def test_a_tail_that_says_anything_else_is_left_to_the_careful_way(tails: Tails, old: bytes, new: bytes):
    good = tail(GOOD, VALUE)
    assert tails.state(good, 0, judge, None) == (State.WARN, False)
    assert old in good
    with pytest.raises(Exception):  # noqa: B017 - whatever it is
        tails.state(good.replace(old, new, 1), 0, judge, None)


@pytest.mark.parametrize("tails", BOTH)
def test_a_number_of_another_kind_is_left_to_the_careful_way(tails: Tails):
    for odd, text in ((True, b"true"), (1.5, b"1.5"), (2**53 + 1, b"9007199254740993"), ("1", b'"1"')):

        def strange(seen: Any, _params: object, odd: Any = odd) -> Iterator[Reading]:
            yield Reading("x", odd, Unit.COUNT, State.OK)

        whole = b'"facts":' + GOOD + b',"readings":[["x",' + text + b',"count","ok"]],"state":"ok"}'
        with pytest.raises(Exception):  # noqa: B017 - whatever it is
            tails.state(whole, 0, strange, None)


@pytest.mark.parametrize("tails", BOTH)
def test_who_asks_for_the_time_is_heard(tails: Tails):
    def timed(seen: Any, _params: object) -> Iterator[Reading]:
        yield Reading("at", seen.taken_at, Unit.COUNT, State.OK)

    whole = b'"facts":' + GOOD + b',"readings":[["at",7,"count","ok"]],"state":"ok"}'
    assert tails.state(whole, 7, timed, None) == (State.OK, True)
    none = b'"facts":' + GOOD + b',"readings":[],"state":"unknown"}'
    assert tails.state(none, 7, lambda seen, params: (), None) == (State.UNKNOWN, False)


def test_digits_in_a_text_and_large_numbers_within_bounds_are_no_hindrance():
    whole = strict_json.dumps(to_json(replace(VALUE, counts={"a": 2**53, "12": -(2**53)})))
    value = from_json(Whole, strict_json.loads(whole))
    for tails in BOTH[1:]:
        assert tails.state(tail(whole, value), 0, judge, None)[0] is State.WARN
    assert swift.small(b'[1234567890123456,"x90071992547409939"]') and swift.small(b"[-9007199254740992]")
    for text in (b"[9007199254740993]", b'{"a":-9007199254740993}', b"[1,123456789012345678901]"):
        assert not swift.small(text)


def test_every_check_is_read_by_the_library_where_it_is_installed():
    if swift.LIBRARY:
        facts = [registry.get(name).facts for name in registry.ids()]
        slow = {one for one in facts if shape_of(one) is not None and type(swift.tails_of(one)) is Plain}
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
