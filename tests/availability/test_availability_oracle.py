"""The engine against the one-byte-per-second implementation on random cases."""

import random

import pytest

from collector.availability.cases import run_case

CASES_PER_SEED = 300  # of ten seeds: three thousand
KEYS = [
    "up",
    "degraded",
    "down",
    "unknown",
    "maintenance",
    "other_excluded",
    "off_hours",
    "not_in_service",
    "known",
    "low",
    "high",
    "coverage",
    "score",
    "down_min",
    "down_max",
    "meets",
    "verdict",
    "faults",
    "blips",
]


@pytest.mark.parametrize("seed", range(10))
def test_the_engine_and_the_naive_implementation_agree_on_random_cases(seed, naive, generator):
    rng = random.Random(seed)
    for number in range(CASES_PER_SEED):
        case, weekday, start = generator.random_case(rng)
        as_of = case.get("as_of")
        expected = naive.evaluate(case | {"weekday": weekday, "start": start}, as_of)
        got = run_case("random", case | {"expect": dict.fromkeys(KEYS)}).got
        got["blips"] = sorted(got["blips"])
        assert got == expected, f"seed {seed}, case {number}: {case}"
