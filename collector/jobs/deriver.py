"""Deriving in the calling thread: memory over the derived tables, and the flushes that keep it.

A flush goes in pieces, so that the intake never waits long for the database. Each piece has whole
series: their runs, their newest look and what came late of them. `begun` says up to where a flush has
begun, the cursor moves with the last piece. A crash in between leaves some series ahead of the cursor:
they know it by their open run's last entry, and what they hold is passed over when it comes again.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from checks.codec import FieldError
from checks.wire.errors import WireError
from collector.context import Context
from collector.crash_points import crash_point
from collector.evidence.accepted import Accepted
from collector.jobs import backup_folds, backup_lines
from collector.jobs.backup_folds import Kept
from collector.jobs.batches import log_size, read_batches
from collector.jobs.derive_late import Change, Job, LateWork
from collector.jobs.derive_series import Holds
from collector.jobs.derive_state import Memory
from collector.store import late, plans, rounds, runs, series
from collector.store.evidence import Damaged
from collector.store.late import LateRow
from collector.store.rounds import DoneRow
from collector.store.runs import RunRow
from collector.store.series import SeriesRow

log = logging.getLogger(__name__)
MOST_DIRTY = 50_000
PIECE = 400  # rows of one transaction
_READ = 512
_NO_HOLDS: Holds = {}


class Overtaken(Exception):
    """Another deriver moved the cursor: drop memory and go on from where it is."""

    code = "overtaken"


@dataclass(slots=True)
class _Piece:
    """What goes into one transaction."""

    series: list[SeriesRow] = field(default_factory=list)
    moved: list[SeriesRow] = field(default_factory=list)
    runs: list[RunRow] = field(default_factory=list)
    late: list[LateRow] = field(default_factory=list)
    done: list[DoneRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.series) + len(self.moved) + len(self.runs) + len(self.late) + len(self.done)


class Deriver:
    """Derives in the calling thread: `catch_up` until the log's end, `flush` to keep it, `settle` for all."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._plans: dict[str, Holds] = {}
        self._with_backups: set[str] = {""}  # plans that have backup checks, or that nobody can read
        self._forget()

    def _forget(self) -> None:
        self._memory = Memory(self._holds)
        self._work = LateWork(self._holds)
        self._backups: list[tuple[Accepted, int]] = []  # lines since the last flush
        self._kept = -1  # the cursor as in the database
        self._begun = -1
        self._late: set[tuple[int, int]] = set()  # as in the database
        self.next = 0  # the first position that memory has not seen

    def load(self) -> None:
        """Start from what is kept."""
        self._forget()
        memory = self._memory
        with self._context.read() as conn:
            kept = self.next = series.cursor(conn)
            self._begun = series.cursor(conn, "begun")
            for row in series.every(conn):
                memory.add(row)
            for run in runs.newest(conn):
                memory.numbered(run.series).stand_on(run)
            memory.marks = series.marks(conn)
            for waiting in late.every(conn):
                self._late.add(waiting[:2])
                agent = memory.numbered(waiting.series).vantage
                memory.late.setdefault(agent, {})[waiting[:2]] = waiting
        self._kept = kept

    def catch_up(self, upto: int | None = None) -> None:
        """Take everything from the log, or its entries below `upto`, flushing on the way when it is much."""
        while self.read_on(upto):
            if self.dirty >= MOST_DIRTY:
                self.flush()

    def read_on(self, upto: int | None = None) -> bool:
        """Take the next entries of the log; whether there were any."""
        if not self.loaded:
            self.load()
        with self._context.read() as conn:
            size = log_size(conn)
            end = min(self.next + _READ, size if upto is None else min(upto, size))
            if end <= self.next:
                return False
            # The reader's snapshot is closed before anything is written.
            batches = list(read_batches(conn, self.next, end - self.next))
        for batch in batches:
            self.take(batch)
        self.next = max(self.next, end)
        return True

    @property
    def loaded(self) -> bool:
        """Whether memory stands on what is kept."""
        return self._kept >= 0

    def take(self, batch: Accepted) -> None:
        """Follow one batch, the next in the log."""
        self._memory.take(batch)
        self._holds(batch.header.plan)
        if batch.header.plan in self._with_backups:
            self._backups += backup_lines.found_in(batch)
        self.next = batch.idx + 1

    @property
    def dirty(self) -> int:
        """How much waits for the next flush."""
        memory = self._memory
        return len(memory.dirty) + memory.ended + len(memory.done) + len(self._backups)

    @property
    def behind(self) -> bool:
        """Whether memory has seen more than is kept."""
        return self.next > self._kept

    @property
    def late(self) -> bool:
        """Whether runs are still to be derived again."""
        return bool(self._memory.late)

    def flush(self) -> None:
        """Keep everything since the last flush, the cursor with the last piece; or Overtaken."""
        if self.next == self._kept:
            return
        try:
            looks = self._looks()
            # Rows are made a piece at a time: all at once would stop everybody while they are collected.
            pieces = self._pieces()
            piece = next(pieces)
            for following in pieces:
                with self._context.write() as conn:
                    self._claim(conn, self.next)
                    _write(conn, piece)
                self._begun = self.next
                self._late.update(row[:2] for row in piece.late)
                piece = following
                crash_point("derive-piece")
            with self._context.write() as conn:
                self._claim(conn, self.next)
                _write(conn, piece)
                if looks is not None:
                    backup_folds.save(conn, looks)
                self._close(conn)
                crash_point("derive-written")
        except BaseException:
            # Memory may be ahead of what is kept: it is made again.
            self._kept = -1
            raise
        crash_point("derive-committed")
        self._kept = self._begun = self.next
        self._late.update(row[:2] for row in piece.late)
        self._memory.forget_changes()
        self._backups.clear()

    def _looks(self) -> Kept | None:
        """Looks at backups since the last flush: read before anything is written."""
        if not self._backups:
            return None
        with self._context.read() as conn:
            return backup_folds.kept_of(conn, backup_lines.rows_of(conn, self._backups))

    def late_step(self, *, patient: bool = True) -> bool:
        """Read a little for late observations; False if there is nothing to read just now."""
        if not self.loaded:
            self.load()
        with self._context.read() as conn:
            return self._work.step(conn, self._memory, patient=patient)

    def late_finish(self) -> None:
        """Put the runs that were derived again in the place of the old ones; nothing waits for a flush."""
        jobs = [] if self.behind else self._work.read_whole()
        try:
            for job in jobs:
                self._finish(job)
        except BaseException:
            self._kept = -1
            raise

    def drop(self) -> None:
        """Forget what is not kept: memory is made again from the cursor."""
        self._kept = -1

    def settle(self) -> None:
        """Flush, and leave nothing late behind."""
        self.flush()
        while self.late:
            if not self.late_step(patient=False):
                self.late_finish()

    def _finish(self, job: Job) -> None:
        with self._context.read() as conn:
            job.aim(conn, self._memory)  # meanwhile something may have come beside
        if job.reading:
            return
        changes = job.changes(self._memory)
        while changes:
            some, rows = [], 0
            while changes and rows < PIECE:
                some.append(changes.pop())
                rows += len(some[-1].was) + len(some[-1].now) + 1
            with self._context.write() as conn:
                self._claim(conn, self._begun)
                for change in some:
                    _replace(conn, change)
            crash_point("derive-late")
            for change in some:
                self._late.discard(change.row[:2])
                self._memory.replaced(job.agent, change.row, change.now)
        self._work.end(job)

    def _claim(self, conn: Connection, begun: int) -> None:
        """Nobody else has kept anything since we looked, nor can till this transaction ends; or Overtaken."""
        mine = series.move_cursor(conn, self._begun, begun, "begun")
        if not mine or series.cursor(conn) != self._kept or late.count(conn) != len(self._late):
            raise Overtaken

    def _pieces(self) -> Iterator[_Piece]:
        memory, piece = self._memory, _Piece()
        memory.settle()
        # By number: if only some are kept, the numbers of new ones leave no hole.
        for one in sorted(memory.dirty, key=lambda one: one.id):
            one.level()
            (piece.moved if one.moved else piece.series).append(one.row())
            piece.runs += one.ended
            if one.n:
                piece.runs.append(one.run())
            waiting = memory.late.get(one.vantage, {})
            piece.late += [waiting[one.id, until] for until in memory.changed_late.get(one.id, ())]
            if len(piece) >= PIECE:
                yield piece
                piece = _Piece()
        for look in memory.done.values():
            piece.done.append(look)
            if len(piece) >= PIECE:
                yield piece
                piece = _Piece()
        yield piece

    def _close(self, conn: Connection) -> None:
        """Marks and events go with the cursor: nothing before a mark may still be on its way."""
        memory = self._memory
        marks = [memory.marks[agent] for agent in sorted(memory.changed_marks)]
        series.save(conn, [], marks, memory.events)
        if not series.move_cursor(conn, self._kept, self.next):
            raise Overtaken

    def _holds(self, digest: str) -> Holds:
        """Holds of the plan that a batch cites; none where it cites none."""
        if not digest:
            return _NO_HOLDS
        if digest not in self._plans:
            self._plans[digest] = self._read_holds(digest)
        return self._plans[digest]

    def _read_holds(self, digest: str) -> Mapping[tuple[str, str], int]:
        try:
            with self._context.read() as conn:
                plan = plans.by_digest(conn, digest)
        except (WireError, FieldError, Damaged) as error:
            log.warning("plan %s cannot be read: %s", digest[:16], error)
            plan = None
        if plan is None or backup_lines.asks_for(plan):
            self._with_backups.add(digest)
        return {} if plan is None else {(item.check, item.target): item.hold_ms for item in plan.items}


def _write(conn: Connection, piece: _Piece) -> None:
    series.save(conn, piece.series, [], [])
    series.save_assets(conn, piece.moved)
    runs.save(conn, piece.runs)
    late.save(conn, piece.late)
    rounds.save_done(conn, piece.done)


def _replace(conn: Connection, change: Change) -> None:
    firsts, known = {run.first for run in change.now}, set(change.was)
    runs.remove(conn, [run for run in change.was if run.first not in firsts])
    runs.save(conn, [run for run in change.now if run not in known])
    late.remove(conn, [change.row[:2]])
