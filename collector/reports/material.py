"""What documents of judging are filled from, read from the store: each thing once, when it is asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import ColumnElement, select

from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.availability.errors import AvailabilityError
from collector.backups.ledger import Ledger
from collector.context import Context
from collector.documents.judged import Judged
from collector.documents.matter import (
    Act,
    Closed,
    Device,
    Looked,
    Matter,
    Occasion,
    Problem,
    Scan,
    Served,
    Service,
    Span,
)
from collector.estate.loading import Loaded
from collector.faults.model import Account as Faults
from collector.inspection.capacity import Place
from collector.inspection.due import BY_HAND
from collector.inspection.obligations import ObligationLine
from collector.inspection.record import Record
from collector.jobs import backups, capacity, faults, figures, rounds, scans, scorecards
from collector.jobs.as_of import applied_at
from collector.jobs.backups import NoBackups
from collector.jobs.figures import NoFigure, ServiceFigure
from collector.jobs.said import all_said
from collector.jobs.term import term_sheet
from collector.judging.changes import Changes
from collector.judging.judge import NoScorecard, pack_of
from collector.judging.term import TermLine
from collector.packs.archive import Archive
from collector.statements.model import Said
from collector.store import estates, packs
from collector.store import rounds as stored_rounds
from collector.store.evidence import EntryRow, entry_table

__all__ = ["Found", "Looked", "Material", "Problem", "Span"]
CAPACITY_DAYS = 60


@dataclass(frozen=True, slots=True)
class Found:
    """What judging has found out, as collector/documents/matter.py wants it."""

    judged: Judged | None = None
    archive: Archive | None = None
    ledger: tuple[ObligationLine, ...] | None = None
    faults: Faults | None = None
    seal: tuple[int, int] | None = None
    size: int = 0


class Material(Matter):
    """One document's material, as the collector has it."""

    def __init__(
        self, context: Context, span: Span, found: Found, subject: str = "", special: bool = False
    ) -> None:
        self.context, self.span, self.found, self.subject = context, span, found, subject
        self.special = special

    def of_special(self) -> "Material":
        """The same, of special rounds alone."""
        return Material(self.context, self.span, self.found, self.subject, special=True)

    def within(self, from_ms: int, to_ms: int) -> "Material":
        """A stretch of the period, with the period's faults."""
        span = Span("", from_ms, to_ms, self.span.as_of_ms)
        return Material(self.context, span, Found(faults=self.found.faults))

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

    @cached_property
    def devices(self) -> Sequence[Device]:
        """The assets of the estate in force."""
        return [
            Device(one.id, str(one.kind), one.name, one.system, one.model, one.serial, one.location)
            for one in (self.estate.estate.assets if self.estate is not None else ())
        ]

    def project(self, lang: str) -> str:
        """What the contract in force is called; "" without one."""
        with self.context.read() as conn:
            applied = applied_at(conn, self.span.as_of_ms)
        if not applied or applied[-1].terms.contract is None:
            return ""
        pack = pack_of(applied[-1]).pack
        return pack.title if lang == "zh" else pack.title_en or pack.title

    @cached_property
    def _windows(self) -> tuple[rounds.Occasion, ...]:
        end = min(self.span.to_ms, self.span.as_of_ms)
        with self.context.read() as conn:
            found = rounds.ledger(conn, self.span.as_of_ms, self.span.from_ms, end)
        mine = (one for one in found if self.span.from_ms <= one.window.from_ms < end)
        return tuple(one for one in mine if not self.special or self._is_special(one))

    @cached_property
    def occasions(self) -> tuple[Occasion, ...]:
        """Windows of rounds that begin in the period, up to `as_of`."""
        return tuple(
            Occasion(
                one.round,
                one.window,
                one.state,
                one.due,
                one.done,
                one.errors,
                one.missed,
                None if one.record is None else Closed(one.record.idx, one.record.problems),
            )
            for one in self._windows
        )

    def _is_special(self, one: rounds.Occasion) -> bool:
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

    @cached_property
    def records(self) -> tuple[tuple[int, Record], ...]:
        """Closed records with their entries."""
        with self.context.read() as conn:
            return tuple(
                (one.record.idx, rounds.read_record(conn, one.record))
                for one in self._windows
                if one.record is not None and one.record.closed <= self.span.as_of_ms
            )

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """(system, name, its figure or None, why there is none)."""
        return tuple(self._services())

    def _services(self) -> Iterator[Service]:
        systems = self.estate.estate.systems if self.estate is not None else ()
        for one in systems:
            made, why = None, ""
            try:
                made = figures.service_figure(self.context, one.id, self.span.from_ms, self.span.to_ms)
            except (NoFigure, AvailabilityError) as error:
                why = getattr(error, "code", "no_figure")
            yield one.id, one.name or one.id, None if made is None else _served(made), why

    @cached_property
    def capacity(self) -> tuple[Place, ...]:
        """Everything that can be full."""
        with self.context.read() as conn:
            end = min(self.span.to_ms, self.span.as_of_ms)
            return tuple(capacity.outlooks(conn, end, CAPACITY_DAYS))

    @cached_property
    def backups(self) -> Ledger | None:
        """The account of backups; None where none are promised."""
        with self.context.read() as conn:
            try:
                return backups.account(conn, self.span.as_of_ms).ledger
            except NoBackups:
                return None

    @cached_property
    def scans(self) -> tuple[Scan, ...]:
        """Imported scans of the period with the findings of their series."""
        end = min(self.span.to_ms, self.span.as_of_ms + 1)
        with self.context.read() as conn:
            return tuple(
                Scan(one.series, one.received, one.verdict, one.idx, scans.history(conn, one.series, one.idx))
                for one in scans.logged(conn)
                if self.span.from_ms <= one.received < end
            )

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """What stands of people's statements."""
        with self.context.read() as conn:
            return all_said(conn, self.span.as_of_ms)

    @cached_property
    def changes(self) -> Changes | None:
        """Drifts of a period of the pack; None of any other."""
        with self.context.read() as conn:
            try:
                return scorecards.changes(conn, self.span.name, self.span.as_of_ms)
            except NoScorecard:
                return None

    @cached_property
    def term(self) -> Sequence[TermLine]:
        """The end-of-term sheet, up to the period's end."""
        with self.context.read() as conn:
            try:
                of = self.span
                return term_sheet(conn, of.as_of_ms, of.to_ms, of.size or None, of.name)
            except NoScorecard:
                return ()

    def acts(self) -> Iterator[Act]:
        """What people did with the tool, as the log has it."""
        wanted = select(entry_table).where(entry_table.c.kind == int(EntryKind.COLLECTOR), *self._received())
        with self.context.read() as conn:
            for found in conn.execute(wanted.order_by(entry_table.c.idx)).all():
                row = EntryRow(*found)
                header = strict_json.loads(entry.parse(packs.data_of(conn, row)).header)
                yield Act(row.received, row.idx, header)

    def taken(self) -> Mapping[int, Sequence[int]]:
        """Entries that the log took in during the period, by number of their kind."""
        sums: dict[int, list[int]] = {}
        with self.context.read() as conn:
            for kind, idx in conn.execute(
                select(entry_table.c.kind, entry_table.c.idx).where(*self._received())
            ):
                sums.setdefault(kind, []).append(idx)
        return sums

    def _received(self) -> tuple[ColumnElement[bool], ...]:
        end = min(self.span.to_ms, self.span.as_of_ms + 1)
        return entry_table.c.received >= self.span.from_ms, entry_table.c.received < end


def _served(made: ServiceFigure) -> Served:
    shares, sums = made.figure.ratios, made.figure.buckets
    return Served(
        target=made.terms.target,
        low=shares.low,
        score=shares.score,
        coverage=shares.coverage,
        down=sums.down,
        degraded=sums.degraded,
        faults=len(made.figure.faults),
        ends=(made.proofs[0].first[0], made.proofs[-1].last[0]) if made.proofs else None,
    )
