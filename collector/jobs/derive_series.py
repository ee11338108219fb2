"""One series in the deriver's memory: its newest look and its open run."""

from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any, Protocol

from checks.china import midnight_after
from collector.evidence.accepted import Accepted
from collector.store.runs import RunRow
from collector.store.series import SeriesRow

Holds = Mapping[tuple[str, str], int]  # (check, target) -> hold, of one plan


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """One day of China's clock under one plan: within it, nothing but time and outcome ends a run."""

    holds: Holds
    midnight: int


class Together(Protocol):
    """What follows a series together with others (derive_steady.py)."""

    def settle(self) -> None:
        """Let each of its series know what was taken since."""

    def dissolve(self) -> None:
        """Settle and end."""


class Series:
    """One series: newest look, open run (n is 0 before the first observation), runs that ended.

    While nothing changes, only `last` and `n` follow every line, or only `t` where looks say nothing of the
    target (`idle`). The rest of the newest look is in `seen`, the batch that holds it, at line `seen_line`,
    until `level` takes it from there.
    """

    __slots__ = (
        "asset",
        "check",
        "dirty",
        "ended",
        "error",
        "first",
        "first_idx",
        "first_line",
        "first_seq",
        "floor",
        "gap",
        "group",
        "hi_idx",
        "hold",
        "holds",
        "id",
        "idle",
        "idx",
        "last",
        "last_hold",
        "last_idx",
        "last_line",
        "last_seq",
        "line",
        "lo_idx",
        "midnight",
        "moved",
        "n",
        "outcome",
        "room",
        "seen",
        "seen_line",
        "slot",
        "span",
        "state",
        "steady",
        "t",
        "target",
        "vantage",
    )  # fmt: skip

    def __init__(self, row: SeriesRow) -> None:
        self.id, check, target, vantage, self.asset, self.hold = row[:6]
        # Each name once: they are compared with those of every line.
        self.check, self.target, self.vantage = intern(check), intern(target), intern(vantage)
        self.t, self.slot, self.state, self.error, self.idx, self.line = row[6:]
        self.holds: Holds | None = None
        self.ended: list[RunRow] = []
        self.dirty = self.moved = False
        self.floor = -1
        self.n = self.first = self.gap = self.first_seq = self.last_seq = 0
        self.first_idx = self.first_line = self.last_idx = self.last_line = self.lo_idx = self.hi_idx = 0
        self.last = self.midnight = self.last_hold = -1
        self.outcome = ""
        # The state of the newest look, if that is also the open run's newest observation, made in `span`;
        # another within `room` after it neither ends the run nor widens its gap.
        self.steady = ""
        # Or what the newest look gave in the place of an outcome, its error or that it is unknown: such looks
        # touch no run. Never set together with `steady`.
        self.idle = ""
        self.span: Span | None = None
        self.room = 0
        self.seen: Accepted | None = None
        self.seen_line = 0
        self.group: Together | None = None  # that follows it together with others; it may know more

    def level(self) -> None:
        """Take all of the newest look from the batch that holds it."""
        if self.group is not None:
            self.group.settle()
        batch = self.seen
        if batch is None:
            return
        self.seen, line = None, self.seen_line
        rows: Any = batch.rows
        row = rows.lines[line]
        self.slot, self.idx, self.line = row.slot, batch.idx, line
        self.belongs(row.asset)
        if not self.idle:
            self.t, self.last_seq, self.last_line = self.last, batch.seq, line
            self.last_idx = self.hi_idx = batch.idx

    def alone(self) -> None:
        """No longer followed together with others."""
        if self.group is not None:
            self.group.dissolve()

    def belongs(self, asset: str | None) -> None:
        """To this asset; a change is remembered till the next flush."""
        if asset != self.asset:
            self.asset, self.moved = asset, True

    def resume(self, run: RunRow) -> None:
        """Go on with a run that was kept."""
        self.alone()
        self.level()
        self.steady = self.idle = ""
        self.first, self.last, self.outcome, self.n, self.gap = run[1:6]
        self.first_seq, self.last_seq, self.first_idx, self.first_line = run[6:10]
        self.last_idx, self.last_line, self.lo_idx, self.hi_idx = run[10:]
        self.last_hold = -1  # not kept
        self.midnight = midnight_after(self.last)

    def stand_on(self, run: RunRow) -> None:
        """Resume what the database holds, which may be ahead of the cursor after a crash within a flush."""
        self.resume(run)
        self.floor = run.hi_idx

    def repeat(self, seq: int, idx: int, line: int) -> bool:
        """The newest observation once more, of the same outcome: the later in the log counts.

        False if that cannot be told from the open run alone.
        """
        alone = self.n == 1
        joined = self.last_hold == self.hold if alone else self.gap < self.hold
        if not joined or (not alone and self.lo_idx == self.last_idx != self.first_idx):
            return False
        self.last_seq, self.last_idx, self.last_line, self.hi_idx = seq, idx, line, idx
        if alone:
            self.first_seq, self.first_idx, self.first_line, self.lo_idx = seq, idx, line, idx
        self.last_hold = self.hold
        return True

    def row(self) -> SeriesRow:
        """As it is kept; level."""
        return SeriesRow(
            self.id,
            self.check,
            self.target,
            self.vantage,
            self.asset,
            self.hold,
            self.t,
            self.slot,
            self.state,
            self.error,
            self.idx,
            self.line,
        )

    def run(self) -> RunRow:
        """The open run as it is kept; level."""
        return RunRow(
            self.id,
            self.first,
            self.last,
            self.outcome,
            self.n,
            self.gap,
            self.first_seq,
            self.last_seq,
            self.first_idx,
            self.first_line,
            self.last_idx,
            self.last_line,
            self.lo_idx,
            self.hi_idx,
        )
