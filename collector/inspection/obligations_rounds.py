"""Inspections that records of rounds show: of each unit, and of the contract if all its units were in. Pure.

Rounds of one ISO week, or of one contract month, in which none was a whole one count together as what they
looked at (collector/judging/united.py): as one deed at the last look, which names all of their entries.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from collector.inspection.cadence_model import NOT_CONFIRMED, NOT_PLANNED, Deed, Frame
from collector.inspection.cadence_terms import ObligationTerms, Reads
from collector.inspection.deadlines import day_of, iso_week, start_of, stretches
from collector.inspection.due import BY_HAND
from collector.inspection.obligations_scope import LOG
from collector.judging.ground import Applied, UnitRound, scope_at
from collector.judging.inspections import coverage, units_with_assets
from collector.judging.united import united, when

INSPECTION, SPECIAL, RECORD = "inspection", "special_inspection", "record"
ROUNDS = (INSPECTION, SPECIAL, RECORD)
"""Kinds of deeds that records of rounds show."""
_OPEN = (NOT_PLANNED, NOT_CONFIRMED)
_PER_CENT = 10  # per mille


def of_rounds(
    rounds: Sequence[UnitRound],
    applied: Sequence[Applied],
    terms: ObligationTerms,
    frame: Frame,
    special: frozenset[str],
) -> list[Deed]:
    """Every inspection, whole or partial; `rounds` without what was excused."""
    about = _About(applied, terms, special)
    windows: dict[str, list[UnitRound]] = defaultdict(list)
    for one in rounds:
        windows[one.window].append(one)
    made = [deed for held in windows.values() for deed in about.single(held)]
    if terms.count is Reads.LITERAL:
        return made
    weeks: dict[object, list[UnitRound]] = defaultdict(list)
    months: dict[object, list[UnitRound]] = defaultdict(list)
    starts = [
        start_of(begin, frame.days.zone)
        for begin, _ in stretches(frame.first, frame.end, 1, terms.anchor_day)
    ]
    for one in rounds:
        weeks[iso_week(day_of(when(one), frame.days.zone))].append(one)
        months[bisect_right(starts, when(one))].append(one)
    made = list(about.together(made, weeks.values(), judge=True))
    return list(about.together(made, months.values()))


@dataclass(frozen=True, slots=True)
class _About:
    """What rounds are held against."""

    applied: Sequence[Applied]
    terms: ObligationTerms
    special: frozenset[str]

    def single(self, held: Sequence[UnitRound]) -> Iterator[Deed]:
        """What one round was: of each unit, of the contract, and that there is a record of it."""
        first = held[0]
        kinds = [INSPECTION]
        if first.special or first.round in self.special or BY_HAND in first.window:
            kinds.append(SPECIAL)
        whole, missing = _whole(held), self._missing(held)
        for kind in kinds:
            yield from (self._deed(kind, one, one.unit or None) for one in held if one.unit)
            yield self._deed(kind, whole, None, "units" if missing else "")
        yield Deed(RECORD, first.received_ms, first.received_ms, first.idx, signer=LOG)

    def together(
        self, made: Sequence[Deed], stretches_: Iterable[Sequence[UnitRound]], *, judge: bool = False
    ) -> Iterator[Deed]:
        """The deeds, and one more of what the rounds of a stretch looked at together, where none of them was
        whole. `judge`: what they left out together, though a look at it was planned, was left out by each."""
        by_entry: dict[tuple[int, str | None], list[Deed]] = defaultdict(list)
        for deed in made:
            if deed.kind == INSPECTION:
                by_entry[deed.entry, deed.unit].append(deed)
        reasons: dict[int, str] = {}
        more: list[Deed] = []
        for held in stretches_:
            for unit, parts, one, missing in self._united(held):
                singles = [deed for part in {part.idx for part in parts} for deed in by_entry[part, unit]]
                if any(deed.counts for deed in singles):
                    continue
                deed = self._deed(INSPECTION, one, unit, "units" if missing else "")
                if deed.counts:
                    also = tuple(sorted({part.idx for part in parts} - {one.idx}))
                    more.append(replace(deed, since_ms=min(map(when, parts)), also=also))
                elif judge and deed.reason not in _OPEN:
                    reasons |= {id(held): deed.reason for held in singles if held.reason in _OPEN}
        yield from (replace(one, reason=reasons[id(one)]) if id(one) in reasons else one for one in made)
        yield from more

    def _united(
        self, held: Sequence[UnitRound]
    ) -> Iterator[tuple[str | None, Sequence[UnitRound], UnitRound, bool]]:
        """Of each unit, then of the contract: its rounds, what they are together, whether units miss."""
        if len({one.window for one in held}) < 2:
            return
        by_unit: dict[str, list[UnitRound]] = defaultdict(list)
        for one in held:
            by_unit[one.unit].append(one)
        every = {unit: united(parts) for unit, parts in by_unit.items()}
        yield from ((unit, by_unit[unit], one, False) for unit, one in every.items() if unit)
        newest = max(held, key=lambda one: (when(one), one.idx))
        ordered = [replace(one, idx=newest.idx, from_ms=newest.from_ms) for one in every.values()]
        yield None, held, replace(_whole(ordered), window=_names(held)), self._missing(ordered)

    def _missing(self, held: Sequence[UnitRound]) -> bool:
        at_ms = held[0].from_ms
        return bool(units_with_assets(scope_at(self.applied, at_ms), at_ms) - {one.unit for one in held})

    def _deed(self, kind: str, one: UnitRound, unit: str | None, missing: str = "") -> Deed:
        reason = missing or _short(one, self.terms)
        return Deed(
            kind,
            when(one),
            one.received_ms,
            one.idx,
            unit,
            counts=not reason,
            reason=reason,
            signer=LOG,
            grade=one.grade,
            facts={"round": one.window, "coverage": coverage(one)},
        )


def _names(held: Sequence[UnitRound]) -> str:
    return ", ".join(dict.fromkeys(one.window for one in sorted(held, key=when)))


def _whole(held: Sequence[UnitRound]) -> UnitRound:
    times = [one.last_ms for one in held if one.last_ms is not None]
    return replace(
        held[0],
        unit="",
        received_ms=max(one.received_ms for one in held),
        due=sum(one.due for one in held),
        answered=sum(one.answered for one in held),
        assets=sum(one.assets for one in held),
        attempted=sum(one.attempted for one in held),
        untried=tuple(asset for one in held for asset in one.untried),
        claimed=tuple(asset for one in held for asset in one.claimed),
        last_ms=max(times, default=None),
    )


def _short(one: UnitRound, terms: ObligationTerms) -> str:
    """Why a round is a partial inspection; "" where it counts."""
    if one.last_ms is None:
        return "nothing_answered"
    answered = 1000 * one.answered // one.due if one.due else 0
    enough = answered >= terms.inspection.min_coverage * _PER_CENT
    if terms.inspection.attempt_all and one.attempted < one.assets:
        silent = any(owed for _, owed in one.untried) or not one.untried
        if silent or not enough:
            return "not_attempted"
        return NOT_CONFIRMED if set(one.claimed) >= {name for name, _ in one.untried} else NOT_PLANNED
    return "" if enough else "coverage"
