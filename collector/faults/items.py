"""What a period's scorecard counts of faults, vulnerabilities and findings, and what cannot be told. Pure.

A fault belongs to the period that holds its onset, even if it ends in the next one: clauses count faults
that *happen* in a cycle (C24 annex 2 §4(2), LH annex 2 §5(3) "每月…发生"), and so none is counted twice. A
vulnerability, a finding or an incident that is late belongs to the period in which its limit ran out. What a
person still has to say makes a gap, with what the worst answer would make of it.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

from collector.faults.clocks import LATE_STATEMENT
from collector.faults.fold import NO_SUPPORT
from collector.faults.incidents import in_key_moment
from collector.faults.model import (
    OTHER_CAUSE,
    Account,
    Clock,
    ClockState,
    Fault,
    Finding,
    Incident,
    ReportDue,
    Vulnerability,
)
from collector.faults.terms import FaultTerms, Terms, VulnerabilityTerms
from collector.inspection.deadlines import day_of, shanghai
from collector.scoring.model import Gap, Item, PackPeriod, Scalar

OUTSIDE = "outside"

Facts = dict[str, Scalar]
_UNSURE = (ClockState.UNKNOWN, ClockState.RUNNING, ClockState.SUSPENDED)
_OPEN_GAPS = {
    "no_statement": "operator",
    "not_observed": "operator",
    "no_grade": "manager",
    "no_level": "manager",
    "no_calendar": "admin",
    "no_start": "operator",
    "plan_not_approved": "buyer",
    "force_majeure_claimed": "buyer",
    LATE_STATEMENT: "buyer",
}
SCORED = ("late", "no_support", "not_restored")


def items(account: Account, terms: Terms, period: PackPeriod) -> tuple[tuple[Item, ...], tuple[Gap, ...]]:
    """Items and gaps of a period, in a fixed order."""
    both = tuple(_all(account, terms, period))
    made = tuple(one for one in both if isinstance(one, Item))
    return made, tuple(one for one in both if isinstance(one, Gap))


def _all(account: Account, terms: Terms, period: PackPeriod) -> Iterator[Item | Gap]:
    if terms.faults is not None:
        for fault in account.faults:
            if _in(fault.moments.onset_ms, period) and fault.judged.level != 0:
                yield from _of_fault(fault, terms.faults, account)
                yield from _fault_gaps(fault, terms.faults)
        for incident in account.incidents:
            yield from _of_incident(incident, period, account.as_of_ms)
        yield from _hazards(account, period)
    flaws = terms.vulnerabilities
    for flaw in account.vulnerabilities if flaws is not None else ():
        yield from _of_vulnerability(flaw, period)
        yield from _found(flaw, flaws, period) if flaws is not None else ()
    for one in account.findings if terms.findings is not None else ():
        yield from _of_finding(one, period)


def interruptions(account: Account, terms: FaultTerms, period: PackPeriod) -> Iterator[Item]:
    """Faults that stopped a function which the contract calls critical (3.3/3): a core system was down, for
    however short a time. What people say of the level afterwards changes no measured time."""
    core = {rule.level for rule in terms.levels if rule.core}
    for fault in account.faults:
        stopped = fault.measured is None or fault.measured.down_ms > 0
        level = fault.judged.level if fault.judged.proposed is None else fault.judged.proposed
        if stopped and level in core and _in(fault.moments.onset_ms, period):
            yield _item(fault, "critical_interruption", Fraction(1), {"service": fault.system})


def _in(at_ms: int | None, period: PackPeriod) -> bool:
    return at_ms is not None and period.from_ms <= at_ms < period.to_ms


def _day(at_ms: int) -> date:
    return day_of(at_ms, shanghai())


def _facts(fault: Fault) -> Facts:
    judged = fault.judged
    late = {clock.counts_as for clock in fault.late}
    made: Facts = {
        "fault": fault.id,
        "level": judged.level,
        "vendor_cause": judged.vendor_cause,
        "major_impact": judged.major_impact,
        "waiver": judged.waiver,
        "provisional": bool(judged.asked) or any(clock.provisional for clock in fault.clocks),
        "disputed": bool(judged.disputed),
        "levels": ",".join(str(level) for level in judged.levels),
    }
    if fault.repeated is not None and fault.repeated.why == OTHER_CAUSE:
        made["other_cause"] = fault.repeated.of
    late |= {"no_support"} if NO_SUPPORT in fault.flags else set()
    return made | {name: name in late for name in SCORED}


def _of_fault(fault: Fault, terms: FaultTerms, account: Account) -> Iterator[Item]:
    facts = _facts(fault)
    scored = [clock for clock in fault.late if clock.counts_as == "late"]
    yield _item(fault, "fault", Fraction(max(1, len(scored))), facts)
    if terms.late_item and facts["late"]:
        yield _item(fault, terms.late_item, Fraction(1), {"what": fault.id})
    for report in fault.reports:
        if report.scored and report.late_days:
            yield _item(fault, "report_late_days", Fraction(report.late_days), {"fault": fault.id})
    if fault.repeated is not None and fault.repeated.decided:
        yield _item(fault, "repeat_fault", Fraction(1), {"fault": fault.id, "of": fault.repeated.of})
    if in_key_moment(fault, account.key_moments):
        yield _item(fault, "key_moment_fault", Fraction(1), {"fault": fault.id})


def _item(fault: Fault, kind: str, value: Fraction, facts: Facts) -> Item:
    at = fault.moments.onset_ms
    return Item(
        kind,
        value,
        _day(at),
        at,
        fault.unit,
        fault.system,
        facts=facts,
        proofs=fault.proofs,
        title=fault.title or fault.id,
    )


def _fault_gaps(fault: Fault, terms: FaultTerms) -> Iterator[Gap]:
    """What nobody stated: whether a scored clock was kept, whether it is the same fault again."""
    facts = _facts(fault)
    # A gap must be able to mean a fault of any level that it may turn out to have.
    open_facts = {key: one for key, one in facts.items() if key != "level" or one is not None}
    for name in SCORED:
        # Where one clock of a fault is late already, another one cannot cost more (one deduction a fault).
        unsure = [c for c in fault.clocks if c.counts_as == name and c.state in _UNSURE]
        if unsure and not facts[name]:
            first = unsure[0]
            # What is told of the others the fault's own item costs already.
            yield _gap(fault, "fault", first, {**open_facts, **dict.fromkeys(SCORED, False), name: True})
            if name == "late" and terms.late_item:
                yield _gap(fault, terms.late_item, first, {"what": fault.id})
    if fault.judged.level is None and any(facts[name] for name in SCORED):
        # What it costs hangs on a level that nobody has stated: not nothing.
        yield Gap("fault", "no_level", fault.unit, fault.system, 1, open_facts, "manager")
    yield from (_report_gap(fault, one) for one in fault.reports if one.scored and one.state in _UNSURE)
    if fault.repeated is not None and fault.repeated.decided is None:
        yield Gap(
            "repeat_fault",
            "not_confirmed" if fault.repeated.denied else fault.repeated.why or "no_statement",
            fault.unit,
            fault.system,
            1,
            facts={"fault": fault.id, "of": fault.repeated.of},
            who="buyer" if fault.repeated.denied else "manager",
        )


def _report_gap(fault: Fault, report: ReportDue) -> Gap:
    """A report that is still to come: how late it will be nobody knows."""
    unknown = report.state is ClockState.UNKNOWN
    return Gap(
        "report_late_days",
        "no_calendar" if unknown else "report_open",
        fault.unit,
        fault.system,
        None,
        facts={"fault": fault.id},
        who="admin" if unknown else "operator",
        until_ms=report.due_ms,
    )


def _gap(fault: Fault, kind: str, clock: Clock, facts: Facts) -> Gap:
    return Gap(kind, _reason(clock), fault.unit, fault.system, 1, facts, _who(clock), _until(clock))


def _reason(clock: Clock) -> str:
    return "clock_running" if clock.state is ClockState.RUNNING else clock.reason


def _who(clock: Clock) -> str:
    return _OPEN_GAPS.get(clock.reason, "operator")


def _until(clock: Clock) -> int | None:
    return clock.due_ms if clock.state is ClockState.RUNNING else None


def _of_incident(incident: Incident, period: PackPeriod, as_of_ms: int) -> Iterator[Item | Gap]:
    """One item for an incident, however many of its limits ran out; by the time of its report."""
    if not incident.item or not _in(incident.at_ms, period):
        return
    facts: Facts = {"what": incident.id}
    states = {clock.state for clock in incident.clocks}
    closed = incident.closed_ms is not None and incident.closed_ms < period.to_ms
    if ClockState.LATE in states or (incident.must_close and not closed and as_of_ms >= period.to_ms):
        yield Item(
            incident.item,
            Fraction(1),
            _day(incident.at_ms),
            incident.at_ms,
            incident.unit,
            incident.system,
            facts=facts,
            proofs=incident.proofs,
            title=incident.title,
        )
        return
    unsure = [clock for clock in incident.clocks if clock.state in _UNSURE]
    if unsure or (incident.must_close and not closed):
        at = unsure[0] if unsure else None
        yield Gap(
            incident.item,
            "not_closed" if at is None else _reason(at),
            incident.unit,
            incident.system,
            1,
            facts=facts,
            who="operator" if at is None else _who(at),
            until_ms=period.to_ms if at is None else _until(at),
        )


def _hazards(account: Account, period: PackPeriod) -> Iterator[Item]:
    for one in account.hazards:
        if _in(one.at_ms, period):
            facts: Facts = {"level": one.level, "found_by": one.found_by}
            yield Item(
                "security",
                Fraction(1),
                _day(one.at_ms),
                one.at_ms,
                one.unit,
                one.system,
                facts=facts,
                proofs=one.proofs,
                title=one.title,
            )


def _late_clock(clocks: Iterable[Clock]) -> Clock | None:
    late = [clock for clock in clocks if clock.counts_as and clock.state is ClockState.LATE]
    return min(late, key=lambda clock: clock.due_ms or 0) if late else None


def _of_vulnerability(flaw: Vulnerability, period: PackPeriod) -> Iterator[Item | Gap]:
    """A late one counts once, in the period in which its first limit ran out; none of what is not ours."""
    if flaw.placed == OUTSIDE:
        return
    clock = _late_clock(flaw.clocks)
    if clock is not None and clock.due_ms is not None and _in(clock.due_ms, period):
        if flaw.severity == "unknown":
            facts: Facts = {"vulnerability": flaw.id}
            yield Gap("vulnerability_late", "severity_unknown", flaw.unit, flaw.system, 1, facts, "operator")
            return
        facts = {"severity": flaw.severity, "major_impact": None, "vulnerability": flaw.id}
        yield _flaw(flaw, "vulnerability_late", clock.due_ms, facts)
        return
    for clock in flaw.clocks:
        if clock.counts_as and clock.state in _UNSURE and _in(clock.due_ms, period):
            facts = {"severity": flaw.severity, "vulnerability": flaw.id}
            running = clock.state is ClockState.RUNNING
            why, who = ("clock_running", "operator") if running else (_reason(clock), _who(clock))
            where = ("vulnerability_late", why, flaw.unit, flaw.system, 1)
            yield Gap(*where, facts=facts, who=who, until_ms=clock.due_ms if running else None)


def _found(flaw: Vulnerability, terms: VulnerabilityTerms, period: PackPeriod) -> Iterator[Item]:
    """Found by others: when it was found; by the vendor himself: once it is open past its limit."""
    if flaw.severity not in terms.found_severities or flaw.placed == OUTSIDE:
        return
    at: int | None = flaw.found_ms
    if terms.counts_if == "others_or_late" and flaw.found_by == "vendor":
        clock = _late_clock(flaw.clocks)
        at = None if clock is None else clock.due_ms
    if at is not None and _in(at, period):
        facts: Facts = {"severity": flaw.severity, "found_by": flaw.found_by, "vulnerability": flaw.id}
        yield _flaw(flaw, "vulnerability_found", at, facts)


def _flaw(flaw: Vulnerability, kind: str, at_ms: int, facts: Facts) -> Item:
    if flaw.placed:
        facts = {**facts, "placed": flaw.placed}
    return Item(
        kind,
        Fraction(1),
        _day(at_ms),
        at_ms,
        flaw.unit,
        flaw.system,
        facts=facts,
        proofs=flaw.proofs,
        title=flaw.title,
    )


def _of_finding(one: Finding, period: PackPeriod) -> Iterator[Item | Gap]:
    clock = one.clock
    if clock is None or clock.due_ms is None or not _in(clock.due_ms, period):
        return
    if clock.state is ClockState.RUNNING:
        where = ("finding_late", "clock_running", one.unit, one.system, 1)
        yield Gap(*where, facts={"finding": one.id}, who=one.owner or "operator", until_ms=clock.due_ms)
    elif clock.state is ClockState.LATE:
        yield Item(
            "finding_late",
            Fraction(1),
            _day(clock.due_ms),
            clock.due_ms,
            one.unit,
            one.system,
            facts={"finding": one.id},
            proofs=one.proofs,
            title=one.name,
        )
