"""Units and systems that a period is about, whatever the estate became in the middle of it."""

from collections.abc import Sequence

from collector.judging.estates import Estates
from collector.judging.ground import Applied
from collector.judging.scope import Scope, met
from collector.scoring.model import PackPeriod, System, Unit
from collector.statements.model import Said


def scope_of(estates: Estates, period: PackPeriod, as_of_ms: int) -> Scope:
    """Everything that was in an estate in force in the period, as far as it has gone by then."""
    return estates.scope(period.from_ms, min(period.to_ms, max(as_of_ms, period.from_ms) + 1))


def units_of(
    applied: Sequence[Applied], period: PackPeriod, as_of_ms: int, said: Sequence[Said] = ()
) -> tuple[Unit, ...]:
    """Every unit, and every system that was in scope for a part of the period; `said`: what stands.

    A system that the estate drops in mid-period still counts: else a bad one could be dropped on the last
    day. One that moved counts in the unit where the period found it, and in the new one from the next on.
    """
    return units_in(scope_of(Estates.of(applied, said), period, as_of_ms), period)


def units_in(scope: Scope, period: PackPeriod) -> tuple[Unit, ...]:
    """The same, from everything that the estates of the period name."""
    inside = [one for one in scope.systems if met(one.in_scope, period.from_ms, period.to_ms)]
    return tuple(
        Unit(
            unit.id,
            unit.name,
            unit.kind,
            tuple(System(one.id, one.name) for one in inside if one.unit == unit.id),
        )
        for unit in scope.units
    )


def unit_of(units: Sequence[Unit]) -> dict[str, str]:
    """System -> unit."""
    return {system.id: unit.id for unit in units for system in unit.systems}
