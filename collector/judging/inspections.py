"""Inspections: what a closed round's record says of each unit, and which of it counts in a period."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from collector.inspection.record import Record
from collector.judging.ground import UnitRound, day, worst
from collector.judging.scope import AssetScope, Scope
from collector.scoring.model import Gap, Item, PackPeriod, Proof, Unit

LOG = "log"  # who signs what the collector says
_MILLE = 1000
_PER_CENT = 10  # per mille


@dataclass(slots=True)
class _Share:
    due: int = 0
    answered: int = 0
    assets: set[str] = field(default_factory=set)
    attempted: set[str] = field(default_factory=set)
    last: int | None = None
    grades: set[str] = field(default_factory=set)

    def seen(self, asset: str, t_ms: int | None) -> None:
        """An asset of which something was answered."""
        self.attempted.add(asset)
        if t_ms is not None:
            self.last = t_ms if self.last is None else max(self.last, t_ms)


def unit_rounds(idx: int, received_ms: int, record: Record, scope: Scope) -> tuple[UnitRound, ...]:
    """What a record says of each unit, by the estate it was made under; unit "" for assets without one."""
    assets = {one.id: one for one in scope.assets}
    shares: dict[str, _Share] = {}

    def share(asset: str) -> _Share:
        held = shares.setdefault(_unit(assets, asset), _Share())
        held.due += 1
        held.assets.add(asset)
        return held

    for item in record.items:
        name = item.asset or item.target
        held = share(name)
        held.answered += 1
        held.seen(name, item.t_ms)
        held.grades.add(_grade(assets.get(name), item.agent))
    for missing in record.not_inspected:
        name = missing.asset or missing.target
        held = share(name)
        if missing.evidence is not None:
            held.seen(name, None)
    return tuple(_round(idx, received_ms, record, unit, one) for unit, one in sorted(shares.items()))


def _unit(assets: Mapping[str, AssetScope], asset: str) -> str:
    found = assets.get(asset)
    return "" if found is None else found.unit or ""


def _grade(asset: AssetScope | None, agent: str) -> str:
    """C: an agent about its own host, or nobody knows whose; B: about another machine."""
    if asset is None or agent in (asset.agent or asset.id, ""):
        return "C"
    return "B"


def _round(idx: int, received_ms: int, record: Record, unit: str, one: _Share) -> UnitRound:
    window = record.window
    return UnitRound(
        window=window.id,
        unit=unit,
        round=record.round,
        idx=idx,
        received_ms=received_ms,
        from_ms=window.from_ms,
        last_ms=one.last,
        due=one.due,
        answered=one.answered,
        assets=len(one.assets),
        attempted=len(one.attempted),
        grade=worst(sorted(one.grades)),
    )


def coverage(one: UnitRound) -> int:
    """Looks answered, per mille, rounded down; 0 where an asset of the unit was not even tried, for then the
    round was not one of the whole unit."""
    return one.answered * _MILLE // one.due if one.attempted == one.assets and one.due else 0


def inspections(
    rounds: Sequence[UnitRound], units: Sequence[Unit], period: PackPeriod, least: int = 95
) -> Iterator[Item]:
    """One item for each unit and round that was finished in the period, on the day of its last look.

    A round with less than `least` per cent of its looks answered is a partial one, and does not count.
    """
    known = {unit.id for unit in units}
    for one in rounds:
        at = one.last_ms
        if at is None or not period.from_ms <= at < period.to_ms or (one.unit and one.unit not in known):
            continue
        if coverage(one) < least * _PER_CENT:
            continue
        yield Item(
            kind="inspection",
            day=day(at),
            at_ms=at,
            unit=one.unit or None,
            facts={"round": one.window, "coverage": coverage(one)},
            proofs=(Proof(one.idx, LOG, one.grade),),
        )


def unproven(
    rounds: Sequence[UnitRound], units: Sequence[Unit], period: PackPeriod, as_of_ms: int
) -> Iterator[Gap]:
    """Units of which nothing at all says whether they were inspected; and all of them while it goes on."""
    told = {one.unit for one in rounds if period.from_ms <= (one.last_ms or one.from_ms) < period.to_ms}
    for unit in units:
        if as_of_ms < period.to_ms:
            yield Gap("inspection", "period_open", unit.id, who="operator", until_ms=period.to_ms)
        elif unit.id not in told:
            yield Gap("inspection", "not_observed", unit.id, who="operator")
