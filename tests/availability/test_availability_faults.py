"""Faults: levels with their bounds, both profiles, recovery."""

from fractions import Fraction

import pytest

from collector.availability.engine import Params, ServiceSpec, evaluate
from collector.availability.faults import FaultRules, Profile, level_of
from collector.availability.hours import Hours
from collector.availability.runs import Observation, Outcome, fold
from collector.availability.tree import Leaf
from collector.availability.votes import CheckRuns, CheckStates

DOWN, DEGRADED, UP, NONE = 0, 1, 2, 3
PINGDINGSHAN = FaultRules(Profile.PINGDINGSHAN)


def figure(check, rules=PINGDINGSHAN, to_ms=86_400_000, **more):
    params = Params(Fraction("0.999"), faults=rules)
    return evaluate(ServiceSpec(0, to_ms, params, {"web": check}, Leaf("web"), **more))


def states(*spans):
    return CheckStates(spans=tuple((a * 1000, b * 1000, state) for a, b, state in spans))


def probed(every, outages, length=86_400):
    def outcome(t):
        return Outcome.FAIL if any(a <= t < b for a, b in outages) else Outcome.OK

    seen = [Observation(t * 1000, outcome(t)) for t in range(0, length, every)]
    return CheckRuns({"a": fold(seen, every * 2500)}, every * 2500, 2)


@pytest.mark.parametrize(
    ("down", "bad", "level"),
    [
        (18_000, 18_000, 2),
        (18_001, 18_001, 1),
        (3_600, 7_200, 3),
        (3_601, 3_601, 2),
        (0, 7_201, 2),
        (1_200, 3_600, 4),
        (1_201, 1_201, 3),
        (0, 3_601, 3),
        (0, 60, 4),
        (59, 59, None),
    ],
)
def test_the_thresholds_of_pingdingshan_are_strict(down, bad, level):
    assert level_of(down * 1000, bad * 1000, PINGDINGSHAN) == level


def test_when_the_bounds_straddle_a_threshold_both_levels_are_proposed():
    (fault,) = figure(probed(60, [(6_000, 7_200)])).faults
    # 1200 s is not over 20 minutes, but up to 1260 s are possible.
    assert (fault.down_ms, fault.level, fault.levels) == (1_200_000, 4, (3, 4))


def test_degraded_time_straddles_a_threshold_with_its_bounds_too():
    seen = [
        Observation(t * 1000, Outcome.DEGRADED if 6_000 <= t < 9_600 else Outcome.OK)
        for t in range(0, 86_400, 60)
    ]
    check = CheckRuns({"a": fold(seen, 150_000)}, 150_000)
    (fault,) = figure(check).faults
    # 3600 s degraded is not over an hour, but up to 3660 s are possible.
    assert (fault.degraded_ms, fault.level, fault.levels) == (3_600_000, 4, (3, 4))


def test_a_fault_far_from_every_threshold_has_one_level():
    (fault,) = figure(probed(60, [(6_000, 6_600)])).faults
    assert fault.levels == (4,)


def test_luohe_asks_only_whether_the_service_is_core():
    check = states((1000, 1030, DOWN), (5000, 9000, DEGRADED))
    core = figure(check, FaultRules(Profile.LUOHE, core=True)).faults
    other = figure(check, FaultRules(Profile.LUOHE, core=False)).faults
    assert [fault.level for fault in core] == [1, None]
    assert [fault.level for fault in other] == [2, None]


def test_without_a_profile_faults_are_listed_without_a_level():
    (fault,) = figure(states((1000, 9000, DOWN)), FaultRules()).faults
    assert (fault.level, fault.levels) == (None, (None,))


def test_recovery_is_the_first_ok_of_a_stable_stretch():
    check = states((1000, 1100, DOWN), (1190, 1300, DOWN))
    first, second = figure(check).faults
    # 90 s of ok separate the two faults and are not yet a recovery.
    assert first.recovered_ms == second.recovered_ms == 1_300_000


def test_a_fault_that_ends_in_silence_has_not_recovered():
    (fault,) = figure(states((1000, 1100, DOWN), (1100, 86_400, NONE))).faults
    assert fault.recovered_ms is None


def test_a_target_may_recover_off_hours():
    hours = Hours("Asia/Shanghai", frozenset(range(7)), ((8 * 60, 12 * 60),))
    (fault,) = figure(states((10_000, 20_000, DOWN)), hours=hours).faults
    # The epoch is 08:00 in Shanghai: agreed until 14400 s; the rest of the outage is nobody's.
    assert (fault.from_ms, fault.to_ms, fault.recovered_ms) == (10_000_000, 14_400_000, 20_000_000)
