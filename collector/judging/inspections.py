"""Inspections: what a closed round's record says of each unit, and which of it counts in a period."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from collector.inspection.cadence_model import NOT_CONFIRMED, NOT_PLANNED
from collector.inspection.human import NOT_DONE
from collector.judging.ground import UnitRound, day, worst
from collector.judging.scope import AssetScope, Scope, met
from collector.judging.united import united
from collector.judging.words import Outside, Words
from collector.scoring.model import Gap, Item, PackPeriod, Proof, Scalar, Unit

if TYPE_CHECKING:
    from collector.inspection.record import Record

VERSION = 3  # of what `unit_rounds` makes of a record: another one means other rows
BY_PEOPLE = "D"  # what people say they saw
LOG = "log"  # who signs what the collector says
REFUSES, COUNTS = "refuses", "counts"  # what the silence of an agent does to a round (inspection.silent)
_MILLE = 1000
_PER_CENT = 10  # per mille
_NAMED = 20  # so many assets are called by name in a gap


@dataclass(slots=True)
class _Share:
    """What is known of a unit. `owed`, `given`: looks by asset, and those answered; `wanted`: assets that a
    whole round has to try."""

    owed: dict[str, int] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    attempted: set[str] = field(default_factory=set)
    last: int | None = None
    grades: set[str] = field(default_factory=set)

    def owes(self, asset: str) -> "_Share":
        """One look more that an asset owed."""
        self.owed[asset] = self.owed.get(asset, 0) + 1
        self.wanted.add(asset)
        return self

    def seen(self, asset: str, t_ms: int | None) -> None:
        """An asset of which something was answered."""
        self.attempted.add(asset)
        if t_ms is not None:
            self.last = t_ms if self.last is None else max(self.last, t_ms)


def unit_rounds(idx: int, received_ms: int, record: "Record", scope: Scope) -> tuple[UnitRound, ...]:
    """What a record says of each unit that owed something, by the estate it was made under; unit "" for what
    belongs to none.

    What people answered counts as what machines did, with their grade. A whole round tries every asset that
    the unit had in scope and in service when the round opened, whether anybody had planned a look at it or
    not; what is out of scope or service counts neither way.
    """
    assets = {one.id: one for one in scope.assets if _counts(one, record.window.from_ms)}
    out = {one.id for one in scope.assets} - assets.keys()
    shares: dict[str, _Share] = defaultdict(_Share)
    for name, t_ms, agent in _answers(record):
        if name not in out:
            held = shares[_unit(assets, name)].owes(name)
            held.given[name] = held.given.get(name, 0) + 1
            held.seen(name, t_ms)
            held.grades.add(BY_PEOPLE if agent is None else _grade(assets.get(name), agent))
    for missing in record.not_inspected:
        name = missing.asset or missing.target
        if name not in out:
            held = shares[_unit(assets, name)].owes(name)
            if missing.evidence is not None:
                held.seen(name, None)
    for one in assets.values():
        if (one.unit or "") in shares:
            shares[one.unit or ""].wanted.add(one.id)
    return tuple(_round(idx, received_ms, record, unit, one) for unit, one in sorted(shares.items()))


def _answers(record: "Record") -> Iterator[tuple[str, int | None, str | None]]:
    """Asset, when, and which agent (None: people) of all that was answered."""
    for item in record.items:
        yield item.asset or item.target, item.t_ms, item.agent
    for look in record.human.items:
        if look.state != NOT_DONE:  # those stand among what was not inspected
            yield look.target, look.t_ms, None


def _counts(asset: AssetScope, at_ms: int) -> bool:
    """Whether an asset is in scope and in service at an instant."""
    # Mostly neither names any span, and this is asked of every asset for every round.
    if asset.in_scope and not met(asset.in_scope, at_ms, at_ms + 1):
        return False
    return not asset.in_service or met(asset.in_service, at_ms, at_ms + 1)


def units_with_assets(scope: Scope, at_ms: int) -> frozenset[str]:
    """Units that have anything to look at: assets in scope and in service at an instant."""
    return frozenset(one.unit for one in scope.assets if one.unit and _counts(one, at_ms))


def _unit(assets: Mapping[str, AssetScope], asset: str) -> str:
    found = assets.get(asset)
    return "" if found is None else found.unit or ""


def _grade(asset: AssetScope | None, agent: str) -> str:
    """C: an agent about its own host, or nobody knows whose; B: about another machine."""
    if asset is None or agent in (asset.agent or asset.id, ""):
        return "C"
    return "B"


def _round(idx: int, received_ms: int, record: "Record", unit: str, one: _Share) -> UnitRound:
    window, answered = record.window, sum(one.given.values())
    whole = one.wanted <= one.attempted and answered == sum(one.owed.values())
    return UnitRound(
        window=window.id,
        unit=unit,
        round=record.round,
        idx=idx,
        received_ms=received_ms,
        from_ms=window.from_ms,
        last_ms=one.last,
        due=sum(one.owed.values()),
        answered=answered,
        assets=len(one.wanted),
        attempted=len(one.attempted),
        grade=worst(sorted(one.grades)),
        untried=tuple((name, one.owed.get(name, 0)) for name in sorted(one.wanted - one.attempted)),
        looks=()
        if whole
        else tuple((name, one.owed[name], one.given.get(name, 0)) for name in sorted(one.attempted)),
    )


def counting(rounds: Iterable[UnitRound], words: Words, silent: object = REFUSES) -> tuple[UnitRound, ...]:
    """Rounds as they are held against a contract: without what is excused; and where the silence of an agent
    `counts` as unanswered looks, its assets stand as tried."""
    held = excused(rounds, words)
    return held if silent != COUNTS else tuple(_silent(one) for one in held)


def _silent(one: UnitRound) -> UnitRound:
    quiet = [(name, owed, 0) for name, owed in one.untried if owed]
    if not quiet:
        return one
    return replace(
        one,
        attempted=one.attempted + len(quiet),
        untried=tuple((name, owed) for name, owed in one.untried if not owed),
        looks=tuple(sorted((*one.looks, *quiet))),
    )


def excused(rounds: Iterable[UnitRound], words: Words) -> tuple[UnitRound, ...]:
    """Rounds without the assets that nobody tried and that were out of scope or service, as the buyer says or
    joined in saying. As the vendor's side alone says, they owe no looks, and leave the round open."""
    if not words.inside:
        return tuple(rounds)
    return tuple(_excused(one, words) for one in rounds)


def _excused(one: UnitRound, words: Words) -> UnitRound:
    told = {name: words.outside(name, one.from_ms) for name, _ in one.untried}
    if not any(told.values()):
        return one
    return replace(
        one,
        due=one.due - sum(owed for name, owed in one.untried if told[name]),
        assets=one.assets - sum(word is Outside.AGREED for word in told.values()),
        untried=tuple(
            (name, 0 if told[name] else owed)
            for name, owed in one.untried
            if told[name] is not Outside.AGREED
        ),
        claimed=tuple(name for name, word in told.items() if word is Outside.CLAIMED),
    )


def coverage(one: UnitRound) -> int:
    """Looks answered, per mille, rounded down; 0 where an asset of the unit was not even tried, for then the
    round was not one of the whole unit."""
    return one.answered * _MILLE // one.due if not one.untried and one.due else 0


def inspections(
    rounds: Sequence[UnitRound],
    units: Sequence[Unit],
    period: PackPeriod,
    least: int = 95,
    *,
    weekly: bool = True,
) -> Iterator[Item]:
    """One item for each unit and round that was finished in the period, on the day of its last look.

    A round with less than `least` per cent of its looks answered is a partial one, and does not count; where
    weeks are counted (`weekly`), those of one week count as what they looked at together.
    """
    known = {unit.id for unit in units}
    for one, parts in _effective(rounds, period, least, weekly):
        at = one.last_ms
        if at is None or (one.unit and one.unit not in known) or coverage(one) < least * _PER_CENT:
            continue
        yield Item(
            kind="inspection",
            day=day(at),
            at_ms=at,
            unit=one.unit or None,
            facts={"round": one.window, "coverage": coverage(one)},
            proofs=tuple(Proof(part.idx, LOG, part.grade) for part in parts),
        )


def _effective(
    rounds: Iterable[UnitRound], period: PackPeriod, least: int, weekly: bool
) -> Iterator[tuple[UnitRound, Sequence[UnitRound]]]:
    """The rounds of a period, each with what it is made of: those of a unit in a week in which none was whole
    are one."""
    weeks: dict[tuple[str, object], list[UnitRound]] = defaultdict(list)
    for one in rounds:
        at = one.from_ms if one.last_ms is None else one.last_ms
        if period.from_ms <= at < period.to_ms:
            weeks[one.unit, day(at).isocalendar()[:2]].append(one)
    for held in weeks.values():
        if weekly and not any(coverage(one) >= least * _PER_CENT for one in held):
            yield united(held), held
        else:
            yield from ((one, (one,)) for one in held)


def unproven(
    rounds: Sequence[UnitRound],
    units: Sequence[Unit],
    period: PackPeriod,
    as_of_ms: int,
    least: int = 95,
    *,
    weekly: bool = True,
) -> Iterator[Gap]:
    """Units of which nothing at all says whether they were inspected, or with assets that no look was planned
    at while the rest was done; and all of them while it goes on."""
    inside = [one for one, _ in _effective(rounds, period, least, weekly)]
    told = {one.unit for one in inside}
    for unit in units:
        if as_of_ms < period.to_ms:
            yield Gap("inspection", "period_open", unit.id, who="operator", until_ms=period.to_ms)
        elif unit.id not in told:
            yield Gap("inspection", "not_observed", unit.id, who="operator")
        else:
            yield from _unplanned([one for one in inside if one.unit == unit.id], unit.id, least)


def _unplanned(rounds: Sequence[UnitRound], unit: str, least: int) -> Iterator[Gap]:
    """The assets because of which rounds of a unit were no whole ones: nobody had planned a look at them, or
    only the vendor's side says that they were out of service."""
    short = [one for one in rounds if one.untried and not any(owed for _, owed in one.untried)]
    short = [one for one in short if coverage(replace(one, untried=())) >= least * _PER_CENT]
    for reason, who in ((NOT_PLANNED, "admin"), (NOT_CONFIRMED, "buyer")):
        # What nobody planned to look at is in the way first: the buyer's word alone would not do.
        mine = [one for one in short if (set(one.claimed) >= {n for n, _ in one.untried}) is (who == "buyer")]
        names = sorted({name for one in mine for name, _ in one.untried})
        if names:
            facts: dict[str, Scalar] = {"assets": ", ".join(names[:_NAMED]), "count": len(names)}
            yield Gap("inspection", reason, unit, at_most=len(mine), facts=facts, who=who)
