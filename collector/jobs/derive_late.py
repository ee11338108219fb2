"""Late observations: the runs of their day derived again from the log itself (AV 3.16).

What comes late is only noted, by series and day (a run never passes midnight). A job takes the late
series of one agent on one day, reads the batches that hold them and the runs beside them, each once and
a slice at a time, and replaces those runs when a flush has kept everything before. Agents take turns,
and one that caused much work rests, so nobody who sends old instants holds up the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from time import monotonic
from typing import NamedTuple

from sqlalchemy import Connection, select, tuple_

from checks.china import DAY_MS, midnight_after
from checks.wire.numbers import EntryKind
from collector.availability.clock import FUTURE_MS, shift_ms
from collector.evidence.accepted import Accepted
from collector.jobs.batches import read_places
from collector.jobs.derive_series import Holds
from collector.jobs.derive_state import DEFAULT_HOLD_MS, Memory, outcome_of
from collector.store import runs
from collector.store.evidence import entry_table
from collector.store.late import LateRow
from collector.store.runs import RunRow

SLICE = 64  # batches
MOST_JOBS = 16  # begun at a time
MOST_SERIES = 500  # of one job
MOST_SIGHTS = 100_000
REST = 4.0  # times what an agent's job took, before its next one
_NEVER = 1 << 62


class Sight(NamedTuple):
    """One observation with its place in the log."""

    t: int
    outcome: str
    seq: int
    idx: int
    line: int
    hold: int


class Change(NamedTuple):
    """Runs of a series to be put in the place of others."""

    row: LateRow
    was: list[RunRow]
    now: list[RunRow]


@dataclass(slots=True)
class Job:
    """Some series of one agent on one day, on the way through the log."""

    agent: str
    until: int
    series: list[int]
    begin: int = _NEVER
    end: int = 0
    after: tuple[int, int] = (-1, -1)  # epoch and seq of the last batch that was read
    reading: bool = False
    spent: float = 0.0
    wanted: dict[tuple[str, str], int] = field(default_factory=dict)
    sights: dict[int, dict[int, Sight]] = field(default_factory=dict)
    near: dict[int, list[RunRow]] = field(default_factory=dict)

    def aim(self, conn: Connection, memory: Memory) -> None:
        """Find what is to be replaced and where the log holds it; `reading` if not all of it was read."""
        known = runs.of_days(conn, self.series, self.until - DAY_MS, self.until)
        self._trim(known)
        late = memory.late[self.agent]
        begin, end = _NEVER, 0
        for one in self.series:
            row = late[one, self.until]
            near = self.near[one] = _beside(known.get(one, []), row)
            begin = min([begin, row.lo_idx, *(run.lo_idx for run in near)])
            end = max([end, row.hi_idx + 1, *(run.hi_idx + 1 for run in near)])
        if begin < self.begin:
            self._restart(conn, memory, begin)
        elif end > self.end:
            self.reading = True
        self.end = max(end, self.end)

    def _trim(self, known: dict[int, list[RunRow]]) -> None:
        """No more series than fit; the others have their turn later."""
        total = 0
        for at, one in enumerate(self.series):
            total += sum(run.n for run in known.get(one, ()))
            if at and total > MOST_SIGHTS:
                del self.series[at:]
                return

    def _restart(self, conn: Connection, memory: Memory, begin: int) -> None:
        self.begin, self.reading = begin, True
        self.wanted = {(s.check, s.target): s.id for s in map(memory.numbered, self.series)}
        self.sights = {one: {} for one in self.series}
        table = entry_table
        first = conn.execute(select(table.c.epoch, table.c.seq).where(table.c.idx == begin)).one()
        self.after = (int(first[0]), int(first[1]) - 1)

    def read(self, conn: Connection, holds_of: Callable[[str], Holds]) -> None:
        """The next slice."""
        table = entry_table
        wanted = (
            table.c.agent == self.agent,
            tuple_(table.c.epoch, table.c.seq) > self.after,
            table.c.kind == int(EntryKind.BATCH),
            table.c.idx < self.end,
        )
        columns = select(table.c.idx, table.c.epoch, table.c.seq).where(*wanted)
        found = conn.execute(columns.order_by(table.c.epoch, table.c.seq).limit(SLICE)).all()
        for batch in read_places(conn, [int(row[0]) for row in found]):
            self._see(batch, holds_of(batch.header.plan))
        if found:
            self.after = (int(found[-1][1]), int(found[-1][2]))
        self.reading = len(found) == SLICE

    def _see(self, batch: Accepted, holds: Holds) -> None:
        if not batch.scored:
            return
        shift, latest = shift_ms(batch.header.clock.offset_us), batch.received_ms + FUTURE_MS
        for row in batch.rows:
            key = (row.check, row.target)
            one = self.wanted.get(key)
            if one is None or row.vantage != self.agent:
                continue
            t, outcome = row.t0 - shift, outcome_of(row)
            if outcome is None or t > latest or not self.until - DAY_MS <= t < self.until:
                continue
            # Of two at one instant the later in the log counts.
            hold = holds.get(key, DEFAULT_HOLD_MS)
            self.sights[one][t] = Sight(t, outcome, batch.seq, batch.idx, row.line_no, hold)

    def changes(self, memory: Memory) -> list[Change]:
        """What has to be written, once everything was read."""
        made = []
        for one in self.series:
            row, near = memory.late[self.agent][one, self.until], self.near[one]
            first = min([row.low, *(run.first for run in near)])
            last = max([row.high, *(run.last for run in near)])
            seen = sorted(s for s in self.sights[one].values() if first <= s.t <= last)
            made.append(Change(row, near, fold(one, seen)))
        return made


def _beside(known: Sequence[RunRow], row: LateRow) -> list[RunRow]:
    """Runs of the day that the late instants touch, and one neighbour on each side."""
    before = [run for run in known if run.last < row.low][-1:]
    touched = [run for run in known if run.last >= row.low and run.first <= row.high]
    after = [run for run in known if run.first > row.high][:1]
    return [*before, *touched, *after]


def fold(series: int, seen: Sequence[Sight]) -> list[RunRow]:
    """Runs of these observations, in order of time.

    Each is joined to the one before it by the hold of the plan it was made under.
    """
    groups: list[list[Sight]] = []
    for sight in seen:
        last = groups[-1][-1] if groups else None
        if (
            last is not None
            and last.outcome == sight.outcome
            and sight.t - last.t < sight.hold
            and sight.t < midnight_after(last.t)
        ):
            groups[-1].append(sight)
        else:
            groups.append([sight])
    return [_run(series, group) for group in groups]


def _run(series: int, group: list[Sight]) -> RunRow:
    first, last = group[0], group[-1]
    gap = max((b.t - a.t for a, b in pairwise(group)), default=0)
    places = [sight.idx for sight in group]
    ends = (first.seq, last.seq, first.idx, first.line, last.idx, last.line)
    return RunRow(series, first.t, last.t, first.outcome, len(group), gap, *ends, min(places), max(places))


class LateWork:
    """Whose turn it is."""

    def __init__(self, holds_of: Callable[[str], Holds]) -> None:
        self.jobs: dict[str, Job] = {}
        self._holds_of = holds_of
        self._rest: dict[str, float] = {}
        self._served: dict[str, int] = {}
        self._turn = 0

    def step(self, conn: Connection, memory: Memory, *, patient: bool = True) -> bool:
        """Read one slice for one agent; False if there is nothing to read just now."""
        agent = self._next(memory, patient)
        if agent is None:
            return False
        self._turn += 1
        self._served[agent] = self._turn
        began = monotonic()
        job = self.jobs.get(agent)
        if job is None:
            job = self.jobs[agent] = _job(agent, memory)
            job.aim(conn, memory)
        if job.reading:
            job.read(conn, self._holds_of)
        job.spent += monotonic() - began
        return True

    def _next(self, memory: Memory, patient: bool) -> str | None:
        now = monotonic()
        ready = [agent for agent, job in self.jobs.items() if job.reading]
        if len(self.jobs) < MOST_JOBS:
            waiting = memory.late.keys() - self.jobs.keys()
            ready += [agent for agent in waiting if not patient or self._rest.get(agent, 0.0) <= now]
        return min(ready, key=lambda agent: (self._served.get(agent, 0), agent), default=None)

    def read_whole(self) -> list[Job]:
        """Jobs that have read what they aimed at."""
        return [job for job in self.jobs.values() if not job.reading]

    def end(self, job: Job) -> None:
        """It is kept."""
        del self.jobs[job.agent]
        self._rest[job.agent] = monotonic() + REST * job.spent


def _job(agent: str, memory: Memory) -> Job:
    late = memory.late[agent]
    until = next(iter(late))[1]
    return Job(agent, until, sorted(one for one, at in late if at == until)[:MOST_SERIES])
