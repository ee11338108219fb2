"""Agents' clocks and the moment a period can be sealed."""

from fractions import Fraction

from collector.availability.clock import (
    Anchor,
    Clock,
    Exchange,
    clock_state,
    corrected,
    from_the_future,
    placed,
    sealable,
)

DAY = 86_400_000


def ahead(theta, trip=40):
    """An exchange with an agent whose clock is `theta` ms fast."""
    return Exchange(theta, trip // 2, trip // 2 + 5, theta + trip + 5)


def test_the_offset_is_the_agents_clock_minus_the_collectors():
    assert ahead(5_000).theta == 5_000
    assert ahead(-7).theta == -7
    assert ahead(0, trip=40).delta == 40
    assert Exchange(0, 1, 1, 1).theta == Fraction(-1, 2)


def test_an_offset_that_the_round_trip_may_explain_is_left_alone():
    assert corrected(10_000, ahead(1_020)) == 10_000
    assert corrected(10_000, ahead(1_021)) == 8_979
    assert corrected(10_000, ahead(-1_021)) == 11_021


def test_a_stepped_wall_clock_cannot_reorder_observations_of_one_boot():
    boot = Anchor(wall_ms=1_000_000, mono_ms=500)
    good = ahead(0)
    assert [placed(mono, boot, good) for mono in (500, 1_500, 61_500)] == [1_000_000, 1_001_000, 1_061_000]
    assert placed(1_500, boot, ahead(120_000)) == 881_000


def test_a_large_offset_is_a_finding_and_five_nines_are_stricter():
    assert clock_state(ahead(0), five_nines=True) is Clock.GOOD
    assert clock_state(ahead(4_000), five_nines=True) is Clock.CORRECTED
    assert clock_state(ahead(6_000), five_nines=True) is Clock.FINDING
    assert clock_state(ahead(6_000), five_nines=False) is Clock.CORRECTED
    assert clock_state(ahead(-61_000), five_nines=False) is Clock.FINDING


def test_an_observation_later_than_its_receipt_is_refused():
    assert from_the_future(1_041, 1_000, 40)
    assert not from_the_future(1_040, 1_000, 40)


def test_a_period_is_sealed_only_when_every_watermark_has_passed_or_the_wait_is_over():
    assert not sealable(DAY, [DAY, DAY - 1], 2 * DAY)
    assert not sealable(DAY, [DAY, None], 2 * DAY)
    assert sealable(DAY, [DAY, DAY + 1], 2 * DAY)
    assert not sealable(DAY, [2 * DAY], DAY - 1)
    assert sealable(DAY, [None], 8 * DAY)
