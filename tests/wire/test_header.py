"""Batch headers: strict keys, types, ranges, and the rules between fields."""

import json
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.wire import chain, header, strict_json
from checks.wire.errors import WireError
from checks.wire.header import Header

GONE = object()


def changed(head: Header, path: str, value: Any) -> bytes:
    """The header's bytes with the value at `path` replaced, or taken away."""
    whole = json.loads(header.encode(head))
    *way, last = path.split(".")
    place = whole
    for key in way:
        place = place[key]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return strict_json.dumps(whole)


def refused(data: bytes) -> str:
    with pytest.raises(WireError) as caught:
        header.parse(data)
    return f"{caught.value.code} {caught.value.detail}"


KEYS = [
    *("v", "log", "agent", "epoch", "seq", "prev", "kind", "n", "bytes", "root", "from", "to"),
    *("clock", "clock.wall", "clock.mono", "clock.boot", "clock.offset_us", "clock.sync"),
    *("seen", "seen.size", "seen.note", "plan", "code", "machine"),
]


@pytest.mark.parametrize("path", KEYS)
def test_a_missing_key_is_named(samples: ModuleType, path: str) -> None:
    head = samples.results([b"a"])
    assert refused(changed(head, path, GONE)) == f"bad_header header.{path}: missing"


@pytest.mark.parametrize("path", ["extra", "clock.extra", "seen.extra", "loss", "rotate", "resume"])
def test_a_key_that_does_not_belong_is_named(samples: ModuleType, path: str) -> None:
    assert refused(changed(samples.results([b"a"]), path, 1)) == f"bad_header header.{path}: unknown key"


WRONG: list[tuple[str, list[Any]]] = [
    ("v", [0, 2, True, "1", None]),
    ("log", ["", "a b", "a+b", "巡证", "x" * 256, "a\n", 1]),
    ("agent", ["", "-a", "a b", "a/b", "网", "x" * 65, "a\n", None]),
    ("epoch", [0, -1, 2**31, True, "1", None]),
    ("seq", [-1, "0", False, None]),
    ("prev", ["", "00", "0G" * 32, "AB" * 32, "00" * 33, "00" * 32 + "\n", None]),
    ("kind", ["", "result", "Results", "loss", None, 1, []]),
    ("n", [-1, 0, 4097, "1", True]),
    ("bytes", [-1, 0, 1, 4 * 1024 * 1024 + 1]),
    ("root", ["", None, 0]),
    ("from", [-1, None, 2_000_000_000_000]),
    ("to", [-1, "now"]),
    ("clock", [None, [], 1, {}]),
    ("clock.wall", [-1, None]),
    ("clock.mono", [-1, None]),
    ("clock.boot", ["", None, "a b"]),
    ("clock.offset_us", ["0", False]),
    ("clock.sync", [0, 1, "yes"]),
    ("seen", [[], {}, 1, False]),
    ("seen.size", [-1, None]),
    ("seen.note", ["", None]),
    ("plan", [None, "x", "00" * 31]),
    ("code", ["", None]),
    ("machine", ["", None]),
]


@pytest.mark.parametrize(("path", "values"), WRONG)
def test_a_wrong_value_is_refused_by_its_path(samples: ModuleType, path: str, values: list[Any]) -> None:
    for value in values:
        said = refused(changed(samples.results([b"a"]), path, value))
        assert said.startswith("bad_header header"), (value, said)


@pytest.mark.parametrize(
    ("kind", "path", "values"),
    [
        ("loss", "loss", [None, 1, {}]),
        ("loss", "loss.a", [-1, 4, None]),
        ("loss", "loss.reason", ["", "Disk full", None]),
        ("loss", "n", [1]),
        ("loss", "bytes", [2]),
        ("loss", "root", ["00" * 32]),
        ("loss", "rotate", [{"alg": 1, "public": "00" * 32}]),
        ("resume", "resume.after", [7, 9]),
        ("resume", "resume.had", [-2]),
        ("rotate", "rotate.alg", [0, 2]),
        ("rotate", "rotate.public", ["", "00"]),
        ("rotate", "rotate", [None]),
    ],
)
def test_the_parts_of_other_kinds_are_as_strict(
    samples: ModuleType, kind: str, path: str, values: list[Any]
) -> None:
    head = getattr(samples, kind)()
    for value in values:
        assert refused(changed(head, path, value)).startswith("bad_header")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"1", b'"x"', b"{}", b"{", b'{"v":1,"v":1}', b"\xff", b"[" * 4000]
)
def test_what_is_no_object_is_refused(data: bytes) -> None:
    assert refused(data).startswith(("bad_header", "bad_json"))


def test_a_header_beyond_4096_bytes_is_refused_unread(samples: ModuleType) -> None:
    data = header.encode(samples.results([b"a"]))
    assert header.parse(data + b" " * (4096 - len(data)))
    assert refused(data + b" " * (4097 - len(data))).startswith("too_large")


def test_a_header_that_could_not_be_read_back_is_not_written(samples: ModuleType) -> None:
    good = samples.results([b"a"])
    for bad in (
        replace(good, n=0),
        replace(good, seq=-1),
        replace(good, prev="x"),
        replace(good, kind=header.Kind.LOSS),
        replace(good, loss=header.Loss(0, 0, "x")),
        replace(good, from_ms=good.to_ms + 1),
        replace(good, v=2),
        replace(good, clock=replace(good.clock, wall=2**60)),
    ):
        with pytest.raises(WireError) as caught:
            header.encode(bad)
        assert caught.value.code == "bad_header"


@pytest.mark.parametrize("kind", ["loss", "resume", "rotate"])
def test_every_kind_comes_back(samples: ModuleType, kind: str) -> None:
    head = getattr(samples, kind)()
    assert header.parse(header.encode(head)) == head
    assert head.kind == kind


def test_what_an_agent_cannot_know_is_null_and_comes_back(samples: ModuleType) -> None:
    clock = header.Clock(1, 2, "boot", None, None)
    head = replace(samples.results([b"a"]), seen=None, plan="", clock=clock)
    assert header.parse(header.encode(head)) == head


def test_keys_in_another_order_mean_the_same_but_chain_differently(samples: ModuleType) -> None:
    data = header.encode(samples.results([b"a"]))
    other = json.dumps(dict(sorted(json.loads(data).items()))).encode()
    assert header.parse(other) == header.parse(data)
    assert chain.chain_hash(other) != chain.chain_hash(data)


SCALARS = st.none() | st.booleans() | st.integers(-5, 2**60) | st.text(max_size=5)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner)


@given(st.recursive(SCALARS, nested))
def test_any_json_value_is_refused_as_a_header_and_nothing_else_happens(value: Any) -> None:
    assert refused(json.dumps(value).encode()).startswith(("bad_header", "bad_json"))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_reads_as_another_header_or_is_refused(
    samples: ModuleType, at: int, by: int
) -> None:
    head = samples.results([b"a"])
    data = bytearray(header.encode(head))
    data[at % len(data)] ^= by
    try:
        found = header.parse(bytes(data))
    except WireError:
        return
    assert found != head
