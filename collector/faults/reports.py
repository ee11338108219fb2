"""The report of a fault: when it is due, how late it is, and its draft (the nine fields of PD-26). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.faults.clocks import ended
from collector.faults.model import ClockState, Event, Fault, ReportDue
from collector.faults.terms import ReportRule
from collector.inspection.deadlines import Workdays, late_days
from collector.scoring.model import Proof
from collector.statements.model import Said


def report_due(
    rule: ReportRule, recovered_ms: int | None, filed: Sequence[Said], as_of_ms: int, days: Workdays
) -> ReportDue:
    """A report counts from its receipt in the log; one from before the recovery reports no recovery."""
    good = [one for one in filed if recovered_ms is not None and one.received_ms >= recovered_ms]
    first = good[0] if good else None
    at, entry = (None, None) if first is None else (first.received_ms, first.entry)
    name = (rule.id, rule.clause)
    if recovered_ms is None:
        return ReportDue(*name, None, None, None, ClockState.RUNNING, scored=rule.scored)
    if rule.due is None:
        state = ClockState.RUNNING if first is None else ClockState.KEPT
        return ReportDue(*name, None, at, entry, state, scored=rule.scored)
    end, _ = ended(rule.due, recovered_ms, days)
    if end is None:
        return ReportDue(*name, None, at, entry, ClockState.UNKNOWN, scored=rule.scored)
    late = late_days(end, as_of_ms if at is None else at, days.zone)
    state = ClockState.LATE if late else ClockState.RUNNING if at is None else ClockState.KEPT
    return ReportDue(*name, end.at_ms, at, entry, state, late, rule.scored, end.provisional)


@dataclass(frozen=True, slots=True)
class Draft:
    """The nine fields of PD-26, as far as the evidence fills them; None: a person has to.

    `category`: the stable code of what it is (`service_down`, `service_degraded`, `reported`); `levels` and
    `cause` may be a proposal: `provisional`. Instants are UTC ms.
    """

    fault: str
    symptom: str
    category: str
    started_ms: int
    repaired_ms: int | None
    duration_ms: int | None
    cause: str | None
    handling: tuple[Event, ...]
    responsibility: str | None
    level: int | None
    provisional: bool
    proofs: tuple[Proof, ...]


def draft(fault: Fault) -> Draft:
    """What a report of this fault can say without anybody writing it."""
    moments, judged = fault.moments, fault.judged
    measured = fault.measured
    category = "reported"
    if measured is not None:
        category = "service_down" if measured.down_ms else "service_degraded"
    end = moments.recovered_ms
    whose = {True: "vendor", False: "other", None: None}[judged.vendor_cause]
    return Draft(
        fault=fault.id,
        symptom=fault.title,
        category=category,
        started_ms=moments.onset_ms,
        repaired_ms=end,
        duration_ms=None if end is None else end - moments.onset_ms,
        cause=(judged.cause_text or judged.cause) or None,
        handling=fault.timeline,
        responsibility=whose,
        level=judged.level,
        provisional=bool(judged.asked),
        proofs=fault.proofs,
    )
