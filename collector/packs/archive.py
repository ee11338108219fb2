"""The archive of a period: what was to be filed, what was, until when, and what that is to a scorecard.

Documents are filed by statements of kind `document_filed`: the file's SHA-256, who, when, and its expiry.
Pure: the store and the verifier meet here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from collector.packs.archive_terms import ArchiveTerms, Due, Every, Late, Line, Per, Wanted
from collector.scoring.model import Gap, Item, PackPeriod, Proof, Unit
from collector.scoring.terms import Value
from collector.statements.lateness import instant_of
from collector.statements.model import Said

DAY_MS = 86_400_000
FILED = "document_filed"
_MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.HALF_YEAR: 6, Every.YEAR: 12}


class State(StrEnum):
    """How a place of the archive stands."""

    PRESENT = "present"
    LATE = "late"
    MISSING = "missing"
    EXPIRED = "expired"
    DUE = "due"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Filing:
    """One document on file. `expires`: its last day, if it has one."""

    entry: int
    by: str
    filed_ms: int
    digest: str
    name: str
    expires: date | None
    late: bool
    grade: str


@dataclass(frozen=True, slots=True)
class Place:
    """A document that is wanted, for a system, a unit or the contract, in a period."""

    wanted: Wanted
    unit: str | None
    system: str | None
    required: int
    present: int
    due_ms: int
    state: State
    filed: tuple[Filing, ...]

    @property
    def missing(self) -> int:
        """How many are not there."""
        return max(self.required - self.present, 0)


@dataclass(frozen=True, slots=True)
class Archive:
    """All places of a period as of an instant."""

    period: PackPeriod
    as_of_ms: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class ArchiveAsked:
    """What an archive is of: the period, as of when, and the pack's options as chosen."""

    period: PackPeriod
    as_of_ms: int
    options: Mapping[str, Value] = field(default_factory=dict)


def archive(terms: ArchiveTerms, asked: ArchiveAsked, units: Sequence[Unit], said: Sequence[Said]) -> Archive:
    """The archive of a period from what was received by then; what was corrected does not count.

    KeyError for an option that is not among those chosen.
    """
    period, as_of_ms = asked.period, asked.as_of_ms
    late = terms.late if isinstance(terms.late, str) else asked.options[terms.late.option]
    found = [one for one in said if one.kind == FILED and one.received_ms <= as_of_ms]
    gone = {one.corrects for one in found if one.corrects is not None}
    kept = sorted((one for one in found if one.entry not in gone), key=lambda one: one.entry)
    by_key: dict[tuple[str, str], list[Said]] = {}
    per = {one.id: one.per for one in terms.documents}
    for one in kept:
        item = str(one.fields.get("item", ""))
        where = "" if per.get(item, Per.CONTRACT) is Per.CONTRACT else str(one.fields.get(per[item]) or "")
        by_key.setdefault((item, where), []).append(one)
    places = [
        _place(wanted, (unit, system), by_key.get((wanted.id, system or unit or ""), []), asked, late)
        for wanted in terms.documents
        for unit, system in _spots(wanted, units)
    ]
    return Archive(period, as_of_ms, tuple(one for one in places if one is not None))


def _spots(wanted: Wanted, units: Sequence[Unit]) -> Iterator[tuple[str | None, str | None]]:
    """For which unit or system one is wanted."""
    units = [unit for unit in units if unit.kind not in wanted.not_for]
    if wanted.per is Per.CONTRACT:
        yield None, None
    elif wanted.per is Per.UNIT:
        yield from ((unit.id, None) for unit in units)
    else:
        yield from ((None, system.id) for unit in units for system in unit.systems)


def _place(
    wanted: Wanted,
    spot: tuple[str | None, str | None],
    said: Sequence[Said],
    asked: ArchiveAsked,
    late: Value,
) -> Place | None:
    period, as_of_ms = asked.period, asked.as_of_ms
    required = required_in(wanted, period)
    due_ms = due_of(wanted, period)
    filings = tuple(_filing(one, due_ms) for one in said if _belongs(wanted, one, period, due_ms))
    if not required and not filings and wanted.every is not Every.EVENT:
        return None
    good = [one for one in filings if _stands(wanted, one, period, as_of_ms)]
    if late == Late.MISSING and wanted.every is not Every.STANDING:
        good = [one for one in good if not one.late]
    state = _state(wanted, required, (good, filings), due_ms, as_of_ms)
    return Place(wanted, *spot, required, min(len(good), required), due_ms, state, filings)


def required_in(wanted: Wanted, period: PackPeriod) -> int:
    """How many of it a period wants: a yearly one is wanted in the period that ends the contract's year."""
    if wanted.every is Every.EVENT:
        return 0
    if wanted.every in (Every.PERIOD, Every.STANDING):
        return wanted.count
    months, length = _MONTHS[wanted.every], _length(period)
    if months <= length:
        return wanted.count * (length // months)
    return wanted.count if period.number * length % months == 0 else 0


def _length(period: PackPeriod) -> int:
    """Months from its first day to its end, to the nearest (anchors on the 29th-31st move within a month)."""
    first, end = period.first, period.end
    whole = (end.year - first.year) * 12 + end.month - first.month
    return max(1, whole + (end.day - first.day > 15) - (first.day - end.day > 15))


def due_of(wanted: Wanted, period: PackPeriod) -> int:
    """The end (ms, exclusive) of the last day on which it is in time."""
    end_ms = period.to_ms
    if wanted.due is Due.MONTH_END:
        months_first = period.end.replace(day=1)
        if months_first > period.first:
            end_ms -= (period.end - months_first).days * DAY_MS
    return end_ms + wanted.after_days * DAY_MS


def _belongs(wanted: Wanted, one: Said, period: PackPeriod, due_ms: int) -> bool:
    """Whether a filing is for this period: it names it, or it came in it (or before what is due later)."""
    named = one.fields.get("period")
    if wanted.every is Every.STANDING:
        return one.received_ms < period.to_ms
    if named:
        dates = (instant_of(named), instant_of(named, end=True))
        if str(named) in (period.name, str(period.number)) or dates == (period.from_ms, period.to_ms):
            return True
        return _month_of(str(named), period)
    late_by = wanted.after_days * DAY_MS
    return period.from_ms + late_by <= one.received_ms < max(period.to_ms + late_by, due_ms)


def _month_of(name: str, period: PackPeriod) -> bool:
    """Whether a calendar month (`2026-03`) lies in a longer period."""
    if _length(period) < 2:
        return False
    try:
        return period.first <= date.fromisoformat(f"{name}-01") < period.end
    except ValueError:
        return False


def _filing(one: Said, due_ms: int) -> Filing:
    digest = one.document or str(one.fields.get("digest") or "")
    name = str(one.fields.get("file") or one.fields.get("name") or "")
    late = one.received_ms >= due_ms
    return Filing(one.entry, one.by, one.received_ms, digest, name, _expiry(one), late, one.grade)


def _expiry(one: Said) -> date | None:
    text = one.fields.get("expires") or one.fields.get("expiry")
    try:
        return date.fromisoformat(str(text)[:10]) if text else None
    except ValueError:
        return None


def _stands(wanted: Wanted, one: Filing, period: PackPeriod, as_of_ms: int) -> bool:
    """Whether it is in force at the end of what is looked at."""
    if one.expires is None:
        return True
    until = period.to_ms if as_of_ms >= period.to_ms else as_of_ms
    # The last day counts: it ends where the next begins, and days are counted from the period's own edge.
    end = period.to_ms + ((one.expires + timedelta(days=1)) - period.end).days * DAY_MS
    return until <= end or (wanted.every is not Every.STANDING and one.filed_ms < end)


def _state(
    wanted: Wanted,
    required: int,
    found: tuple[Sequence[Filing], Sequence[Filing]],
    due_ms: int,
    as_of_ms: int,
) -> State:
    good, every = found
    if wanted.every is Every.EVENT:
        return State.PRESENT if good else State.EVENT
    if len(good) >= required:
        return State.LATE if sum(not one.late for one in good) < required else State.PRESENT
    if wanted.every is Every.STANDING and every:
        return State.EXPIRED
    if any(one.late for one in every):
        return State.LATE
    return State.DUE if as_of_ms < due_ms else State.MISSING


def facts_of(found: Archive, units: Sequence[Unit]) -> tuple[tuple[Item, ...], tuple[Gap, ...]]:
    """What a scorecard counts of it: required, present, missing; a gap for what may still come, and for a
    system or unit of which nothing at all was filed (nobody keeps its archive here: not proven, not zero)."""
    home = {system.id: unit.id for unit in units for system in unit.systems}
    items: list[Item] = []
    gaps: list[Gap] = []
    kept = {(one.unit, one.system) for one in found.places if one.filed}
    for place in found.places:
        if place.wanted.line is Line.NONE or not place.required:
            continue
        unit = place.unit or (home.get(place.system) if place.system else None)
        more_items, more_gaps = _counted(place, unit, found, (place.unit, place.system) in kept)
        items += more_items
        gaps += more_gaps
    return tuple(items), tuple(gaps)


def _counted(place: Place, unit: str | None, found: Archive, kept: bool) -> tuple[list[Item], list[Gap]]:
    facts = {"item": place.wanted.id}

    def item(kind: str, value: int, proofs: tuple[Proof, ...] = ()) -> Item:
        title = place.wanted.zh
        return Item(
            kind, Fraction(value), unit=unit, system=place.system, facts=facts, title=title, proofs=proofs
        )

    word = place.wanted.line.value
    proofs = tuple(Proof(one.entry, one.by, one.grade) for one in place.filed)
    made: list[Item] = []
    if place.wanted.line is Line.DOCUMENT:
        made.append(item("document_required", place.required))
        if place.present:
            made.append(item("document_present", place.present, proofs))
    if not place.missing:
        return made, []
    open_ = found.as_of_ms < max(place.due_ms, found.period.to_ms)
    if open_ or not kept:
        reason = "period_open" if open_ else "no_statement"
        kinds = [f"{word}_missing", *(["document_present"] if place.wanted.line is Line.DOCUMENT else [])]
        open_gap = Gap("", reason, unit, place.system, place.missing, facts, "vendor", place.due_ms)
        return made, [replace(open_gap, kind=kind) for kind in kinds]
    made.append(item(f"{word}_missing", place.missing, proofs))
    return made, []
