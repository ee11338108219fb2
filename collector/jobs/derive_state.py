"""The deriver's memory: the open run and the newest look of every series, changed one batch at a time.

No database here. Whatever `take` is told depends on the batches alone and their order in the log, so
memory lost in a crash is made again from the cursor on, and a rebuild gives the same tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from checks.china import midnight_after
from collector.availability.clock import FUTURE_MS, shift_ms
from collector.availability.runs import OUTCOME_OF_STATE, Outcome
from collector.evidence.accepted import Accepted, Row
from collector.evidence.rows import Rows, times_of
from collector.jobs.derive_series import Holds, Series, Span
from collector.jobs.derive_steady import Steady
from collector.store.late import LateRow
from collector.store.rounds import DoneRow
from collector.store.runs import RunRow
from collector.store.series import EventRow, MarkRow, SeriesRow

DEFAULT_HOLD_MS = 150_000
CLOCK_FINDING_US = 60_000_000
MOST_SPANS = 1024
_NOTHING: dict[str, Series] = {}
_OUTCOMES = {
    state: None if outcome is Outcome.ERROR else outcome.value for state, outcome in OUTCOME_OF_STATE.items()
}


@dataclass(slots=True)
class Memory:
    """Everything since the last flush, and what is needed to go on."""

    holds_of: Callable[[str], Holds]
    agents: dict[str, dict[str, dict[str, Series]]] = field(default_factory=dict)  # by check and target
    spans: dict[tuple[str, int], Span] = field(default_factory=dict)  # by plan and midnight
    marks: dict[str, MarkRow] = field(default_factory=dict)
    # What came late and is not yet in the runs, by agent; changed since the last flush.
    late: dict[str, dict[tuple[int, int], LateRow]] = field(default_factory=dict)
    changed_late: dict[int, set[int]] = field(default_factory=dict)
    every: list[Series] = field(default_factory=list)
    ended: int = 0
    dirty: list[Series] = field(default_factory=list)
    changed_marks: set[str] = field(default_factory=set)
    events: list[EventRow] = field(default_factory=list)
    done: dict[tuple[str, str, str, str], DoneRow] = field(default_factory=dict)
    steady: Steady = field(init=False)

    def __post_init__(self) -> None:
        self.steady = Steady(self.dirty)

    def take(self, batch: Accepted) -> None:
        """Follow one batch; what cannot be appended is noted as late."""
        self._mark(batch)
        if batch.scored and batch.rows:
            _Taking(self, batch).run()

    def add(self, row: SeriesRow) -> Series:
        """A series, in the order of their numbers."""
        made = Series(row)
        self.every.append(made)
        self.agents.setdefault(made.vantage, {}).setdefault(made.check, {})[made.target] = made
        return made

    def span(self, plan: str, t: int) -> Span:
        """The day of an instant under a plan, the same object each time."""
        key = (plan, midnight_after(t))
        found = self.spans.get(key)
        if found is None:
            if len(self.spans) >= MOST_SPANS:
                self.spans.clear()
            found = self.spans[key] = Span(self.holds_of(plan), key[1])
        return found

    def numbered(self, id_: int) -> Series:
        """The series of this number; they are numbered from 1 on."""
        return self.every[id_ - 1]

    def settle(self) -> None:
        """Let every series know where it stands: what was taken in whole is told now."""
        self.steady.settle()

    def new_series(self, row: Row, agent: str) -> Series:
        """A series is numbered by its first appearance in the log."""
        start = SeriesRow(
            len(self.every) + 1,
            row.check,
            row.target,
            agent,
            row.asset,
            DEFAULT_HOLD_MS,
            -1,
            row.slot,
            None,
            None,
            -1,
            0,
        )
        return self.add(start)

    def put_late(self, series: Series, t: int, idx: int) -> None:
        """An observation that is not newer than the open run: the runs of its day are derived again."""
        key = (series.id, midnight_after(t))
        waiting = self.late.setdefault(series.vantage, {})
        was = waiting.get(key)
        made = LateRow(*key, t, t, idx, idx)
        if was is not None:
            made = LateRow(
                *key, min(was.low, t), max(was.high, t), min(was.lo_idx, idx), max(was.hi_idx, idx)
            )
        waiting[key] = made
        self.changed_late.setdefault(series.id, set()).add(key[1])

    def replaced(self, agent: str, row: LateRow, made: list[RunRow]) -> None:
        """The runs show it now, and the open run is the last of them if it was among them."""
        open_run = self.numbered(row.series)
        open_run.level()
        if made and made[-1].last >= open_run.last:
            open_run.resume(made[-1])
        waiting = self.late[agent]
        del waiting[row.series, row.until]
        if not waiting:
            del self.late[agent]

    def _mark(self, batch: Accepted) -> None:
        """How far the agent's evidence reaches now, and what happened to its chain."""
        header = batch.header
        before = self.marks.get(batch.agent)
        reach = header.to_ms - shift_ms(header.clock.offset_us)
        reach = min(reach, batch.received_ms)
        mark = MarkRow(
            batch.agent,
            batch.epoch,
            batch.seq,
            batch.idx,
            header.clock.boot,
            max(reach, before.watermark if before else 0),
            batch.received_ms,
            header.clock.offset_us,
            header.plan,
        )
        self.marks[batch.agent] = mark
        self.changed_marks.add(batch.agent)
        for kind, detail in _happened(batch, before):
            self.events.append(EventRow(batch.idx, kind, batch.agent, batch.received_ms, detail))

    def forget_changes(self) -> None:
        """All of it is kept."""
        for series in self.dirty:
            series.dirty = series.moved = False
            if series.ended:
                series.ended.clear()
        self.dirty.clear()
        self.ended = 0
        self.changed_late.clear()
        self.changed_marks.clear()
        self.events.clear()
        self.done.clear()


def _happened(batch: Accepted, before: MarkRow | None) -> list[tuple[str, str]]:
    header, found = batch.header, []
    if before is not None and before.boot != header.clock.boot:
        found.append(("boot", header.clock.boot))
    if header.loss is not None:
        found.append(("loss", f"{header.loss.a}-{header.loss.b} {header.loss.reason}"))
    if header.resume is not None:
        found.append(("resume", f"{header.resume.had}-{header.resume.after} {header.resume.reason}"))
    was = before is not None and abs(before.offset_us or 0) > CLOCK_FINDING_US
    if (abs(header.clock.offset_us or 0) > CLOCK_FINDING_US) != was:
        found.append(("clock", str(header.clock.offset_us)))
    if before is not None and before.plan != header.plan:
        found.append(("plan", header.plan))
    return found


def outcome_of(row: Row) -> str | None:
    """What a line says about its target; None when it is no evidence."""
    return None if row.state is None else _OUTCOMES[row.state]


class _Taking:
    """One batch on its way into memory."""

    __slots__ = ("batch", "future", "known", "latest", "memory", "shift", "span")

    def __init__(self, memory: Memory, batch: Accepted) -> None:
        self.memory = memory
        self.batch = batch
        self.shift = shift_ms(batch.header.clock.offset_us)
        self.latest = batch.received_ms + FUTURE_MS
        self.known = memory.agents.setdefault(batch.agent, {})
        self.future = 0

    def run(self) -> None:
        """All its lines, each by itself."""
        batch, rows = self.batch, self.batch.rows
        if isinstance(rows, Rows) and rows.packed is not None:
            times = times_of(rows.packed)
            self.span = self.memory.span(batch.header.plan, times[len(times) // 3] - self.shift)
            if self.memory.steady.take(batch, rows.packed, times, self.shift, self.span, self.latest):
                return
        lines: Sequence[Any] = rows.lines if isinstance(rows, Rows) else rows
        self.span = self.memory.span(batch.header.plan, lines[0].t0 - self.shift)
        if isinstance(rows, Rows):
            self._lines(rows, lines)
        else:
            for row in rows:
                self._row(row)
        if self.future:
            text = f"{self.future} observations"
            self.memory.events.append(EventRow(batch.idx, "future", batch.agent, batch.received_ms, text))

    def _lines(self, rows: Sequence[Row], lines: Sequence[Any]) -> None:
        """What only says again what was said goes the short way, which leaves the rest to `level`."""
        batch, known = self.batch, self.known
        end = min(self.span.midnight, self.latest + 1)
        again = []
        for number, line in enumerate(lines):
            series = known.get(line.check, _NOTHING).get(line.target)
            if series is None:
                self._row(rows[number])
                continue
            if series.group is not None:
                series.group.dissolve()
            if not self._says_again(series, line, end):
                self._row(rows[number])
                continue
            series.seen_line = number
            if series.seen is None:
                self._touch(series)
            series.seen = batch
            again.append(series)
        packed = rows.packed if isinstance(rows, Rows) else None
        if packed is not None:
            self.memory.steady.learn(batch, packed, again, self.span)

    def _says_again(self, series: Series, line: Any, end: int) -> bool:
        """Take a look before `end` that only prolongs its run, or again says nothing; False for others."""
        t = line.t0 - self.shift
        if series.span is not self.span or t >= end or line.vantage != self.batch.agent:
            return False
        if line.round is not None and line.round is not UNSET:
            return False
        if line.state == series.steady and 0 < t - series.last <= series.room:
            series.last = t
            series.n += 1
            return True
        if series.idle and (line.state or line.error) == series.idle and t > series.t:
            series.t = t
            return True
        return False

    def _row(self, row: Row) -> None:
        if row.vantage != self.batch.agent:
            return  # an agent speaks for itself only
        series = self._series(row)
        t = row.t0 - self.shift
        if t > self.latest:
            self.future += 1
            return
        self._look(series, row, t)
        outcome = outcome_of(row)
        if outcome is not None:
            self._observe(series, row, t, outcome)
        elif series.t == t:
            series.idle, series.span = row.error or row.state or "", self.span
        if row.round is not None:
            self._round(row, t)

    def _touch(self, series: Series) -> None:
        if not series.dirty:
            series.dirty = True
            self.memory.dirty.append(series)

    def _series(self, row: Row) -> Series:
        series = self.known.get(row.check, {}).get(row.target)
        if series is None:
            series = self.memory.new_series(row, self.batch.agent)
        series.alone()
        series.level()
        self._touch(series)
        holds = self.span.holds
        if series.holds is not holds:
            series.holds, series.steady, series.idle = holds, "", ""
            series.hold = holds.get((row.check, row.target), DEFAULT_HOLD_MS)
        return series

    def _look(self, series: Series, row: Row, t: int) -> None:
        if t < series.t:
            return
        series.steady = series.idle = ""
        series.t, series.slot, series.state, series.error = t, row.slot, row.state, row.error
        series.idx, series.line = self.batch.idx, row.line_no
        series.belongs(row.asset)

    def _observe(self, series: Series, row: Row, t: int, outcome: str) -> None:
        idx = self.batch.idx
        if t <= series.last:
            self._late(series, row, t, outcome)
            return
        gap = t - series.last
        if series.outcome == outcome and gap < series.hold and t < series.midnight and series.n:
            series.n += 1
            if gap > series.gap:
                series.gap = gap
        else:
            if series.n:
                series.ended.append(series.run())
                self.memory.ended += 1
            series.outcome, series.n, series.gap, series.first = outcome, 1, 0, t
            series.first_seq, series.first_idx, series.first_line = self.batch.seq, idx, row.line_no
            series.lo_idx = idx
            series.midnight = midnight_after(t)
        series.last, series.last_seq, series.last_idx = t, self.batch.seq, idx
        series.last_line, series.hi_idx, series.last_hold = row.line_no, idx, series.hold
        if series.t == t and series.midnight == self.span.midnight and row.state is not None:
            series.steady, series.span, series.room = row.state, self.span, min(series.gap, series.hold - 1)

    def _late(self, series: Series, row: Row, t: int, outcome: str) -> None:
        idx = self.batch.idx
        if idx <= series.floor:
            return  # a flush that was cut short had kept this series already
        same = t == series.last and outcome == series.outcome
        if not same or not series.repeat(self.batch.seq, idx, row.line_no):
            self.memory.put_late(series, t, idx)

    def _round(self, row: Row, t: int) -> None:
        """A reading comes before an error, the first reading before a later one, the last error counts."""
        batch = self.batch
        key = (str(row.round), row.check, row.target, batch.agent)
        held = self.memory.done.get(key)
        if held is not None and held.error is None:
            return
        self.memory.done[key] = DoneRow(
            *key, t, row.state, row.error, batch.idx, row.line_no, batch.received_ms
        )
