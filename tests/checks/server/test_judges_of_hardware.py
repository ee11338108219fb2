"""Judging what controllers say: whatever the facts are there are readings, and bad ones have a reason."""

import importlib.util
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks import registry
from checks.api import Seen, State
from checks.bmc import Part
from checks.codec import from_json, to_json
from checks.server._parts import event, standing

_PLACE = Path(__file__).parents[1] / "service/test_judges_are_total.py"
_SPEC = importlib.util.spec_from_file_location("judges_are_total", _PLACE)
judges = importlib.util.module_from_spec(_SPEC)
sys.modules["judges_are_total"] = judges
_SPEC.loader.exec_module(judges)

CHECKS = [one for one in registry.ids() if one.startswith(("server.", "virtual."))]
MORE = {
    "server.firmware": {"expected": {"sent": "x"}, "withdrawn": [""]},
    "server.identity": {"serial": "x"},
    "server.clock": {"zone_min": 480},
}


@pytest.mark.parametrize("check_id", CHECKS)
def test_any_facts_are_judged_and_every_bad_reading_has_a_reason(check_id: str) -> None:
    check = registry.get(check_id)
    address = {"address": "a"} if "address" in {one.name for one in fields(check.params)} else {}
    params = from_json(check.params, {**address, **MORE.get(check_id, {})}, "params")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(judges.values(check.facts), st.integers(0, 2**53))
    def judged(facts, now):
        facts = from_json(check.facts, to_json(facts), "facts")
        readings = list(check.judge(Seen(facts, now), params))
        assert readings
        assert all(reading.reason for reading in readings if reading.state is not State.OK)

    judged()


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
