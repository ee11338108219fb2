"""What is taken off an agent's instants."""

import pytest

from collector.availability.clock import shift_ms


@pytest.mark.parametrize("offset_us", [None, 0, 1_000_000, -1_000_000])
def test_an_offset_that_is_not_known_or_that_the_round_trip_may_explain_is_left_alone(offset_us):
    assert shift_ms(offset_us) == 0


@pytest.mark.parametrize(("offset_us", "off"), [(1_000_001, 1000), (5_000_999, 5000), (-5_000_001, -5001)])
def test_a_larger_one_is_taken_off_in_milliseconds_rounded_down(offset_us, off):
    assert shift_ms(offset_us) == off
