"""Time limits on things that happened: when they end, and whether they were kept. Pure.

Nothing is guessed: where a person has to state the stop and nobody has, the clock is *unknown* once its time
is over, neither kept nor late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from collector.availability.errors import MissingYear, SpecError
from collector.faults.model import Clock, ClockState, Moments
from collector.faults.terms import SPEECH, ClockRule, ClockStart, When
from collector.inspection.deadlines import Deadline, Due, Workdays, day_of, due

LATE_STATEMENT = "late_statement"
ALERT_SLACK_MS = 120_000
"""An alert that came later than that after the detection starts no clock: who sends it, or has a rule wait
(`after`), could win time by being late. A minute for the look by which it counts as a fault, one for the
sender: his turn, and a channel that takes its time."""


@dataclass(frozen=True, slots=True)
class Told:
    """An instant that somebody stated. `vouched`: the buyer's side said it, or confirmed it."""

    at_ms: int
    received_ms: int
    vouched: bool
    entry: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a clock is run on. `stop_ms` None: it has not happened, as far as anybody said or saw.

    `told`: who stated the stop; those of the vendor's side that came `tolerance_ms` or more after the limit
    had run out prove nothing for it (empty: it was seen).

    `not_before_ms`: the stop is known not to lie before it (a service was seen down until then); `measured`:
    the machine sees the stop, so its silence before `as_of_ms` needs no statement. `over_ms`: when nothing
    was owed any more.
    """

    start_ms: int | None
    stop_ms: int | None
    as_of_ms: int
    measured: bool = False
    not_before_ms: int | None = None
    over_ms: int | None = None
    by: tuple[int, ...] = ()
    told: tuple[Told, ...] = ()
    tolerance_ms: int = SPEECH.tolerance_ms


def words(limit: Deadline) -> str:
    """`4 hours`, as the pack writes it."""
    return f"{limit.count} {limit.unit}"


def ended(limit: Deadline, start_ms: int, days: Workdays) -> tuple[Due | None, str]:
    """When a limit ends; else why that cannot be told."""
    try:
        return due(limit, start_ms, days), ""
    except MissingYear:
        return None, "no_calendar"
    except SpecError as error:
        return None, error.code


def judged(run: Run, due_ms: int) -> tuple[ClockState, str]:
    """How a clock stands that ends at `due_ms` (the first instant that is too late), and why."""
    if run.stop_ms is not None:
        return _stopped(run, run.stop_ms, due_ms)
    if run.over_ms is not None and run.over_ms < due_ms:
        return ClockState.VOID, "over_before"
    if run.not_before_ms is not None and run.not_before_ms >= due_ms:
        return ClockState.LATE, ""
    if run.as_of_ms < due_ms:
        return ClockState.RUNNING, ""
    return ClockState.UNKNOWN, "not_observed" if run.measured else "no_statement"


def _stopped(run: Run, stop_ms: int, due_ms: int) -> tuple[ClockState, str]:
    """What was written down long after a limit cannot alone prove that it was kept; against himself anybody
    can say what he likes whenever he likes."""
    if stop_ms >= due_ms:
        return ClockState.LATE, ""
    good = [one for one in run.told if one.vouched or one.received_ms < due_ms + run.tolerance_ms]
    if not run.told or any(one.at_ms < due_ms for one in good):
        return ClockState.KEPT, ""
    if good:
        return ClockState.LATE, ""
    if run.over_ms is not None and run.over_ms < due_ms:
        return ClockState.VOID, "over_before"
    return ClockState.UNKNOWN, LATE_STATEMENT


def clock(name: tuple[str, str, str, str], limit: Deadline, run: Run, days: Workdays) -> Clock:
    """One limit on one thing; `name`: id, clause, start, stop."""
    made = Clock(*name[:2], words(limit), *name[2:], run.start_ms, run.stop_ms, None, ClockState.UNKNOWN)
    made = replace(made, by=run.by)
    if run.start_ms is None:
        return replace(made, reason="no_start")
    end, why = ended(limit, run.start_ms, days)
    if end is None:
        return replace(made, reason=why)
    state, why = judged(run, end.at_ms)
    return replace(made, due_ms=end.at_ms, state=state, reason=why, provisional=end.provisional)


@dataclass(frozen=True, slots=True)
class Case:
    """A fault as its clocks see it. `keys`: what `limits` may be looked up with, best first, for each
    vocabulary: `level` and `grade`; several: it may be any of them, and where it is `undecided` nothing
    stands in for the decision. `begin_ms`: where `problem` starts."""

    system: str
    moments: Moments
    begin_ms: int | None
    keys: Mapping[str, tuple[str, ...]]
    as_of_ms: int
    measured: bool
    not_before_ms: int | None
    waiver: str
    by: Mapping[str, tuple[int, ...]]
    undecided: frozenset[str] = frozenset()
    told: Mapping[str, tuple[Told, ...]] = field(default_factory=dict)
    """Who stated each stop, by its word."""
    tolerance_ms: int = SPEECH.tolerance_ms


def fault_clock(rule: ClockRule, case: Case, days: Workdays) -> Clock | None:
    """The clock of a rule on a fault; None where the rule is not about such a fault."""
    if not _applies(rule.on_days, case.moments.onset_ms, days):
        return None
    found = _limits(rule, case)
    if not found:
        return None
    run = _run(rule, case)
    name = (rule.id, rule.clause, rule.start, rule.stop)
    made = [clock(name, limit, run, days) for limit in found]
    first = replace(made[0], counts_as=rule.counts_as)
    if len({one.state for one in made}) > 1:
        if rule.by in case.undecided:
            first = replace(first, state=ClockState.UNKNOWN, reason=f"no_{rule.by}")
        else:
            first = replace(first, provisional=True)
    return _waived(first, case.waiver)


def began(moments: Moments, start: ClockStart) -> tuple[int, str]:
    """Where a problem starts by the contract's option, and what stood in for it if that is not known."""
    known = moments.onset_ms if moments.detected_ms is None else moments.detected_ms
    told = [at for at in (in_time(moments.announced_ms, known), moments.reported_ms) if at is not None]
    chosen = {
        ClockStart.ANNOUNCED: min(told, default=None),
        ClockStart.REPORTED: moments.reported_ms,
        ClockStart.DETECTED: moments.detected_ms,
        ClockStart.ONSET: moments.onset_ms,
    }[start]
    if chosen is not None:
        return chosen, ""
    if moments.detected_ms is not None:
        return moments.detected_ms, "detected"
    return moments.onset_ms, "onset"


def in_time(announced_ms: int | None, detected_ms: int) -> int | None:
    """An alert that came soon enough after the detection to be what a clock starts from."""
    early = announced_ms is not None and announced_ms <= detected_ms + ALERT_SLACK_MS
    return announced_ms if early else None


def _applies(when: When, onset_ms: int, days: Workdays) -> bool:
    """A year without a calendar: both kinds of day apply, and the clocks say so where they need it."""
    if when is When.ALWAYS:
        return True
    try:
        return days.is_workday(day_of(onset_ms, days.zone)) is (when is When.WORKDAYS)
    except MissingYear:
        return True


def _limits(rule: ClockRule, case: Case) -> list[Deadline]:
    own = rule.limits.get(f"system:{case.system}")
    if own is not None:
        return [own]
    found = [rule.limits[key] for key in case.keys.get(rule.by, ()) if key in rule.limits]
    anyway = rule.limits.get("any")
    return found or ([anyway] if anyway is not None else [])


def _run(rule: ClockRule, case: Case) -> Run:
    moments = case.moments
    starts = {
        "problem": case.begin_ms,
        "onset": moments.onset_ms,
        "detected": moments.detected_ms,
        "reported": moments.reported_ms,
        "acknowledged": moments.acknowledged_ms,
        "recovered": moments.recovered_ms,
    }
    of_recovery = rule.stop == "recovered"
    return Run(
        start_ms=starts.get(rule.start),
        stop_ms=_stop(rule.stop, moments),
        as_of_ms=case.as_of_ms,
        measured=of_recovery and case.measured,
        not_before_ms=case.not_before_ms if of_recovery else None,
        over_ms=moments.recovered_ms if rule.until_recovered else None,
        by=(*case.by.get(rule.start, ()), *case.by.get(rule.stop, ())),
        told=case.told.get(rule.stop, ()),
        tolerance_ms=case.tolerance_ms,
    )


def _stop(word: str, moments: Moments) -> int | None:
    kind, _, role = word.partition(":")
    if kind == "arrived":
        who: Sequence[int] = [at for as_, at in moments.arrivals.items() if not role or as_ == role]
        return min(who, default=None)
    stops = {
        "acknowledged": moments.acknowledged_ms,
        "recovered": moments.recovered_ms,
        "substituted": moments.substituted_ms,
        "team_support": moments.team_support_ms,
    }
    return stops[kind]


def _waived(made: Clock, waiver: str) -> Clock:
    """Force majeure: pending it suspends what ran out, approved it voids it."""
    if made.state is not ClockState.LATE or waiver not in ("claimed", "approved"):
        return made
    if waiver == "approved":
        return replace(made, state=ClockState.VOID, reason="force_majeure")
    return replace(made, state=ClockState.SUSPENDED, reason="force_majeure_claimed")
