"""What must hold for every figure, on random cases."""

import random
from dataclasses import fields, replace
from fractions import Fraction

import pytest

from collector.availability.case_read import read_example
from collector.availability.case_values import Value
from collector.availability.display import percent
from collector.availability.engine import evaluate
from collector.availability.windows import Window, WindowKind


def specs(generator, seed, count=40):
    rng = random.Random(seed)
    for _ in range(count):
        case = generator.random_case(rng)[0]
        example = read_example(Value("random", "", case))
        yield rng, example.at(example.as_of[0])


@pytest.mark.parametrize("seed", range(100, 105))
def test_the_classes_sum_to_the_period_and_the_bounds_hold(seed, generator):
    for _, spec in specs(generator, seed):
        figure = evaluate(spec)
        assert figure.buckets.total == figure.evaluated_to_ms - figure.from_ms
        assert figure.bounds.down_min <= figure.buckets.down <= figure.bounds.down_max
        shares = figure.ratios
        if shares.known is not None and shares.score is not None:
            assert shares.low <= shares.score <= shares.known
            assert shares.low <= shares.known <= shares.high
        if shares.score == 1:
            assert figure.buckets.down == 0
            assert figure.buckets.unknown <= shares.cap
        edges = [figure.from_ms, *(end for _, end, _ in figure.segments)]
        assert [start for start, _, _ in figure.segments] == edges[:-1]


@pytest.mark.parametrize("seed", range(200, 205))
def test_splitting_a_period_and_adding_the_milliseconds_changes_nothing(seed, generator):
    for rng, spec in specs(generator, seed):
        whole_params = replace(spec.params, maintenance_cap_ms=None)
        spec = replace(spec, params=whole_params, as_of_ms=None)
        middle = rng.randint(spec.from_ms, spec.to_ms)
        whole = evaluate(spec)
        parts = [evaluate(replace(spec, to_ms=middle)), evaluate(replace(spec, from_ms=middle))]
        for slot in fields(whole.buckets):
            added = sum(getattr(part.buckets, slot.name) for part in parts)
            assert added == getattr(whole.buckets, slot.name), slot.name
        assert sum(part.bounds.down_max for part in parts) == whole.bounds.down_max
        assert sum(part.bounds.down_min for part in parts) == whole.bounds.down_min


@pytest.mark.parametrize("seed", range(300, 305))
def test_an_approved_window_never_adds_down_time(seed, generator):
    for rng, spec in specs(generator, seed):
        spec = replace(spec, params=replace(spec.params, maintenance_cap_ms=None))
        start = rng.randint(spec.from_ms, spec.to_ms)
        more = Window("more", WindowKind.MAINTENANCE, start, start + 60_000, start - 10**6)
        before, after = evaluate(spec), evaluate(replace(spec, windows=(*spec.windows, more)))
        assert after.buckets.down <= before.buckets.down
        assert after.bounds.down_max <= before.bounds.down_max


def test_a_miss_by_a_hair_never_prints_as_a_hit():
    assert percent(Fraction(999_999_999_999, 10**12)) == "99.999999"
    assert percent(Fraction(1)) == "100.000000"
    assert percent(Fraction(0)) == "0.000000"
    assert percent(None) is None
