"""Which looks are due: a pure function of the plan, the clocks and what was done before.

Slots lie on the UTC grid. A regular check runs at a fixed hash offset in its slot, a probe at a random
instant of it (rulings 3). The host's own checks share one place, which differs from agent to agent: they
are taken one behind the other, so a minute's looks cost one wake-up and one write instead of a dozen.
**Catch-up rule (rulings 4): a slot that has passed is never made up**; the collector sees it as not
observed. What remains of the running slot is still used: when its instant has already gone by (agent
started, machine woke, clock was set) the look gets one new instant within the next half minute of that
slot, so that a start or a step of the clock neither stops looks nor brings them all at once. Two looks at
one thing keep a tenth of their interval apart on the monotonic clock, so even a clock that is set to and
fro brings no burst.

While a probe's target fails, it is looked at again each second until it recovers; those looks belong to
the slot they fall in (rulings 3). A round's items run once each, spread over the first half minute
of its window, or late until `until_ms`.

Nothing here remembers by comparing times ("after the last slot") but only by equality ("not the slot
done last"): a clock set back an hour does not silence anything for an hour.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from agent.clock import Sample
from checks.plan import Plan, PlanItem, RoundItem, RoundPlan, Window
from checks.recurrence import offset_ms, slot_start, windows
from checks.result import Item

Random = Callable[[int], int]  # a number in [0, n)

LATE_MS = 2000  # an instant missed by more is given a new one
SPREAD_MS = 30_000
AHEAD_MS = 1000  # a tick gives out what begins before the next one
ROUNDS_MS = 10 * 60_000
AGAIN_MS = 1000
_FAR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Due:
    """One look to take at `at_mono` (boot-time ms)."""

    key: str
    item: Item
    slot: int
    at_mono: int
    deadline_ms: int
    probe: bool
    extra: bool = False
    round: str | None = None
    keep_until: int = 0  # a round's look: how long it must be remembered as done (UTC ms)
    plan: str = ""  # digest of the plan that asks for it
    memory: str = ""  # what its source remembers under: the same for all windows of a round


def is_own(check: str) -> bool:
    """Whether a check looks at the agent's own host."""
    return check.startswith("host.")


@dataclass(slots=True)
class _Line:
    """What is known about one item of the plan between two ticks."""

    item: PlanItem
    key: str
    what: Item
    place: int  # of a regular check: always the same in each slot
    slot: int = -1
    instant: int = 0
    moved: bool = False
    done: bool = False
    last_mono: int | None = None
    again_mono: int | None = None  # set while its target fails


@dataclass(slots=True)
class _Open:
    """One window of a round that still owes looks."""

    round_id: str
    window: Window
    owed: dict[str, tuple[RoundItem, int]] = field(default_factory=dict)  # key -> item, wall instant


def item_key(item: PlanItem | RoundItem) -> str:
    """Name of an item within its plan: what is looked at, and how."""
    return f"{item.check}|{item.target}|{item.item.params_digest[:16]}"


class Timetable:
    """Turns ticks into looks. Holds no clock: every call is told the time."""

    def __init__(self, plan: Plan, done: Mapping[str, int], random: Random, digest: str = "") -> None:
        """`done`: key -> slot done last; round items taken have their key there. `digest`: the plan's."""
        self._plan = plan
        self._digest = digest
        self._random = random
        self._lines = {}
        for item in plan.items:
            key = f"{item.kind}|{item_key(item)}"
            self._lines[key] = _Line(item, key, item.item, self._place(item))
        self._done = dict(done)
        self._open: dict[str, _Open] = {}
        self._rounds_from = self._rounds_to = 0

    def due(self, now: Sample) -> list[Due]:
        """Looks to start within the next second; each is given out once."""
        found = [due for line in self._lines.values() for due in self._line(line, now)]
        # Slots before extra looks: a failing target must not push out the others.
        found.sort(key=lambda due: (due.extra, due.at_mono))
        return found + self._rounds(now)

    def wait_ms(self, now: Sample) -> int:
        """How long `due` need not be asked again, unless a probe fails or the clock is set."""
        waits = [self._wait(line, now) for line in self._lines.values()]
        if self._plan.rounds:
            waits.append(self._rounds_to - now.wall)
            waits += [at - now.wall for opened in self._open.values() for _, at in opened.owed.values()]
        return max(min(waits, default=_FAR_MS), 0)

    def failing(self, key: str, is_failing: bool, started_mono: int) -> None:
        """Outcome of a probe: while it fails it is due again a second after it started."""
        line = self._lines.get(key)
        if line is not None and line.item.kind == "probe":
            line.again_mono = started_mono + AGAIN_MS if is_failing else None

    def clock_set(self) -> None:
        """The wall clock was set: look again which windows are open."""
        self._rounds_to = 0

    def _wait(self, line: _Line, now: Sample) -> int:
        every = line.item.every_ms
        if not line.done:
            wait = min(line.instant, line.slot + every) - now.wall
            if line.last_mono is not None:
                wait = max(wait, line.last_mono + every // 10 - now.mono)
        else:
            wait = line.slot + every + min(line.place, every - AHEAD_MS) - now.wall
        return wait if line.again_mono is None else min(wait, line.again_mono - now.mono)

    def _line(self, line: _Line, now: Sample) -> Iterator[Due]:
        slot = _slot(line, now)
        if slot != line.slot:
            # Asked a little too late: not the same as a slot that has passed.
            if (
                line.slot + line.item.every_ms == slot
                and not line.done
                and now.wall - line.instant <= LATE_MS
            ):
                yield from self._give(line, now)
            self._enter(line, slot, now)
        if line.again_mono is not None and line.again_mono < now.mono + AHEAD_MS:
            yield self._again(line, line.again_mono, now)
        elif not line.done and line.instant < now.wall + AHEAD_MS:
            if now.wall - line.instant > LATE_MS and not line.moved:
                self._move(line, now)
            else:
                yield from self._give(line, now)

    def _give(self, line: _Line, now: Sample) -> Iterator[Due]:
        if line.last_mono is None or now.mono - line.last_mono >= line.item.every_ms // 10:
            line.done = True
            line.last_mono = now.mono + max(line.instant - now.wall, 0)
            yield self._due(line, line.slot, line.last_mono, False)

    def _again(self, line: _Line, again_mono: int, now: Sample) -> Due:
        """Look again at a failing target; in a slot without a look yet it is that slot's."""
        line.again_mono = None
        line.last_mono = max(again_mono, now.mono)
        slot = slot_start(now.wall + line.last_mono - now.mono, line.item.every_ms)
        extra = line.done or slot != line.slot
        line.done = line.done or not extra
        return self._due(line, slot, line.last_mono, extra)

    def _enter(self, line: _Line, slot: int, now: Sample) -> None:
        item = line.item
        # Only the first slot after a start may have been done by the process before.
        line.done = line.slot == -1 and self._done.get(line.key) == slot
        line.slot, line.moved = slot, False
        if item.kind == "probe":
            line.instant = slot + self._random(item.every_ms)
            return
        line.instant = slot + line.place

    def _place(self, item: PlanItem) -> int:
        """Where in its slots a regular check is looked at."""
        if item.kind == "probe":
            return 0
        # What is looked at elsewhere has a place of its own: nobody's server should get all looks at once.
        named = ("host", "") if is_own(item.check) else (item.check, item.target)
        return offset_ms(*named, self._plan.agent, item.every_ms, item.deadline_ms)

    def _move(self, line: _Line, now: Sample) -> None:
        left = max(line.slot + line.item.every_ms - now.wall, 1)
        line.instant = now.wall + self._random(min(left, SPREAD_MS))
        line.moved = True

    def _due(self, line: _Line, slot: int, at_mono: int, extra: bool) -> Due:
        item = line.item
        probe = item.kind == "probe"
        return Due(
            line.key,
            line.what,
            slot,
            at_mono,
            item.deadline_ms,
            probe,
            extra,
            plan=self._digest,
            memory=line.key,
        )

    def _rounds(self, now: Sample) -> list[Due]:
        if not self._rounds_from <= now.wall < self._rounds_to:
            self._open_windows(now.wall)
        found: list[Due] = []
        for name, opened in list(self._open.items()):
            if now.wall >= opened.window.until_ms or not opened.owed:
                del self._open[name]
                continue
            found += self._owed(opened, now)
        return found

    def _owed(self, opened: _Open, now: Sample) -> Iterable[Due]:
        window = opened.window
        ready = [
            k for k, (_, at) in opened.owed.items() if window.from_ms <= now.wall and at < now.wall + AHEAD_MS
        ]
        for key in ready:
            item, at = opened.owed.pop(key)
            self._done[key] = 1
            due = round_due(opened.round_id, window, item, now.mono + max(at - now.wall, 0))
            yield replace(due, plan=self._digest)

    def _open_windows(self, wall: int) -> None:
        """Find open windows a minute ahead, so rounds cost nothing in between."""
        self._rounds_from, self._rounds_to = wall, wall + ROUNDS_MS
        self._open = {}
        for plan in self._plan.rounds:
            for window in windows(plan, self._plan.timezone, wall, self._rounds_to):
                self._open[window.id] = self._opened(plan, window, wall)

    def _opened(self, plan: RoundPlan, window: Window, wall: int) -> _Open:
        opened = _Open(plan.id, window)
        spread = max(min(SPREAD_MS, (window.to_ms - window.from_ms) // 4), 1)
        for item in plan.items:
            key = round_key(window.id, item)
            if key not in self._done:
                opened.owed[key] = (item, max(window.from_ms, wall) + _hash(key) % spread)
        return opened


def _slot(line: _Line, now: Sample) -> int:
    """The running slot; once that is done the next one a second ahead: no instant at its edge is late."""
    every = line.item.every_ms
    running, ahead = slot_start(now.wall, every), slot_start(now.wall + AHEAD_MS - 1, every)
    return ahead if line.slot == ahead or (line.slot == running and line.done) else running


def round_due(round_id: str, window: Window, item: RoundItem, at_mono: int) -> Due:
    """A look that this window owes."""
    return Due(
        round_key(window.id, item),
        item.item,
        window.from_ms,
        at_mono,
        item.deadline_ms,
        False,
        round=window.id,
        keep_until=window.until_ms,
        memory=round_memory(round_id, item),
    )


def round_memory(round_id: str, item: RoundItem) -> str:
    """Name under which a round's look remembers."""
    return f"round|{round_id}|{item_key(item)}"


def round_key(window_id: str, item: RoundItem) -> str:
    """Name of what one window owes."""
    return f"round|{window_id}|{item_key(item)}"


def _hash(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")
