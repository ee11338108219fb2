"""Judging what controllers say: events by their words, parts by the worse of what is said."""

import pytest

from checks.api import State
from checks.bmc import Part
from checks.server._parts import event, standing


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Uncorrectable ECC", State.CRIT),
        ("Correctable ECC", State.WARN),
        ("Upper Non-critical going high", State.WARN),
        ("Upper Critical going high", State.CRIT),
        ("Upper Critical going high (over)", State.OK),
        ("Non-Redundant: Sufficient from Redundant", State.WARN),
        ("Predictive Failure", State.WARN),
        ("Drive Fault", State.CRIT),
        ("Presence detected", State.OK),
        ("OEM code 0x7f", State.UNKNOWN),
    ],
)
def test_events_are_judged_by_their_words(words: str, state: State) -> None:
    assert event(words)[0] is state


def test_a_part_that_runs_without_a_word_on_its_health_is_unknown() -> None:
    assert standing(Part("x", "Enabled"))[0] is State.UNKNOWN
    assert standing(Part("x"))[0] is State.UNKNOWN
    assert standing(Part("x", "Enabled", "Fine"))[0] is State.UNKNOWN


def test_the_worse_of_state_and_health_counts() -> None:
    assert standing(Part("x", "UnavailableOffline", "OK"))[0] is State.CRIT
    assert standing(Part("x", "Enabled", "OK", ("Failure detected",)))[0] is State.CRIT
