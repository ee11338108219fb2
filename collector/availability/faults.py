"""Faults (3.11): candidate levels from the final classes, provisional until cause and impact are signed."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.availability.classes import Segment, TimeClass, spans_of
from collector.availability.figure import Scenarios
from collector.availability.spans import Span


class Profile(StrEnum):
    """Whose contract decides the level."""

    PINGDINGSHAN = "pingdingshan"
    LUOHE = "luohe"


@dataclass(frozen=True, slots=True)
class FaultRules:
    """Options of the fault list; without a profile no level is proposed. `core` matters to Luohe only."""

    profile: Profile | None = None
    core: bool = True
    merge_gap_ms: int = 60_000
    min_fault_ms: int = 60_000
    recover_stable_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `level` None: a blip, or no profile. `levels` are all the bounds allow, gravest first."""

    from_ms: int
    to_ms: int
    down_ms: int
    degraded_ms: int
    level: int | None
    levels: tuple[int | None, ...]
    recovered_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """Response and recovery time of a fault; None while an instant is missing."""

    response_ms: int | None
    recovery_ms: int | None


BAD = (TimeClass.DOWN, TimeClass.DEGRADED)
_MINUTE = 60_000


def faults(scenarios: Scenarios, measured: Sequence[Segment], rules: FaultRules) -> tuple[Fault, ...]:
    """All faults. `measured` are the classes before exclusions: a target recovers off hours too."""
    estimate, worst, best = (_bad(read) for read in (scenarios.estimate, scenarios.worst, scenarios.best))
    widest = _runs(scenarios.worst, rules.merge_gap_ms)
    stable = [a for a, b in spans_of(measured, TimeClass.UP) if b - a >= rules.recover_stable_ms]
    out = []
    for span in _runs(scenarios.estimate, rules.merge_gap_ms):
        own = _amounts(estimate, span)
        wide = [_amounts(worst, w) for w in widest[_touching(widest, span)]]
        most = max(own[0], sum(d for d, _ in wide)), max(sum(own), sum(d + g for d, g in wide))
        least = _amounts(best, span)
        level = level_of(own[0], sum(own), rules)
        others = {level_of(least[0], sum(least), rules), level_of(*most, rules)}
        at = bisect_left(stable, span[1])
        recovered = stable[at] if at < len(stable) else None
        out.append(Fault(*span, *own, level, tuple(sorted({level, *others}, key=_gravity)), recovered))
    return tuple(out)


def level_of(down_ms: int, bad_ms: int, rules: FaultRules) -> int | None:
    """Candidate level for T = down and Q = down + degraded; thresholds are strict."""
    if rules.profile is Profile.PINGDINGSHAN:
        return _pingdingshan(down_ms, bad_ms, rules.min_fault_ms)
    if rules.profile is Profile.LUOHE and down_ms > 0:
        return 1 if rules.core else 2
    return None


def _pingdingshan(t: int, q: int, min_fault_ms: int) -> int | None:
    if t > 300 * _MINUTE:
        return 1
    if t > 60 * _MINUTE or q > 120 * _MINUTE:
        return 2
    if t > 20 * _MINUTE or q > 60 * _MINUTE:
        return 3
    return 4 if q >= min_fault_ms else None


def clocks(
    fault: Fault, announced_ms: int | None, acknowledged_ms: int | None, reported_ms: int | None = None
) -> Clocks:
    """Response and recovery, both from the earlier of the alert's receipt and the user's report."""
    started = [t for t in (announced_ms, reported_ms) if t is not None]
    if not started:
        return Clocks(None, None)
    start = min(started)
    return Clocks(
        None if acknowledged_ms is None else max(0, acknowledged_ms - start),
        None if fault.recovered_ms is None else max(0, fault.recovered_ms - start),
    )


def _gravity(level: int | None) -> int:
    return 9 if level is None else level


def _runs(segments: Sequence[Segment], merge_gap_ms: int) -> list[Span]:
    """Stretches of down or degraded; only *up* time of more than the merge gap separates two of them."""
    out: list[Span] = []
    up = 0
    for start, end, cls in segments:
        if cls is TimeClass.UP:
            up += end - start
        elif cls in BAD:
            if out and up <= merge_gap_ms:
                out[-1] = (out[-1][0], end)
            else:
                out.append((start, end))
            up = 0
    return out


def _bad(segments: Sequence[Segment]) -> tuple[list[Span], list[Span]]:
    return spans_of(segments, TimeClass.DOWN), spans_of(segments, TimeClass.DEGRADED)


def _amounts(bad: tuple[list[Span], list[Span]], span: Span) -> tuple[int, int]:
    """Down and degraded milliseconds inside a span."""
    down, degraded = (
        sum(min(b, span[1]) - max(a, span[0]) for a, b in spans[_touching(spans, span)]) for spans in bad
    )
    return down, degraded


def _touching(spans: Sequence[Span], span: Span) -> slice:
    """Those of disjoint ordered spans that overlap one span."""
    low = bisect_right(spans, span[0], key=lambda other: other[1])
    return slice(low, bisect_left(spans, span[1], key=lambda other: other[0]))
