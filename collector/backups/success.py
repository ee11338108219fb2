"""The share of drills that succeed, and what it proves: the exact one-sided Clopper-Pearson bound.

First attempts count; a retry is shown. Of those begun, the ones that infrastructure ended count as failures
unless a signed reason was accepted by the buyer within the period. Real recoveries count as drills do.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb

from checks.artefacts.levels import Level, Outcome
from checks.china import day_of, start_of
from collector.backups.calendar import plus_months
from collector.backups.ledger import Success
from collector.backups.observed import Drill, Excuse
from collector.backups.policy import DAY_MS, SuccessRule

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_BITS = 40  # of the bisection: the bound is exact to 10^-12 before it is rounded down
_MILLION = 10**6


@lru_cache(maxsize=4096)
def lower_bound(good: int, begun: int, alpha: Fraction = Fraction(1, 20)) -> Fraction:
    """Lower bound p of the true share, one-sided, confidence 1 - alpha: the share at which `good` or more of
    `begun` would be seen with probability alpha. In whole numbers; rounded down to a millionth."""
    if not 0 <= good <= begun or begun < 1:
        raise ValueError("0 <= good <= begun, and begun at least 1")
    low, high = 0, 1 << _BITS  # p = low / 2^40
    while high - low > 1:
        middle = (low + high) // 2
        if _tail(good, begun, middle) * alpha.denominator <= alpha.numerator << (_BITS * begun):
            low = middle
        else:
            high = middle
    return Fraction(low * _MILLION >> _BITS, _MILLION)


def _tail(good: int, begun: int, p: int) -> int:
    """P(X >= good) for X binomial with `begun` and p / 2^40, times 2^(40 begun)."""
    q = (1 << _BITS) - p
    total, term_q = 0, 1
    for failures in range(begun - good + 1):
        total += comb(begun, failures) * p ** (begun - failures) * term_q
        term_q *= q
    return total


def failures_allowed(begun: int, at_least: Fraction) -> int:
    """The most failures among `begun` that leave the share at or above the promise."""
    return int(begun * (1 - at_least))


def verdict_of(drill: Drill) -> str:
    """good, bad or could_not_tell; "" while it is under way.

    Good is only what was restored, read and found right; a drill without a verdict on restoring is not.
    """
    if drill.ended_ms is None:
        return ""
    outcomes = {one.outcome for one in drill.verdicts}
    if Outcome.BAD in outcomes:
        return "bad"
    restored = any(one.level is Level.RESTORABLE for one in drill.verdicts)
    if drill.aborted or Outcome.COULD_NOT_TELL in outcomes or not restored:
        return "could_not_tell"
    return "good"


def successes(
    rule: SuccessRule, drills: Sequence[Drill], excuses: Sequence[Excuse], now: int
) -> Iterator[Success]:
    """One account a period, from the start of service on; the last is the one that `now` lies in."""
    first = day_of(rule.since_ms)
    number = 0
    while True:
        a, b = (plus_months(first, _MONTHS[rule.over] * (number + i)) for i in (0, 1))
        from_ms, to_ms = max(start_of(a), rule.since_ms), start_of(b)
        if from_ms > now:
            return
        mine = [one for one in drills if from_ms <= one.begun_ms < to_ms and one.begun_ms <= now]
        yield _account(rule, mine, excuses, (from_ms, to_ms), now)
        number += 1


def _account(
    rule: SuccessRule, drills: Sequence[Drill], excuses: Sequence[Excuse], period: tuple[int, int], now: int
) -> Success:
    firsts = [one for one in drills if one.attempt == 1 and _over(one, now)]
    pardoned = {one.id for one in firsts if _pardoned(one, excuses, period)}
    counted = [one for one in firsts if one.id not in pardoned]
    words = [verdict_of(one) for one in counted]
    begun, good = len(counted), words.count("good")
    rate = Fraction(good, begun) if begun else None
    return Success(
        from_ms=period[0],
        to_ms=period[1],
        begun=begun,
        good=good,
        failed=words.count("bad"),
        untold=begun - good - words.count("bad"),
        excused=len(pardoned),
        retries=sum(1 for one in drills if one.attempt > 1),
        rate=rate,
        lower=lower_bound(good, begun) if begun else None,
        at_least=rule.at_least,
        holds=None if rate is None else rate >= rule.at_least,
        failures_allowed=failures_allowed(begun, rule.at_least),
        recovered=_recovered(drills),
    )


def _over(drill: Drill, now: int) -> bool:
    """A drill that never ended is one that failed, not one that nobody began."""
    return drill.ended_ms is not None or now - drill.begun_ms > DAY_MS


def _pardoned(drill: Drill, excuses: Sequence[Excuse], period: tuple[int, int]) -> bool:
    """Only what infrastructure ended, for a signed reason that the buyer accepted within the period."""
    if not drill.aborted:
        return False
    return any(
        one.drill == drill.id
        and one.entry is not None
        and one.accepted_ms is not None
        and one.accepted_ms < period[1]
        for one in excuses
    )


def _recovered(drills: Sequence[Drill]) -> tuple[int, int] | None:
    told = [one.recovered for one in drills if one.recovered is not None and one.ended_ms is not None]
    return (sum(a for a, _ in told), sum(b for _, b in told)) if told else None
