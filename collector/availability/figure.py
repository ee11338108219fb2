"""The figures of a period (3.9, 3.10): exact, from the classes of its milliseconds."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from collector.availability.classes import Buckets, Segment, TimeClass, buckets, spans_of

FORMULA = "availability/1"


class Verdict(StrEnum):
    """What the evidence says about the target once its uncertainty is taken into account."""

    MET = "met"
    MISSED = "missed"
    WITHIN = "within uncertainty"
    NO_FIGURE = "no figure"


@dataclass(frozen=True, slots=True)
class Scenarios:
    """The classes of the period made three times from the same evidence."""

    estimate: tuple[Segment, ...]
    worst: tuple[Segment, ...]
    best: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Ratios:
    """Exact ratios; None where there is nothing to divide by. `budget` and `cap` are milliseconds."""

    known: Fraction | None
    low: Fraction | None
    high: Fraction | None
    coverage: Fraction | None
    score: Fraction | None
    budget: Fraction
    cap: Fraction | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that can have been down, and what follows for the target."""

    down_min: int
    down_max: int
    verdict: Verdict


def ratio(part: Fraction | int, whole: Fraction | int) -> Fraction | None:
    """part/whole, or None: nothing measured is no figure."""
    return Fraction(part) / Fraction(whole) if whole else None


def ratios(sums: Buckets, target: Fraction, unknown_cap_budget: Fraction | None) -> Ratios:
    """known, low, high, coverage and the score; a cap of None ignores unknown time altogether."""
    a, d, x = sums.available, sums.down, sums.unknown
    budget = (1 - target) * sums.counted
    cap = None if unknown_cap_budget is None else unknown_cap_budget * budget
    return Ratios(
        known=ratio(a, a + d),
        low=ratio(a, a + d + x),
        high=ratio(a + x, a + d + x),
        coverage=ratio(a + d, a + d + x),
        score=ratio(a, scored(sums, cap)),
        budget=budget,
        cap=cap,
    )


def scored(sums: Buckets, cap: Fraction | None) -> Fraction:
    """The denominator of the score: unknown time above the cap counts as down."""
    charged = Fraction(0) if cap is None else max(Fraction(0), sums.unknown - cap)
    return sums.available + sums.down + charged


def bounds(scenarios: Scenarios, target: Fraction, clock_uncertainty_ms: int) -> Bounds:
    """From the worst and the best reading, with clocks that may be off by `clock_uncertainty_ms`."""
    worst, best = buckets(scenarios.worst), buckets(scenarios.best)
    slack = 2 * clock_uncertainty_ms
    down_min = max(0, best.down - slack * len(spans_of(scenarios.best, TimeClass.DOWN)))
    room = worst.available + worst.down
    down_max = min(room, worst.down + slack * len(spans_of(scenarios.worst, TimeClass.DOWN)))
    return Bounds(down_min, down_max, _verdict(worst, best, (down_min, down_max), target))


def _verdict(worst: Buckets, best: Buckets, down: tuple[int, int], target: Fraction) -> Verdict:
    if not worst.counted and not best.counted:
        return Verdict.NO_FIGURE
    if down[1] + worst.unknown <= (1 - target) * worst.counted:
        return Verdict.MET
    if down[0] > (1 - target) * best.counted:
        return Verdict.MISSED
    return Verdict.WITHIN
