"""The deriver: follows the log behind the intake and keeps series, runs, looks of rounds and agents' marks.

A batch that has just been committed is handed over by `feed`, which never waits; what does not fit is
read from the log later. A flush writes everything since the last one together with the cursor, so a
crash loses memory only, and the batches since the cursor are taken again. The cursor moves by
compare-and-set: of two derivers at work the slower one drops its memory and starts over.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic, thread_time

from sqlalchemy.exc import SQLAlchemyError

from collector.context import Context
from collector.evidence.accepted import Accepted
from collector.jobs import projection
from collector.jobs.batches import log_size
from collector.jobs.deriver import MOST_DIRTY, Deriver, Overtaken
from collector.store import (
    account_keys,
    backups,
    cadence,
    estates,
    faults,
    human,
    late,
    messages,
    plans,
    rounds,
    runs,
    scorecards,
    series,
    shape,
    statements,
)
from collector.store.engine import create_tables
from collector.store.evidence import Damaged

log = logging.getLogger(__name__)
MOST_WAITING = 500_000  # lines; each holds some 70 bytes
IDLE_S = 1.0
FLUSH_S = 0.5
GATHER_S = 0.05  # so long batches gather before they are taken: few wakings, and none beside an answer
FLUSH_SHARE = 30  # a flush may take a thirtieth of the time, while batches come in,
MOST_FLUSH_S = 3.0  # but however much there is, nobody waits longer for it
LATE_SHARE = 4  # late observations a fifth of it, while batches come in
QUIET_S = 1.0
LAST_S = 1.0  # for what was handed over before the end
MOST_BACKOFF_S = 60.0

# Everything that is derived, in the order in which it can be emptied.
DERIVED = (
    series.series_table,
    series.mark_table,
    series.event_table,
    series.cursor_table,
    runs.run_table,
    late.late_table,
    backups.look_table,
    backups.target_table,
    backups.fold_table,
    backups.part_table,
    rounds.done_table,
    rounds.rule_table,
    rounds.record_table,
    scorecards.unit_round_table,
    cadence.looked_table,
    faults.notice_table,
    scorecards.scorecard_table,
    scorecards.settlement_table,
    messages.message_table,
    statements.statement_table,
    statements.said_table,
    statements.seal_table,
    account_keys.key_table,
    human.owed_table,
    human.done_table,
    estates.estate_table,
    plans.issued_table,
    plans.current_table,
)


class Derive:
    """The server's deriver: a thread of its own behind `feed`.

    One turn of it is short: batches that were handed over or one piece of the log, a flush if it is
    due, a little of what came late. It can be stopped between any two batches.
    """

    def __init__(self, context: Context) -> None:
        self._deriver = Deriver(context)
        self._queue: deque[Accepted] = deque()
        self._waiting = 0  # lines in it
        self._wake = threading.Condition()
        self._stop = False
        self._ended = threading.Event()  # as `_stop`, for who is not woken by a batch
        self._thread: threading.Thread | None = None
        self._flush_at = 0.0
        self._late_at = 0.0
        self._fed_at = 0.0
        self._reading = True  # the log, up to its end
        self._failures = 0

    def feed(self, accepted: list[Accepted]) -> None:
        """Batches just committed, in log order; returns at once."""
        with self._wake:
            self._fed_at = monotonic()
            coming = sum([len(batch.rows) + 1 for batch in accepted])
            if self._reading or self._waiting + coming > MOST_WAITING:
                self._reading = True  # from here on they are read from the log
            else:
                self._queue.extend(accepted)
                self._waiting += coming
            self._wake.notify()

    def wake(self) -> None:
        """Read the log on to its end now: somebody waits for what was just logged."""
        with self._wake:
            self._reading = True
            self._wake.notify()

    def start(self) -> None:
        """Begin, from the cursor on."""
        self._thread = threading.Thread(target=self._run, name="derive", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take what was handed over, keep it and end; all else is taken from the cursor the next time."""
        with self._wake:
            self._stop = True
            self._wake.notify()
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop:
            self._try(self._turn)
        self._try(self._last)

    def _try(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Overtaken:
            log.info("another deriver is at work: starting over from its cursor")
        except Exception as error:
            # Away, damaged or full: nothing is lost, the cursor has not moved. It is said ever more rarely.
            pause = min(MOST_BACKOFF_S, IDLE_S * 2**self._failures)
            self._failures = min(self._failures + 1, 10)
            known = isinstance(error, SQLAlchemyError | Damaged)
            log.error("deriving stopped for %.0f s: %s", pause, error, exc_info=not known)
            self._deriver.drop()
            with self._wake:
                self._reading = True
                self._wake.wait_for(lambda: self._stop, pause)
        else:
            self._failures = 0

    def _turn(self) -> None:
        with self._wake:
            if not self._queue and not self._reading and not self._stop:
                self._wake.wait(self._patience())
            gather = bool(self._queue) and not self._reading
        if gather:
            self._ended.wait(GATHER_S)
        with self._wake:
            waiting = list(self._queue)
            self._queue.clear()
            self._waiting = 0
            reading = self._reading
        self._take(waiting)
        if reading or not waiting:
            self._read()
        self._keep()
        self._derive_late()

    def _patience(self) -> float:
        if self._deriver.late:
            return min(max(self._late_at - monotonic(), 0.0), FLUSH_S)
        return FLUSH_S if self._deriver.behind else IDLE_S

    def _take(self, waiting: list[Accepted]) -> None:
        deriver = self._deriver
        for batch in waiting:
            if self._stop:
                return
            if not deriver.loaded or batch.idx > deriver.next:
                # Entries in between were placed by somebody else, or are no batches.
                deriver.read_on(batch.idx)
            if batch.idx > deriver.next:
                with self._wake:
                    self._reading = True  # there is much in between
                return
            if batch.idx == deriver.next:
                deriver.take(batch)

    def _read(self) -> None:
        with self._wake:
            # What is committed from now on is handed over or stands in the log already.
            self._reading = False
        if self._deriver.read_on():
            with self._wake:
                self._reading = True

    def _keep(self) -> None:
        deriver, now = self._deriver, monotonic()
        if not deriver.behind:
            return
        quiet = now - self._fed_at > FLUSH_S and not self._reading
        if quiet or now >= self._flush_at or deriver.dirty >= MOST_DIRTY:
            # Its own time counts, not how long it let the intake go first.
            began = thread_time()
            deriver.flush()
            took = thread_time() - began
            self._flush_at = monotonic() + min(MOST_FLUSH_S, max(FLUSH_S, FLUSH_SHARE * took))

    def _derive_late(self) -> None:
        began = monotonic()
        if not self._deriver.late or began < self._late_at:
            return
        worked = self._deriver.late_step()
        self._deriver.late_finish()
        took = monotonic() - began
        quiet = began - self._fed_at > QUIET_S and not self._reading
        share = took if quiet else LATE_SHARE * took
        self._late_at = monotonic() + (share if worked else FLUSH_S)

    def _last(self) -> None:
        end = monotonic() + LAST_S
        while monotonic() < end and self._deriver.read_on():
            pass
        self._deriver.flush()


def catch_up(context: Context) -> None:
    """Derive what the log has beyond the cursor (for commands; a server beside them does it too)."""
    for _ in range(5):
        deriver = Deriver(context)
        try:
            deriver.catch_up()
            deriver.settle()
        except Overtaken:
            continue
        return


def rebuild(context: Context) -> None:
    """Make every derived table again, from the log; nothing else may derive meanwhile."""
    with context.write() as conn:
        size = log_size(conn)
        for table in DERIVED:  # dropped, for another version's may have other columns
            table.drop(conn, checkfirst=True)
        create_tables(conn)
        projection.replay(conn, context.signer, size)
        shape.note(conn)
    catch_up(context)
