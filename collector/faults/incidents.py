"""What only people report: security events, emergencies, hazards, key moments. Pure."""

from collector.faults import said as words
from collector.faults.clocks import Run, Told, clock
from collector.faults.fold import proof_of
from collector.faults.ground import Ground
from collector.faults.model import Clock, Fault, Hazard, Incident
from collector.faults.said import Heard, time_of
from collector.faults.terms import SPEECH, EventRule, FaultTerms, Speech
from collector.inspection.deadlines import Workdays
from collector.statements.model import Said
from collector.statements.sides import agreed

_KINDS = ("security_event", "emergency")


def incidents(
    terms: FaultTerms,
    ground: Ground,
    heard: Heard,
    as_of_ms: int,
    days: Workdays,
    speech: Speech = SPEECH,
) -> tuple[Incident, ...]:
    """Security events and emergencies with their clocks, in the order in which they were entered."""
    made = []
    for one in heard.of(*_KINDS):
        rules = [rule for rule in terms.events if rule.kind == one.kind]
        clocks = tuple(
            found
            for rule in rules
            if (found := _clock(rule, one, heard, (as_of_ms, days, speech))) is not None
        )
        closed = _time(heard.about("event_closed", one))
        system = words.text(one, "system") or None
        made.append(
            Incident(
                id=f"{one.kind}-{heard.root(one.entry)}",
                kind=one.kind,
                severity=words.text(one, "severity"),
                system=system,
                unit=ground.unit_of(system) or words.text(one, "unit") or None,
                at_ms=time_of(one),
                found_by=words.text(one, "found_by"),
                closed_ms=closed,
                clocks=clocks,
                item=rules[0].item if rules else "",
                must_close=any(rule.must_close for rule in rules),
                title=words.text(one, "text"),
                proofs=(proof_of(one),),
            )
        )
    return tuple(made)


def hazards(ground: Ground, heard: Heard) -> tuple[Hazard, ...]:
    """Security remarks by severity and by whom they were found; the vendor's own are findings, not these."""
    return tuple(
        Hazard(
            level=words.text(one, "severity"),
            found_by=words.text(one, "found_by"),
            at_ms=time_of(one),
            system=words.text(one, "system") or None,
            unit=ground.unit_of(words.text(one, "system")) or words.text(one, "unit") or None,
            title=words.text(one, "text"),
            proofs=(proof_of(one),),
        )
        for one in heard.of("security_event")
    )


def key_moments(heard: Heard) -> tuple[tuple[int, int, str], ...]:
    """(from, to, id) of every key moment that was announced."""
    made = []
    for one in heard.of("key_moment"):
        start, end = words.number(one, "from"), words.number(one, "to")
        if start is not None and end is not None and start < end:
            made.append((start, end, words.text(one, "id")))
    return tuple(sorted(made))


def in_key_moment(fault: Fault, moments: tuple[tuple[int, int, str], ...]) -> str:
    """Id of the first key moment that a fault has a part in; empty: none."""
    start, end = fault.moments.onset_ms, fault.to_ms
    return next((name for a, b, name in moments if start < b and (end is None or end > a)), "")


def _time(one: Said | None) -> int | None:
    return None if one is None else time_of(one)


def _clock(rule: EventRule, one: Said, heard: Heard, at: tuple[int, Workdays, Speech]) -> Clock | None:
    limit = rule.limits.get(words.text(one, "severity")) or rule.limits.get("any")
    if limit is None:
        return None
    kind = {"acknowledged": "event_responded", "recovered": "event_closed"}[rule.stop]
    answer = heard.about(kind, one)
    if answer is None and rule.stop == "acknowledged":
        answer = heard.about("event_closed", one)  # what was dealt with was responded to, at the latest then
    start, (as_of_ms, days, speech) = time_of(one), at
    by: tuple[int, ...] = (one.entry,)
    told: tuple[Told, ...] = ()
    stop = None if answer is None else max(time_of(answer), start)
    if answer is not None and stop is not None:
        by = (one.entry, answer.entry)
        told = (Told(stop, answer.received_ms, agreed(answer), answer.entry),)
    run = Run(start, stop, as_of_ms, by=by, told=told, tolerance_ms=speech.tolerance_ms)
    return clock((rule.id, rule.clause, "reported", rule.stop), limit, run, days)
