"""Taking looks in a bounded pool of threads, each with a deadline.

A look that exceeds its deadline becomes a signed result with the error `timeout`; its thread is given up
(Python cannot end it) and replaced, so the next looks are not delayed. What is still stuck is bounded:
a look whose last thread has not come back is not started again, it is skipped and recorded, and beyond
MOST_STUCK threads no new look of any kind starts until one returns.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.canaries import Canaries
from agent.clock import Clock
from agent.log import log
from agent.memory import LookMemory, Recent
from agent.outbox import Finished
from agent.sources.means import Means
from agent.sources.memory import Memory
from agent.sources.open import open_source
from agent.timetable import Due, is_own
from checks import registry
from checks.api import Check, ErrorKind, ObservationError, Source, State
from checks.codec import FieldError, JsonValue
from checks.registry import UnknownCheckError
from checks.result import Item, Result, When, encode, look
from checks.wire.errors import WireError

if TYPE_CHECKING:
    from agent.heavy import Heavy

WORKERS = 8
MOST_WORKERS = 24  # while many looks at other machines wait
MOST_PROBES = 4
MOST_EXTRA = 2  # of those, looks again at failing targets
MOST_STUCK = 64
IDLE_S = 20.0  # a thread without work ends; the last one stays
HELP_MS = 200  # a look that has waited so long for the one before it gets a thread of its own
MAX_LINE = 1024 * 1024
LONGEST_MS = 60_000  # looks that may take longer are slow ones
MOST_SLOW = 2  # of those at once: they read disks
HEAVY = frozenset(
    {
        *(Source.SSH, Source.SNMP, Source.DEVICE, Source.BMC, Source.SQL, Source.HTTP, Source.FILES),
        Source.BACKUP,
    }
)
_OWN = ("host.", "service.", "plugin.")


class Done(NamedTuple):
    """A look that has ended, one way or another."""

    due: Due
    result: Result
    finished: Finished
    started_mono: int


@dataclass(slots=True)
class Counts:
    """What went otherwise than planned since the start."""

    looks: int = 0
    timeouts: int = 0
    overlaps: int = 0
    crowded: int = 0


@dataclass(slots=True)
class _Task:
    """One look, queued or under way."""

    due: Due
    memory: LookMemory
    queued: int  # boot-time ms
    started: int = 0  # boot-time ms, 0: still queued
    given_up: bool = False


class Eyes:
    """How to look: the installed checks through this agent's sources.

    Looks that load much are taken by a child process (agent.heavy); `inside`: this is that child.
    """

    def __init__(self, vantage: str, means: Means, clock: Clock, *, inside: bool = False) -> None:
        self._vantage = vantage
        self._means = means
        self._clock = clock
        self._inside = inside
        self._heavy: Heavy | None = None
        self._slow: Heavy | None = None
        self._heavy_lock = threading.Lock()
        self._told: dict[tuple[str, str], str] = {}
        self._checks: dict[str, Check[Any, Any]] = {}

    def look(self, item: Item, when: When, memory: Memory, deadline_ms: int = LONGEST_MS) -> Result:
        """One look. Whatever happens it ends in a result; what should not happen is also logged."""
        started = self._clock.wall()
        try:
            check = self._checks.get(item.check) or self._found(item.check)
            if not self._inside and check.source in HEAVY:
                self._means.allow(check.source)
                return self._child(check.source).look(item, when, memory, deadline_ms)
            source = open_source(check.source, memory, self._means)

            def take() -> Result:
                return look(
                    check,
                    item,
                    source,
                    vantage=self._vantage,
                    when=when,
                    now=self._clock.wall,
                    told=lambda problem: self._tell(item, problem),
                )

            result = _watched(source, item, deadline_ms, take) if check.source is Source.BACKUP else take()
            if result.error is None and self._told:
                self._told.pop((item.check, item.target), None)
            return result
        except UnknownCheckError:
            return self.error(item, when, ErrorKind.UNSUPPORTED, started)
        except FieldError as problem:
            log.warning("%s on %s: %s", item.check, item.target, problem)
            return self.error(item, when, ErrorKind.UNSUPPORTED, started)
        except ObservationError as problem:
            return self.error(item, when, problem.kind, started)
        except Exception:  # a fault in a check or source must cost one look, not the agent
            log.exception("%s on %s", item.check, item.target)
            return self.error(item, when, ErrorKind.GARBLED, started)

    def _found(self, name: str) -> Check[Any, Any]:
        """The installed check of that name; kept, for looking it up costs as much as a short look."""
        found = self._checks[name] = registry.get(name)
        return found

    def _tell(self, item: Item, problem: ObservationError) -> None:
        """Why we could not look, for the operator: once, until it is another reason or good again."""
        key, text = (item.check, item.target), str(problem)
        if self._told.get(key) != text:
            self._told[key] = text
            log.warning("%s on %s: %s", item.check, item.target, text)

    def close(self) -> None:
        """End the child processes, if there are any."""
        with self._heavy_lock:
            ending = [one for one in (self._heavy, self._slow) if one is not None]
            self._heavy = self._slow = None
        for one in ending:
            one.close()

    def _child(self, source: Source) -> "Heavy":
        # Loaded only where a plan has such a look.
        from agent.heavy import Heavy

        with self._heavy_lock:
            if source is Source.BACKUP:
                # Hours of hashing in a process of their own: no look at anything else waits for them.
                self._slow = self._slow or Heavy(self._vantage, self._means, slow=True)
                return self._slow
            self._heavy = self._heavy or Heavy(self._vantage, self._means)
            return self._heavy

    def error(self, item: Item, when: When, kind: ErrorKind, started: int) -> Result:
        """The result of not having been able to look."""
        return Result(
            check=item.check,
            version=item.version,
            asset=item.asset,
            target=item.target,
            vantage=self._vantage,
            slot=when.slot,
            t0=started,
            t1=max(self._clock.wall(), started),
            params=item.params_digest,
            facts=None,
            readings=(),
            state=State.UNKNOWN,
            error=kind,
            round=when.round,
        )


def _watched(source: Any, item: Item, deadline_ms: int, take: Callable[[], Result]) -> Result:
    """A look at backups: ends in time by itself, and is given up where a place hangs."""
    from agent import stalls

    source.guard.at = stalls.until(deadline_ms)
    return stalls.watched(source.guard, (item.check, item.target, item.params_digest), take)


class Pool:
    """Runs what is due: `submit`, `sweep` and `ended` are called by one thread, the looks run in others."""

    def __init__(self, eyes: Eyes, recent: Recent, clock: Clock) -> None:
        self._eyes = eyes
        self._recent = recent
        self._clock = clock
        self.canaries = Canaries(eyes.look, recent, lambda: clock.sample().mono)
        self._lock = threading.Lock()  # guards everything below
        self._queue: deque[_Task] = deque()
        self._tasks: dict[str, _Task] = {}  # queued and running, by key
        self._running: dict[str, _Task] = {}  # of those, the ones that have started
        self._stuck: dict[str, _Task] = {}
        self._ended: deque[Done] = deque()
        self._threads = 0
        self._sleepers: list[threading.Lock] = []  # held; letting one go wakes its thread
        self.counts = Counts()

    def submit(self, due: Due) -> bool:
        """Queue this look, or record that it was skipped. False: an extra look there is no room for now."""
        with self._lock:
            blocked = due.key in self._tasks or due.key in self._stuck or len(self._stuck) >= MOST_STUCK
            if due.extra and (blocked or self._extra() >= MOST_EXTRA):
                self.counts.crowded += 1
                return False
            now = self._clock.sample().mono
            task = _Task(due, LookMemory(self._recent, due.memory), now)
            if blocked:
                self.counts.overlaps += 1
                result = self._timeout(due, now)
                self._end(task, result, encode_line(result), {})
                return True
            self._tasks[due.key] = task
            self._queue.append(task)
            # Looks at the own host are short: one thread takes them all, unless one of them hangs.
            if not is_own(due.item.check) or self._threads == len(self._sleepers):
                self._call_worker()
            return True

    def sweep(self) -> None:
        """Give up what is past its deadline."""
        now = self._clock.sample().mono
        with self._lock:
            for key, task in list(self._running.items()):
                if now - task.started > task.due.deadline_ms:
                    self._give_up(key, task)
            held = self._slow() >= MOST_SLOW
            if any(
                now - task.queued >= HELP_MS and not task.due.probe and not (held and _is_slow(task))
                for task in self._queue
            ):
                self._call_worker()

    def ended(self) -> list[Done]:
        """Looks that ended since the last call."""
        with self._lock:
            found = list(self._ended)
            self._ended.clear()
        return found

    def busy(self) -> int:
        """Looks that run or wait."""
        with self._lock:
            return len(self._tasks)

    def stuck(self) -> int:
        """Threads given up that have not come back."""
        with self._lock:
            return len(self._stuck)

    def close(self) -> None:
        """No look will be asked for again."""
        self._eyes.close()

    def forget_queue(self) -> None:
        """What has not begun will not begin: it is not observed."""
        with self._lock:
            for task in self._queue:
                del self._tasks[task.due.key]
            self._queue.clear()

    # Below: only while holding the lock.

    def _extra(self) -> int:
        return sum(task.due.extra for task in self._tasks.values())

    def _call_worker(self) -> None:
        if self._sleepers:
            # The one that slept last: the others may sleep on, and go when they are never needed.
            self._sleepers.pop().release()
        elif self._threads - self._slow() < (MOST_WORKERS if self._many() else WORKERS):
            self._threads += 1
            threading.Thread(target=self._work, name="look", daemon=True).start()

    def _slow(self) -> int:
        """Slow looks under way: each has a thread beyond those that the others share."""
        return sum(_is_slow(task) for task in self._running.values())

    def _many(self) -> bool:
        """Whether so many looks at others wait that more threads than usual are worth it: they only wait."""
        return sum(not task.due.item.check.startswith(_OWN) for task in self._queue) > WORKERS

    def _give_up(self, key: str, task: _Task) -> None:
        self.counts.timeouts += 1
        item = task.due.item
        log.warning("%s on %s: gave up after %d ms", item.check, item.target, task.due.deadline_ms)
        task.given_up = True
        del self._tasks[key], self._running[key]
        self._stuck[key] = task
        result = self._timeout(task.due, task.started)
        self._end(task, result, encode_line(result), {})
        # Its thread has left the pool; another takes its place as soon as there is work.
        self._threads -= 1
        if self._queue:
            self._call_worker()

    def _timeout(self, due: Due, started_mono: int) -> Result:
        now = self._clock.sample()
        started = now.wall - max(now.mono - started_mono, 0)
        return self._eyes.error(due.item, When(due.slot, due.round), ErrorKind.TIMEOUT, started)

    def _end(self, task: _Task, result: Result, line: bytes, memory: dict[str, JsonValue]) -> None:
        due = task.due
        finished = Finished(line, result.t0, result.t1, due.key, due.slot, due.keep_until, memory, due.plan)
        self._ended.append(Done(due, result, finished, task.started))
        self.counts.looks += 1

    def _next(self) -> _Task | None:
        """The first queued look that may start: probes wait while MOST_PROBES are in flight, slow ones
        while MOST_SLOW are."""
        probes = sum(task.due.probe for task in self._running.values())
        held = self._slow() >= MOST_SLOW
        for index, task in enumerate(self._queue):
            if (not task.due.probe or probes < MOST_PROBES) and not (held and _is_slow(task)):
                del self._queue[index]
                task.started = self._clock.sample().mono
                self._running[task.due.key] = task
                return task
        return None

    # In the worker threads.

    def _work(self) -> None:
        wake = threading.Lock()
        wake.acquire()
        task: _Task | None = None
        while True:
            with self._lock:
                task = self._next()
                if task is None:
                    self._sleepers.append(wake)
                    # The last one stays: a thread of its own for each minute's looks would cost more.
                    patience = -1.0 if self._threads == 1 else IDLE_S
            if task is None:
                if not wake.acquire(timeout=patience) and self._leaves(wake):
                    return
            elif not self._did(task):
                return

    def _leaves(self, wake: threading.Lock) -> bool:
        """Whether this thread, not called for long, may end; called just now it may not."""
        with self._lock:
            if wake not in self._sleepers:
                wake.acquire()
                return False
            self._sleepers.remove(wake)
            if self._threads == 1:
                return False
            self._threads -= 1
            return True

    def _did(self, task: _Task) -> bool:
        """Take one look. False when it was given up meanwhile: another thread has this one's place."""
        due = task.due
        result = self._eyes.look(due.item, When(due.slot, due.round), task.memory, due.deadline_ms)
        if due.probe:
            result = self.canaries.weigh(result, task.started + due.deadline_ms)
        line = encode_line(result)
        with self._lock:
            if task.given_up:
                if self._stuck.get(due.key) is task:
                    del self._stuck[due.key]
                return False
            del self._tasks[due.key], self._running[due.key]
            self._recent.ended(task.memory.values)
            self._end(task, result, line, task.memory.values)
        return True


def _is_slow(task: _Task) -> bool:
    return task.due.deadline_ms > LONGEST_MS and task.due.item.check.startswith("backup.")


def encode_line(result: Result) -> bytes:
    """The line of a result; facts that cannot be signed, or are far too long, become the error `garbled`."""
    try:
        line = encode(result)
    except WireError as problem:
        log.error("%s on %s: %s", result.check, result.target, problem)
    else:
        if len(line) <= MAX_LINE:
            return line
        log.error("%s on %s: a result of %d bytes", result.check, result.target, len(line))
    return encode(replace(result, facts=None, readings=(), state=State.UNKNOWN, error=ErrorKind.GARBLED))
