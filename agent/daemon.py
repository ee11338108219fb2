"""`run`: one loop that starts what is due, records what ended, flushes, and feeds the watchdog.

It sleeps until something is due, ten seconds at most: each turn costs what half a look costs. It never
touches the network: looks run in the pool, the collector is the sender's thread.
"""

import gc
import heapq
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schedule import CancelJob, Scheduler

from agent import chance, heap, machine, plans, room, settings, transport
from agent.call import Call
from agent.clock import JUMP_MS, Clock, Offsets, Sample, boot_id, jump_ms
from agent.errors import AgentError, StoreError
from agent.log import log
from agent.memory import Recent
from agent.notify import Notifier
from agent.outbox import Finished, Outbox
from agent.plans import Held
from agent.runner import Done, Eyes, Pool
from agent.seal import MAX_BATCH_BYTES, MAX_BATCH_LINES, Moment, Sealer
from agent.sender import Parts, Sender
from agent.settings import Settings
from agent.state import State
from agent.timetable import Due, Timetable
from checks import registry
from checks.api import State as Outcome
from checks.plan import Plan

if TYPE_CHECKING:
    from agent.receive.keep import Keeper

CHANGE_MS = 2000  # flush so long after a change of state
MOST_UNRECORDED = 20_000  # looks kept in memory while the disk takes nothing
STATUS_MS = 60_000
LONGEST_MS = 10_000  # so late is a step of the clock noticed at most, and the end of a sleep
BUSY_MS = 200  # while looks are under way
AGAIN_MS = 1000  # while the disk takes nothing
SETTLED_S = 90  # after the start: plan fetched, first looks taken, first batches sent and proven
GOODBYE_S = 5.0


@dataclass(slots=True)
class Numbers:
    """What `status` shows of the running process."""

    started: int = 0
    jumps: int = 0
    last_jump_ms: int = 0
    last_jump_at: int = 0
    dropped: int = 0
    disk: str = ""


class Agent:
    """A running agent. Everything in it belongs to the loop's thread, but for `stop` and `offer_plan`."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.state, self.clock = state, clock
        self.identity = state.identity()
        if self.identity.status == "asked":
            raise AgentError("not_enrolled", "this enrolment was never answered: run `enrol` again")
        signer = state.signer()
        machine.check_machine(self.identity.machine, machine.read_machine(signer.public))
        self.settings: Settings = settings.read(state)
        self.outbox = Outbox(state.path("outbox.db"))
        self.offsets = Offsets()
        self.sealer = Sealer(self.outbox, self.identity, signer)
        self.recent = Recent(self.outbox)
        self.pool = Pool(Eyes(self.identity.agent, self.settings.means(state), clock), self.recent, clock)
        pin = bytes.fromhex(self.identity.tls_pin) if self.identity.tls_pin else None
        line = transport.Transport(transport.parse_url(self.identity.url, pin is not None), pin)
        self.sender = Sender(
            Parts(
                state,
                self.identity,
                signer,
                self.outbox,
                self.sealer,
                line,
                clock,
                self.offsets,
                self.moment,
                self.offer_plan,
            )
        )
        self.numbers = Numbers()
        self.notifier = Notifier()
        self._boot = boot_id()
        self._offered: Held | None = None
        self._held: Held | None = None
        self._timetable: Timetable | None = None
        self._ready: list[tuple[int, int, Due]] = []
        self._ready_count = 0
        self._unrecorded: list[Finished] = []
        self._lines = self._bytes = 0
        self._flush_at: int | None = None
        self._last: dict[str, str] = {}
        self._before = clock.sample()
        self._status_at = self._due_at = self._jobs_at = self._watchdog_at = 0
        self._contact = ""
        self._stop = self._settled = False
        self._called, self._wake = Call(), Call()
        self._scheduler = self._schedule()

    # called from other threads

    def stop(self) -> None:
        """End soon."""
        self._stop = True
        self._called()

    def offer_plan(self, held: Held) -> None:
        """A new verified plan; in force from the next turn."""
        self._offered = held
        self._called()

    def moment(self) -> Moment:
        """What a header signed now says."""
        return self._moment(self.clock.sample())

    # the loop

    def run(self) -> None:
        """Until stopped."""
        self.numbers.started = self.clock.wall()
        self._lines, self._bytes = self.outbox.waiting()
        self._offered = plans.kept(self.outbox, self.identity)
        # Ready without a plan too: an agent that waits for its approval is in good order.
        self.notifier.send("READY=1", "STATUS=no plan yet")
        wake, ended = self._wake, threading.Event()
        thread = threading.Thread(target=self.sender.run, args=(ended, wake), name="sender", daemon=True)
        thread.start()
        keeper = self._receiver()
        self._sweep()
        try:
            while not self._stop:
                self._turn()
        finally:
            self.notifier.send("STOPPING=1")
            if keeper is not None:
                keeper.close()
            ended.set()
            wake()
            self._goodbye(thread)

    def _receiver(self) -> "Keeper | None":
        """The receiver's keeper, where agent.yaml asks for one."""
        wanted = self.settings.receive
        if not wanted.anything:
            return None
        from agent.receive.keep import Keeper

        keeper = Keeper(self.state)
        keeper.start()
        return keeper

    def _sweep(self) -> None:
        """Remove what a drill left that a kill of this agent ended; it may be much, so beside the loop."""
        if not self.state.path("drills/journal.json").exists():
            return
        from agent.drills.journal import sweep_and_tell

        root = self.state.root
        threading.Thread(target=sweep_and_tell, args=(root,), name="sweep", daemon=True).start()

    def _turn(self) -> None:
        now = self.clock.sample()
        jump = jump_ms(self._before, now)
        if abs(jump) > JUMP_MS:
            self._clock_set(jump, now)
        self._before = now
        if now.mono >= self._jobs_at:
            self._scheduler.run_pending()
            self._jobs_at = now.mono + int((self._scheduler.idle_seconds or 0) * 1000)
        self._guarded(lambda: self._tick(now))
        self._start_ready()
        self._called.wait(self._wait_ms() / 1000)

    def _wait_ms(self) -> int:
        """Until something is to be done."""
        until = [self._jobs_at, self._watchdog_at if self.notifier.watchdog_s else self._jobs_at]
        if self._timetable is not None:
            until.append(self._due_at)
        if self._ready:
            until.append(self._ready[0][0])
        if self._flush_at is not None and not self.numbers.disk:
            until.append(self._flush_at)
        now = self.clock.sample().mono
        most = LONGEST_MS
        if self.pool.busy():
            most = BUSY_MS
        elif self._unrecorded:
            most = AGAIN_MS
        return max(min(min(until) - now, most), 1)

    def _schedule(self) -> Scheduler:
        """`schedule` counts by the wall clock: made anew whenever that is set, or it would wait for it."""
        scheduler = Scheduler()
        scheduler.every(10).minutes.do(self._guarded, self._make_room)
        if not self._settled:
            scheduler.every(SETTLED_S).seconds.do(self._settle)
        self._jobs_at = 0
        return scheduler

    def _settle(self) -> type[CancelJob]:
        self._settled = True
        gc.collect()
        gc.freeze()  # what lives now lives for good: the collector need not walk over it again
        heap.give_back()
        return CancelJob

    def _guarded(self, job: Callable[[], None]) -> None:
        """A job that fails is logged and comes again; it must not end the agent."""
        try:
            job()
        except StoreError as error:
            self._disk(error.detail)
        except Exception:
            log.exception("a turn failed")

    def _disk(self, detail: str) -> None:
        if detail and not self.numbers.disk:
            log.error("outbox: %s; keeping results in memory, trying again each second", detail)
        elif self.numbers.disk and not detail:
            log.info("outbox: written again")
        self.numbers.disk = detail

    def _tick(self, now: Sample) -> None:
        if self._offered is not None:
            self._take_plan()
        self.pool.sweep()
        for done in self.pool.ended():
            self._ended(done, now)
        if self._timetable is not None and now.mono >= self._due_at:
            for due in self._timetable.due(now):
                self._ready_count += 1
                heapq.heappush(self._ready, (due.at_mono, self._ready_count, due))
            self._due_at = now.mono + self._timetable.wait_ms(now)
        self._record()
        self._flush_if_due(now)
        if now.mono >= self._status_at or self._contact != self.sender.contact.word:
            self._write_status(now)
        # Last, so that only a turn that came to its end says that the agent turns.
        if self.notifier.watchdog_s and now.mono >= self._watchdog_at:
            self.notifier.send("WATCHDOG=1")
            self._watchdog_at = now.mono + int(self.notifier.watchdog_s * 1000)

    def _start_ready(self) -> None:
        now = self.clock.sample().mono
        while self._ready and self._ready[0][0] <= now:
            due = heapq.heappop(self._ready)[2]
            if not self.pool.submit(due) and self._timetable is not None:
                self._timetable.failing(due.key, True, now)
                self._due_at = 0

    def _take_plan(self) -> None:
        held, self._offered = self._offered, None
        if held is None or (self._held is not None and held.digest == self._held.digest):
            return
        self._held = held
        self._timetable = Timetable(held.plan, self.outbox.done(), chance.below, held.digest)
        self.pool.canaries.adopt(held.plan.items)
        self._ready, self._due_at = [], 0
        log.info(
            "plan %s: %d items, %d rounds", held.digest[:12], len(held.plan.items), len(held.plan.rounds)
        )
        for name in unsupported(held.plan):
            log.warning("plan: %s is not installed here; each look is recorded as unsupported", name)
        self.notifier.send(f"STATUS=plan {held.digest[:12]}, {len(held.plan.items)} items")

    def _ended(self, done: Done, now: Sample) -> None:
        self._unrecorded.append(done.finished)
        due, result = done.due, done.result
        failing = result.error is None and result.state is Outcome.CRIT
        if self._timetable is not None and due.probe:
            self._timetable.failing(due.key, failing, done.started_mono)
            self._due_at = 0
        if due.round is not None:
            return
        word = f"error {result.error}" if result.error else str(result.state)
        if self._last.get(due.key) != word:
            self._last[due.key] = word
            self._flush_by(now.mono + CHANGE_MS)

    def _flush_by(self, mono: int) -> None:
        self._flush_at = mono if self._flush_at is None else min(self._flush_at, mono)

    def _record(self) -> None:
        """Make ended looks durable; while the disk refuses they wait here, the newest ones."""
        if not self._unrecorded:
            return
        if len(self._unrecorded) > MOST_UNRECORDED:
            extra = len(self._unrecorded) - MOST_UNRECORDED
            del self._unrecorded[:extra]
            self.numbers.dropped += extra
        self.outbox.record(self._unrecorded)
        for one in self._unrecorded:
            self._lines += 1
            self._bytes += len(one.line) + 1
            self.recent.stored(dict(one.memory))
        self._unrecorded = []
        self._disk("")

    def _flush_if_due(self, now: Sample) -> None:
        if not self._lines:
            return
        flush_ms = self._held.plan.flush_ms if self._held is not None else 60_000
        self._flush_by(now.mono + flush_ms)
        due = self._flush_at is not None and now.mono >= self._flush_at
        if due or self._lines >= MAX_BATCH_LINES or self._bytes >= MAX_BATCH_BYTES:
            self._flush(self._moment(now))

    def _flush(self, moment: Moment) -> None:
        self.sealer.flush(moment)
        self._lines = self._bytes = 0
        self._flush_at = None
        self._wake()

    def _moment(self, sample: Sample) -> Moment:
        digest = self._held.digest if self._held is not None else ""
        return Moment(sample, self._boot, self.offsets.best(), digest)

    def _clock_set(self, jump: int, now: Sample) -> None:
        """The wall clock was set. What was seen before it goes out under a header with the old clock, so two
        headers stand on both sides of the step and show its size."""
        log.warning("the wall clock was set by %+d ms", jump)
        self.numbers.jumps += 1
        self.numbers.last_jump_ms, self.numbers.last_jump_at = jump, now.wall
        try:
            for done in self.pool.ended():
                self._ended(done, now)
            self._record()
            if self._lines:
                self._flush(self._moment(self._before))
        except StoreError as error:
            self._disk(error.detail)
        self.offsets.clear()
        if self._timetable is not None:
            self._timetable.clock_set()
        self._due_at = self._status_at = 0
        self._scheduler = self._schedule()

    def _make_room(self) -> None:
        room.make(self.outbox, self.sealer, self.settings.spool, self.moment())
        heap.give_back()

    def _write_status(self, now: Sample) -> None:
        self._status_at = now.mono + STATUS_MS
        contact, counts, offset = self.sender.contact, self.pool.counts, self.offsets.best()
        self._contact = contact.word
        self.outbox.put(
            running={
                "at": now.wall,
                "started": self.numbers.started,
                "contact": {"word": contact.word, "detail": contact.detail[:200], "at": contact.at},
                "looks": counts.looks,
                "timeouts": counts.timeouts,
                "overlaps": counts.overlaps,
                "stuck": self.pool.stuck(),
                "dropped": self.numbers.dropped,
                "jumps": self.numbers.jumps,
                "last_jump_ms": self.numbers.last_jump_ms,
                "last_jump_at": self.numbers.last_jump_at,
                "offset_us": offset.theta_us if offset else None,
            }
        )

    def _goodbye(self, thread: threading.Thread) -> None:
        """Wait a little for what runs, sign a last batch, try once to send it."""
        self.pool.forget_queue()
        deadline = self.clock.sample().mono + int(GOODBYE_S * 1000)
        while self.pool.busy() and self.clock.sample().mono < deadline:
            time.sleep(0.02)
        now = self.clock.sample()
        try:
            for done in self.pool.ended():
                self._ended(done, now)
            self._record()
            self.sealer.flush(self._moment(now))
        except StoreError as error:
            log.error("outbox: %s; %d results are lost", error.detail, len(self._unrecorded))
        thread.join(GOODBYE_S)
        self.pool.close()
        if not thread.is_alive():
            self.sender.final()
        try:
            self._write_status(now)
            self.outbox.close()
        except StoreError as error:
            log.error("outbox: %s", error.detail)


def unsupported(plan: Plan) -> list[str]:
    """Checks in the plan that are not installed here."""
    wanted = {item.check for item in plan.items} | {item.check for r in plan.rounds for item in r.items}
    return sorted(wanted - set(registry.ids()))


def run(state: State, clock: Clock) -> None:
    """Run until SIGTERM or SIGINT."""
    with state.locked():
        agent = Agent(state, clock)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: agent.stop())
        agent.run()
