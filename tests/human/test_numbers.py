"""Numbers of readings read the quick way mean what they mean read with care."""

from fractions import Fraction

import pytest

from checks.codec import FieldError, from_json
from collector.inspection.human import Answer


@pytest.mark.parametrize("value", [None, 0, -7, [47, 2], [46, 2]])
def test_whole_numbers_ratios_and_nothing_are_read(value):
    whole = {"item": "t", "state": "ok", "note": "", "unit": "", "photos": [], "corrects": None}
    wanted = Fraction(*value) if isinstance(value, list) else value
    for given in ({**whole, "value": value}, {"item": "t", "state": "ok", "value": value}):
        assert from_json(Answer, given).value == wanted


@pytest.mark.parametrize("value", [True, "1", 1.5, [1], [1, 0], [1, -2], [1, True], [1, 2, 3], {"n": 1}])
def test_anything_else_is_refused_and_named(value):
    whole = {"item": "t", "state": "ok", "note": "", "unit": "", "photos": [], "corrects": None}
    with pytest.raises(FieldError, match="value"):
        from_json(Answer, {**whole, "value": value})
