"""What faults, vulnerabilities, findings and incidents say of obligations: clocks, events, answers. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from collector.faults.model import Clock, ClockState, Fault, Finding, Incident, ReportDue, Vulnerability
from collector.inspection.cadence_model import Breach, Deed, Event, Timed
from collector.inspection.obligations_seen import Extra
from collector.scoring.model import Proof

_CAPACITY = ("capacity", "resource")
_Place = tuple[str | None, str | None]  # unit, system


@dataclass(frozen=True, slots=True)
class Troubles:
    """Everything of a contract that went wrong, as of an instant."""

    faults: tuple[Fault, ...] = ()
    incidents: tuple[Incident, ...] = ()
    vulnerabilities: tuple[Vulnerability, ...] = ()
    findings: tuple[Finding, ...] = ()


def extra(found: Troubles, as_of_ms: int) -> Extra:
    """Clocks as `fault.ID`, `report.ID`, `incident.ID`, `vulnerability.ID`, `finding.ID`; events
    `fault_detected`, `fault_recovered` (and with `:LEVEL`), `escalation_due`; what answers them."""
    return Extra(
        deeds=tuple(deed for one in found.faults for deed in _deeds(one)),
        events=tuple(event for one in found.faults for event in _events(one, as_of_ms)),
        breaches=tuple(breach for one in found.faults for breach in _breaches(one)),
        clocks=tuple(_clocks(found)),
    )


def _clocks(found: Troubles) -> Iterator[Timed]:
    for fault in found.faults:
        place = fault.unit, fault.system
        yield from (_timed("fault", fault.id, one, fault.proofs, place) for one in fault.clocks)
        yield from (_report(fault, one) for one in fault.reports)
    for incident in found.incidents:
        place = incident.unit, incident.system
        yield from (_timed("incident", incident.id, one, incident.proofs, place) for one in incident.clocks)
    for flaw in found.vulnerabilities:
        place = flaw.unit, flaw.system
        yield from (_timed("vulnerability", flaw.id, one, flaw.proofs, place) for one in flaw.clocks)
    for finding in found.findings:
        if finding.clock is not None:
            place = finding.unit, finding.system
            yield _timed("finding", finding.id, finding.clock, finding.proofs, place)


def _timed(word: str, key: str, clock: Clock, proofs: Sequence[Proof], place: _Place) -> Timed:
    start = clock.start_ms if clock.start_ms is not None else clock.due_ms or 0
    return Timed(
        f"{word}.{clock.id}",
        key,
        clock.state.value,
        start,
        clock.due_ms,
        clock.stop_ms,
        _entries(proofs, clock.by),
        *place,
        clock.provisional,
        clock.reason,
    )


def _report(fault: Fault, one: ReportDue) -> Timed:
    recovered = fault.moments.recovered_ms
    return Timed(
        f"report.{one.id}",
        fault.id,
        one.state.value,
        fault.moments.onset_ms if recovered is None else recovered,
        one.due_ms,
        one.filed_ms,
        _entries(fault.proofs, () if one.entry is None else (one.entry,)),
        fault.unit,
        fault.system,
        one.provisional,
        "" if one.state is not ClockState.UNKNOWN else "no_limit",
    )


def _entries(proofs: Sequence[Proof], more: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({proof.entry for proof in proofs} | set(more)))


def _first(fault: Fault) -> int:
    return min((proof.entry for proof in fault.proofs), default=-1)


def _detected(fault: Fault) -> int:
    at = fault.moments.detected_ms
    return fault.moments.onset_ms if at is None else at


def _events(fault: Fault, as_of_ms: int) -> Iterator[Event]:
    place = (_first(fault), fault.unit, fault.system)
    instants = {"fault_detected": _detected(fault), "fault_recovered": fault.moments.recovered_ms}
    for kind, at in instants.items():
        if at is not None:
            yield Event(kind, fault.id, at, at, *place)
            if fault.judged.level is not None:
                yield Event(f"{kind}:{fault.judged.level}", fault.id, at, at, *place)
    for number, at in enumerate(fault.escalation):
        if at <= as_of_ms:
            yield Event("escalation_due", f"{fault.id}+{number + 1}", at, at, *place)


def _deeds(fault: Fault) -> Iterator[Deed]:
    announced, recovered = fault.moments.announced_ms, fault.moments.recovered_ms
    place = (_first(fault), fault.unit, fault.system)
    if announced is not None:
        by = (fault.announced_by if fault.announced_by is not None else place[0], *place[1:])
        yield Deed("fault_announced", announced, announced, *by, facts={"event": fault.id})
    for one in fault.announced_to:
        by = (one.entry, *place[1:])
        yield Deed(f"fault_announced:{one.whose}", one.at_ms, one.at_ms, *by, facts={"event": fault.id})
    if recovered is not None:
        yield Deed("fault_record", recovered, recovered, *place, facts={"event": fault.id})
    for said in fault.timeline:
        due = [number for number, at in enumerate(fault.escalation) if at <= said.at_ms]
        if said.what == "escalated" and due and said.entry is not None:
            key = f"{fault.id}+{due[-1] + 1}"
            yield Deed("escalation", said.at_ms, said.at_ms, said.entry, *place[1:], facts={"event": key})


def _breaches(fault: Fault) -> Iterator[Breach]:
    if fault.judged.cause.startswith(_CAPACITY):
        at = fault.moments.onset_ms
        yield Breach("capacity_fault", at, at, _first(fault), fault.unit, fault.system, what=fault.id)
