"""One vantage point's runs turned into its state over a period: confirm, then hold.

Three states are carried side by side, because a figure is made three times from the same evidence:

    estimate   the outcome of the last observation, for `hold` at most
    worst      between two joined observations the lower of the raw outcomes, nothing cancelled
    best       between two joined observations the higher of the confirmed outcomes

State numbers: 0 down, 1 degraded, 2 up, 3 none. A triple is estimate | worst << 2 | best << 4.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from collector.availability.runs import Outcome, Run, joined, merge
from collector.availability.spans import Steps, put

DOWN, DEGRADED, UP, NONE = 0, 1, 2, 3
NO_STATE = NONE | NONE << 2 | NONE << 4
SHIFTS = (0, 2, 4)
_RANK = {Outcome.FAIL: DOWN, Outcome.DEGRADED: DEGRADED, Outcome.OK: UP}


@dataclass(frozen=True, slots=True)
class Blip:
    """A failing run that was cancelled: too short to be confirmed, and followed by something better."""

    check: str
    vantage: str
    from_ms: int
    to_ms: int
    n: int


@dataclass(frozen=True, slots=True)
class Track:
    """State triples over the period, what confirming cancelled, and the gaps between observations."""

    steps: Steps[int]
    blips: tuple[Blip, ...]
    gaps: Steps[int]
    runs: tuple[Run, ...]


def same(state: int) -> int:
    """The triple of a state without uncertainty."""
    return state | state << 2 | state << 4


def track(
    name: tuple[str, str], runs: Sequence[Run], rule: tuple[int, int], period: tuple[int, int]
) -> Track:
    """Follow one (check, vantage) through the period; `rule` is (hold, confirm)."""
    hold, (start, end) = rule[0], period
    near = _near(runs, hold, start, end)
    merged = _merged(near, hold)
    confirmed = [_confirmed(merged, i, rule) for i in range(len(merged))]
    steps: Steps[int] = [(start, NO_STATE)]
    blips: list[Blip] = []
    for i, run in enumerate(merged):
        after = merged[i + 1] if i + 1 < len(merged) and joined(run, merged[i + 1], hold) else None
        _draw(steps, run, after, (confirmed[i], confirmed[i + 1] if after else NONE), hold, end)
        if confirmed[i] != _RANK[run.outcome] and after and run.first_ms < end and after.first_ms > start:
            blips.append(Blip(*name, run.first_ms, after.first_ms, run.n))
    inside = tuple(run for run in near if run.last_ms >= start and run.first_ms < end)
    return Track(steps, tuple(blips), _gaps(merged, start, end), inside)


def _draw(
    steps: Steps[int], run: Run, after: Run | None, confirmed: tuple[int, int], hold: int, end: int
) -> None:
    """Add one run and what lies between it and the next observation."""
    raw, (now, then) = _RANK[run.outcome], confirmed
    plain = now | raw << 2 | now << 4
    put(steps, run.first_ms, plain, end)
    if after is None:
        put(steps, run.last_ms + hold, NO_STATE, end)
        return
    edge = now | min(raw, _RANK[after.outcome]) << 2 | max(now, then) << 4
    put(steps, run.last_ms, edge, end)


def _confirmed(merged: Sequence[Run], i: int, rule: tuple[int, int]) -> int:
    """State of a run after cancelling: a short failing run takes the outcome of what ended it."""
    hold, confirm = rule
    run = merged[i]
    ended = i + 1 < len(merged) and joined(run, merged[i + 1], hold)
    if run.outcome == Outcome.FAIL and run.n < confirm and ended:
        return _RANK[merged[i + 1].outcome]
    return _RANK[run.outcome]


def _near(runs: Sequence[Run], hold: int, start: int, end: int) -> Sequence[Run]:
    """The runs that can matter to the period: a hold before it, and on to what ends a failure after it."""
    low = bisect_left(runs, start - hold + 1, key=lambda run: run.last_ms)
    while low > 0 and low < len(runs) and _one_failure(runs[low - 1], runs[low], hold):
        low -= 1
    high = bisect_left(runs, end, key=lambda run: run.first_ms)
    # A failure that begins the next edge may be cancelled too: its whole run counts, whatever was before it.
    while (
        0 < high < len(runs)
        and runs[high].outcome == Outcome.FAIL
        and joined(runs[high - 1], runs[high], hold)
    ):
        high += 1
    # One more: the observation that ends the last run may cancel it and bounds the edge between the two.
    return runs[low : high + 1]


def _one_failure(before: Run, after: Run, hold: int) -> bool:
    return before.outcome == after.outcome == Outcome.FAIL and joined(before, after, hold)


def _merged(runs: Sequence[Run], hold: int) -> list[Run]:
    out: list[Run] = []
    for run in runs:
        if out and out[-1].outcome == run.outcome and joined(out[-1], run, hold):
            out[-1] = merge(out[-1], run)
        else:
            out.append(run)
    return out


def _gaps(merged: Sequence[Run], start: int, end: int) -> Steps[int]:
    """For every instant, how long the gap between observations is that it lies in."""
    steps: Steps[int] = [(start, end - start)]
    before = start
    for run in merged:
        if run.first_ms > before:
            put(steps, before, min(run.first_ms, end) - before, end)
        put(steps, max(run.first_ms, start), run.longest_gap_ms, end)
        before = max(run.last_ms, start)
    put(steps, before, end - before, end)
    return steps
