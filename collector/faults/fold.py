"""Faults: what was measured and what people reported, joined with all that they stated of it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from collector.faults import said as words
from collector.faults.clocks import Case, began, ended, fault_clock
from collector.faults.decided import judged_of
from collector.faults.draft import Draft, moments_of, told_of
from collector.faults.ground import Ground, Seen
from collector.faults.model import Announced, Clock, Event, Fault, Judged, Measured, Moments, Origin
from collector.faults.reports import report_due
from collector.faults.said import Extent, Heard, fault_id, time_of
from collector.faults.terms import SPEECH, FaultTerms, Speech
from collector.inspection.deadlines import Workdays
from collector.notify.receipts import GRADE, announced, announced_to
from collector.scoring.model import Proof
from collector.statements.model import Said

ABOUT = (
    "level",
    "cause",
    "impact",
    "vendor_cause",
    "force_majeure_claimed",
    "fault_acknowledged",
    "fault_recovered",
    "arrived",
    "escalated",
    "team_support",
    "substituted",
    "no_support",
    "repeat",
    "fault_report_filed",
)
NO_SUPPORT = "no_support_stated"
LOG = "log"
_MOST_STEPS = 100
_TIMELINE = {"fault_reported": "reported", "fault_acknowledged": "acknowledged", "arrived": "arrived"}


@dataclass(frozen=True, slots=True)
class Folded:
    """All faults by onset; `blips`: outages too short to be one; `stray`: (entry, why)."""

    faults: tuple[Fault, ...]
    blips: int
    stray: tuple[tuple[int, str], ...]


def fold(
    terms: FaultTerms,
    ground: Ground,
    heard: Heard,
    as_of_ms: int,
    days: Workdays,
    speech: Speech = SPEECH,
) -> Folded:
    """Every fault of the ground's window, and every one that people reported in the term."""
    drafts, blips = _measured(terms, ground)
    _reported(drafts, heard)
    stray = list(_attach(drafts, heard, ground))
    extents = [draft.extent for draft in drafts]
    messages, told = announced(ground.messages, extents), announced_to(ground.messages, extents)
    for draft in drafts:
        draft.message = messages.get(draft.extent.id)
        draft.told = told.get(draft.extent.id, {})
    made = [_fault(draft, terms, ground, heard, as_of_ms, days, speech) for draft in drafts]
    return Folded(tuple(sorted(made, key=lambda one: (one.moments.onset_ms, one.id))), blips, tuple(stray))


def _measured(terms: FaultTerms, ground: Ground) -> tuple[list[Draft], int]:
    drafts = []
    for seen in sorted(ground.outages, key=lambda one: (one.outage.from_ms, one.system)):
        if not is_fault(seen, terms):
            continue
        out = seen.outage
        end = out.recovered_ms if out.recovered_ms is not None else None
        extent = Extent(fault_id(seen.system, out.from_ms), seen.system, out.from_ms, end)
        drafts.append(Draft(extent, seen))
    return drafts, len(ground.outages) - len(drafts)


def is_fault(seen: Seen, terms: FaultTerms) -> bool:
    """Whether an outage is long enough, and was seen often enough, to be more than a blip."""
    often = seen.probes is None or seen.probes >= terms.min_probes
    return often and seen.outage.bad_ms >= terms.min_fault_s * 1000


def _reported(drafts: list[Draft], heard: Heard) -> None:
    """A user's report belongs to the measured fault of its system, or is a fault of its own."""
    measured = [draft.extent for draft in drafts]
    for one in heard.of("fault_reported"):
        ref, system = words.text(one, "fault"), words.text(one, "system")
        at = time_of(one)
        known = words.matching(ref, [draft.extent for draft in drafts]) if ref else None
        known = known or words.reported_in(system, at, measured)
        held = next((draft for draft in drafts if draft.extent == known), None)
        if held is not None:
            held.said.append(one)
            continue
        root = heard.roots[one.entry]
        name = system or words.text(one, "unit") or "-"
        named = words.text(root, "system") or words.text(root, "unit") or "-"
        draft = Draft(Extent(fault_id(named, time_of(root)), name, at, None), None, one, [one])
        drafts.append(draft)


def _attach(drafts: list[Draft], heard: Heard, ground: Ground) -> Iterable[tuple[int, str]]:
    """Each statement to its fault; what is about no known fault of the window is stray."""
    extents = [draft.extent for draft in drafts]
    by_id = {draft.extent.id: draft for draft in drafts}
    for one in heard.of(*ABOUT):
        ref = words.text(one, "fault")
        if not ref:
            continue  # a claim about a finding
        found = words.matching(ref, extents)
        if found is not None:
            by_id[found.id].said.append(one)
            continue
        named = words.onset_of(ref)
        if named is None or ground.window[0] <= named[1] < ground.window[1]:
            yield one.entry, "unknown_fault"


def _fault(
    draft: Draft,
    terms: FaultTerms,
    ground: Ground,
    heard: Heard,
    as_of_ms: int,
    days: Workdays,
    speech: Speech,
) -> Fault:
    draft.said.sort(key=lambda one: (one.received_ms, one.entry))
    moments, flags = moments_of(draft, ground)
    judged = judged_of(draft, terms, ground, heard, speech)
    begin, stands_in = began(moments, terms.clock_start)
    if draft.of("no_support"):
        flags.append(NO_SUPPORT)
    if stands_in:
        flags.append(f"clock_from_{stands_in}")
    seen = draft.seen
    case = Case(
        system=draft.extent.system,
        moments=moments,
        begin_ms=begin,
        keys=_keys(judged, terms),
        as_of_ms=as_of_ms,
        measured=seen is not None,
        not_before_ms=None if seen is None else seen.outage.to_ms,
        waiver=judged.waiver if terms.waiver.value == "suspend" else "",
        by=_sources(draft),
        undecided=_undecided(judged),
        told=told_of(draft, moments),
        tolerance_ms=speech.tolerance_ms,
    )
    clocks = tuple(clock for rule in terms.clocks if (clock := fault_clock(rule, case, days)) is not None)
    clocks = _scored(clocks, terms)
    steps = escalation(terms, begin, moments.recovered_ms, as_of_ms, days)
    made = Fault(
        id=draft.extent.id,
        origin=Origin.MEASURED if seen is not None else Origin.REPORTED,
        system=draft.extent.system if _known(draft.extent.system, ground) else None,
        unit=_unit(draft, ground),
        title=_title(draft),
        to_ms=_end(draft, moments),
        moments=moments,
        measured=None if seen is None else _extent(seen),
        judged=judged,
        clocks=clocks,
        escalation=steps,
        reports=tuple(
            report_due(rule, moments.recovered_ms, draft.of("fault_report_filed"), as_of_ms, days)
            for rule in terms.reports
            if not rule.levels or judged.level in rule.levels
        ),
        flags=(*flags, *(seen.flags if seen else ())),
        announced_by=None if draft.message is None else draft.message.entry,
        announced_to=tuple(
            Announced(whose, one.received_ms, one.entry) for whose, one in sorted(draft.told.items())
        ),
        proofs=(*(seen.proofs if seen else ()), *(proof_of(one) for one in draft.said), *_receipt(draft)),
    )
    return replace(made, timeline=timeline(made, draft.said, as_of_ms))


def _receipt(draft: Draft) -> Iterable[Proof]:
    """The entry of the message that announced it: the collector's word."""
    if draft.message is not None:
        yield Proof(draft.message.entry, LOG, GRADE)


def _scored(clocks: Sequence[Clock], terms: FaultTerms) -> tuple[Clock, ...]:
    """Of two sets of limits only one is priced."""
    basis = {rule.id: rule.basis for rule in terms.clocks}
    priced = ("", terms.scored_basis)
    return tuple(
        clock if not terms.scored_basis or basis[clock.id] in priced else replace(clock, counts_as="")
        for clock in clocks
    )


def _known(system: str, ground: Ground) -> bool:
    return any(one.id == system for one in ground.scope.systems)


def _unit(draft: Draft, ground: Ground) -> str | None:
    found = ground.unit_of(draft.extent.system)
    said = words.text(draft.root, "unit") if draft.root is not None else ""
    return found or said or None


def _title(draft: Draft) -> str:
    return "" if draft.root is None else words.text(draft.root, "text")


def _end(draft: Draft, moments: Moments) -> int | None:
    """When the bad time was over: for a measured fault the end of the last bad stretch."""
    if draft.seen is None or moments.recovered_ms is None:
        return moments.recovered_ms
    return draft.seen.outage.to_ms


def _extent(seen: Seen) -> Measured:
    out = seen.outage
    return Measured(out.down_ms, out.degraded_ms, out.least, out.most)


def proof_of(one: Said) -> Proof:
    """A statement as a proof."""
    return Proof(one.entry, one.by, one.grade)


def _keys(judged: Judged, terms: FaultTerms) -> dict[str, tuple[str, ...]]:
    """What limits are looked up with: the level that counts first, then what else it may be."""
    best = [judged.level] if judged.level is not None else []
    others = judged.levels if best else range(1, terms.lightest + 1)
    levels = (*best, *(one for one in others if one != judged.level))
    grades = (judged.grade,) if judged.grade else terms.grades
    return {"level": tuple(str(one) for one in levels), "grade": grades}


def _undecided(judged: Judged) -> frozenset[str]:
    missing = {"level": judged.level is None, "grade": not judged.grade}
    return frozenset(name for name, yes in missing.items() if yes)


def _sources(draft: Draft) -> dict[str, tuple[int, ...]]:
    stops = {
        "problem": "fault_reported",
        "reported": "fault_reported",
        "acknowledged": "fault_acknowledged",
        "recovered": "fault_recovered",
        "substituted": "substituted",
        "team_support": "team_support",
    }
    made = {name: tuple(one.entry for one in draft.of(kind)) for name, kind in stops.items()}
    for role in ("", "technician", "engineer", "expert", "manager"):
        who = [one.entry for one in draft.of("arrived") if not role or words.text(one, "grade") == role]
        made[f"arrived:{role}" if role else "arrived"] = tuple(who)
    return made


def escalation(
    terms: FaultTerms, begin_ms: int | None, recovered_ms: int | None, as_of_ms: int, days: Workdays
) -> tuple[int, ...]:
    """Instants at which an unsolved fault goes one level up, as far as they have come."""
    if terms.escalation is None or begin_ms is None:
        return ()
    steps: list[int] = []
    at, last = begin_ms, as_of_ms if recovered_ms is None else min(as_of_ms, recovered_ms - 1)
    while len(steps) < _MOST_STEPS:
        end, _ = ended(terms.escalation.every, at, days)
        if end is None or end.at_ms > last:
            break
        steps.append(at := end.at_ms)
    return tuple(steps)


def timeline(fault: Fault, said: Iterable[Said], as_of_ms: int) -> tuple[Event, ...]:
    """Everything that happened to a fault, in order of time."""
    moments = fault.moments
    machine = {
        "onset": moments.onset_ms if fault.measured else None,
        "detected": moments.detected_ms,
        "announced": moments.announced_ms,
        "recovered": moments.recovered_ms if fault.measured else None,
    }
    entries = {"announced": fault.announced_by}
    made = [Event(at, what, entry=entries.get(what)) for what, at in machine.items() if at is not None]
    made += [Event(at, "escalate", detail=str(step)) for step, at in enumerate(fault.escalation, 1)]
    disputed = {entry for _kind, entry in fault.judged.disputed}
    for one in said:
        what = _TIMELINE.get(one.kind, one.kind)
        detail, against = words.text(one, "text", "reason"), one.entry in disputed
        made.append(Event(time_of(one), what, one.by, one.entry, detail, one.late, against))
    made += [Event(c.due_ms, "limit", detail=c.id) for c in fault.clocks if c.due_ms and c.due_ms <= as_of_ms]
    return tuple(sorted(made, key=lambda one: (one.at_ms, one.entry or 0, one.what)))
