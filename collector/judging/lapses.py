"""The same system so many months running without a visit, an inspection, a backup or a scan (LH-41). Pure.

A month is one without only where that month's own line is proven to have nothing: by looks that were due and
are not there, or by a word that it was not done (`not_done`). Where the line itself is not proven, or full by
rule, or a written notice excuses it, no month without is proven of it either.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import TypeVar

from collector.inspection.cadence_model import Breach, Waiver
from collector.inspection.cadence_terms import ObligationTerms
from collector.inspection.deadlines import shanghai, start_of, stretches
from collector.judging import inspections, late_scans, said
from collector.judging.asked import Asked, kinds_of
from collector.judging.estates import Estates
from collector.judging.ground import Ground
from collector.judging.not_done import NOT_DONE, settled
from collector.judging.regular import About, regular
from collector.judging.scope import Scope, met
from collector.judging.spans import periods_of
from collector.judging.united import when
from collector.judging.units import scope_of, unit_of, units_in
from collector.packs.model import Pack
from collector.packs.options import resolve
from collector.scoring.choices import Choices
from collector.scoring.model import Gap, Item, PackPeriod, Unit
from collector.scoring.terms import Value

LAPSE = "lapse"
_A_DAY = timedelta(days=1)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """A contract's terms under its options, its term [first, end), and as of when."""

    pack: Pack
    options: Mapping[str, Value]
    terms: ObligationTerms
    term: tuple[date, date]
    as_of_ms: int


class Month(Enum):
    """What a month was of one kind of work."""

    DONE = "done"  # or not owed, or excused
    WITHOUT = "without"
    UNTOLD = "untold"


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
class _Told:
    """A month's units, and what its lines count and miss. `begun`: the collector was there from its first day
    on; of a month in which it was put up only a word proves that something was not done."""

    period: PackPeriod
    scope: Scope
    units: tuple[Unit, ...]
    items: _Places
    gaps: _Places
    words: _Places
    begun: bool


def lapses(
    ground: Ground, question: Question, waivers: Sequence[Waiver] = (), denied: Sequence[Waiver] = ()
) -> tuple[tuple[Breach, ...], tuple[Breach, ...]]:
    """Those that are proven, and those that may be, each on the last instant of its months. `waivers`: that
    excuse, `denied`: of obligations that somebody says were not done."""
    terms = question.terms
    if not terms.lapse_months or not ground.applied:
        return (), ()
    proven: list[Breach] = []
    perhaps: list[Breach] = []
    runs: dict[tuple[str, str, str], tuple[int, int]] = {}
    for month in _months(ground, question):
        about = _About.of(month, question, waivers, denied)
        for unit, system in _systems(month):
            for kind in terms.lapse_kinds:
                key = (kind, unit.id, system)
                state = about.state(kind, unit, system)
                runs[key], ends = _next(runs.get(key, (0, 0)), state, terms.lapse_months)
                if ends is not None:
                    at = month.period.to_ms - 1
                    made = Breach(LAPSE, at, at, -1, unit.id, system, what=kind)
                    (proven if ends else perhaps).append(made)
    return tuple(proven), tuple(perhaps)


def _next(run: tuple[int, int], state: Month, needed: int) -> tuple[tuple[int, int], bool | None]:
    """Months running that were surely without, and that may have been; whether a lapse ends here: surely,
    perhaps, or (None) not. Each lapse begins anew."""
    if state is Month.DONE:
        return (0, 0), None
    surely, perhaps = (run[0] + 1 if state is Month.WITHOUT else 0), run[1] + 1
    if surely == needed:
        return (0, 0), True
    return ((surely, 0), False) if perhaps == needed else ((surely, perhaps), None)


@dataclass(frozen=True, slots=True)
class _About:
    """What a month's state of one kind of work is told from. `excused`, `denied`: notices and words, by kind;
    `free`: kinds of units that have it full by rule."""

    month: _Told
    excused: Mapping[str, Sequence[Waiver]]
    denied: Mapping[str, Sequence[Waiver]]
    free: Mapping[str, frozenset[str]]

    @classmethod
    def of(
        cls, month: _Told, question: Question, waivers: Sequence[Waiver], denied: Sequence[Waiver]
    ) -> "_About":
        terms, period = question.terms, month.period
        middle = (period.from_ms + period.to_ms) // 2
        excusing = [one for one in waivers if _waives(one, period, terms)]
        denying = [one for one in denied if one.from_ms <= middle < one.to_ms]
        names = {kind: _names(kind, terms) for kind in terms.lapse_kinds}
        free = {kind: _full_for(kind, question.pack) for kind in terms.lapse_kinds}
        return cls(month, _by_kind(excusing, names), _by_kind(denying, names), free)

    def state(self, kind: str, unit: Unit, system: str) -> Month:
        """What it was for a system."""

        def held(some: Sequence[Waiver]) -> bool:
            return any(_of(one, unit.id, system) for one in some)

        month, where = self.month, (unit.id, system)
        if unit.kind in self.free[kind] or held(self.excused[kind]) or month.items.of(kind, *where):
            return Month.DONE
        if held(self.denied[kind]):
            return Month.WITHOUT
        if not month.begun and not month.words.of(kind, *where):
            return Month.DONE
        return Month.UNTOLD if month.gaps.of(kind, *where) else Month.WITHOUT


def _by_kind(some: Sequence[Waiver], names: Mapping[str, frozenset[str]]) -> dict[str, list[Waiver]]:
    return {kind: [one for one in some if held.intersection(one.what)] for kind, held in names.items()}


def _of(one: Waiver, unit: str, system: str) -> bool:
    """Whether a notice is about a system, its unit, or all of them."""
    return one.unit in (None, unit) and one.system in (None, system)


def _systems(month: _Told) -> Iterator[tuple[Unit, str]]:
    """Systems that were in scope and in service in the middle of a month."""
    middle = (month.period.from_ms + month.period.to_ms) // 2
    known = {one.id: one for one in month.scope.systems}
    for unit in month.units:
        for system in unit.systems:
            spans = known[system.id].in_scope, known[system.id].in_service
            if all(met(held, middle, middle + 1) for held in spans):
                yield unit, system.id


def _names(kind: str, terms: ObligationTerms) -> frozenset[str]:
    """What a notice may name to excuse a month of a kind: the work, its obligations, those that forbid the
    lapse."""
    cadences = [(one.id, cadence) for one in terms.obligations for cadence in one.cadences]
    return frozenset({kind, *(name for name, one in cadences if kind in one.what or LAPSE in one.breach)})


def _full_for(kind: str, pack: Pack) -> frozenset[str]:
    """Kinds of units that have the line of this work full by rule."""
    earned = [one for one in pack.scoring.lines if one.earn is not None and one.earn.count.kind == kind]
    either = [one for one in pack.scoring.lines if one.either is not None and one.either.count.kind == kind]
    return frozenset(word for one in (*earned, *either) for word in one.full_for)


def _waives(one: Waiver, month: PackPeriod, terms: ObligationTerms) -> bool:
    edge = month.to_ms if terms.waiver_before == "due" else month.from_ms
    return one.received_ms < edge and one.from_ms < month.to_ms and one.to_ms > month.from_ms


def _months(ground: Ground, question: Question) -> Iterator[_Told]:
    """Every month of the term that is over, with what its lines count."""
    options = resolve(question.pack, question.options)
    kinds = kinds_of(question.pack) | set(question.terms.lapse_kinds)
    periods = _periods(question, options)
    estates = Estates.of(ground.applied, ground.said)
    rounds = inspections.counting(ground.rounds, estates.words, options.get("inspection.silent"))
    by_round = _parted(rounds, periods, when)
    by_point = _parted(ground.backups, periods, lambda one: one.at_ms)
    for number, period in enumerate(periods):
        asked = Asked(question.pack, kinds, options, period, question.as_of_ms, question.term, {})
        scope = scope_of(estates, period, question.as_of_ms)
        units = units_in(scope, period)
        about = About(estates, scope, units)
        found = regular(ground, about, asked, by_round[number], by_point[number], once=True)
        begun = ground.applied[0].at_ms < start_of(period.first + _A_DAY, shanghai())
        items, gaps = _settled(ground, units, asked, found)
        places = _Places.of_all(items), _Places.of_all(gaps), _Places.of_words(items)
        yield _Told(period, scope, units, *places, begun)


def _settled(
    ground: Ground, units: tuple[Unit, ...], asked: Asked, found: tuple[list[Item], list[Gap]]
) -> tuple[Sequence[Item], Sequence[Gap]]:
    """With visits, without scans that nobody vouches for, and after what was stated not to have been done."""
    visits = [one for one in ground.said if one.kind == "visit"]
    made = list(said.statements(visits, unit_of(units), asked))
    wanted = said.Wanted(asked.kinds & {"visit"}, units)
    open_ = said.unproven(visits, made, wanted, asked.period, asked.as_of_ms)
    both = [*found[0], *made], [*found[1], *open_]
    items, gaps = late_scans.doubted(both, ground.scans, ground.said, asked.period)
    return settled(ground.said, (items, gaps), asked)


def _periods(question: Question, options: Mapping[str, Value]) -> list[PackPeriod]:
    """Those that are over; called as the pack calls them where its periods are months."""
    first, end = question.term
    zone = shanghai()
    every = periods_of(question.pack.periods, first.isoformat(), Choices(options))
    known = {(one.first, one.end): one for one in every}
    made = []
    for number, (low, high) in enumerate(stretches(first, end, 1, question.terms.anchor_day), 1):
        plain = PackPeriod(f"month {number}", number, start_of(low, zone), start_of(high, zone), low, high)
        made.append(known.get((low, high), plain))
    return [one for one in made if one.to_ms <= question.as_of_ms]


def _parted(things: Sequence[T], periods: Sequence[PackPeriod], at: Callable[[T], int]) -> list[list[T]]:
    """Things by the period they are in; the periods follow each other."""
    made: list[list[T]] = [[] for _ in periods]
    starts = [one.from_ms for one in periods]
    for thing in things:
        number = bisect_right(starts, at(thing)) - 1
        if number >= 0 and at(thing) < periods[number].to_ms:
            made[number].append(thing)
    return made
