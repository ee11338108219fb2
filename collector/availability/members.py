"""From several services to one contract figure (3.14): worst, mean, weighted, union; all are printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.availability.classes import Buckets, Segment, TimeClass
from collector.availability.engine import Figure, Params, summary
from collector.availability.errors import SpecError
from collector.availability.figure import Bounds, Ratios, Scenarios, ratio, scored
from collector.availability.spans import Steps, sweep

# Any member down makes the union down; a member that is excluded has no say while another one counts.
_UNION = (
    TimeClass.DOWN,
    TimeClass.UNKNOWN,
    TimeClass.DEGRADED,
    TimeClass.UP,
    TimeClass.OTHER_EXCLUDED,
    TimeClass.MAINTENANCE,
    TimeClass.OFF_HOURS,
    TimeClass.NOT_IN_SERVICE,
)


@dataclass(frozen=True, slots=True)
class Union:
    """All members read as one service."""

    buckets: Buckets
    ratios: Ratios
    bounds: Bounds
    meets: bool | None
    scenarios: Scenarios


@dataclass(frozen=True, slots=True)
class Combined:
    """Scores of the members and the four ways to state one; `weighted` only where weights are given."""

    each: Mapping[str, Fraction | None]
    worst: Fraction | None
    mean: Fraction | None
    weighted: Fraction | None
    union: Union


def combine(
    members: Mapping[str, Figure], params: Params, weights: Mapping[str, Fraction] | None = None
) -> Combined:
    """One contract figure from members over one period. Seconds are added, percentages are never averaged."""
    if not members:
        raise SpecError("members", "members", "the worst of nothing is unknown: name at least one")
    if len({(one.from_ms, one.evaluated_to_ms) for one in members.values()}) > 1:
        raise SpecError("members", "members", "figures over periods of different length")
    scores = {name: one.ratios.score for name, one in members.items()}
    known = [score for score in scores.values() if score is not None]
    if weights is not None and set(weights) != set(members):
        raise SpecError("weights", "weights", "name exactly the members")
    return Combined(
        each=scores,
        worst=min(known, default=None),
        mean=_pooled(members, dict.fromkeys(members, Fraction(1))),
        weighted=None if weights is None else _pooled(members, weights),
        union=_union(list(members.values()), params),
    )


def _pooled(members: Mapping[str, Figure], weights: Mapping[str, Fraction]) -> Fraction | None:
    up = sum((weights[name] * one.buckets.available for name, one in members.items()), Fraction(0))
    whole = sum(
        (weights[name] * scored(one.buckets, one.ratios.cap) for name, one in members.items()), Fraction(0)
    )
    return ratio(up, whole)


def _union(figures: Sequence[Figure], params: Params) -> Union:
    end = figures[0].evaluated_to_ms
    reads = [(one.scenarios.estimate, one.scenarios.worst, one.scenarios.best) for one in figures]
    made = Scenarios(*(united([read[i] for read in reads], end) for i in range(3)))
    sums, shares, limits, meets = summary(made, params)
    return Union(sums, shares, limits, meets, made)


def united(parts: Sequence[tuple[Segment, ...]], end: int) -> tuple[Segment, ...]:
    """Classes of all members read as one service, up to the end of what they cover; () where one has none."""
    channels: list[Steps[TimeClass]] = [[(start, cls) for start, _, cls in part] for part in parts]
    if not all(channels):
        return ()
    out: list[Segment] = []
    for start, stop, classes in sweep(channels, end):
        cls = next(cls for cls in _UNION if cls in classes)
        if out and out[-1][2] is cls:
            start = out.pop()[0]
        out.append((start, stop, cls))
    return tuple(out)
