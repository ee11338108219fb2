"""What a contract wants done, when and how often: the section `obligations:` of a pack. Plain data.

An obligation is one id of the contract (LH-31) with what proves it. A cadence is one rhythm of it: every
week, so many a month, so many days before an occasion, within a limit of an event, or always.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

from collector.inspection.deadlines import Deadline
from collector.scoring.terms import LATER


class Tag(StrEnum):
    """How much of it a machine can prove (contracts.md 0)."""

    AUTO = "AUTO"
    SEMI = "SEMI"
    MANUAL = "MANUAL"


class Every(StrEnum):
    """When it is due. Months, quarters, half-years and years are the contract's, from its anchor day."""

    WORKING_DAY = "working_day"
    DAY = "day"
    WEEK = "week"
    DAYS = "days"  # stretches of `step` days from the term's first day
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    TERM = "term"  # once in the whole term
    FIRST_WEEK = "first_week"  # of each calendar month
    MONTH_END = "month_end"  # before the end of each calendar month
    BEFORE = "before"  # an occasion: a holiday of the calendar, a key moment from a statement
    EVENT = "event"  # within `deadline` of an event of its `start_event`
    CLOCK = "clock"  # whatever the clocks of faults, vulnerabilities and findings say (`clock:ID`)
    ALWAYS = "always"  # nothing of `breach` in the period, while somebody looked


class Each(StrEnum):
    """Of whom it is due: once for the contract, or of every unit or system in scope."""

    CONTRACT = "contract"
    UNIT = "unit"
    SYSTEM = "system"


class Absent(StrEnum):
    """What it means that nothing shows it was done, though the collector was watching.

    NOT_PROVEN where only people can know (a visit, a training): their silence is no proof of anything.
    """

    MISSED = "missed"
    NOT_PROVEN = "not_proven"


class WeekRule(StrEnum):
    """Which period an ISO week belongs to: that of its Thursday, or that of the day the work was done."""

    ISO_THURSDAY = "iso_thursday"
    DAY_DONE = "day_done"


class Distinct(StrEnum):
    """What counts as one: everything, or one in each ISO week or day."""

    NONE = "none"
    WEEK = "week"
    DAY = "day"


class Cover(StrEnum):
    """Which days rosters must be about for a duty that always holds: none in particular, each one, each
    working day."""

    NONE = "none"
    DAYS = "days"
    WORKING_DAYS = "working_days"


class Reads(StrEnum):
    """The two readings of "four a month": distinct weeks, or any four (contracts.md 3.1, 2)."""

    DISTINCT_WEEKS = "distinct_weeks"
    LITERAL = "literal"


@dataclass(frozen=True, slots=True)
class Cadence:
    """One rhythm of an obligation.

    `what`: kinds of deeds that do it; `*` at the end stands for any rest; `all_of`: one of each kind is
    needed. `count`: how many in each stretch, `distinct` ones; `step`: days of a stretch (DAYS). `deadline`:
    from the event (EVENT), or from the end of the stretch, for what is handed in afterwards. `occasions`:
    names of holidays, `key_moment`, `special_request`; it may be done from `opens_days` before on and must
    be done `ahead_days` before; `during`: what lasts (a roster) is about the occasion itself (保障期间), and
    does it by covering each of its days, whenever it began; `cover`: which days of the period rosters must
    cover (ALWAYS), each naming so many `people` or more (0: the contract gives no number). `late`: done too
    late is better than never, and counts as late. `breach`: kinds that break it (ALWAYS). `lead_hours`: how
    long it takes, for the last responsible moment.
    """

    every: Every
    what: tuple[str, ...] = ()
    count: int = 1
    each: Each = Each.CONTRACT
    step: int = 1
    distinct: Distinct = Distinct.NONE
    all_of: bool = False
    deadline: Deadline | None = None
    occasions: tuple[str, ...] = ()
    opens_days: int = 0
    ahead_days: int = 0
    late: bool = False
    absent: Absent = Absent.MISSED
    breach: tuple[str, ...] = ()
    lead_hours: int = 0
    during: bool = field(default=False, metadata=LATER)
    cover: Cover = field(default=Cover.NONE, metadata=LATER)
    people: int = field(default=0, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Obligation:
    """One id of the contract. `page`: page or section mark; `line`: the scorecard line that prices it, ""
    for none (then it stands in the obligation ledger); `who` must act; `evidence`: what proves it, in words.

    `form`: what people hand in, for what only they know. Without cadences nothing can be derived: `why_not`
    says why (a text is missing, the buyer's own duty).
    """

    id: str
    clause: str
    zh: str
    en: str
    tag: Tag
    page: str = ""
    line: str = ""
    who: str = "operator"
    evidence: str = ""
    form: str = ""
    limit: str = ""
    cadences: tuple[Cadence, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class InspectionCounts:
    """What makes an inspection of a unit count (contracts.md 3.1, 3): all else is *partial*.

    `min_coverage`: per cent of the due looks at its assets that were answered; `attempt_all`: every asset of
    the unit was tried; `findings_listed`: the round is closed by a record. `silent`: an asset that owed looks
    and whose agent never answered `refuses` the round, or `counts` as so many unanswered looks.
    """

    min_coverage: int = 95
    attempt_all: bool = True
    findings_listed: bool = True
    silent: str = "refuses"


@dataclass(frozen=True, slots=True)
class BackupCounts:
    """What makes a system's backup count (contracts.md 3.1, 4). `objects`: all of the system's, or any."""

    objects: str = "all"


@dataclass(frozen=True, slots=True)
class ObligationTerms:
    """The section. `office_hours`: agreed hours of working days, for limits in them (`office_clause`).

    `anchor_day`: of contract months, None for the term's own first day; `first_week_days`: how many days of a
    month are its first week; `waiver_before`: a waiver excuses if it came before the `due` moment or before
    the `start` of what it is about; `lapse_months`: months without one of `lapse_kinds` that are a lapse.
    `alert_rules_least`: for how much of a contract month somebody must have been told of trouble for the deed
    `alert_rules` (PD-09 names no share: a day of changing channels costs nothing, a rule for one second
    proves nothing).
    """

    obligations: tuple[Obligation, ...]
    office_hours: tuple[str, ...] = ("08:30-12:00", "14:00-17:30")
    office_clause: str = ""
    anchor_day: int | None = None
    week_rule: WeekRule = WeekRule.ISO_THURSDAY
    count: Reads = Reads.DISTINCT_WEEKS
    first_week_days: int = 7
    waiver_before: str = "due"
    inspection: InspectionCounts = field(default_factory=InspectionCounts)
    backup: BackupCounts = field(default_factory=BackupCounts)
    lapse_months: int = 0
    lapse_kinds: tuple[str, ...] = ()
    lapse_per: str = "system"
    alert_rules_least: Fraction = field(default=Fraction(9, 10), metadata=LATER)

    def mistakes(self, pack: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What is wrong with it beside the rest of a pack: (path, reason)."""
        if not 0 <= self.alert_rules_least <= 1:
            yield ("alert_rules_least",), "is between 0 and 1"
        for error in check(self):
            place = next((i for i, one in enumerate(self.obligations) if error.subject.startswith(one.id)), 0)
            yield ("obligations", place), f"{error.subject}: {error.detail}"
        priced = _priced(pack.scoring)
        for i, one in enumerate(self.obligations):
            if one.line and one.line not in priced:
                yield ("obligations", i, "line"), f"no line, deduction, fine or extra named {one.line!r}"

    def obligation(self, name: str) -> Obligation:
        """The obligation of that id; KeyError where the contract has none."""
        for one in self.obligations:
            if one.id == name:
                return one
        raise KeyError(name)

    def office(self) -> tuple[tuple[int, int], ...]:
        """Office hours in minutes of the day."""
        return tuple(_range(text) for text in self.office_hours)


class ObligationTermsError(ValueError):
    """The section contradicts itself; `subject` names the obligation (and cadence)."""

    def __init__(self, subject: str, detail: str) -> None:
        super().__init__(f"{subject}: {detail}")
        self.subject = subject
        self.detail = detail


def with_options(terms: ObligationTerms, options: Mapping[str, str]) -> ObligationTerms:
    """The section under a pack's options: month_anchor, count, week_rule, inspection.*,
    office_hours (ranges with commas), lapse.per; an option that isn't there leaves its key alone."""
    made = terms
    if "month_anchor" in options:
        made = replace(made, anchor_day=int(options["month_anchor"]))
    if "inspection.min_coverage" in options:
        least = int(options["inspection.min_coverage"].removesuffix("%").strip())
        made = replace(made, inspection=replace(made.inspection, min_coverage=least))
    if "inspection.silent" in options:
        made = replace(made, inspection=replace(made.inspection, silent=options["inspection.silent"]))
    if "count" in options:
        made = replace(made, count=Reads(options["count"]))
    if "week_rule" in options:
        made = replace(made, week_rule=WeekRule(options["week_rule"]))
    if "office_hours" in options:
        made = replace(made, office_hours=tuple(one.strip() for one in options["office_hours"].split(",")))
    if "lapse.per" in options:
        made = replace(made, lapse_per=options["lapse.per"])
    return made


def check(terms: ObligationTerms) -> list[ObligationTermsError]:
    """Everything that is wrong with a section; empty when nothing is."""
    found: list[ObligationTermsError] = []
    seen: set[str] = set()
    for one in terms.obligations:
        if one.id in seen:
            found.append(ObligationTermsError(one.id, "stands here twice"))
        seen.add(one.id)
        if not one.cadences and not one.why_not:
            found.append(ObligationTermsError(one.id, "has no cadence, and nothing says why"))
        for number, cadence in enumerate(one.cadences):
            found += [ObligationTermsError(f"{one.id}[{number}]", text) for text in _wrong(cadence)]
    for text in terms.office_hours:
        try:
            _range(text)
        except ValueError as error:
            found.append(ObligationTermsError("office_hours", str(error)))
    return found


def _priced(scoring: Any) -> set[str]:
    """Ids of everything in a pack that has a price."""
    rate = scoring.money.rate
    parts = (
        *scoring.lines,
        *scoring.deductions,
        *scoring.fines,
        *scoring.vetoes,
        *(rate.extras if rate else ()),
    )
    return {str(one.id) for one in parts}


def _wrong(cadence: Cadence) -> list[str]:
    wants = {
        "count": cadence.count >= 1,
        "step": cadence.step >= 1,
        "what": bool(cadence.what) or cadence.every is Every.ALWAYS,
        "breach": bool(cadence.breach) == (cadence.every is Every.ALWAYS),
        "occasions": bool(cadence.occasions) == (cadence.every is Every.BEFORE),
        "deadline": cadence.every is not Every.EVENT or _starts(cadence.deadline),
        "opens_days": cadence.opens_days >= cadence.ahead_days >= 0,
        "during": not cadence.during or cadence.every is Every.BEFORE,
        "cover": cadence.cover is Cover.NONE
        or (cadence.every is Every.ALWAYS and cadence.what == ("roster",)),
        "people": cadence.people >= 0 and (cadence.cover is not Cover.NONE or not cadence.people),
    }
    return [f"{key} does not fit every: {cadence.every}" for key, good in wants.items() if not good]


def _starts(limit: Deadline | None) -> bool:
    return limit is not None and bool(limit.start_event)


def _range(text: str) -> tuple[int, int]:
    """(510, 720) of `08:30-12:00`; ValueError for anything else."""
    opens, _, closes = text.partition("-")
    made = _minutes(opens), _minutes(closes)
    if not 0 <= made[0] < made[1] <= 1440:
        raise ValueError(f"{text!r} is no stretch of a day such as 08:30-12:00")
    return made


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal()) or int(minutes) > 59:
        raise ValueError(f"{text!r} is no time of day such as 08:30")
    return int(hours) * 60 + int(minutes)
