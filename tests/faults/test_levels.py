"""Levels and merging: the edges of the contracts' thresholds, and a naive second calculation."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.availability.classes import TimeClass
from collector.availability.faults import Outage, outages
from collector.availability.figure import Scenarios
from collector.faults.levels import decided, of_times, proposed
from collector.faults.options import with_options
from collector.faults.terms import FaultTerms, Terms
from collector.packs.loading import packaged

SECOND = 1000


def terms(pack: str) -> FaultTerms:
    found = packaged(pack).pack.faults
    assert found is not None
    return found


PDS = terms("pingdingshan-2024")


@pytest.mark.parametrize(
    ("down", "bad", "level"),
    [
        (60, 60, 4),
        (1200, 1200, 4),
        (1201, 1201, 3),
        (0, 3600, 4),
        (0, 3601, 3),
        (3600, 3600, 3),
        (3601, 3601, 2),
        (0, 7201, 2),
        (18_000, 18_000, 2),
        (18_001, 18_001, 1),
        (0, 90_000, 2),
    ],
)
def test_the_thresholds_of_pingdingshan_are_strict(down, bad, level):
    assert of_times(down * SECOND, bad * SECOND, True, PDS) == level


def test_in_luohe_the_core_function_decides_and_what_is_only_degraded_needs_a_person():
    luohe = terms("luohe-2026")
    assert of_times(1, 1, True, luohe) == 1
    assert of_times(1, 1, False, luohe) == 2
    assert of_times(0, 9_000_000, True, luohe) is None


def test_huaian_proposes_a_major_fault_for_a_core_platform_that_is_down():
    huaian = terms("huaian-2025")
    assert [of_times(d, 60_000, core, huaian) for d, core in ((1, True), (1, False), (0, True))] == [1, 2, 2]


def test_bounds_that_straddle_a_threshold_propose_both_levels():
    outage = Outage(0, 1_230_000, 1_230_000, 0, (1_190_000, 1_190_000), (1_260_000, 1_260_000), None)
    assert proposed(outage, True, PDS) == (3, (3, 4))


def test_no_serious_effect_makes_every_level_the_fourth_whatever_straddles():
    assert decided((2, 3), 2, False, PDS) == (4, (4,))
    assert decided((2, 3), 2, None, PDS) == (2, (2, 3))
    stated = with_options(Terms(PDS), {"impact": "stated"}).faults
    assert decided((2, 3), 2, None, stated) == (4, (4,))
    none = with_options(Terms(PDS), {"no_impact": "none"}).faults
    assert decided((2,), 2, False, none) == (0, (0,))


def test_degraded_time_may_be_counted_without_the_time_down():
    apart = replace(PDS, q_includes_down=False)
    assert of_times(1_000_000, 4_000_000, True, PDS) == 3
    assert of_times(1_000_000, 4_000_000, True, apart) == 4


def test_an_option_with_a_value_that_it_does_not_have_names_itself():
    with pytest.raises(ValueError, match=r"report\.due"):
        with_options(Terms(PDS), {"report.due": "soon"})


CLASSES = {
    "u": TimeClass.UP,
    "d": TimeClass.DOWN,
    "g": TimeClass.DEGRADED,
    "?": TimeClass.UNKNOWN,
    "m": TimeClass.MAINTENANCE,
}


def segments(text):
    return tuple((i * 10_000, i * 10_000 + 10_000, CLASSES[one]) for i, one in enumerate(text))


def naive(text, gap_s):
    """The same rule on a text, one letter for ten seconds."""
    found, now, up = [], None, 0
    for i, one in enumerate(text):
        if one == "u":
            up += 10
        if one in "dg":
            if now is None or up > gap_s:
                now = [i, i, 0, 0]
                found.append(now)
            up = 0
            now[1] = i + 1
            now[2 if one == "d" else 3] += 10
    return [(a * 10_000, b * 10_000, d * 1000, g * 1000) for a, b, d, g in found]


def naive_level(down_s, bad_s):
    if down_s > 5 * 3600:
        return 1
    if down_s > 3600 or bad_s > 2 * 3600:
        return 2
    return 3 if down_s > 1200 or bad_s > 3600 else 4


@given(st.text("udg?m", max_size=60), st.sampled_from([0, 10, 20, 60]))
def test_merging_agrees_with_a_second_calculation(text, gap_s):
    whole = segments(text)
    made = outages(Scenarios(whole, whole, whole), whole, gap_s * 1000, 120_000)
    assert [(o.from_ms, o.to_ms, o.down_ms, o.degraded_ms) for o in made] == naive(text, gap_s)


@given(st.integers(0, 30_000), st.integers(0, 30_000))
def test_levels_agree_with_a_second_calculation(down_s, more_s):
    assert of_times(down_s * 1000, (down_s + more_s) * 1000, False, PDS) == naive_level(
        down_s, down_s + more_s
    )
