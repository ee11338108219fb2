"""From what the log gives (`Ground`, and what other parts make of the same log) to what cadences look at.

Pure: collector and verifier run the same. An inspection counts here by the very rule that the scorecard's
items count by (collector/judging/inspections.py), else the ledger and the points would tell two stories.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from collector.evidence.periods import PeriodError, parse_period
from collector.inspection import obligations_scope
from collector.inspection.cadence_model import (
    Breach,
    Deed,
    Event,
    Frame,
    Observed,
    Occasion,
    Span,
    Timed,
    Waiver,
)
from collector.inspection.cadence_terms import ObligationTerms
from collector.inspection.deadlines import day_of, start_of, stretches
from collector.inspection.holidays import HOLIDAYS, fixed, occurrences
from collector.inspection.obligations_denied import denied
from collector.inspection.obligations_rounds import of_rounds
from collector.judging import backups, scans
from collector.judging.estates import Estates
from collector.judging.ground import Ground, scope_at
from collector.judging.inspections import counting
from collector.judging.scope import Scope
from collector.judging.united import when
from collector.judging.words import words
from collector.scoring.model import Item, PackPeriod
from collector.statements.fields import ZONE
from collector.statements.model import Said

_EVER = 2**53


# Breaches that cannot be told unless an `Extra` says so: what forbids them is not proven till then.
BLIND = frozenset(
    {
        "availability_missed",
        "late_staff_change",
        "restore_success",
        "unapproved_change",
    }
)


@dataclass(frozen=True, slots=True)
class Extra:
    """What other parts make of the same log: looks by check (`check:ID`), drills, faults and their clocks.

    `special`: rounds that are due before occasions only; `watched`: when anything at all came to the log;
    `blind`: kinds of breaches that nothing here could tell; `perhaps`: single ones that nobody could tell.
    """

    deeds: tuple[Deed, ...] = ()
    events: tuple[Event, ...] = ()
    breaches: tuple[Breach, ...] = ()
    clocks: tuple[Timed, ...] = ()
    special: frozenset[str] = frozenset()
    watched: tuple[Span, ...] = ()
    blind: frozenset[str] = BLIND
    perhaps: tuple[Breach, ...] = ()


NOTHING = Extra()


def gathered(
    ground: Ground,
    terms: ObligationTerms,
    frame: Frame,
    as_of_ms: int,
    special: frozenset[str] = frozenset(),
    since: int = -_EVER,
    scans_since: int = -_EVER,
) -> Observed:
    """What obligations of these terms can be told from as of an instant, but for what other parts make of the
    same log, which `completed` adds. `since`, `scans_since`: earlier rounds and scans tell nothing that is
    asked for, but that somebody was watching."""
    said = [one for one in ground.said if one.received_ms <= as_of_ms]
    units = obligations_scope.units(ground.applied)
    systems = obligations_scope.systems(ground.applied, words(said))
    scope = scope_at(ground.applied, as_of_ms)
    near = [one for one in ground.rounds if when(one) >= since]
    rounds = counting(near, words(said), terms.inspection.silent)
    deeds = [
        *of_rounds(rounds, ground.applied, terms, frame, special),
        *_regular(ground, scope, frame, as_of_ms, scans_since),
        *obligations_scope.scopes(ground.applied),
        *obligations_scope.alert_rules(ground.applied, frame, as_of_ms, terms.alert_rules_least),
        *(deed for one in said for deed in _deeds(one, scope, frame)),
    ]
    waivers = tuple(waiver for one in said for waiver in _waiver(one, ground.said))
    return Observed(
        as_of_ms=as_of_ms,
        units=units,
        systems=systems,
        deeds=tuple(deeds),
        events=tuple(event for one in said for event in _event(one)),
        occasions=(*_holidays(frame), *(occasion for one in said for occasion in _moment(one, frame))),
        waivers=waivers,
        denied=tuple(denied(said, ground.applied)),
        breaches=(
            *(breach for one in said for breach in _breach(one)),
            *(_late(one) for one in waivers if one.received_ms >= one.from_ms),
            *obligations_scope.no_owner(ground.applied),
        ),
        watched=obligations_scope.merged(_watched(ground, said)),
        pending=tuple((one.from_ms, one.to_ms) for one in ground.pending),
    )


def completed(base: Observed, extra: Extra) -> Observed:
    """What was gathered with what other parts make of the log."""
    return replace(
        base,
        deeds=(*base.deeds, *extra.deeds),
        events=(*base.events, *extra.events),
        breaches=(*base.breaches, *extra.breaches),
        perhaps=(*base.perhaps, *extra.perhaps),
        clocks=extra.clocks,
        blind=extra.blind,
        watched=obligations_scope.merged((*extra.watched, *base.watched)),
    )


def watched_too(made: Observed, spans: Iterable[Span]) -> Observed:
    """The same, where the collector was there at these times too."""
    return replace(made, watched=obligations_scope.merged((*made.watched, *spans)))


# What machines did.


def _regular(ground: Ground, scope: Scope, frame: Frame, as_of_ms: int, scans_since: int) -> Iterator[Deed]:
    """Backups and scans of systems, as the scorecard's items count them."""
    owner = {one.id: one.unit or "" for one in scope.systems}
    whole = PackPeriod("", 0, -_EVER, _EVER, frame.first, frame.end)
    points = [one for one in ground.backups if one.good]
    planned = Estates.of(ground.applied).planned(-_EVER, _EVER)
    objects = {name: one for name, one in planned.items() if name in scope.objects}
    held = [one for one in ground.scans if one.received_ms <= as_of_ms and one.at_ms >= scans_since]
    received = {one.idx: one.received_ms for one in held}
    for item in (
        *backups.backups(points, objects, owner, whole),
        *scans.scans(held, scope, owner, whole),
    ):
        yield _of_item(item, received)


def _of_item(item: Item, received: Mapping[int, int]) -> Deed:
    at = item.at_ms or 0
    proof = item.proofs[-1]
    return Deed(
        item.kind,
        at,
        received.get(proof.entry, at),
        proof.entry,
        item.unit,
        item.system,
        line=proof.line,
        signer=proof.signer,
        grade=proof.grade,
        facts=dict(item.facts),
    )


# What people said.

_PLAIN = frozenset(
    {
        "visit",
        "site_check",
        "emergency_drill",
        "training",
        "defect_report",
        "satisfaction",
        "acceptance",
        "escalated",
        "plan",
        "arrived",
    }
)
_BREACH = frozenset({"absence", "unreachable", "refusal", "reprimand", "promise_unfulfilled"})
_BREACH_OF_ITEM = frozenset({"fine", "deduction", "veto"})
_ANSWERS = {"warning_acted": "warning_received"}
_STARTS = frozenset({"warning_received"})
_NAMED = {
    "document_filed": ("document", "item"),
    "report_signed": ("signed", "item"),
    "activity": ("activity", "activity"),
}


def _deeds(one: Said, scope: Scope, frame: Frame) -> Iterator[Deed]:
    """What a statement says was done; a roster is one in each month, for as long as it covers of it."""
    made = _deed(one, scope)
    if one.kind == "roster":
        zone = frame.days.zone
        from_ms, to_ms = (int(one.fields[name] or 0) for name in ("from", "to"))
        last = day_of(max(to_ms - 1, from_ms), zone) + timedelta(days=1)
        for begins, ends in stretches(day_of(from_ms, zone), last, 1):
            at, until = max(made.at_ms, start_of(begins, zone)), min(to_ms, start_of(ends, zone))
            people = {"people": one.fields.get("people")}
            yield replace(made, kind="roster", at_ms=at, until_ms=until, facts={**made.facts, **people})
    elif one.kind in _NAMED:
        word, field = _NAMED[one.kind]
        yield replace(made, kind=f"{word}:{one.fields.get(field)}")
    elif one.kind == "fault_report_filed":
        yield replace(made, kind="fault_report")
    elif one.kind == "change_approved" or one.kind in _ANSWERS:
        yield replace(made, kind=one.kind, facts={"event": str(one.fields.get("entry"))})
    elif one.kind in _PLAIN:
        yield made
        yield from (replace(made, kind=f"escalated:{side}") for side in _told(one))


def _told(one: Said) -> tuple[str, ...]:
    """To whose people a fault was reported; 上报 is to the buyer's where nothing else is said."""
    if one.kind != "escalated":
        return ()
    whom = _word(one, "whom") or "buyer"
    return ("buyer", "user") if whom == "both" else (whom,)


def _deed(one: Said, scope: Scope) -> Deed:
    unit, system, asset = (_word(one, name) for name in ("unit", "system", "asset"))
    units = scope.unit_of_system()
    if unit is None:
        unit = units.get(system or "") or next((a.unit for a in scope.assets if a.id == asset), None)
    fault = _word(one, "fault")
    return Deed(
        one.kind,
        one.received_ms if one.at_ms is None else min(one.at_ms, one.received_ms),
        one.received_ms,
        one.entry,
        unit,
        system,
        about=_about(one),
        signer=one.by,
        grade=one.grade,
        facts={"event": fault} if fault else {},
    )


def _word(one: Said, name: str) -> str | None:
    value = one.fields.get(name)
    return value if isinstance(value, str) and value else None


def _about(one: Said) -> date | None:
    """The middle day of the period that a statement names: a calendar month is that contract month of which
    it has the greater part."""
    named = _word(one, "period")
    if named is None:
        return None
    try:
        period = parse_period(named, ZONE, 0)
    except PeriodError:
        return None
    return day_of((period.from_ms + period.to_ms) // 2, ZONE)


def _event(one: Said) -> Iterator[Event]:
    at = one.received_ms if one.at_ms is None else one.at_ms
    if one.kind == "limit_started":
        yield Event(str(one.fields.get("starts")), str(one.entry), at, one.received_ms, one.entry)
    elif one.kind in _STARTS or (one.kind == "change_approved" and one.fields.get("approved") is True):
        yield Event(one.kind, str(one.entry), at, one.received_ms, one.entry)


def _moment(one: Said, frame: Frame) -> Iterator[Occasion]:
    if one.kind == "key_moment":
        first, last = (day_of(int(one.fields[name] or 0), frame.days.zone) for name in ("from", "to"))
        yield Occasion("key_moment", first, last, one.received_ms, one.entry)


def _waiver(one: Said, said: Sequence[Said]) -> Iterator[Waiver]:
    """A notice; one that the buyer refused is none."""
    if one.kind != "waiver":
        return
    decided = [
        s.fields.get("approved")
        for s in said
        if s.kind == "waiver_decided" and s.fields.get("entry") == one.entry
    ]
    if False in decided:
        return
    begins, ends = (int(one.fields[name] or 0) for name in ("from", "to"))
    what = (str(one.fields["obligation"]),)
    yield Waiver(what, begins, ends, one.received_ms, one.entry, _word(one, "unit"), _word(one, "system"))


def _late(one: Waiver) -> Breach:
    return Breach("late_waiver", one.received_ms, one.received_ms, one.entry, one.unit, one.system)


def _breach(one: Said) -> Iterator[Breach]:
    at = one.received_ms if one.at_ms is None else one.at_ms
    place = (at, one.received_ms, one.entry, _word(one, "unit"), _word(one, "system"))
    if one.kind in _BREACH:
        yield Breach(one.kind, *place)
    elif one.kind in _BREACH_OF_ITEM:
        yield Breach(f"{one.kind}:{one.fields.get('item')}", *place)


# When.


def _holidays(frame: Frame) -> Iterator[Occasion]:
    """Holidays of the term; of years without a notice those with a fixed date, provisionally."""
    known = frame.days.calendar
    for name in HOLIDAYS:
        for one in occurrences(known, name):
            yield Occasion(name, one.first, one.after)
        for year in range(frame.first.year, frame.end.year + 1):
            guess = fixed(name, year) if year not in known.years else None
            if guess is not None:
                yield Occasion(name, guess.first, guess.after, provisional=True)


def _watched(ground: Ground, said: Sequence[Said]) -> Iterator[Span]:
    """A record says that the collector waited for its round to the end; else the day when anything came."""
    day = 86_400_000
    for one in ground.rounds:
        yield one.from_ms, max(one.received_ms, one.from_ms + 1)
    if ground.earlier_rounds is not None:
        yield from ground.earlier_rounds.watched
    for received in (*(one.received_ms for one in said), *(one.received_ms for one in ground.scans)):
        yield received - received % day, received - received % day + day
