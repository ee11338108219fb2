"""Observations to runs: in order, late, doubled, in any order; the figure is always the same."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from checks.china import day_of
from collector.availability.engine import Params, ServiceSpec, evaluate
from collector.availability.errors import LateObservation
from collector.availability.faults import FaultRules, Profile
from collector.availability.runs import Observation, Outcome, Run, extend, fold
from collector.availability.tree import Leaf
from collector.availability.votes import CheckRuns, Vote

HOLD = 150
OUTCOMES = (Outcome.OK, Outcome.OK, Outcome.OK, Outcome.FAIL, Outcome.DEGRADED, Outcome.ERROR)


def observed(rng, n, start=0):
    seen, t, outcome = [], start, Outcome.OK
    for seq in range(n):
        t += rng.choice((30, 60, 60, 90, 149, 150, 151, 400))
        if rng.random() < 0.3:
            outcome = rng.choice(OUTCOMES)
        seen.append(Observation(t, outcome, seq))
    return seen


def spec(checks, to_ms=6000, from_ms=0, **params):
    rules = FaultRules(Profile.PINGDINGSHAN, min_fault_ms=60, merge_gap_ms=60)
    return ServiceSpec(from_ms, to_ms, Params(Fraction("0.999"), faults=rules, **params), checks, Leaf("web"))


def test_an_error_neither_opens_nor_prolongs_a_run():
    assert fold([Observation(0, Outcome.ERROR)], HOLD) == ()
    runs = fold(
        [Observation(0, Outcome.OK), Observation(100, Outcome.ERROR), Observation(200, Outcome.OK)], HOLD
    )
    assert [(run.first_ms, run.last_ms, run.n) for run in runs] == [(0, 0, 1), (200, 200, 1)]


def test_a_gap_of_one_hold_cuts_a_run_and_one_below_it_does_not():
    together = fold([Observation(0, Outcome.OK, 1), Observation(149, Outcome.OK, 2)], HOLD)
    assert together == (Run(Outcome.OK, 0, 149, 2, 149, 1, 2),)
    assert len(fold([Observation(0, Outcome.OK), Observation(150, Outcome.OK)], HOLD)) == 2


def test_a_late_observation_is_refused_by_the_appender_and_a_doubled_one_changes_nothing():
    last = Run(Outcome.OK, 0, 60, 2, 60, 1, 2)
    with pytest.raises(LateObservation):
        extend(last, Observation(30, Outcome.OK, 9), HOLD)
    with pytest.raises(LateObservation):
        extend(last, Observation(60, Outcome.FAIL, 3), HOLD)
    assert extend(last, Observation(60, Outcome.OK, 2), HOLD).open == last


def test_of_two_observations_at_one_instant_the_later_sequence_number_stays():
    seen = [Observation(0, Outcome.FAIL, 5), Observation(0, Outcome.OK, 4)]
    assert fold(seen, HOLD) == (Run(Outcome.FAIL, 0, 0, 1, 0, 5, 5),)
    assert fold(reversed(seen), HOLD) == fold(seen, HOLD)


def test_an_error_with_a_later_number_takes_away_what_was_seen_at_its_instant():
    assert fold([Observation(0, Outcome.FAIL, 1), Observation(0, Outcome.ERROR, 2)], HOLD) == ()


def test_runs_are_cut_at_the_midnight_of_china_when_asked():
    midnight = 16 * 3_600_000
    seen = [Observation(midnight - 60, Outcome.OK), Observation(midnight, Outcome.OK)]
    assert [run.n for run in fold(seen, HOLD, day_of)] == [1, 1]
    assert [run.n for run in fold(seen, HOLD)] == [2]


@pytest.mark.parametrize("seed", range(40))
def test_order_and_repetition_of_arrival_change_nothing(seed):
    rng = random.Random(seed)
    seen = observed(rng, 60)
    shuffled = [*seen, *rng.sample(seen, 20)]
    rng.shuffle(shuffled)
    assert fold(shuffled, HOLD) == fold(seen, HOLD)


@pytest.mark.parametrize("seed", range(60))
def test_stored_runs_give_the_same_figure_as_single_observations(seed):
    rng = random.Random(seed)
    day = 2_000
    period = {"from_ms": rng.randint(-500, 2000), "to_ms": rng.randint(2500, 6000)}
    seen = {vantage: observed(rng, 80, -1000) for vantage in ("a", "b", "c")[: rng.randint(1, 3)]}
    check = CheckRuns({}, HOLD, rng.randint(1, 4), rule=rng.choice(list(Vote)))

    def figure(reduce):
        runs = {vantage: reduce(observations) for vantage, observations in seen.items()}
        return evaluate(spec({"web": replace(check, runs=runs)}, **period))

    def single(observations):
        known = [one for one in observations if one.outcome is not Outcome.ERROR]
        return tuple(Run(one.outcome, one.t_ms, one.t_ms) for one in known)

    stored = figure(lambda observations: fold(observations, HOLD))
    by_day = figure(lambda observations: fold(observations, HOLD, lambda t: t // day))
    each = figure(single)
    assert each.observations_whole
    assert comparable(stored) == comparable(each) == comparable(by_day)
    # Runs know only their longest gap, so with them the claim is never bolder than with single observations.
    assert stored.longest_gap_ms >= each.longest_gap_ms


def comparable(figure):
    return replace(figure, evidence=(), observations=0, observations_whole=True, longest_gap_ms=None)


def single_runs(*seen):
    return {"web": CheckRuns({"a": tuple(Run(outcome, t, t) for t, outcome in seen)}, HOLD, confirm=4)}


def test_the_last_millisecond_of_a_hold_carries_into_the_period():
    (up,) = evaluate(spec(single_runs((1 - HOLD, Outcome.OK)))).segments[:1]
    assert up == (0, 1, "up")
    (nothing,) = evaluate(spec(single_runs((-HOLD, Outcome.OK)))).segments
    assert nothing == (0, 6000, "unknown")


def test_a_failure_that_goes_on_behind_the_period_is_cancelled_by_what_ends_it_there():
    fails = [(t, Outcome.FAIL) for t in (5_950, 6_010, 6_070)]
    before = [(t, Outcome.OK) for t in range(0, 5_950, 100)]
    ended = evaluate(spec(single_runs(*before, *fails, (6_130, Outcome.OK))))
    assert (ended.buckets.down, [blip.n for blip in ended.blips]) == (0, [3])
    silent = evaluate(spec(single_runs(*before, *fails)))
    assert silent.buckets.down == 50


def test_a_failure_that_began_long_before_the_period_is_confirmed_by_its_first_observations():
    fails = [(t, Outcome.FAIL) for t in (-400, -260, -120, 20)]
    figure = evaluate(spec(single_runs(*fails, (160, Outcome.OK)), to_ms=160))
    assert figure.buckets.down == 160
