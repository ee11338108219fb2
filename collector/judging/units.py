"""Units and systems that a period is about, whatever the estate became in the middle of it."""

from collections.abc import Iterator, Sequence

from collector.judging.ground import Applied, scope_at
from collector.judging.scope import Scope, SystemScope, UnitScope, met
from collector.scoring.model import PackPeriod, System, Unit


def units_of(applied: Sequence[Applied], period: PackPeriod, as_of_ms: int) -> tuple[Unit, ...]:
    """Every unit and system that was in scope for a part of the period, as last named in it.

    A system that the estate drops in mid-period still counts: else a bad one could be dropped on the last
    day. One that moved belongs to the unit where it was last.
    """
    units: dict[str, UnitScope] = {}
    systems: dict[str, SystemScope] = {}
    for scope in _scopes(applied, period, as_of_ms):
        units |= {one.id: one for one in scope.units}
        systems |= {one.id: one for one in scope.systems}
    inside = [one for one in systems.values() if met(one.in_scope, period.from_ms, period.to_ms)]
    return tuple(
        Unit(
            unit.id,
            unit.name,
            unit.kind,
            tuple(System(one.id, one.name) for one in inside if one.unit == unit.id),
        )
        for unit in units.values()
    )


def _scopes(applied: Sequence[Applied], period: PackPeriod, as_of_ms: int) -> Iterator[Scope]:
    """What was in force at the beginning, and everything applied later in the period."""
    yield scope_at(applied, period.from_ms)
    for one in applied:
        if period.from_ms < one.at_ms < min(period.to_ms, as_of_ms + 1) and one.terms.scope is not None:
            yield one.terms.scope


def unit_of(units: Sequence[Unit]) -> dict[str, str]:
    """System -> unit."""
    return {system.id: unit.id for unit in units for system in unit.systems}
