"""Ratios of any size survive plain JSON, exactly; nothing that only looks like one is taken for it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
