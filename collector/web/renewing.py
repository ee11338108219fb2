"""A thread of the server that makes figures before somebody asks: at its start, and after new entries.

It works a quarter of the time at most, so that pages and batches have the rest; but what a page lacks comes
first and without a rest. What it cannot make, whoever asks will be told; it tries again when something has
changed, or after a minute where a page lacks it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import thread_time
from traceback import clear_frames

from flask import Flask

from collector.availability.errors import AvailabilityError
from collector.context import Context
from collector.jobs.backups import FRESH_MS
from collector.judging.judge import NoScorecard
from collector.store import series
from collector.web import backups_now, judging_now
from collector.web.kept import Failed, Kept, Mark, Name, Waited, stands
from collector.web.pages import faults, obligations

log = logging.getLogger(__name__)
IDLE_S = 0.5
SHARE = 3  # it rests so many times as long as it worked
GROWN_MS, QUIET_MS = 45_000, 240_000
"""So old a figure is made anew where the log has grown since, and where only time has passed."""
ASKED_MS = 3_600_000
"""Figures of older periods are kept ready for so long after somebody asked for them."""
STOP_S = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A figure that is held ready; `fresh_ms`: for how long nothing but people's words change it; `running`:
    of the newest period."""

    name: Name
    make: Callable[[], object]
    fresh_ms: int
    running: bool


@dataclass(frozen=True, slots=True)
class _Tried:
    """On what a figure was last made, or could not be: marks, how much of the log, when."""

    mark: Mark
    size: int
    at_ms: int


class Renewing:
    """Keeps the figures of one application ready, from `start` to `stop`."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._context: Context = app.extensions["roundseal"]
        with app.app_context():
            self._held = judging_now.figures()
        self._shown: set[Name] = set()
        self._tried: dict[Name, _Tried] = {}
        self._wake, self._hurry, self._ended = threading.Event(), threading.Event(), threading.Event()
        self._told = ""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin at once."""
        self._held.renewing = self._want
        self._thread = threading.Thread(target=self._run, name="renewing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a figure at hand is only read, so a thread that is still at it is left behind."""
        self._held.renewing = None
        self._ended.set()
        self._wake.set()
        self._hurry.set()
        if self._thread is not None:
            self._thread.join(STOP_S)
            self._thread = None

    def _want(self, name: Name) -> None:
        """Something old was shown of it, or nothing: then a page waits."""
        self._shown.add(name)
        self._wake.set()
        if self._held.is_waited():
            self._hurry.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            begun = thread_time()
            self._hurry.clear()
            if self._try():
                self._rest(SHARE * (thread_time() - begun))
            else:
                self._wake.wait(IDLE_S)
                self._wake.clear()

    def _rest(self, seconds: float) -> None:
        """Leave the time to others, till a page lacks something."""
        if not self._held.is_waited():
            self._hurry.wait(seconds)

    def _try(self) -> bool:
        try:
            worked = self.turn()
        except Exception as error:  # the database is away, or no pack can be read: pages say so
            if self._told != repr(error) and not self._ended.is_set():
                self._told = repr(error)
                log.exception("figures were not made ready")
            return False
        self._told = ""
        return worked

    def turn(self) -> bool:
        """Make the figure that is wanted most; whether there was one."""
        with self._app.app_context():
            mark, now = judging_now.seen()
            with self._context.read() as conn:
                made = _Tried(mark, series.cursor(conn), now)
            if (lacked := self._held.waited()) is not None:
                self._work(made, lacked)
                return True
            every = tuple(_every(self._held))
            for one in every:
                if self._due(one, made):
                    self._work(made, one)
                    return True
            self._shown &= {one.name for one in every}  # nobody holds others ready
        return False

    def _work(self, now: _Tried, one: Wanted | Waited) -> None:
        """Make one figure. Whatever it fails over is logged and told on the page; the next ones are made."""
        self._tried[one.name] = now
        self._shown.discard(one.name)
        try:
            if isinstance(one, Waited):  # unless somebody who did wait for it has made it meanwhile
                self._held.of(one.name, one.make, judging_now.seen, one.fresh_ms)
            else:
                self._held.renew(one.name, one.make, judging_now.seen)
        except Exception as error:
            known = isinstance(error, NoScorecard | AvailabilityError)
            log.log(
                logging.INFO if known else logging.ERROR,
                "%s is not ready: %s",
                "/".join(one.name),
                error,
                exc_info=None if known else error,
            )
            # Rows that were being read hold their connection at the log of then, for its next reader too.
            clear_frames(error.__traceback__)
            error.__traceback__ = error.__context__ = error.__cause__ = None
            self._held.fail(one.name, Failed(now.mark, now.at_ms, error))

    def _due(self, one: Wanted, now: _Tried) -> bool:
        tried = self._tried.get(one.name)
        if tried is None:
            return True
        asked, age = self._held.asked(one.name), now.at_ms - tried.at_ms
        if not one.running and (asked is None or now.at_ms - asked >= ASKED_MS):
            return False
        if not stands(tried.mark, now.mark) or (one.name in self._shown and age >= one.fresh_ms):
            return True
        known = self._held.get(one.name) is not None  # else it cannot be made, till something is said
        return known and age >= max(one.fresh_ms, GROWN_MS if now.size > tried.size else QUIET_MS)


def _every(held: Kept) -> Iterator[Wanted]:
    """Backups, then what is of the running period, then of those before it, the newest first."""
    yield Wanted(backups_now.NAME, backups_now.make, FRESH_MS, running=False)
    for number, period in enumerate(judging_now.begun()[::-1]):
        fresh = judging_now.card_fresh(period)
        for kind, make in _MADE.items():
            name = (kind, period.name)
            # Of older ones the scorecard alone is what other pages list.
            if not number or kind == "card" or held.get(name) is not None:
                yield Wanted(name, partial(make, period.name), fresh, not number)


_MADE: Mapping[str, Callable[[str], object]] = {
    "card": judging_now.make_card,
    "ledger": obligations.make,
    "faults": faults.make,
}
