"""The fast reader of lines accepts nothing that the strict one refuses, and reads the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import result
from checks.codec import FieldError
from checks.wire.errors import WireError
from collector.evidence.rows import Rows, read_lines

GOOD = (
    b'{"check":"host.cpu","version":1,"asset":"web-01","target":"web-01","vantage":"web-01",'
    b'"slot":1771000020000,"t0":1771000020003,"t1":1771000020005,"params":"' + b"ab" * 32 + b'",'
    b'"facts":{"a":[1,2,{"b":null}],"c":"\xe4\xb8\xad"},"readings":[["total",[25,2],"percent","ok"],'
    b'["x",null,"none","unknown","no_data"]],"state":"unknown"}'
)
# As most are: without a reason; its whole body is checked while it is decoded.
HEALTHY = GOOD.replace(b',"no_data"]', b"]").replace(b'"unknown"', b'"warn"')
FAILED = (
    b'{"check":"service.tcp","version":1,"asset":null,"target":"p","vantage":"web-01","slot":1,"t0":2,"t1":3,'
    b'"round":"weekly/2026-11-16","params":"ab","error":{"kind":"timeout"}}'
)


def strict(line):
    try:
        return result.decode(line)
    except (WireError, FieldError):
        return None


def healthy(line):
    """The same mistake in a line without an error and a reason, if it can be made there."""
    return line.replace(b',"no_data"]', b"]").replace(b'"unknown"', b'"warn"')


def fast(*lines):
    """The rows, read in either order of the ways there are; None if refused."""
    read_lines([FAILED], None, "sends-mixed-lines")
    found = []
    for sender in ("", "sends-mixed-lines"):
        try:
            found.append(list(Rows(read_lines(lines, None, sender))))
        except WireError as error:
            found.append(None if error.code == "bad_json" else error)
    assert found[0] == found[1]
    return found[0]


NAMES = ("check", "target", "vantage", "asset", "slot", "t0", "t1", "round")


def same(row, read):
    state = None if read.error else read.state.value
    error = read.error.value if read.error else None
    return (row.state, row.error) == (state, error) and all(
        getattr(row, name) == getattr(read, name) for name in NAMES
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version":1', b'"version":1,"version":2'),
        (b'{"b":null}', b'{"b":null,"b":1}'),
        (b'"version":1', b'"version":1.0'),
        (b"[25,2]", b"[25,0]"),
        (b"[25,2]", b"[25,-2]"),
        (b"[25,2]", b"[25,-0]"),
        (b"[25,2]", b"[25]"),
        (b"[25,2]", b"[25,2,2]"),
        (b"[25,2]", b"true"),
        (b"[25,2]", b"[25,true]"),
        (b"[25,2]", b"[9007199254740993,2]"),
        (b'"percent","ok"]', b'"percent","ok","why","more"]'),
        (b'"percent","ok"]', b'"percent","ok",null]'),
        (b'"percent","ok"]', b'"percent"]'),
        (b'"facts":{', b'"fact":{'),
        (b',"state":"unknown"}', b"}"),
        (b'"readings":[', b'"readings":null,"reading":['),
        (b"[25,2]", b"2.5"),
        (b"[1,2,", b"[1.5,2,"),
        (b"[1,2,", b"[1e2,2,"),
        (b"[1,2,", b"[9007199254740993,2,"),
        (b"[1,2,", b"[123456789012345678901234567890,2,"),
        (b"[1,2,", b"[-9007199254740993,2,"),
        (b"[1,2,", b"[1,9007199254740993,"),
        (b'{"b":null}', b'{"b":9007199254740993}'),
        (b"[1,2,", b"[NaN,2,"),
        (b'"state":"unknown"', b'"state":"fine"'),
        (b'"percent"', b'"percents"'),
        (b'"percent"', b"[1,2]"),
        (b'"percent","ok"', b'"percent",[1]'),
        (b'"none","unknown","no_data"', b'[3],"unknown","no_data"'),
        (b'"none","unknown","no_data"', b'"none","unknown",[3]'),
        (b'"total"', b'"total\\ud800"'),
        (b"\xe4\xb8\xad", b"\xe4\xb8"),
        (b'"state":"unknown"', b'"state":"unknown","more":1'),
        (b'"check":"host.cpu",', b""),
        (b'"readings":[', b'"readings":[1,'),
        (b'"readings":[', b'"readings":[["a"],'),
        (b'["total",', b"[7,"),
        (b'"params":', b'"error":{"kind":"timeout"},"params":'),
        (b"[1,2,", b"[" * 40 + b"]" * 40 + b",[1,2,"),
    ],
)
def test_what_the_strict_reader_refuses_is_refused(old, new):
    line = GOOD.replace(old, new, 1)
    assert line != GOOD and strict(line) is None
    for one in (line, healthy(line)):
        if strict(one) is None:
            assert fast(GOOD, one) is fast(HEALTHY, one) is fast(FAILED, one) is fast(one) is None


@pytest.mark.parametrize(
    "line",
    [
        GOOD,
        FAILED,
        HEALTHY,
        HEALTHY.replace(b"[25,2]", b"[-25,2]"),
        HEALTHY.replace(b"[1,2,", b"[1,-2,0,"),
        HEALTHY.replace(b'{"b":null}]', b"-7,0]"),
        HEALTHY.replace(b'"ok"]', b'"ok",""]'),
        HEALTHY.replace(b'"ok"]', b'"ok","' + b"@" * 24 + b'"]'),
        HEALTHY.replace(b'"ok"]', b'"ok","\\u0040' + b"@" * 23 + b'"]'),
        HEALTHY.replace(b'"ok"]', b'"ok", "' + b"@" * 24 + b'"]'),
        GOOD.replace(b"[1,2,", b'[1,2,"' + b"@" * 24 + b'"],"d":[7,'),
        GOOD.replace(b'"params":"' + b"ab" * 32, b'"params":"'),
        GOOD.replace(b":", b": "),
        GOOD.replace(b"host", b"h\\u006fst"),
        GOOD.replace(b"[1,2,", b"[9007199254740992,-0,"),
        GOOD.replace(b"ab" * 32, b"1234567890123456" * 4),
        GOOD.replace(b"\xe4\xb8\xad", b"at:9007199254740993,-9007199254740993"),
        GOOD.replace(b'"asset":"web-01",', b"")[:-1] + b',"asset":null}',
        GOOD.replace(b"[1,2,", b"[" * 20 + b"]" * 20 + b",1,2,").replace(b'"a":[[', b'"a":[[', 1),
        FAILED.replace(b'"round":"weekly/2026-11-16",', b'"round":null,'),
    ],
)
def test_what_the_strict_reader_takes_is_read_alike(line):
    read = strict(line)
    if read is None:
        assert fast(line) is None
        return
    for other in (GOOD, HEALTHY, FAILED):
        rows = fast(other, line)
        assert same(rows[0], strict(other)) and same(rows[1], read)
        assert [row.line_no for row in rows] == [0, 1]


def test_an_object_spread_over_two_lines_or_two_on_one_is_refused():
    half = GOOD.index(b'"facts"')
    assert fast(GOOD[:half], GOOD[half:]) is None
    assert fast(GOOD + GOOD, b" ") is None
    assert fast(GOOD + b"," + GOOD) is None


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_byte_changed_gives_the_same_verdict_as_the_strict_reader(data):
    line = bytearray(data.draw(st.sampled_from([GOOD, FAILED, HEALTHY])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(line) - 1))
        change = data.draw(st.sampled_from(["flip", "drop", "add"]))
        if change == "flip":
            line[at] = data.draw(st.integers(0, 255).filter(lambda b: b != 10))
        elif change == "drop" and len(line) > 1:
            del line[at]
        else:
            line.insert(at, data.draw(st.sampled_from(b'"{}[],:0159.eE-\\ \t')))
    line = bytes(line)
    read, rows = strict(line), fast(data.draw(st.sampled_from([GOOD, HEALTHY])), line)
    assert (read is None) == (rows is None)
    if read is not None:
        assert same(rows[1], read)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([GOOD, HEALTHY, FAILED]),
    values,
    st.sampled_from(["facts", "readings", "round", "error", "state", "slot"]),
    st.booleans(),
)
def test_any_value_anywhere_gives_the_same_verdict_as_the_strict_reader(base, value, where, compact):
    raw = json.loads(base)
    raw[where] = value
    separators = (",", ":") if compact else (", ", ": ")
    try:
        line = json.dumps(raw, ensure_ascii=False, separators=separators).encode()
    except UnicodeEncodeError:
        return
    if b"\n" in line:
        return
    read, rows = strict(line), fast(line)
    assert (read is None) == (rows is None)
    if read is not None:
        assert same(rows[0], read)


numbers = st.none() | st.integers(-3, 3) | st.integers() | st.booleans() | st.text(max_size=2) | st.floats()
words = st.sampled_from(["ok", "warn", "unknown", "crit", "fine", "percent", "none", "", "@" * 24, 1, None])
amounts = numbers | st.lists(st.integers(-2, 3), max_size=3) | st.lists(numbers, max_size=3)
readings = st.lists(
    st.builds(lambda amount: ["a", amount, "percent", "ok"], amounts)
    | st.tuples(words, amounts)
    .flatmap(lambda two: st.lists(words, min_size=1, max_size=4).map(lambda rest: [*two, *rest]))
    .filter(lambda one: len(one) > 2)
    | st.sampled_from([["a", [1, 2], "percent", "ok"], ["b", 3, "count", "unknown", "no_data"]]),
    max_size=4,
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([GOOD, HEALTHY]), st.lists(readings, min_size=1, max_size=3))
def test_any_readings_give_the_same_verdict_as_the_strict_reader(base, each):
    lines = []
    for one in each:
        raw = json.loads(base)
        raw["readings"] = one
        lines.append(json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode())
    reads, rows = [strict(line) for line in lines], fast(*lines)
    assert (None in reads) == (rows is None)
    if rows is not None:
        assert all(map(same, rows, reads))
