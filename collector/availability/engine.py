"""From the runs of a period to its figure: no clock, no store, no floating point (rules: 3.3 to 3.11)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from collector.availability.calendar_cn import Calendar
from collector.availability.classes import (
    MAINTAINED,
    OFF,
    OTHER,
    OUT,
    Buckets,
    Piece,
    Scope,
    Segment,
    TimeClass,
    buckets,
    classified,
    spans_of,
)
from collector.availability.errors import SpecError
from collector.availability.faults import Fault, FaultRules, faults
from collector.availability.figure import FORMULA, Bounds, Ratios, Scenarios, bounds, ratios
from collector.availability.hours import Hours, agreed
from collector.availability.spans import Span, Steps, common, complement, covered, put, sweep, union
from collector.availability.tree import Node, Rule, compiled, judged, leaves
from collector.availability.vantage import DEGRADED, DOWN, NO_STATE, NONE, SHIFTS, UP, Blip
from collector.availability.votes import Check, CheckTrack, Divergence, Evidence, follow
from collector.availability.windows import Exclusions, Flag, FlagCode, Window, exclusions


@dataclass(frozen=True, slots=True)
class Params:
    """The options of a figure; all of them travel with it. `unknown_cap_budget` None ignores unknown time."""

    target: Fraction
    degraded_is_available: bool = True
    unknown_cap_budget: Fraction | None = Fraction(1, 10)
    exclude_scope: Scope = Scope.ALL
    min_notice_ms: int = 0
    maintenance_cap_ms: int | None = None
    clock_uncertainty_ms: int = 0
    faults: FaultRules = field(default_factory=FaultRules)


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service over one half-open period [from, to) in ms, with the evidence known at `as_of_ms`."""

    from_ms: int
    to_ms: int
    params: Params
    checks: Mapping[str, Check]
    tree: Node
    windows: tuple[Window, ...] = ()
    hours: Hours | None = None
    calendar: Calendar | None = None
    not_in_service: tuple[Span, ...] = ()
    attested: tuple[Span, ...] = ()
    as_of_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What a period came to, and all that has to be said beside it."""

    from_ms: int
    to_ms: int
    evaluated_to_ms: int
    params: Params
    buckets: Buckets
    ratios: Ratios
    bounds: Bounds
    meets: bool | None
    faults: tuple[Fault, ...]
    scenarios: Scenarios
    blips: tuple[Blip, ...] = ()
    divergences: tuple[Divergence, ...] = ()
    longest_gap_ms: int | None = None
    observations: int = 0
    observations_whole: bool = True
    evidence: tuple[Evidence, ...] = ()
    flags: tuple[Flag, ...] = ()
    windows: tuple[Window, ...] = ()
    attested_ms: int = 0
    calendar: str | None = None
    formula: str = FORMULA

    @property
    def segments(self) -> tuple[Segment, ...]:
        """(from, to, class) in order of time: what a strip is drawn from."""
        return self.scenarios.estimate


def evaluate(spec: ServiceSpec) -> Figure:
    """The figure of one service for one period. The future is in no bucket."""
    read = reading(spec)
    pieces = read.pieces
    scenarios = _scenarios(pieces, spec.params)
    measured = classified([(a, b, triple & 3, 0) for a, b, triple, _ in pieces], Scope.ALL, None)
    flags = _capped(read.flags, scenarios, spec.params)
    return _figure(spec, read.period, read.tracks, (scenarios, measured), flags)


@dataclass(frozen=True, slots=True)
class Reading:
    """The evaluated part of a period before anything is excluded: `pieces` are (from, to, state triple, mask
    of exclusions) in order of time, `flags` what has to be said of windows."""

    period: Span
    tracks: list[CheckTrack]
    pieces: list[tuple[int, int, int, int]]
    flags: tuple[Flag, ...]


def reading(spec: ServiceSpec) -> Reading:
    """What the evidence and the tree say of each instant; SpecError for a period or target that is none."""
    end = spec.to_ms if spec.as_of_ms is None else max(spec.from_ms, min(spec.to_ms, spec.as_of_ms))
    _validate(spec)
    period = (spec.from_ms, end)
    order = host_order(spec)
    tracks = [follow(name, spec.checks[name], period) for name in order]
    excluded = exclusions(spec.windows, spec.params.min_notice_ms, period)
    pieces = list(_pieces(spec, period, _states(spec, order, tracks, period), excluded))
    return Reading(period, tracks, pieces, excluded.flags)


def summary(scenarios: Scenarios, params: Params) -> tuple[Buckets, Ratios, Bounds, bool | None]:
    """Sums, ratios, bounds and whether the target is met, from final classes."""
    sums = buckets(scenarios.estimate)
    shares = ratios(sums, params.target, params.unknown_cap_budget)
    meets = None if shares.score is None else shares.score >= params.target
    return sums, shares, bounds(scenarios, params.target, params.clock_uncertainty_ms), meets


def host_order(spec: ServiceSpec) -> list[str]:
    """The checks that the tree needs, every host before those that ask it."""
    order: list[str] = []
    for name in dict.fromkeys(leaves(spec.tree)):
        chain: list[str] = []
        at: str | None = name
        while at is not None and at not in order:
            if at in chain:
                raise SpecError("host.cycle", at, "is its own host: " + " -> ".join([*chain, at]))
            if at not in spec.checks:
                raise SpecError("check.unknown", at, "no such check")
            chain.append(at)
            at = spec.checks[at].host
        order.extend(reversed(chain))
    return order


def _validate(spec: ServiceSpec) -> None:
    if spec.to_ms < spec.from_ms:
        raise SpecError("period", str(spec.from_ms), "ends before it starts")
    if not 0 <= spec.params.target <= 1:
        raise SpecError("target", str(spec.params.target), "is a ratio between 0 and 1")


def _states(spec: ServiceSpec, order: list[str], tracks: list[CheckTrack], period: Span) -> Steps[int]:
    """The service's own state triple over the period: hosts asked, tree applied."""
    index = {name: i for i, name in enumerate(order)}
    hosts = [(i, index[host]) for i, name in enumerate(order) if (host := spec.checks[name].host) is not None]
    rule = compiled(spec.tree, index)
    need = DEGRADED if spec.params.degraded_is_available else UP
    known: dict[tuple[int, ...], int] = {}
    steps: Steps[int] = [(period[0], NO_STATE)]
    for start, _, triples in sweep([one.steps for one in tracks], period[1]):
        triple = known.get(triples)
        if triple is None:
            triple = known[triples] = _judged(triples, hosts, rule, need)
        put(steps, start, triple, period[1])
    return steps


def _judged(triples: tuple[int, ...], hosts: list[tuple[int, int]], rule: Rule, need: int) -> int:
    out = 0
    for shift in SHIFTS:
        states = [triple >> shift & 3 for triple in triples]
        for i, host in hosts:
            if states[i] == NONE and states[host] == DOWN:
                states[i] = DOWN
        out |= judged(rule, states, need) << shift
    return out


def _pieces(
    spec: ServiceSpec, period: Span, states: Steps[int], excluded: Exclusions
) -> Iterator[tuple[int, int, int, int]]:
    """(from, to, state triple, mask of exclusions) in order of time."""
    layers = [(OUT, union(spec.not_in_service)), (MAINTAINED, excluded.maintenance), (OTHER, excluded.other)]
    if spec.hours is not None and period[0] < period[1]:
        layers.append((OFF, complement(agreed(spec.hours, period, spec.calendar), *period)))
    used = [(bit, covered(spans, *period)) for bit, spans in layers if spans]
    for start, end, values in sweep([states, *(steps for _, steps in used)], period[1]):
        mask = 0
        for (bit, _), inside in zip(used, values[1:], strict=True):
            mask |= bit * inside
        yield start, end, values[0], mask


def _scenarios(pieces: list[tuple[int, int, int, int]], params: Params) -> Scenarios:
    made = []
    for shift in SHIFTS:
        read: list[Piece] = [(a, b, triple >> shift & 3, mask) for a, b, triple, mask in pieces]
        made.append(classified(read, params.exclude_scope, params.maintenance_cap_ms))
    return Scenarios(*made)


def _capped(flags: tuple[Flag, ...], scenarios: Scenarios, params: Params) -> tuple[Flag, ...]:
    """Say so when the cap on maintenance was reached: from where on it counts as measured."""
    cap = params.maintenance_cap_ms
    used = spans_of(scenarios.estimate, TimeClass.MAINTENANCE)
    if cap is None or not used or sum(b - a for a, b in used) < cap:
        return flags
    return (*flags, Flag(FlagCode.CAPPED, "maintenance_cap", used[-1][1]))


def _figure(
    spec: ServiceSpec,
    period: Span,
    tracks: list[CheckTrack],
    made: tuple[Scenarios, tuple[Segment, ...]],
    flags: tuple[Flag, ...],
) -> Figure:
    calendar = spec.calendar.version if spec.calendar and spec.hours and spec.hours.days is None else None
    whole = summed((period, spec.to_ms), spec.params, tracks, made, (flags, spec.windows, calendar))
    unknown = spans_of(made[0].estimate, TimeClass.UNKNOWN)
    return replace(whole, attested_ms=common(union(spec.attested), unknown))


def summed(
    span: tuple[Span, int],
    params: Params,
    tracks: Sequence[CheckTrack],
    made: tuple[Scenarios, tuple[Segment, ...]],
    said: tuple[tuple[Flag, ...], tuple[Window, ...], str | None],
) -> Figure:
    """The figure of final classes. `span`: what was evaluated, and the period's end; `made`: classes, and
    those before exclusions; `said`: flags, windows, the version of the calendar."""
    (period, to_ms), (scenarios, measured) = span, made
    sums, shares, limits, meets = summary(scenarios, params)
    if sums.total != period[1] - period[0]:
        raise AssertionError(f"classes sum to {sums.total} ms of {period[1] - period[0]}")
    # A run that several stretches of a period have a part of is one.
    runs = {run[:3]: run for one in tracks for run in one.counted}
    gaps = [one.longest_gap_ms for one in tracks if one.longest_gap_ms is not None]
    return Figure(
        from_ms=period[0],
        to_ms=to_ms,
        evaluated_to_ms=period[1],
        params=params,
        buckets=sums,
        ratios=shares,
        bounds=limits,
        meets=meets,
        faults=faults(scenarios, measured, params.faults),
        scenarios=scenarios,
        blips=tuple(blip for one in tracks for blip in one.blips),
        divergences=tuple(found for one in tracks for found in one.divergences),
        longest_gap_ms=max(gaps, default=None),
        observations=sum(run[4] for run in runs.values()),
        # False: a run reaches over an edge, so that observations outside are counted too.
        observations_whole=all(run[2] >= period[0] and run[3] < period[1] for run in runs.values()),
        evidence=tuple(series for one in tracks for series in one.evidence),
        flags=said[0],
        windows=said[1],
        calendar=said[2],
    )
