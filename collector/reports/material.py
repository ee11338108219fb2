"""What documents of judging are filled from: everything that evidence says of a period, read once each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from collector.availability.errors import AvailabilityError
from collector.context import Context
from collector.estate.loading import Loaded
from collector.faults.model import Account as Faults
from collector.faults.model import Fault
from collector.inspection.due import BY_HAND
from collector.inspection.obligations import ObligationLine
from collector.inspection.record import ItemReading, Record
from collector.jobs import backups, capacity, faults, figures, rounds, scans, scorecards
from collector.jobs.backups import NoBackups
from collector.jobs.figures import NoFigure, ServiceFigure
from collector.jobs.rounds import Occasion
from collector.jobs.said import all_said
from collector.judging.judge import NoScorecard, pack_of
from collector.packs.archive import Archive
from collector.reports.judging_view import Judged
from collector.reports.measures import Key, Measure, measures
from collector.reports.words_judging import text
from collector.scans.lifecycle import Life
from collector.statements.model import Said
from collector.store import estates
from collector.store import rounds as stored_rounds

CAPACITY_DAYS = 60
_GRAVITY = {"crit": 0, "unknown": 1, "warn": 2}


@dataclass(frozen=True, slots=True)
class Span:
    """A period: its name, [from, to) and what has been received by `as_of`, in UTC ms; `size`: of the log
    then (0: a part of a document's period)."""

    name: str
    from_ms: int
    to_ms: int
    as_of_ms: int
    size: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What judging has found out about the period; None: the estate has no contract that asks for it."""

    judged: Judged | None = None
    archive: Archive | None = None
    ledger: tuple[ObligationLine, ...] | None = None
    faults: Faults | None = None
    seal: tuple[int, int] | None = None
    """Entry and number (0 seal, 1.. amendment) of the sealed scorecard in `judged`; None: provisional."""
    size: int = 0
    """Of the log that `judged` was made of."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A reading that was not good in records of the period: how often, first and last, newest evidence."""

    target: str
    asset: str | None
    check: str
    reading: ItemReading
    state: str
    times: int
    first: str
    last: str
    entry: int
    line: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """How one asset did in the records of the period."""

    asset: str
    looks: int = 0
    crit: int = 0
    warn: int = 0
    unknown: int = 0
    errors: int = 0
    entries: list[int] = field(default_factory=list)


class Material:
    """One document's material. Everything is read when a part asks for it, and once."""

    def __init__(
        self, context: Context, span: Span, found: Found, subject: str = "", special: bool = False
    ) -> None:
        self.context, self.span, self.found, self.subject = context, span, found, subject
        self.special = special
        """Of special rounds (特巡特维) alone: those before occasions, and those that somebody started."""

    def of_special(self) -> "Material":
        """The same, of special rounds alone."""
        return Material(self.context, self.span, self.found, self.subject, special=True)

    @cached_property
    def before(self) -> "Material":
        """The stretch of the same length right before: its records, figures and faults."""
        at = self.span
        span = Span("", 2 * at.from_ms - at.to_ms, at.from_ms, at.as_of_ms)
        return Material(self.context, span, Found(faults=self._faults_from(span.from_ms)), "", self.special)

    def _faults_from(self, from_ms: int) -> Faults | None:
        """Faults of the whole term; None where it begins later: nobody judged what was before."""
        with self.context.read() as conn:
            try:
                first = scorecards.every_period(conn, self.span.as_of_ms)[0]
                told = faults.told(conn, self.span.as_of_ms)
            except NoScorecard:
                return None
        return told.account if first.from_ms <= from_ms else None

    @cached_property
    def estate(self) -> Loaded | None:
        """The estate in force."""
        with self.context.read() as conn:
            applied = estates.newest(conn)
            return None if applied is None else estates.loaded(conn, applied.idx)

    @cached_property
    def timezone(self) -> str:
        """The estate's zone."""
        return self.estate.estate.timezone if self.estate is not None else "Asia/Shanghai"

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Names of units, systems and assets."""
        if self.estate is None:
            return {}
        found = self.estate.estate
        return {
            one.id: one.name or one.id
            for group in (found.units, found.systems, found.assets)
            for one in group
        }

    def project(self, lang: str) -> str:
        """What the contract in force is called; "" without one."""
        with self.context.read() as conn:
            applied = scorecards.applied(conn, scorecards.size_at(conn, self.span.as_of_ms))
        if not applied or applied[-1].terms.contract is None:
            return ""
        pack = pack_of(applied[-1]).pack
        return pack.title if lang == "zh" else pack.title_en or pack.title

    def device(self, name: str) -> str:
        """An asset with its name, where it has one."""
        held = self.names.get(name, name)
        return name if held == name else f"{held} ({name})"

    def called(self, name: str | None, lang: str) -> str:
        """The name of a unit, system or asset; of none: the whole contract."""
        return self.names.get(name, name) if name else text("judging.lines.contract", lang)

    @cached_property
    def occasions(self) -> tuple[Occasion, ...]:
        """Windows of rounds that begin in the period, up to `as_of`."""
        end = min(self.span.to_ms, self.span.as_of_ms)
        with self.context.read() as conn:
            found = rounds.ledger(conn, self.span.as_of_ms, self.span.from_ms, end)
        mine = (one for one in found if self.span.from_ms <= one.window.from_ms < end)
        return tuple(one for one in mine if not self.special or self._is_special(one))

    def _is_special(self, one: Occasion) -> bool:
        """Whether a round is due before occasions only, or was started by somebody."""
        return one.round not in self._recurring or BY_HAND in one.window.id

    @cached_property
    def _recurring(self) -> frozenset[str]:
        """Rounds that come again by themselves, under any estate."""
        with self.context.read() as conn:
            rules = stored_rounds.rules(conn)
        return frozenset(
            name for name, held in rules.items() if any(rule.plan and rule.plan.every for rule in held)
        )

    @cached_property
    def rounds(self) -> Mapping[str, str]:
        """Names of rounds."""
        held = self.estate.estate.rounds if self.estate is not None else ()
        return {one.id: one.name or one.id for one in held} | {
            record.round: record.name for _, record in self.records if record.name
        }

    def window(self, name: str, window: str) -> str:
        """A round by its name and its window's day: `每周巡检 2026-10-12`."""
        called = self.rounds.get(name, name)
        mark, _, day = window.rpartition("/")
        return f"{called} {day}" if mark == name else f"{called} {window}"

    @cached_property
    def records(self) -> tuple[tuple[int, Record], ...]:
        """Closed records with their entries."""
        with self.context.read() as conn:
            return tuple(
                (one.record.idx, rounds.read_record(conn, one.record))
                for one in self.occasions
                if one.record is not None and one.record.closed <= self.span.as_of_ms
            )

    @cached_property
    def measures(self) -> Mapping[Key, Measure]:
        """Numbers of the records, by asset and reading."""
        return measures(record for _, record in self.records)

    @cached_property
    def measures_before(self) -> Mapping[Key, Measure]:
        """The same of the stretch before."""
        return self.before.measures

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Readings that were not good, the gravest and most frequent first."""
        made: dict[tuple[str, str, str], Problem] = {}
        for _, record in self.records:
            for item in (*record.problems, *record.unclear):
                key = item.target, item.check, item.reading.name
                before = made.get(key)
                state = item.reading.state
                if before is not None and _GRAVITY.get(before.state, 9) < _GRAVITY.get(state, 9):
                    state = before.state
                made[key] = Problem(
                    item.target,
                    item.asset,
                    item.check,
                    item.reading,
                    state,
                    1 if before is None else before.times + 1,
                    record.window.id if before is None else before.first,
                    record.window.id,
                    item.evidence.entry,
                    item.evidence.line,
                )
        return tuple(
            sorted(
                made.values(), key=lambda one: (_GRAVITY.get(one.state, 9), -one.times, one.target, one.check)
            )
        )

    @cached_property
    def looked(self) -> tuple[Looked, ...]:
        """Each asset with its looks in the records."""
        sums: dict[str, dict[str, int]] = {}
        entries: dict[str, list[int]] = {}
        for idx, record in self.records:
            for item in record.items:
                name = item.asset or item.target
                mine = sums.setdefault(name, {})
                mine["looks"] = mine.get("looks", 0) + 1
                mine[item.state] = mine.get(item.state, 0) + 1
                if idx not in entries.setdefault(name, []):
                    entries[name].append(idx)
        return tuple(
            Looked(
                name,
                looks=mine["looks"],
                crit=mine.get("crit", 0),
                warn=mine.get("warn", 0),
                unknown=mine.get("unknown", 0),
                errors=mine.get("error", 0),
                entries=entries[name],
            )
            for name, mine in sorted(sums.items())
        )

    @cached_property
    def services(self) -> tuple[tuple[str, str, ServiceFigure | None, str], ...]:
        """(system, name, its figure or None, why there is none)."""
        return tuple(self._services())

    def _services(self) -> Iterator[tuple[str, str, ServiceFigure | None, str]]:
        systems = self.estate.estate.systems if self.estate is not None else ()
        for one in systems:
            made, why = None, ""
            try:
                made = figures.service_figure(self.context, one.id, self.span.from_ms, self.span.to_ms)
            except (NoFigure, AvailabilityError) as error:
                why = getattr(error, "code", "no_figure")
            yield one.id, one.name or one.id, made, why

    @cached_property
    def capacity(self) -> tuple[capacity.Place, ...]:
        """Everything that can be full."""
        with self.context.read() as conn:
            end = min(self.span.to_ms, self.span.as_of_ms)
            return tuple(capacity.outlooks(conn, end, CAPACITY_DAYS))

    @cached_property
    def backups(self) -> backups.Account | None:
        """The account of backups; None where none are promised."""
        with self.context.read() as conn:
            try:
                return backups.account(conn, self.span.as_of_ms)
            except NoBackups:
                return None

    @cached_property
    def scans(self) -> tuple[tuple[scans.Logged, tuple[Life, ...]], ...]:
        """Imported scans of the period with the findings of their series."""
        with self.context.read() as conn:
            found = [
                one
                for one in scans.logged(conn)
                if self.span.from_ms <= one.received < min(self.span.to_ms, self.span.as_of_ms + 1)
            ]
            return tuple((one, scans.history(conn, one.series, one.idx)) for one in found)

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """What stands of people's statements."""
        with self.context.read() as conn:
            return all_said(conn, self.span.as_of_ms)

    @property
    def fault(self) -> Fault | None:
        """The fault that a report is about."""
        known = self.found.faults.faults if self.found.faults is not None else ()
        return next((one for one in known if one.id == self.subject), None)

    @cached_property
    def in_period(self) -> tuple[Fault, ...]:
        """Faults that began in the period."""
        known = self.found.faults.faults if self.found.faults is not None else ()
        return tuple(one for one in known if self.span.from_ms <= one.moments.onset_ms < self.span.to_ms)
