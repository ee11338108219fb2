"""Faults, vulnerabilities and findings as they stand at an instant, with their clocks. Plain data, UTC ms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from collector.scoring.model import Proof, Scalar


class ClockState(StrEnum):
    """Where a clock stands.

    UNKNOWN: it cannot be told (nobody stated the stop, no calendar, the class is not picked); SUSPENDED: a
    claim of force majeure awaits its decision; VOID: nothing was owed, or the buyer approved the claim.
    """

    RUNNING = "running"
    KEPT = "kept"
    LATE = "late"
    UNKNOWN = "unknown"
    SUSPENDED = "suspended"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Clock:
    """One time limit on one thing. `due_ms` is the first instant that is too late.

    `limit` as the pack writes it, `4 hours`; `reason`: a stable code beside UNKNOWN and VOID. `counts_as`:
    the fact of the scored item that a late one sets. `provisional`: rests on a guessed calendar, or on a
    level that nobody has confirmed and that decides the outcome.
    """

    id: str
    clause: str
    limit: str
    start: str
    stop: str
    start_ms: int | None
    stop_ms: int | None
    due_ms: int | None
    state: ClockState
    reason: str = ""
    counts_as: str = ""
    provisional: bool = False
    by: tuple[int, ...] = ()
    """Entries of the statements that started or stopped it."""


class Origin(StrEnum):
    """Who saw a fault: the machine, or only people."""

    MEASURED = "measured"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing on a fault's timeline: onset, detected, announced, reported, acknowledged, arrived,
    recovered, escalate, report, and every statement by its kind. `by` is empty for what was measured."""

    at_ms: int
    what: str
    by: str = ""
    entry: int | None = None
    detail: str = ""
    late: bool = False
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Moments:
    """When what happened to a fault; None: not, or nobody knows."""

    onset_ms: int
    detected_ms: int | None = None
    announced_ms: int | None = None
    reported_ms: int | None = None
    acknowledged_ms: int | None = None
    recovered_ms: int | None = None
    arrivals: Mapping[str, int] = field(default_factory=dict)
    substituted_ms: int | None = None
    team_support_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What the evidence says of a fault's extent: T, Q and their bounds (availability.md 3.10, 3.11)."""

    down_ms: int
    degraded_ms: int
    least: tuple[int, int]
    most: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """What people decided of a fault, or what stands in for it.

    `level` None: nobody could tell; `proposed`: by the machine; `levels`: all that the bounds allow, gravest
    first. `level_by`: the entry that states it. `vendor_cause`, `impact` None: not stated, which counts as
    proposed (vendor's cause, serious effect). `waiver`: "", `claimed`, `approved`, `refused`.
    """

    level: int | None
    proposed: int | None
    levels: tuple[int, ...]
    level_by: int | None = None
    grade: str = ""
    cause: str = ""
    cause_text: str = ""
    vendor_cause: bool | None = None
    impact: bool | None = None
    major_impact: bool | None = None
    waiver: str = ""
    asked: tuple[str, ...] = ()
    """Statements that are still wanted, by kind."""
    unconfirmed: tuple[str, ...] = ()
    """Kinds of which only the vendor's side has spoken."""
    disputed: tuple[tuple[str, int], ...] = ()
    """(kind, entry): what the vendor's side says against a word of the buyer's."""


NO_CAUSE, OTHER_CAUSE = "no_cause", "other_cause"


@dataclass(frozen=True, slots=True)
class Repeated:
    """An earlier fault with the same service and cause code; `decided` None: no person has said yet."""

    of: str
    cause: str
    decided: bool | None = None
    entry: int | None = None
    denied: bool = False
    """The vendor's side alone says that it is another one: nobody has decided."""
    why: str = ""
    """`no_cause`: nobody stated the cause of one of them; `other_cause`: the vendor's side alone says that
    they differ."""


@dataclass(frozen=True, slots=True)
class ReportDue:
    """The report of a fault under one clause. `late_days`: calendar dates begun after the last day."""

    id: str
    clause: str
    due_ms: int | None
    filed_ms: int | None
    entry: int | None
    state: ClockState
    late_days: int = 0
    scored: bool = False
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Announced:
    """The first message of a fault that a channel of somebody's people took (`buyer`, `user`, `vendor`): when
    the log took its receipt (UTC ms), and its entry."""

    whose: str
    at_ms: int
    entry: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `id`: `SYSTEM@ONSET` in UTC; `to_ms` None: still running. It belongs to its onset's period.

    `flags`: stable codes of what has to be said beside it.
    """

    id: str
    origin: Origin
    system: str | None
    unit: str | None
    title: str
    to_ms: int | None
    moments: Moments
    measured: Measured | None
    judged: Judged
    clocks: tuple[Clock, ...] = ()
    escalation: tuple[int, ...] = ()
    reports: tuple[ReportDue, ...] = ()
    repeated: Repeated | None = None
    timeline: tuple[Event, ...] = ()
    flags: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    announced_by: int | None = None
    """The entry of the message that announced it, where one did."""
    announced_to: tuple["Announced", ...] = ()

    @property
    def late(self) -> tuple[Clock, ...]:
        """Its clocks that ran out."""
        return tuple(clock for clock in self.clocks if clock.state is ClockState.LATE)


@dataclass(frozen=True, slots=True)
class Incident:
    """A security event or an emergency that people reported, with its clocks. `item`: what a late one
    makes; `must_close`: one that is still open at the period's end counts as late."""

    id: str
    kind: str
    severity: str
    system: str | None
    unit: str | None
    at_ms: int
    found_by: str
    closed_ms: int | None
    clocks: tuple[Clock, ...]
    item: str
    must_close: bool = False
    title: str = ""
    proofs: tuple[Proof, ...] = ()


class Stage(StrEnum):
    """Where a vulnerability or a finding stands."""

    OPEN = "open"
    FIXED = "fixed"
    MITIGATED = "mitigated"
    CLAIMED = "claimed"
    """Somebody says that it is fixed, and no look has shown it."""


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One episode of a vulnerability: from the report that showed it to the look that did not.

    `id`: `V` and ten hex digits; a reopened one has `#2` and so on. `ended_by`: `rescan`, `version_check`,
    `mitigation`, or the tool's own word `scan_mitigated`.
    """

    id: str
    finding: str
    host: str
    place: str
    title: str
    severity: str
    system: str | None
    unit: str | None
    found_by: str
    found_ms: int
    stage: Stage
    ended_ms: int | None
    ended_by: str
    planned_ms: int | None
    plan_approved_ms: int | None
    looked_ms: int
    clocks: tuple[Clock, ...]
    proofs: tuple[Proof, ...] = ()
    episode: int = 1
    placed: str = ""
    """By what it has its place, where the estates of its time do not know the host: `estate ENTRY`,
    `statement ENTRY` (the buyer's), `outside` (neither in scope nor in service, as the buyer says)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One episode of a finding (隐患): from the reading that opened it to the one that closed it.

    `id`: `H` and ten hex digits; `since`: window of the record that opened it; `records`: windows of those
    that carried it; `closed_by`: `reading`, `absent` (a good look that no longer names it) or `statement`.
    """

    id: str
    check: str
    target: str
    name: str
    state: str
    system: str | None
    unit: str | None
    owner: str
    since: str
    opened_ms: int
    due_ms: int | None
    clock: Clock | None
    stage: Stage
    closed_ms: int | None
    closed_by: str
    records: tuple[str, ...]
    not_inspected: tuple[str, ...] = ()
    episode: int = 1
    claims: tuple[int, ...] = ()
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard or a security remark that people recorded. `level`: major, notified, reminded, hazard."""

    level: str
    found_by: str
    at_ms: int
    system: str | None
    unit: str | None
    title: str = ""
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """Everything of one estate under one contract at `as_of_ms`. `stray`: statements about nothing known."""

    as_of_ms: int
    faults: tuple[Fault, ...] = ()
    blips: int = 0
    incidents: tuple[Incident, ...] = ()
    vulnerabilities: tuple[Vulnerability, ...] = ()
    findings: tuple[Finding, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    key_moments: tuple[tuple[int, int, str], ...] = ()
    stray: tuple[tuple[int, str], ...] = ()
    """(entry, why): unknown_fault, unknown_vulnerability, unknown_finding, in_the_future."""


Facts = Mapping[str, Scalar]
