"""The quick reader of JSON agrees with the strict one on every text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.wire import strict_json
from checks.wire.errors import WireError
from collector.verify import quick

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", '":', "c d"]), inner)
    ),
    max_leaves=12,
)


def agree(data: bytes) -> None:
    try:
        wanted = strict_json.loads(data)
    except WireError:
        with pytest.raises(WireError):
            quick.loads(data)
        return
    assert repr(quick.loads(data)) == repr(wanted)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a" :1,"a":1}',
        '{"a":{"b":1,"b":2}}',
        '{"a":"\\":","a":1}',
        '{"a":1} ',
        ' {"a":1}',
        '{"a":1}x',
        "",
        "{",
        "[" * 33 + "]" * 33,
        "[" * 32 + "]" * 32,
        "[" * 99999,
        '"\\ud800"',
        '["\\ud83d\\ude00"]',
        "9007199254740993",
        "[1.0]",
        "[1e3]",
        "[NaN]",
        "-0",
        '{"a":12345678901234567}',
        "\ufeff{}",
        "[01]",
        '{"a"\n:1,"a":2}',
    ],
)
def test_a_text_with_two_meanings_is_refused_by_both(text: str):
    agree(text.encode("utf-8", "surrogatepass"))


@given(VALUES, st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]), st.booleans())
def test_any_value_in_any_spelling(value: object, separators: tuple[str, str], ascii_: bool):
    agree(json.dumps(value, separators=separators, ensure_ascii=ascii_).encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=40))
def test_any_bytes(data: bytes):
    agree(data)
