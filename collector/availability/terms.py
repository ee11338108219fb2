"""A service's terms: everything but the evidence that its figure depends on, as plain data.

The collector makes terms of the estate and logs them with it (the document of the estate's entry), so that
the offline verifier computes the same figure from the same terms without reading YAML. `spec` joins them
with the evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from checks.codec import FieldError
from collector.availability.calendar_cn import Calendar
from collector.availability.classes import Scope
from collector.availability.engine import Params, ServiceSpec
from collector.availability.faults import FaultRules, Profile
from collector.availability.hours import Hours
from collector.availability.runs import Run
from collector.availability.tree import All, AnyOf, Leaf, Node, Weighted
from collector.availability.votes import CheckRuns, Vote
from collector.availability.windows import Window

Runs = Mapping[tuple[str, str], Mapping[str, tuple[Run, ...]]]
"""(check, target) -> vantage -> runs."""


@dataclass(frozen=True, slots=True)
class LeafTerms:
    """One leaf of the tree: whose observations it is, and how they count. `host` is another leaf's name."""

    check: str
    target: str
    hold_ms: int
    confirm: int = 2
    vote: Vote = Vote.MAJORITY
    min_vantages: int = 1
    host: str | None = None


@dataclass(frozen=True, slots=True)
class HoursTerms:
    """Agreed hours: weekdays (Monday is 0), None for Chinese working days; ranges in minutes of the day."""

    zone: str
    days: tuple[int, ...] | None
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """One service. `tree`: a leaf's name, {"all": […]}, {"any": […]} or
    {"weighted": {"up", "degraded", "weights", "of"}}.

    `leaves` also holds leaves that only serve as another one's host. No target: no promise was made.
    """

    id: str
    name: str
    tree: Any
    leaves: dict[str, LeafTerms]
    target: Fraction | None = None
    degraded_is_available: bool = True
    unknown_cap: Fraction | None = Fraction(1, 10)
    exclude_scope: Scope = Scope.ALL
    min_notice_ms: int = 0
    maintenance_cap_ms: int | None = None
    core: bool = True
    profile: Profile | None = None
    merge_gap_ms: int = 60_000
    min_fault_ms: int = 60_000
    hours: HoursTerms | None = None
    not_in_service: tuple[tuple[int, int], ...] = field(default=())


def spec(
    terms: ServiceTerms,
    runs: Runs,
    *,
    period: tuple[int, int],
    as_of_ms: int | None = None,
    windows: Sequence[Window] = (),
    calendar: Calendar | None = None,
) -> ServiceSpec:
    """The engine's question; FieldError (naming the place in the terms) for a tree that is none."""
    return ServiceSpec(
        from_ms=period[0],
        to_ms=period[1],
        params=_params(terms),
        checks={name: _check(leaf, runs) for name, leaf in terms.leaves.items()},
        tree=_node(terms.tree, terms.leaves, f"{terms.id}.tree"),
        windows=tuple(windows),
        hours=_hours(terms.hours),
        calendar=calendar,
        not_in_service=terms.not_in_service,
        as_of_ms=as_of_ms,
    )


def _params(terms: ServiceTerms) -> Params:
    return Params(
        target=terms.target if terms.target is not None else Fraction(0),
        degraded_is_available=terms.degraded_is_available,
        # Without a promise there is no error budget to forgive unmeasured time from.
        unknown_cap_budget=Fraction(0) if terms.target is None else terms.unknown_cap,
        exclude_scope=terms.exclude_scope,
        min_notice_ms=terms.min_notice_ms,
        maintenance_cap_ms=terms.maintenance_cap_ms,
        faults=FaultRules(terms.profile, terms.core, terms.merge_gap_ms, terms.min_fault_ms),
    )


def _check(leaf: LeafTerms, runs: Runs) -> CheckRuns:
    return CheckRuns(
        runs=runs.get((leaf.check, leaf.target), {}),
        hold_ms=leaf.hold_ms,
        confirm=leaf.confirm,
        host=leaf.host,
        rule=leaf.vote,
        min_vantages=leaf.min_vantages,
    )


def _hours(hours: HoursTerms | None) -> Hours | None:
    if hours is None:
        return None
    return Hours(hours.zone, None if hours.days is None else frozenset(hours.days), hours.ranges)


def _node(tree: Any, leaves: Mapping[str, LeafTerms], path: str) -> Node:
    match tree:
        case str() if tree in leaves:
            return Leaf(tree)
        case {"all": list() as parts, **rest} if not rest and parts:
            return All(_nodes(parts, leaves, f"{path}.all"))
        case {"any": list() as parts, **rest} if not rest and parts:
            return AnyOf(_nodes(parts, leaves, f"{path}.any"))
        case {
            "weighted": {
                "up": int() as up,
                "degraded": int() as low,
                "weights": list() as by,
                "of": list() as of,
            }
        }:
            if len(by) != len(of) or not all(type(weight) is int for weight in by):
                raise FieldError(f"{path}.weighted", "one whole weight for each part is wanted here")
            return Weighted(up, low, _nodes(of, leaves, f"{path}.weighted.of"), tuple(by))
    raise FieldError(path, "a leaf's name, or all, any or weighted, is wanted here")


def _nodes(parts: Sequence[Any], leaves: Mapping[str, LeafTerms], path: str) -> tuple[Node, ...]:
    return tuple(_node(part, leaves, f"{path}.{i}") for i, part in enumerate(parts))
