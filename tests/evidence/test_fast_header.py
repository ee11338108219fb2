"""The fast reader of headers gives what the strict one gives, verdict and value."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.wire import header as headers
from checks.wire.errors import WireError
from checks.wire.header import Clock, Header, Kind, Loss, SeenNote
from collector.evidence.fast_header import read_header

MADE = Header(
    "test.example/log", "web-01", 1, 7, "aa" * 32, Kind.RESULTS, 3, 900, "bb" * 32, 1000, 2000,
    Clock(2000, 50, "boot-1", -3, None), SeenNote(9, "cc" * 32), "dd" * 32, "ee" * 32, "ff" * 32,
)  # fmt: skip
GOOD = headers.encode(MADE)


def outcome(read, data):
    try:
        return read(data)
    except WireError as error:
        return error.code


def agree(data):
    assert outcome(read_header, data) == outcome(headers.parse, data)


def test_a_good_header_and_other_kinds_are_read_alike():
    from dataclasses import replace

    from checks.wire.tree import EMPTY_ROOT

    assert read_header(GOOD) == MADE
    empty = {"n": 0, "bytes": 0, "root": EMPTY_ROOT.hex(), "seen": None, "plan": ""}
    agree(headers.encode(replace(MADE, kind=Kind.LOSS, loss=Loss(1, 2, "spool"), **empty)))
    agree(GOOD + b" ")
    agree(json.dumps(json.loads(GOOD)).encode())
    agree(b"x" * 5000)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_byte_changed_gives_the_same_outcome(data):
    line = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(line) - 1))
        if data.draw(st.booleans()):
            line[at] = data.draw(st.integers(0, 255))
        else:
            line.insert(at, data.draw(st.sampled_from(b'"{}[],:0159.eE- ')))
    agree(bytes(line))


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(json.loads(GOOD))),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=70)
    | st.just([])
    | st.just({}),
)
def test_any_value_in_any_field_gives_the_same_outcome(name, value):
    raw = json.loads(GOOD)
    raw[name] = value
    try:
        agree(json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError:
        return


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["wall", "mono", "boot", "offset_us", "sync", "size", "note"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=70),
)
def test_any_value_in_an_inner_field_gives_the_same_outcome(name, value):
    raw = json.loads(GOOD)
    raw["clock" if name in raw["clock"] else "seen"][name] = value
    try:
        agree(json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError:
        return
