"""Strict JSON: anything with two meanings is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.wire import strict_json
from checks.wire.errors import WireError

REFUSED = {
    "a doubled key": b'{"a":1,"a":1}',
    "a doubled key deep inside": b'{"a":[{"b":1,"c":2,"b":3}]}',
    "a key doubled through an escape": b'{"a":1,"\\u0061":2}',
    "NaN": b'{"a":NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "a float": b"[1.0]",
    "an exponent": b"[1e3]",
    "an integer above 2^53": b"[9007199254740993]",
    "an integer below -2^53": b"[-9007199254740993]",
    "a very long integer": b"[" + b"1" * 5000 + b"]",
    "a lone high surrogate": b'["\\ud800"]',
    "a lone low surrogate": b'["\\uDC00"]',
    "swapped surrogates": b'["\\udc00\\ud800"]',
    "a surrogate as a key": b'{"\\ud800":1}',
    "UTF-8 of a surrogate": b'["\xed\xa0\x80"]',
    "overlong UTF-8": b'["\xc0\xaf"]',
    "Latin-1": b'["\xe9"]',
    "a byte order mark": b"\xef\xbb\xbf[]",
    "UTF-16": "[]".encode("utf-16"),
    "trailing bytes": b"{} x",
    "two values": b"{}{}",
    "a trailing NUL": b"{}\x00",
    "a control character in a text": b'["\x01"]',
    "nothing": b"",
    "a comment": b"[1] // one",
    "a trailing comma": b"[1,]",
    "single quotes": b"['a']",
    "a leading zero": b"[01]",
    "too deep": b"[" * 33 + b"]" * 33,
    "far too deep": b"[" * 1_000_000,
    "deep objects": b'{"a":' * 40 + b"1" + b"}" * 40,
}


@pytest.mark.parametrize("name", REFUSED)
def test_doubtful_json_is_refused(name: str) -> None:
    with pytest.raises(WireError) as caught:
        strict_json.loads(REFUSED[name])
    assert caught.value.code == "bad_json"


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), 2**53 + 1, {1: "a"}, b"bytes", {"a": {1, 2}}, "\ud800", object(), [0.5]]
)
def test_what_cannot_be_read_back_is_not_written(value: object) -> None:
    with pytest.raises(WireError) as caught:
        strict_json.dumps(value)
    assert caught.value.code == "bad_json"


def test_a_value_that_holds_itself_is_not_written() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(WireError):
        strict_json.dumps(value)


def test_the_largest_integers_and_real_surrogate_pairs_pass() -> None:
    data = b'{"a":[9007199254740992,-9007199254740992,-0],"b":"\\ud83d\\ude00"}'
    assert strict_json.loads(data) == {"a": [2**53, -(2**53), 0], "b": "\U0001f600"}


def test_a_digest_with_many_digits_in_a_text_is_no_long_integer() -> None:
    assert strict_json.loads(b'["12345678901234567890123456789012",7]') == ["1234567890" * 3 + "12", 7]


def test_exactly_the_allowed_depth_passes_and_brackets_in_texts_do_not_count() -> None:
    assert strict_json.loads(b"[" * 32 + b"]" * 32) is not None
    assert strict_json.loads(b'["' + b"[" * 100 + b'"]') == ["[" * 100]


def test_floats_pass_only_where_they_are_asked_for() -> None:
    assert strict_json.loads(b"[1.5]", allow_floats=True) == [1.5]
    with pytest.raises(WireError):
        strict_json.loads(b"[1e999]", allow_floats=True)


def test_text_is_written_compactly_as_utf_8() -> None:
    assert strict_json.dumps({"b": "巡证", "a": [1, None, True]}) == '{"b":"巡证","a":[1,null,true]}'.encode()


SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
)


@given(VALUES)
def test_every_plain_value_comes_back(value: object) -> None:
    assert strict_json.loads(strict_json.dumps(value), max_depth=200) == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0dDeE1.-aNI ').map(lambda t: t.encode()))
def test_any_bytes_end_in_a_value_or_in_the_error_family(data: bytes) -> None:
    try:
        value = strict_json.loads(data)
    except WireError as error:
        code = error.code
    else:
        code = "bad_json"
        assert json.loads(data) == value
    assert code == "bad_json"
