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


BAD = (TimeClass.DOWN, TimeClass.DEGRADED)
_MINUTE = 60_000
Stretch = tuple[int, int, int, int]
"""(from, to, down, degraded)"""


@dataclass(frozen=True, slots=True)
class Outage:
    """One stretch of down or degraded time before any contract's levels, in ms.

    `least` and `most`: (down, down + degraded) as the bounds of 3.10 allow. `recovered_ms`: from where the
    service was up for `recover_stable`, None: not yet.
    """

    from_ms: int
    to_ms: int
    down_ms: int
    degraded_ms: int
    least: tuple[int, int]
    most: tuple[int, int]
    recovered_ms: int | None = None

    @property
    def bad_ms(self) -> int:
        """Q: down and degraded."""
        return self.down_ms + self.degraded_ms


def outages(
    scenarios: Scenarios, measured: Sequence[Segment], merge_gap_ms: int, recover_stable_ms: int
) -> tuple[Outage, ...]:
    """All of them. `measured` are the classes before exclusions: a target recovers off hours too."""
    best = spans_of(scenarios.best, TimeClass.DOWN), spans_of(scenarios.best, TimeClass.DEGRADED)
    widest = _stretches(scenarios.worst, merge_gap_ms)
    stable = [a for a, b in spans_of(measured, TimeClass.UP) if b - a >= recover_stable_ms]
    out = []
    for start, end, down, degraded in _stretches(scenarios.estimate, merge_gap_ms):
        wide = widest[_touching(widest, start, end)]
        most = max(down, sum(w[2] for w in wide)), max(down + degraded, sum(w[2] + w[3] for w in wide))
        low, some = (_amount(spans, start, end) for spans in best)
        at = bisect_left(stable, end)
        recovered = stable[at] if at < len(stable) else None
        out.append(Outage(start, end, down, degraded, (low, low + some), most, recovered))
    return tuple(out)


def reach(scenarios: Scenarios, outage: Outage, merge_gap_ms: int) -> Span:
    """From where to where an outage may have run at the most: what its `most` is counted over."""
    widest = _stretches(scenarios.worst, merge_gap_ms)
    wide = widest[_touching(widest, outage.from_ms, outage.to_ms)]
    ends = [(outage.from_ms, outage.to_ms), *((one[0], one[1]) for one in wide)]
    return min(a for a, _ in ends), max(b for _, b in ends)


def faults(scenarios: Scenarios, measured: Sequence[Segment], rules: FaultRules) -> tuple[Fault, ...]:
    """All faults, with the candidate levels of a profile."""
    out = []
    for one in outages(scenarios, measured, rules.merge_gap_ms, rules.recover_stable_ms):
        level = level_of(one.down_ms, one.bad_ms, rules)
        others = {level_of(*one.least, rules), level_of(*one.most, rules)}
        levels = tuple(sorted({level, *others}, key=_gravity))
        times = (one.from_ms, one.to_ms, one.down_ms, one.degraded_ms)
        out.append(Fault(*times, level, levels, one.recovered_ms))
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


def _gravity(level: int | None) -> int:
    return 9 if level is None else level


def _stretches(segments: Sequence[Segment], merge_gap_ms: int) -> list[Stretch]:
    """Stretches of down or degraded; only *up* time of more than the merge gap separates two of them."""
    out: list[Stretch] = []
    up = merge_gap_ms + 1
    for start, end, cls in segments:
        if cls is TimeClass.UP:
            up += end - start
        elif cls in BAD:
            first, _, down, degraded = (start, end, 0, 0) if up > merge_gap_ms else out.pop()
            length = end - start
            more = (length, 0) if cls is TimeClass.DOWN else (0, length)
            out.append((first, end, down + more[0], degraded + more[1]))
            up = 0
    return out


def _amount(spans: Sequence[Span], start: int, end: int) -> int:
    """Milliseconds of disjoint ordered spans inside [start, end)."""
    if not spans:
        return 0
    return sum(min(b, end) - max(a, start) for a, b in spans[_touching(spans, start, end)])


def _touching(spans: Sequence[tuple[int, ...]], start: int, end: int) -> slice:
    """Those of disjoint ordered spans that overlap [start, end)."""
    low = bisect_right(spans, start, key=lambda other: other[1])
    return slice(low, bisect_left(spans, end, low, key=lambda other: other[0]))
