"""The same system so many months running without a visit, an inspection, a backup or a scan (LH-41). Pure.

A month is one without only where that month's own line is proven to have nothing: by looks that were due and
are not there, or by a word that it was not done (`not_done`). Where the line itself is not proven, or full by
rule, or a written notice excuses it, no month without is proven of it either.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from collector.inspection.cadence_model import Breach, Waiver
from collector.inspection.cadence_terms import ObligationTerms
from collector.inspection.deadlines import shanghai, start_of, stretches
from collector.judging import inspections, said
from collector.judging.asked import Asked, kinds_of
from collector.judging.estates import Estates
from collector.judging.ground import BackedUp, Ground, UnitRound
from collector.judging.lapse_months import VISIT, Matter, Month, Told, told
from collector.judging.not_done import NOT_DONE
from collector.judging.spans import periods_of
from collector.judging.united import when
from collector.packs.model import Pack
from collector.packs.options import resolve
from collector.scoring.choices import Choices
from collector.scoring.model import PackPeriod
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
        month = work.month(number, kinds)
        for where in month.systems:
            for kind in kinds:
                key = (kind, *where)
                state = month.states[kind][where]
                runs[key], lapsed = _next(runs.get(key, (0, 0)), state, terms.lapse_months)
                if lapsed is not None and number >= ends[0]:
                    at = work.periods[number].to_ms - 1
                    made = Breach(LAPSE, at, at, -1, *where, what=kind)
                    (proven if lapsed else perhaps).append(made)
    return tuple(proven), tuple(perhaps)


def _since(work: "_Work", ends: Sequence[int], kinds: Sequence[str]) -> dict[str, int]:
    """From which month on the months that end a lapse are told, by kind of work: from one on in which it was
    done for each of their systems, for what was done begins the count anew; else from the first month."""
    first = work.month(ends[0], tuple(kinds)).states
    wanted = {where for n in ends for where in work.month(n, tuple(kinds)).systems}
    since = dict.fromkeys(kinds, ends[0])
    left = {kind: {one for one in wanted if first[kind].get(one) is not Month.DONE} for kind in kinds}
    for number in reversed(range(ends[0])):
        open_ = tuple(kind for kind in kinds if left[kind])
        if not open_:
            break
        month = work.month(number, open_)
        for kind in open_:
            done = {where for where in month.systems if month.states[kind][where] is Month.DONE}
            left[kind] -= done
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


def _by_kind(some: Sequence[Waiver], names: Mapping[str, frozenset[str]]) -> dict[str, Sequence[Waiver]]:
    return {kind: [one for one in some if held.intersection(one.what)] for kind, held in names.items()}


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
        terms = question.terms
        self._ground, self._question = ground, question
        self._said = waivers, denied
        self._options = resolve(question.pack, question.options)
        self._kinds = kinds_of(question.pack) | set(terms.lapse_kinds)
        self.periods = _periods(question, self._options)
        self._estates = Estates.of(ground.applied, ground.said)
        self._rounds = _parted(ground.rounds, self.periods, when)
        self._points = _parted(ground.backups, self.periods, lambda one: one.at_ms)
        self._unseen = _parted(ground.unseen, self.periods, lambda one: one.at_ms)
        self._scans = _parted(ground.scans, self.periods, lambda one: one.at_ms)
        self._words = [one for one in ground.said if one.kind in (VISIT, NOT_DONE)]
        self._names = {kind: _names(kind, terms) for kind in terms.lapse_kinds}
        self._free = {kind: _full_for(kind, question.pack) for kind in terms.lapse_kinds}
        self._told: dict[int, Told] = {}

    def month(self, number: int, kinds: tuple[str, ...]) -> Told:
        """A month, of these kinds; who asks first asks for all that will be asked of it."""
        if number not in self._told:
            self._told[number] = told(self._matter(number, kinds))
        return self._told[number]

    def _matter(self, number: int, kinds: tuple[str, ...]) -> Matter:
        """What the month is told from. What tells of other kinds alone is left out: gaps and items of one
        kind hang on nothing of another."""
        period, question = self.periods[number], self._question
        asked = Asked(
            question.pack,
            self._kinds,
            self._options,
            period,
            period.to_ms,  # it is over: what it was does not hang on how long
            question.term,
            {},
        )
        held = self._estates.stretches(period.from_ms, period.to_ms)
        return Matter(
            kinds=kinds,
            begun=self._ground.applied[0].at_ms < start_of(period.first + _A_DAY, shanghai()),
            asked=asked,
            estates=replace(self._estates, applied=tuple(one.applied for one in held)),
            ground=self._of_month(number, kinds),
            rounds=self._inspections(number) if "inspection" in kinds else (),
            points=tuple(self._backups(number)) if "backup" in kinds else (),
            excused=_by_kind([w for w in self._said[0] if _waives(w, period, question.terms)], self._names),
            denied=_by_kind([w for w in self._said[1] if _middle(w, period)], self._names),
            free=self._free,
        )

    def _of_month(self, number: int, kinds: tuple[str, ...]) -> Ground:
        """As much of the ground as says anything of the month."""
        period = self.periods[number]
        scans = tuple(self._scans[number]) if "scan" in kinds else ()
        words = [one for one in self._words if said.belongs(one, period)]
        if scans:  # who joined in vouches for one that came late
            reports = {one.idx for one in scans}
            words += [one for one in self._ground.said if one.entry in reports]
        return Ground(
            size=0,
            scans=scans,
            unseen=tuple(self._unseen[number]) if "backup" in kinds else (),
            pending=tuple(
                one
                for one in self._ground.pending
                if one.from_ms < period.to_ms and one.to_ms > period.from_ms
            ),
            said=tuple(words),
        )

    def _inspections(self, number: int) -> tuple[UnitRound, ...]:
        earlier, period = self._ground.earlier_rounds, self.periods[number]
        held: Sequence[UnitRound] = self._rounds[number]
        if earlier is not None and period.from_ms < earlier.to_ms:
            held = earlier.read(period.from_ms, period.to_ms)
        silent = self._options.get("inspection.silent")
        return inspections.counting(held, self._estates.words, silent)

    def _backups(self, number: int) -> Sequence[BackedUp]:
        earlier, period = self._ground.earlier, self.periods[number]
        if earlier is None or period.from_ms >= earlier.to_ms:
            return self._points[number]
        return earlier.read(period.from_ms, period.to_ms)


def _middle(one: Waiver, month: PackPeriod) -> bool:
    return one.from_ms <= (month.from_ms + month.to_ms) // 2 < one.to_ms


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
