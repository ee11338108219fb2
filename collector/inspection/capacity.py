"""Days until something is full: a robust trend over daily values, with an interval, or no claim.

Slope: Theil-Sen, the median of the slopes between all pairs of days. Its interval: Sen 1968, from the
variance of Kendall's S, here widened for values that depend on the day before (by (1 + r) / (1 - r), r the
lag-1 autocorrelation of the residuals, corrected for its bias in short series): thirty days that each follow
from the last are not thirty opinions. Where r is large, or guessed from few days, the interval also covers
that of the mean daily step, for a walk without any drift shows trends too. What the interval doesn't carry
is not claimed, and nothing is told of a future longer than three times the past that was seen.

Figures here are estimates for planning; no evidence is judged by them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from math import ceil, floor, sqrt
from statistics import mean, median, stdev

LEAST_DAYS = 14
MOST_DAYS = 400  # of which all pairs are compared
_LEAST_COVERED = 0.6  # of the days between the first and the last
_FURTHEST = 3  # times the days seen
_RESIZED = 0.01  # of the size
_Z = 1.96  # two-sided 95 %
_MOST_R = 0.97
_WALK_R = 0.5  # from here on the values may be a walk without any trend, and only its steps are independent
_SHORT = 21  # of fewer values the autocorrelation is a guess


@dataclass(frozen=True, slots=True)
class Day:
    """One day's value: days since 1970 (in the contract's calendar), used and whole in the same unit."""

    day: int
    used: int
    total: int


class Outlook(StrEnum):
    """What the daily values carry."""

    FILLING = "filling"
    FAR = "far"  # it fills, and not within the time that may be told of
    STEADY = "steady"  # no growth to be told from none; `earliest` is what the interval leaves
    SHRINKING = "shrinking"
    FULL = "full"
    NO_CLAIM = "no_claim"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Days from the last value until used meets total.

    `days` is the estimate (only of FILLING), `earliest` and `latest` its bounds; None: beyond `horizon`, or
    not claimed. Slopes are a day, in the values' unit. `reason`: why there is no claim (too_few_days, gaps,
    resized, no_size). `days_used`: values the trend stands on, `horizon`: how far ahead it may tell.
    """

    outlook: Outlook
    reason: str
    days_used: int
    horizon: int
    slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    days: int | None = None
    earliest: int | None = None
    latest: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One thing that can be full, with its daily values and what they carry."""

    asset: str
    check: str
    target: str
    vantage: str
    name: str
    values: tuple[Day, ...]
    outlook: Forecast


def forecast(values: Sequence[Day]) -> Forecast:
    """The outlook of one thing from its daily values, in any order; the last value of a day counts."""
    known = sorted({each.day: each for each in values}.values(), key=lambda each: each.day)[-MOST_DAYS:]
    if known and known[-1].total <= 0:
        return _no_claim("no_size", known)
    same = _since_resize(known)
    if same and same[-1].used >= same[-1].total:
        return Forecast(Outlook.FULL, "", len(same), 0, days=0, earliest=0, latest=0)
    if len(same) < LEAST_DAYS:
        return _no_claim("resized" if len(known) >= LEAST_DAYS else "too_few_days", same)
    if len(same) < _LEAST_COVERED * (same[-1].day - same[0].day + 1):
        return _no_claim("gaps", same)
    return _trend(same)


def _no_claim(reason: str, values: Sequence[Day]) -> Forecast:
    return Forecast(Outlook.NO_CLAIM, reason, len(values), 0)


def _since_resize(values: Sequence[Day]) -> Sequence[Day]:
    """The values since the size last changed: what came before was another disk."""
    for at in range(len(values) - 1, 0, -1):
        before, now = values[at - 1].total, values[at].total
        if abs(now - before) > _RESIZED * max(now, before):
            return values[at:]
    return values


def _trend(values: Sequence[Day]) -> Forecast:
    slopes = sorted(
        (b.used - a.used) / (b.day - a.day) for i, a in enumerate(values) for b in values[i + 1 :]
    )
    slope = median(slopes)
    r = _dependence(values, slope)
    low, high = _interval(slopes, len(values), r)
    if r >= _WALK_R or len(values) < _SHORT:
        low, high = _wider((low, high), _steps(values))
    last = values[-1]
    horizon = _FURTHEST * (last.day - values[0].day)
    free = last.total - last.used
    made = Forecast(Outlook.STEADY, "", len(values), horizon, slope, low, high)
    earliest, latest = _days(free, high, floor), _days(free, low, ceil)
    if high is not None and high < 0:
        return replace(made, outlook=Outlook.SHRINKING)
    within = earliest if earliest is not None and earliest <= horizon else None
    if low is None or low <= 0:
        return replace(made, earliest=within)
    days = _days(free, slope, round)
    if days is None or days > horizon:
        return replace(made, outlook=Outlook.FAR, earliest=within)
    until = latest if latest is not None and latest <= horizon else None
    return replace(made, outlook=Outlook.FILLING, days=days, earliest=within, latest=until)


def _days(free: int, slope: float | None, rounded: Callable[[float], int]) -> int | None:
    """Days until `free` is used up at this slope; None where it never is."""
    return None if slope is None or slope <= 0 else rounded(free / slope)


def _dependence(values: Sequence[Day], slope: float) -> float:
    """Lag-1 autocorrelation of the residuals, 0 to 0.97; of short series it comes out too small."""
    rest = [each.used - slope * each.day for each in values]
    middle = sum(rest) / len(rest)
    off = [each - middle for each in rest]
    whole = sum(each * each for each in off)
    if whole == 0:
        return 0.0
    r = sum(a * b for a, b in pairwise(off)) / whole
    n = len(values)
    corrected = (n * r + 2) / (n - 4)
    return min(max(corrected, 0.0), _MOST_R)


def _steps(values: Sequence[Day]) -> tuple[float, float]:
    """Bounds of the mean step a day: what a drifting walk says of its drift."""
    steps = [(b.used - a.used) / (b.day - a.day) for a, b in pairwise(values)]
    middle, off = mean(steps), _Z * stdev(steps) / sqrt(len(steps))
    return middle - off, middle + off


def _wider(
    one: tuple[float | None, float | None], other: tuple[float, float]
) -> tuple[float | None, float | None]:
    low = None if one[0] is None else min(one[0], other[0])
    return low, None if one[1] is None else max(one[1], other[1])


def _interval(slopes: Sequence[float], n: int, r: float) -> tuple[float | None, float | None]:
    """Bounds of the slope; None where the values leave that side open."""
    spread = _Z * sqrt(n * (n - 1) * (2 * n + 5) / 18 * (1 + r) / (1 - r))
    count = len(slopes)
    below, above = floor((count - spread) / 2), ceil((count + spread) / 2)
    return (slopes[below] if below >= 0 else None, slopes[above] if above < count else None)
