"""The writer: one thread that commits for everybody who waits.

Idle, a batch is committed at once; while a commit runs, what arrives gathers and goes with the next
one. Most of what a commit costs does not depend on how many it holds: with few at hand, while others are
being proven, the writer waits a moment for these. Nobody is answered before the commit is on disk. Without
`start` (a command beside the server) each call commits by itself, as a guest of the lease's holder.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic, sleep

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from collector.evidence.accepted import Accepted
from collector.evidence.intake import Fenced
from collector.jobs.placing import BatchWork
from collector.jobs.sequencer import LEASE, Sequencer, Work
from collector.store.leases import SqlLeases

log = logging.getLogger(__name__)

MAX_WAITING = 4096  # batches; beyond that the answer is `overload`
MAX_COMMIT = 1000
FEW = 8
GATHER_S = 0.001  # for those that are being proven; never for a batch that came alone
LEASE_TTL = timedelta(seconds=15)
NO_EPOCH = -1  # of a lease that was never held: fences every commit


class Overload(Exception):
    """More is waiting than can be committed soon: try again later."""

    code = "overload"


class NotDurable(Exception):
    """The commit failed: nothing was kept, nothing may be acknowledged."""

    code = "not_durable"

    def __init__(self, detail: str, *, disk_full: bool = False, general: bool = True) -> None:
        super().__init__(detail)
        self.disk_full = disk_full
        self.general = general


class _Ticket:
    """Works of one caller, and the lock on which he waits."""

    __slots__ = ("done", "error", "works")

    def __init__(self, works: Sequence[Work]) -> None:
        self.works = works
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()


def _of_all(error: Exception) -> bool:
    """Whether every other work would fail of this too."""
    return isinstance(error, Fenced) or (isinstance(error, NotDurable) and error.general)


class LogWriter:
    """Commits works one group after another."""

    def __init__(self, sequencer: Sequencer, fence: SqlLeases, owner: str) -> None:
        self.sequencer = sequencer
        self.feed: Callable[[list[Accepted]], None] | None = None
        self.held = True  # false while another collector gives the positions
        self._fence = fence
        self._owner = owner
        self._queue: deque[_Ticket] = deque()
        self._waiting = 0
        self._more = False
        self._wake = threading.Condition()
        self._stop = False
        self._thread: threading.Thread | None = None
        self._direct = threading.Lock()
        self._renewed = 0.0

    def start(self) -> None:
        """Take the lease, or stand by while another collector holds it; begin."""
        if not self._claim():
            self.sequencer.epoch = NO_EPOCH
            log.info("another collector gives the positions: standing by")
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, then end and give the lease back."""
        if self._thread is None:
            return
        with self._wake:
            self._stop = True
            self._wake.notify()
        self._thread.join()
        self._thread = None
        if self.sequencer.epoch is not None and self.sequencer.epoch >= 0 and self.held:
            self._fence.release(LEASE, self.sequencer.epoch)

    @property
    def waiting(self) -> int:
        """How many works wait now."""
        return self._waiting

    def place(self, works: Sequence[Work], *, more: bool = False) -> None:
        """Have these works placed; durable when it returns. Overload, NotDurable or Fenced.

        With `more` others will come in a moment and may share the commit.
        """
        if self._thread is None:
            with self._direct:
                self._commit(works)
            return
        ticket = _Ticket(works)
        with self._wake:
            if self._waiting + len(works) > MAX_WAITING:
                raise Overload
            self._queue.append(ticket)
            self._waiting += len(works)
            self._more = more
            self._wake.notify()
        ticket.done.acquire()
        if ticket.error is not None:
            raise ticket.error

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._stop:
                    if not self._wake.wait(LEASE_TTL.total_seconds() / 3):
                        break
                patient = self._more and self._waiting < FEW and not self._stop
            if patient:
                sleep(GATHER_S)  # no condition: who comes meanwhile wakes nobody
            with self._wake:
                self._more = False
                tickets = self._gather()
                ended = self._stop and not tickets
            if ended:
                return
            self._renew()
            self._serve(tickets)

    def _gather(self) -> list[_Ticket]:
        tickets, count = [], 0
        while self._queue and count < MAX_COMMIT:
            ticket = self._queue.popleft()
            tickets.append(ticket)
            count += len(ticket.works)
        self._waiting -= count
        return tickets

    def _serve(self, tickets: list[_Ticket]) -> None:
        """Commit all together; if that fails for one's own fault, each alone, so that one harms no other."""
        failed: Exception | None = None
        try:
            if tickets:
                self._commit([work for ticket in tickets for work in ticket.works])
        except Exception as error:  # whatever it is, its owner must hear of it and the writer must live
            if len(tickets) > 1 and not _of_all(error):
                for ticket in tickets:
                    self._serve([ticket])
                return
            failed = error
        for ticket in tickets:
            ticket.error = failed
            ticket.done.release()

    def _commit(self, works: Sequence[Work]) -> None:
        try:
            self.sequencer.commit(works)
        except Fenced:
            if self.held:
                log.warning("another collector has taken the lease: standing by")
            self.held = False
            raise
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or type(error).__name__)
            log.error("commit failed: %s", cause)
            general = isinstance(error, OperationalError)  # the database's fault, not that of one work
            raise NotDurable(cause, disk_full="full" in cause, general=general) from error
        if self.feed is not None:
            taken = [w.accepted for w in works if isinstance(w, BatchWork) and w.accepted is not None]
            if taken:
                self.feed(taken)

    def _renew(self) -> None:
        if monotonic() - self._renewed > LEASE_TTL.total_seconds() / 3:
            try:
                self._claim()
            except SQLAlchemyError as error:  # the database is away: the next commit says so to its caller
                log.error("lease not renewed: %s", error)

    def _claim(self) -> bool:
        epoch = self._fence.claim(LEASE, self._owner, LEASE_TTL)
        self._renewed = monotonic()
        self.held = epoch is not None
        if epoch is not None and epoch != self.sequencer.epoch:
            self.sequencer.forget()
            self.sequencer.epoch = epoch
        return self.held
