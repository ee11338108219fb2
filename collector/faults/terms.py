"""What a contract says about faults, vulnerabilities and findings: three sections of a pack. Plain data."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from collector.faults import checking
from collector.faults.checking import Mistake
from collector.inspection.deadlines import Deadline
from collector.scoring.kinds import KINDS


class ClockStart(StrEnum):
    """From when response and recovery are counted (option `clock.start`).

    ANNOUNCED: the earlier of the alert's receipt and the user's report; where no alert was sent, or nothing
    tells that it was, the instant at which the machine had confirmed the fault stands in for it.
    """

    ANNOUNCED = "announced"
    REPORTED = "reported"
    DETECTED = "detected"
    ONSET = "onset"


class Waiver(StrEnum):
    """What a claim of force majeure does while nobody has decided on it (option `waiver`)."""

    SUSPEND = "suspend"
    IGNORE = "ignore"


class When(StrEnum):
    """On which days a clock applies, by the local day of the fault's start."""

    ALWAYS = "always"
    WORKDAYS = "workdays"
    REST_DAYS = "rest_days"


@dataclass(frozen=True, slots=True)
class LevelRule:
    """A level that the machine may propose; thresholds are strict. All that is given must hold.

    `down_over_s`: T, seconds fully interrupted; `bad_over_s`: Q, see `q_includes_down`; either suffices
    where both are given. `core`: only for core (or only for other) systems. `needs_impact`: a person who
    says that there was no serious effect takes it off.
    """

    level: int
    name: str
    clause: str
    down_over_s: int | None = None
    bad_over_s: int | None = None
    core: bool | None = None
    needs_impact: bool = False


@dataclass(frozen=True, slots=True)
class ClockRule:
    """A time limit that runs on a fault.

    `start`: `problem` (see ClockStart), `onset`, `detected`, `reported`, `acknowledged`, `recovered`;
    `stop`: `acknowledged`, `arrived` (`arrived:ROLE`), `recovered`, `substituted`, `team_support`.
    `by`: whose words `limits` are keyed with: the `level` (or `any`), or the `grade` that a person picks;
    `system:ID` there overrides both. `counts_as`: the fact of the scored item that a late one sets, empty:
    an obligation without a price. `until_recovered`: nothing is owed any more once the fault is over.
    `basis`: where a contract has two sets of limits, which of them this is of (option `limits`).
    """

    id: str
    clause: str
    start: str
    stop: str
    limits: dict[str, Deadline]
    by: str = "level"
    on_days: When = When.ALWAYS
    counts_as: str = ""
    until_recovered: bool = False
    basis: str = ""

    def mistakes(self, pack: object) -> Iterator[Mistake]:
        """Words that are none, limits that are none or the wrong way round."""
        stop, _, role = self.stop.partition(":")
        wanted = {
            "start": (self.start, checking.STARTS),
            "stop": (stop, checking.STOPS),
            "by": (self.by, ("level", "grade")),
            "counts_as": (self.counts_as, checking.SCORED),
        }
        for name, (word, words) in wanted.items():
            if word not in words:
                yield (name,), f"{word!r} is none of: {', '.join(words)}"
        if role not in checking.ROLES or (role and stop != "arrived"):
            yield ("stop",), f"{role!r}: who came is one of: {', '.join(checking.ROLES[1:])}"
        yield from checking.limits_of(self.limits, sorted(key for key in self.limits if key.isdecimal()))


@dataclass(frozen=True, slots=True)
class Escalation:
    """Every so long an unsolved fault goes one level up."""

    clause: str
    every: Deadline


@dataclass(frozen=True, slots=True)
class ReportRule:
    """The handling and analysis report: due so long after recovery, for these levels (none: all)."""

    id: str
    clause: str
    due: Deadline | None
    levels: tuple[int, ...] = ()
    scored: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same fault again: same service, same cause code, `days` apart at most (None: within the term)."""

    clause: str
    days: int | None = None


@dataclass(frozen=True, slots=True)
class EventRule:
    """A limit on something that people report (`kind`: `security_event`, `emergency`): by its severity or
    `any`. `stop`: `acknowledged` or `recovered`. `item`: the kind of item that a late one makes;
    `must_close`: so does one that is still open when its period ends."""

    id: str
    clause: str
    kind: str
    stop: str
    limits: dict[str, Deadline]
    item: str
    must_close: bool = False

    def mistakes(self, pack: object) -> Iterator[Mistake]:
        """Words that are none, limits that are none."""
        if self.kind not in ("security_event", "emergency"):
            yield ("kind",), f"{self.kind!r} is none of: security_event, emergency"
        if self.stop not in ("acknowledged", "recovered"):
            yield ("stop",), f"{self.stop!r} is none of: acknowledged, recovered"
        if self.item not in KINDS:
            yield ("item",), f"no kind of item named {self.item!r}"
        yield from checking.limits_of(self.limits, ())


@dataclass(frozen=True, slots=True)
class FaultTerms:
    """Section `faults:`. `levels`: gravest first; `otherwise`: the level of every other measured fault.

    `no_impact`: the level of a fault that would be graver but had no serious effect (0: it is none);
    `impact_counts`: while nobody has stated the effect a level that needs a serious one stands as proposed
    and is shown as provisional, else it needs the word. `grades`: words of the contract's other vocabulary of
    severity, lightest first. `late_item`: the kind of item that a fault with a late scored clock makes
    besides its own (Huai'an `incident_late`); `scored_basis`: of clocks with a `basis` only those with this
    one set a scored fact. `min_probes`: fewer failing looks are a blip (three probe intervals, contracts.md
    3.2 no. 4, for whatever the distance of looks).
    """

    clause: str
    levels: tuple[LevelRule, ...] = ()
    otherwise: int | None = None
    lightest: int = 4
    clocks: tuple[ClockRule, ...] = ()
    escalation: Escalation | None = None
    reports: tuple[ReportRule, ...] = ()
    repeat: Repeat | None = None
    events: tuple[EventRule, ...] = ()
    grades: tuple[str, ...] = ()
    min_fault_s: int = 60
    merge_gap_s: int = 60
    recover_stable_s: int = 120
    q_includes_down: bool = True
    no_impact: int | None = None
    clock_start: ClockStart = ClockStart.ANNOUNCED
    waiver: Waiver = Waiver.SUSPEND
    late_item: str = ""
    scored_basis: str = ""
    min_probes: int = 3
    impact_counts: bool = True

    def mistakes(self, pack: object) -> Iterator[Mistake]:
        """Levels out of order, names twice, impossible minimums."""
        yield from self._order()
        yield from checking.twice("clocks", [one.id for one in self.clocks])
        yield from checking.twice("reports", [one.id for one in self.reports])
        yield from checking.twice("events", [one.id for one in self.events])
        bases = {one.basis for one in self.clocks}
        if self.scored_basis and self.scored_basis not in bases:
            yield ("scored_basis",), f"no clock has the basis {self.scored_basis!r}"
        if self.late_item and self.late_item not in KINDS:
            yield ("late_item",), f"no kind of item named {self.late_item!r}"
        for name in ("min_fault_s", "merge_gap_s", "recover_stable_s", "min_probes"):
            if getattr(self, name) < 0:
                yield (name,), "must not be negative"
        known = {str(one) for one in range(1, self.lightest + 1)} | {"any"}
        for i, rule in enumerate(self.clocks):
            keys = known if rule.by == "level" else {*self.grades, "any"}
            for key in rule.limits:
                if key not in keys and not key.startswith("system:"):
                    yield ("clocks", i, "limits", key), f"{key!r} is none of: {', '.join(sorted(keys))}"

    def _order(self) -> Iterator[Mistake]:
        for i, (graver, lighter) in enumerate(pairwise(self.levels), 1):
            if graver.level > lighter.level:
                yield ("levels", i, "level"), "the gravest level stands first"
            for name in ("down_over_s", "bad_over_s"):
                high, low = getattr(graver, name), getattr(lighter, name)
                if graver.core is lighter.core and high is not None and low is not None and high <= low:
                    yield ("levels", i, name), f"limits the wrong way round: a graver level has {high}"


@dataclass(frozen=True, slots=True)
class VulnerabilityClock:
    """A limit on a vulnerability, by severity. `start`: `found`, `plan_approved`; `stop`: `fixed`, `planned`.

    `mitigation_counts`: a signed mitigation (缓解措施) ends it as a fix does.
    """

    id: str
    clause: str
    stop: str
    limits: dict[str, Deadline]
    start: str = "found"
    mitigation_counts: bool = False
    scored: bool = True

    def mistakes(self, pack: object) -> Iterator[Mistake]:
        """Words that are none, limits that are none or the wrong way round."""
        if self.start not in ("found", "plan_approved"):
            yield ("start",), f"{self.start!r} is none of: found, plan_approved"
        if self.stop not in ("fixed", "planned"):
            yield ("stop",), f"{self.stop!r} is none of: fixed, planned"
        for key in self.limits:
            if key not in checking.SEVERITIES:
                yield ("limits", key), f"{key!r} is none of: {', '.join(checking.SEVERITIES)}"
        yield from checking.limits_of(self.limits, [key for key in checking.SEVERITIES if key in self.limits])


@dataclass(frozen=True, slots=True)
class VulnerabilityTerms:
    """Section `vulnerabilities:`. `found_severities`: those that make a `vulnerability_found` item.

    `counts_if` (option `vulnerability.counts_if`): `others_or_late`: found by others, or found by the vendor
    and open past its limit; `all`: every one. `found_from`: `scanned` (the time of the report) or
    `received` (when the log took it in).
    """

    clause: str
    clocks: tuple[VulnerabilityClock, ...] = ()
    found_clause: str = ""
    found_severities: tuple[str, ...] = ()
    counts_if: str = "others_or_late"
    found_from: str = "scanned"


@dataclass(frozen=True, slots=True)
class FindingTerms:
    """Section `findings:`. `due`: limit by the state of the reading that opened it (`warn`, `crit`), from
    the record that did; states that are left out have none. `hazards_by`: whose hazards are priced."""

    clause: str
    due: dict[str, Deadline] = field(default_factory=dict)
    due_clause: str = ""
    hazards_by: tuple[str, ...] = ("buyer", "superior")

    def mistakes(self, pack: object) -> Iterator[Mistake]:
        """Limits by the state of the reading that opens a finding."""
        for key in self.due:
            if key not in checking.STATES:
                yield ("due", key), f"{key!r} is none of: {', '.join(checking.STATES)}"
        gravest_first = [key for key in checking.STATES if key in self.due]
        for (_, *path), reason in checking.limits_of(self.due, gravest_first):
            yield ("due", *path), reason


@dataclass(frozen=True, slots=True)
class Speech:
    """How far the vendor's word alone goes (options `statement.vendor`, `statement.tolerance`).

    `vendor_alone`: what only the vendor's side said of a fault counts and is provisional; else only once the
    buyer's side has confirmed it. `tolerance_ms`: what it writes down so long after a limit has run out
    proves nothing in its own favour.
    """

    vendor_alone: bool = True
    tolerance_ms: int = 3_600_000


SPEECH = Speech()


@dataclass(frozen=True, slots=True)
class Terms:
    """The three sections together; a pack may leave any of them out."""

    faults: FaultTerms | None = None
    vulnerabilities: VulnerabilityTerms | None = None
    findings: FindingTerms | None = None
    speech: Speech = SPEECH
