"""The deriver: follows the log behind the intake and keeps series, runs, looks of rounds and agents' marks.

A batch that has just been committed is handed over by `feed`, which never waits; what does not fit is
read from the log later. A flush writes everything since the last one together with the cursor in one
transaction, so a crash loses memory only, and the batches since the cursor are taken again. The cursor
moves by compare-and-set: of two derivers at work the slower one drops its memory and starts over.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from time import monotonic

from sqlalchemy import Connection, delete
from sqlalchemy.exc import SQLAlchemyError

from checks.codec import FieldError
from checks.wire.errors import WireError
from collector.context import Context
from collector.evidence.accepted import Accepted
from collector.faults import crash_point
from collector.jobs import derive_late, projection
from collector.jobs.batches import log_size, read_batches
from collector.jobs.derive_state import Holds, Late, Memory, Series
from collector.store import estates, plans, rounds, runs, series, statements
from collector.store.evidence import Damaged

log = logging.getLogger(__name__)
MOST_WAITING = 2048  # batches
IDLE_S = 1.0
FLUSH_S = 0.5
FLUSH_SHARE = 10  # a flush may take a tenth of the time
MOST_DIRTY = 50_000
_READ = 512
_NO_HOLDS: Holds = {}

# Everything that is derived, in the order in which it can be emptied.
DERIVED = (
    series.series_table,
    series.mark_table,
    series.event_table,
    series.cursor_table,
    runs.run_table,
    rounds.done_table,
    rounds.rule_table,
    rounds.record_table,
    statements.statement_table,
    estates.estate_table,
    plans.issued_table,
    plans.current_table,
)


class Overtaken(Exception):
    """Another deriver moved the cursor: drop memory and go on from where it is."""

    code = "overtaken"


class Deriver:
    """Derives in the calling thread: `catch_up` until the log's end, `flush` to keep it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._plans: dict[str, Holds] = {}
        self._memory = Memory(self._holds)
        self._kept = -1  # the cursor as in the database
        self.next = 0  # the first position that memory has not seen

    def load(self) -> None:
        """Start from what is kept."""
        memory = Memory(self._holds)
        with self._context.read() as conn:
            self._kept = self.next = series.cursor(conn)
            known: dict[int, Series] = {}
            for row in series.every(conn):
                one = known[row.id] = Series(row)
                memory.agents.setdefault(row.vantage, {})[row.check, row.target] = one
            for run in runs.newest(conn):
                known[run.series].resume(run)
            memory.marks = series.marks(conn)
        memory.count = len(known)
        self._memory = memory

    def catch_up(self, upto: int | None = None) -> None:
        """Take everything from the log, or its entries below `upto`, flushing on the way when it is much."""
        if not self.loaded:
            self.load()
        while upto is None or self.next < upto:
            with self._context.read() as conn:
                size = log_size(conn)
                end = min(self.next + _READ, size if upto is None else min(upto, size))
                if end <= self.next:
                    return
                # The reader's snapshot is closed before anything is written.
                batches = list(read_batches(conn, self.next, end - self.next))
            for batch in batches:
                self.take(batch)
            self.next = max(self.next, end)
            if self.dirty >= MOST_DIRTY:
                self.flush()

    @property
    def loaded(self) -> bool:
        """Whether memory stands on what is kept."""
        return self._kept >= 0

    def take(self, batch: Accepted) -> None:
        """Follow one batch, the next in the log."""
        late = self._memory.take(batch)
        self.next = batch.idx + 1
        if late:
            self.flush(late)

    @property
    def dirty(self) -> int:
        """How much waits for the next flush."""
        return len(self._memory.dirty) + len(self._memory.done)

    @property
    def behind(self) -> bool:
        """Whether memory has seen more than is kept."""
        return self.next > self._kept

    def flush(self, late: Iterable[Late] = ()) -> None:
        """Keep everything since the last flush, with the cursor, in one transaction; or Overtaken."""
        if self.next == self._kept:
            return
        try:
            with self._context.write() as conn:
                if not series.move_cursor(conn, self._kept, self.next):
                    raise Overtaken
                self._write(conn)
                crash_point("derive-written")
                for one in late:
                    derive_late.rederive(conn, one.series, one.instants, self.next, self._holds)
        except BaseException:
            # Memory may be ahead of what is kept: it is made again.
            self._kept = -1
            raise
        crash_point("derive-committed")
        self._kept = self.next
        self._memory.forget_changes()

    def _write(self, conn: Connection) -> None:
        memory = self._memory
        marks = [memory.marks[agent] for agent in sorted(memory.changed_marks)]
        series.save(conn, [one.row() for one in memory.dirty], marks, memory.events)
        ended = [run for one in memory.dirty for run in one.ended]
        runs.save(conn, [*ended, *(one.run() for one in memory.dirty if one.n)])
        rounds.save_done(conn, list(memory.done.values()))

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
            return {}
        return {} if plan is None else {(item.check, item.target): item.hold_ms for item in plan.items}


class Derive:
    """The server's deriver: a thread of its own behind `feed`."""

    def __init__(self, context: Context) -> None:
        self._deriver = Deriver(context)
        self._queue: deque[Accepted] = deque()
        self._wake = threading.Condition()
        self._stop = False
        self._thread: threading.Thread | None = None
        self._flush_at = 0.0
        self._overflowed = False

    def feed(self, accepted: list[Accepted]) -> None:
        """Batches just committed, in log order; returns at once."""
        with self._wake:
            if self._overflowed or len(self._queue) + len(accepted) > MOST_WAITING:
                self._overflowed = True  # from here on they are read from the log
            else:
                self._queue.extend(accepted)
            self._wake.notify()

    def start(self) -> None:
        """Begin, from the cursor on."""
        self._thread = threading.Thread(target=self._run, name="derive", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take what waits, keep it and end."""
        with self._wake:
            self._stop = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._queue and not self._stop and not self._overflowed:
                    self._wake.wait(FLUSH_S if self._deriver.behind else IDLE_S)
                waiting, stop = list(self._queue), self._stop
                self._queue.clear()
                overflowed, self._overflowed = self._overflowed, False
            try:
                self._work(waiting, overflowed or not waiting)
                if stop:
                    self._deriver.flush()
            except Overtaken:
                log.info("another deriver is at work: starting over from its cursor")
            except (SQLAlchemyError, Damaged) as error:
                # The database is away or damaged: nothing is lost, the cursor has not moved.
                log.error("deriving stopped for now: %s", error)
                threading.Event().wait(IDLE_S)
            if stop:
                return

    def _work(self, waiting: list[Accepted], read_log: bool) -> None:
        deriver = self._deriver
        for batch in waiting:
            if not deriver.loaded or batch.idx > deriver.next:
                # Entries in between were placed by somebody else, or are no batches.
                deriver.catch_up(batch.idx)
            if batch.idx == deriver.next:
                deriver.take(batch)
        if read_log:
            deriver.catch_up()
        if deriver.behind and (monotonic() >= self._flush_at or deriver.dirty >= MOST_DIRTY):
            began = monotonic()
            deriver.flush()
            took = monotonic() - began
            self._flush_at = monotonic() + max(FLUSH_S, FLUSH_SHARE * took)


def catch_up(context: Context) -> None:
    """Derive what the log has beyond the cursor (for commands; a server beside them does it too)."""
    for _ in range(5):
        deriver = Deriver(context)
        try:
            deriver.catch_up()
            deriver.flush()
        except Overtaken:
            continue
        return


def rebuild(context: Context) -> None:
    """Empty every derived table and make it again from the log; nothing else may derive meanwhile."""
    with context.write() as conn:
        size = log_size(conn)
        for table in DERIVED:
            conn.execute(delete(table))
        projection.replay(conn, context.signer, size)
    catch_up(context)
