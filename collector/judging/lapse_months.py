"""What one month was of each kind of work, for months without (lapses). Pure.

A month is told from what belongs to it alone (`Matter`), and is remembered by that: whatever comes later for
other months leaves it as it was, and what comes late for it makes it anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock

from collector.inspection.cadence_model import Waiver
from collector.judging import late_scans, said
from collector.judging.asked import Asked
from collector.judging.estates import Estates
from collector.judging.ground import BackedUp, Ground, UnitRound
from collector.judging.not_done import NOT_DONE, settled
from collector.judging.regular import About, regular
from collector.judging.scope import Scope, met
from collector.judging.units import scope_of, unit_of, units_in
from collector.scoring.model import Gap, Item, PackPeriod, Unit

VISIT = "visit"
REGULAR = frozenset({"inspection", "backup", "scan"})
"""Kinds of work that looks and reports tell of; of others only people can."""
_MOST_MONTHS, _MOST_OF_ONE = 512, 3


class Month(Enum):
    """What a month was of one kind of work."""

    DONE = "done"  # or not owed, or excused
    WITHOUT = "without"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Matter:
    """All that a month that is over is told from.

    `asked`: its period, as of its end; `kinds`: of which work; `ground`: what was scanned, stated and not
    seen of it; `begun`: the collector was there from its first day on: of a month in which it was put up only
    a word proves that something was not done. `excused`, `denied`: notices and words, by kind; `free`: kinds
    of units that have it full by rule.
    """

    kinds: tuple[str, ...]
    begun: bool
    asked: Asked
    estates: Estates
    ground: Ground
    rounds: tuple[UnitRound, ...] = ()
    points: tuple[BackedUp, ...] = ()
    excused: Mapping[str, Sequence[Waiver]] = field(default_factory=dict)
    denied: Mapping[str, Sequence[Waiver]] = field(default_factory=dict)
    free: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """Systems that were in scope and in service in the middle of a month, by unit and name; by kind of work
    what it was for them."""

    systems: tuple[tuple[str, str], ...]
    states: Mapping[str, Mapping[tuple[str, str], Month]]


TOLD: dict[tuple[PackPeriod, tuple[str, ...]], tuple[tuple[Matter, Told], ...]] = {}
"""What is remembered, by period and kinds of work; held against the matter at each use."""
_LOCK = Lock()


def told(matter: Matter) -> Told:
    """What the month was: as it was told before, of the same."""
    key = matter.asked.period, matter.kinds
    held = TOLD.get(key, ())
    made = next((one for known, one in held if known == matter), None)
    if made is None:
        made = told_anew(matter)
        with _LOCK:
            while len(TOLD) >= _MOST_MONTHS:
                TOLD.pop(next(iter(TOLD)))
            TOLD[key] = (*TOLD.pop(key, ())[1 - _MOST_OF_ONE :], (matter, made))
    return made


def told_anew(matter: Matter) -> Told:
    """The same, without a look at what is remembered."""
    asked = matter.asked
    scope = scope_of(matter.estates, asked.period, asked.as_of_ms)
    units = units_in(scope, asked.period)
    found: tuple[list[Item], list[Gap]] = [], []
    if not REGULAR.isdisjoint(matter.kinds):
        about = About(matter.estates, scope, units)
        found = regular(matter.ground, about, asked, matter.rounds, matter.points, once=True)
    items, gaps = _settled(matter.ground, units, asked, found)
    seen = _Seen(matter, _Places.of_all(items), _Places.of_all(gaps), _Places.of_words(items))
    every = tuple(_systems(scope, units, asked.period))
    states = {
        kind: {(unit.id, system): seen.state(kind, unit, system) for unit, system in every}
        for kind in matter.kinds
    }
    return Told(tuple((unit.id, system) for unit, system in every), states)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where something of a kind is told of: (kind, unit, system), None for all of them."""

    held: frozenset[tuple[str, str | None, str | None]]

    @classmethod
    def of_all(cls, some: Iterable[Item | Gap]) -> "_Places":
        """By their own kinds."""
        return cls(frozenset((one.kind, one.unit, one.system) for one in some))

    @classmethod
    def of_words(cls, some: Iterable[Item]) -> "_Places":
        """Words that something was not done, by the kind of what was not."""
        words = [one for one in some if one.kind == NOT_DONE]
        return cls(frozenset((str(one.facts.get("item")), one.unit, one.system) for one in words))

    def of(self, kind: str, unit: str, system: str) -> bool:
        """Whether anything is about a system, its unit, or all of them."""
        return any((kind, u, s) in self.held for u in (None, unit) for s in (None, system))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a month's lines count and miss."""

    matter: Matter
    items: _Places
    gaps: _Places
    words: _Places

    def state(self, kind: str, unit: Unit, system: str) -> Month:
        """What it was for a system."""
        matter, where = self.matter, (unit.id, system)

        def held(some: Sequence[Waiver]) -> bool:
            return any(one.unit in (None, unit.id) and one.system in (None, system) for one in some)

        if unit.kind in matter.free[kind] or held(matter.excused[kind]) or self.items.of(kind, *where):
            return Month.DONE
        if held(matter.denied[kind]):
            return Month.WITHOUT
        if not matter.begun and not self.words.of(kind, *where):
            return Month.DONE
        return Month.UNTOLD if self.gaps.of(kind, *where) else Month.WITHOUT


def _systems(scope: Scope, units: Sequence[Unit], period: PackPeriod) -> Iterator[tuple[Unit, str]]:
    middle = (period.from_ms + period.to_ms) // 2
    known = {one.id: one for one in scope.systems}
    for unit in units:
        for system in unit.systems:
            spans = known[system.id].in_scope, known[system.id].in_service
            if all(met(held, middle, middle + 1) for held in spans):
                yield unit, system.id


def _settled(
    ground: Ground, units: tuple[Unit, ...], asked: Asked, found: tuple[list[Item], list[Gap]]
) -> tuple[Sequence[Item], Sequence[Gap]]:
    """With visits, without scans that nobody vouches for, and after what was stated not to have been done."""
    visits = [one for one in ground.said if one.kind == VISIT]
    made = list(said.statements(visits, unit_of(units), asked))
    wanted = said.Wanted(asked.kinds & {VISIT}, units)
    open_ = said.unproven(visits, made, wanted, asked.period, asked.as_of_ms)
    both = [*found[0], *made], [*found[1], *open_]
    items, gaps = late_scans.doubted(both, ground.scans, ground.said, asked.period)
    return settled(ground.said, (items, gaps), asked)
