"""The same system so many months running without a visit, an inspection, a backup or a scan (LH-41). Pure.

A month is one without only where that month's own line is proven to have nothing: by looks that were due and
are not there, or by a word that it was not done (`not_done`). Where the line itself is not proven, or full by
rule, or a written notice excuses it, no month without is proven of it either.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import TypeVar

from collector.inspection.cadence_model import Breach, Waiver
from collector.inspection.cadence_terms import ObligationTerms
from collector.inspection.deadlines import shanghai, start_of, stretches
from collector.judging import inspections, late_scans, said
from collector.judging.asked import Asked, kinds_of
from collector.judging.estates import Estates
from collector.judging.ground import BackedUp, Ground
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
_REGULAR = frozenset({"inspection", "backup", "scan"})
"""Kinds of work that looks and reports tell of; of others only people can."""
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
    ground: Ground,
    question: Question,
    waivers: Sequence[Waiver] = (),
    denied: Sequence[Waiver] = (),
    span: tuple[int, int] | None = None,
) -> tuple[tuple[Breach, ...], tuple[Breach, ...]]:
    """Those that are proven, and those that may be, each on the last instant of its months. `waivers`: that
    excuse, `denied`: of obligations that somebody says were not done. `span`: only those that end in it; of
    the months before it as many are looked at as it takes to find each kind of work done."""
    terms = question.terms
    if not terms.lapse_months or not ground.applied:
        return (), ()
    work = _Work(ground, question, waivers, denied)
    ends = [n for n, one in enumerate(work.periods) if span is None or span[0] <= one.to_ms - 1 < span[1]]
    if not ends:
        return (), ()
    since = _since(work, ends, terms.lapse_kinds)
    proven: list[Breach] = []
    perhaps: list[Breach] = []
    runs: dict[tuple[str, str, str], tuple[int, int]] = {}
    for number in range(min(since.values()), ends[-1] + 1):
        kinds = tuple(kind for kind in terms.lapse_kinds if since[kind] <= number)
        about = work.about(number, kinds)
        for unit, system in _systems(about.month):
            for kind in kinds:
                key = (kind, unit.id, system)
                runs[key], lapsed = _next(
                    runs.get(key, (0, 0)), about.state(kind, unit, system), terms.lapse_months
                )
                if lapsed is not None and number >= ends[0]:
                    at = about.month.period.to_ms - 1
                    made = Breach(LAPSE, at, at, -1, unit.id, system, what=kind)
                    (proven if lapsed else perhaps).append(made)
    return tuple(proven), tuple(perhaps)


def _since(work: "_Work", ends: Sequence[int], kinds: Sequence[str]) -> dict[str, int]:
    """From which month on the months that end a lapse are told, by kind of work: from one on in which it was
    done for each of their systems, for what was done begins the count anew; else from the first month."""
    wanted = {(unit.id, system) for n in ends for unit, system in _systems(work.about(n, tuple(kinds)).month)}
    since, left = dict.fromkeys(kinds, ends[0]), {kind: set(wanted) for kind in kinds}
    for number in reversed(range(ends[0])):
        open_ = tuple(kind for kind in kinds if left[kind])
        if not open_:
            break
        about = work.about(number, open_)
        for unit, system in _systems(about.month):
            for kind in open_:
                where = (unit.id, system)
                if where in left[kind] and about.state(kind, unit, system) is Month.DONE:
                    left[kind].remove(where)
        since |= dict.fromkeys(open_, number)
    return since


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


class _Work:
    """The months of the term that are over, each told when it is asked for: once, of some kinds of work."""

    def __init__(
        self, ground: Ground, question: Question, waivers: Sequence[Waiver], denied: Sequence[Waiver]
    ) -> None:
        self._ground, self._question = ground, question
        self._said = waivers, denied
        self._options = resolve(question.pack, question.options)
        self._kinds = kinds_of(question.pack) | set(question.terms.lapse_kinds)
        self.periods = _periods(question, self._options)
        self._estates = Estates.of(ground.applied, ground.said)
        silent = self._options.get("inspection.silent")
        rounds = inspections.counting(ground.rounds, self._estates.words, silent)
        self._rounds = _parted(rounds, self.periods, when)
        self._points = _parted(ground.backups, self.periods, lambda one: one.at_ms)
        self._told: dict[int, _About] = {}

    def about(self, number: int, kinds: Sequence[str]) -> _About:
        """A month, of these kinds; who asks first asks for all that will be asked of it."""
        if number not in self._told:
            self._told[number] = _About.of(self._month(number, kinds), self._question, *self._said)
        return self._told[number]

    def _month(self, number: int, kinds: Sequence[str]) -> _Told:
        period, question = self.periods[number], self._question
        asked = Asked(
            *(question.pack, self._kinds, self._options, period),
            *(question.as_of_ms, question.term, {}),
        )
        scope = scope_of(self._estates, period, question.as_of_ms)
        units = units_in(scope, period)
        # What tells of other kinds alone is left out: gaps and items of one kind hang on nothing of another.
        ground = replace(
            self._ground,
            scans=self._ground.scans if "scan" in kinds else (),
            unseen=self._ground.unseen if "backup" in kinds else (),
        )
        rounds = self._rounds[number] if "inspection" in kinds else ()
        points = self._backups(number) if "backup" in kinds else ()
        about = About(self._estates, scope, units)
        found: tuple[list[Item], list[Gap]] = [], []
        if not _REGULAR.isdisjoint(kinds):
            found = regular(ground, about, asked, rounds, points, once=True)
        begun = ground.applied[0].at_ms < start_of(period.first + _A_DAY, shanghai())
        items, gaps = _settled(ground, units, asked, found)
        places = _Places.of_all(items), _Places.of_all(gaps), _Places.of_words(items)
        return _Told(period, scope, units, *places, begun)

    def _backups(self, number: int) -> Sequence[BackedUp]:
        earlier, period = self._ground.earlier, self.periods[number]
        if earlier is None or period.from_ms >= earlier.to_ms:
            return self._points[number]
        return earlier.read(period.from_ms, period.to_ms)


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
