"""Observations of one (check, vantage) reduced to runs, the form in which they are stored.

A run is a maximal sequence of observations of one outcome whose neighbours are closer than `hold`. Errors
are no evidence and are in no run. A single observation is a run whose first and last instant are the same,
so reducing loses nothing that a figure needs: states, bounds and blips depend on edges and counts only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from collector.availability.errors import LateObservation


class Outcome(StrEnum):
    """What one observation said about the target."""

    OK = "ok"
    DEGRADED = "degraded"
    FAIL = "fail"
    ERROR = "error"


# State of a result to outcome. A check that ran and could not tell is no evidence either.
OUTCOME_OF_STATE = {
    "ok": Outcome.OK,
    "warn": Outcome.DEGRADED,
    "crit": Outcome.FAIL,
    "unknown": Outcome.ERROR,
}

Day = Callable[[int], int]
"""A number for the day an instant lies in; a run never crosses from one day to the next."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation at its corrected instant (clock.py), in ms since the epoch."""

    t_ms: int
    outcome: Outcome
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """`n` consecutive observations of one outcome; `longest_gap_ms` is the longest between two of them."""

    outcome: Outcome
    first_ms: int
    last_ms: int
    n: int = 1
    longest_gap_ms: int = 0
    first_seq: int | None = None
    last_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """What an observation did: `closed` is final unless something arrives late, `open` is the newest run."""

    closed: Run | None
    open: Run | None


def extend(last: Run | None, seen: Observation, hold_ms: int, day: Day | None = None) -> Extension:
    """Append in order, O(1): prolong the last run or open a new one."""
    if last is None:
        return Extension(None, None if seen.outcome is Outcome.ERROR else _opened(seen))
    if seen.t_ms <= last.last_ms:
        if seen.t_ms == last.last_ms and seen.seq is not None and seen.seq == last.last_seq:
            return Extension(None, last)
        raise LateObservation(seen.t_ms, last.last_ms)
    if seen.outcome is Outcome.ERROR:
        return Extension(None, last)
    if _prolongs(last, seen, hold_ms, day):
        return Extension(None, _prolonged(last, seen))
    return Extension(last, _opened(seen))


def fold(observations: Iterable[Observation], hold_ms: int, day: Day | None = None) -> tuple[Run, ...]:
    """Reduce observations that arrived in any order, any number of times."""
    runs: list[Run] = []
    last: Run | None = None
    for seen in distinct(observations):
        step = extend(last, seen, hold_ms, day)
        if step.closed is not None:
            runs.append(step.closed)
        last = step.open
    return (*runs, last) if last is not None else tuple(runs)


def distinct(observations: Iterable[Observation]) -> list[Observation]:
    """One observation per instant, in order of time; of two the later sequence number stays."""
    kept: dict[int, Observation] = {}
    for seen in observations:
        other = kept.get(seen.t_ms)
        if other is None or _order(seen) >= _order(other):
            kept[seen.t_ms] = seen
    return [kept[t] for t in sorted(kept)]


def joined(before: Run, after: Run, hold_ms: int) -> bool:
    """Whether nothing lies between two neighbouring runs: the gap is shorter than `hold`."""
    return after.first_ms - before.last_ms < hold_ms


def merge(before: Run, after: Run) -> Run:
    """Two joined runs of one outcome (cut at midnight, say) as one."""
    gap = max(before.longest_gap_ms, after.longest_gap_ms, after.first_ms - before.last_ms)
    n = before.n + after.n
    return Run(before.outcome, before.first_ms, after.last_ms, n, gap, before.first_seq, after.last_seq)


def _order(seen: Observation) -> int:
    return -1 if seen.seq is None else seen.seq


def _opened(seen: Observation) -> Run:
    return Run(seen.outcome, seen.t_ms, seen.t_ms, 1, 0, seen.seq, seen.seq)


def _prolongs(last: Run, seen: Observation, hold_ms: int, day: Day | None) -> bool:
    if seen.outcome != last.outcome or seen.t_ms - last.last_ms >= hold_ms:
        return False
    return day is None or day(seen.t_ms) == day(last.last_ms)


def _prolonged(last: Run, seen: Observation) -> Run:
    gap = max(last.longest_gap_ms, seen.t_ms - last.last_ms)
    return Run(last.outcome, last.first_ms, seen.t_ms, last.n + 1, gap, last.first_seq, seen.seq)
