"""Runs of a series as of a size of the log; what was folded for a smaller size is gone on from.

A bundle may hold many claims, each made of another size of the log. Folding every observation again for each
of them would cost as many times the whole.
"""

from dataclasses import dataclass, field
from itertools import islice

from checks.china import day_of
from collector.availability.runs import Observation, Run, extend
from collector.verify.batches import NO_HOLD, OUTCOMES, Track

_DEFAULT_HOLD_MS = 150_000
_KEPT = 3  # the figures' size, the scorecards' growing one, and that of a document between
_NEVER = -(2**62)


@dataclass(slots=True)
class Fold:
    """How far a track is folded: `size` of the log, `at` in its numbers, the hold in force, the runs."""

    size: int = 0
    at: int = 0
    hold: int = _DEFAULT_HOLD_MS
    last_ms: int = _NEVER
    closed: list[Run] = field(default_factory=list)
    open: Run | None = None

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs, the last of which may still grow."""
        return (*self.closed, self.open) if self.open is not None else tuple(self.closed)


def runs_of(track: Track, size: int) -> tuple[Run, ...]:
    """Runs of the observations that the first `size` entries hold.

    Each observation is joined to the one before by its own plan's hold; a batch whose plan does not ask for
    the series has the hold that the series had before. Of two at one instant the later in the log counts.
    """
    known = [one for one in track.folds if one.size <= size]
    base = max(known, key=lambda one: one.size, default=Fold())
    if base.size == size and base.at:
        return base.runs
    made = _further(track, base, size)
    track.folds.append(made)
    del track.folds[:-_KEPT]
    return made.runs


def _further(track: Track, base: Fold, size: int) -> Fold:
    """The fold with what came up to `size`; made anew where something of that belongs before its end."""
    made = Fold(size, base.at, base.hold, base.last_ms, list(base.closed), base.open)
    kept: dict[int, tuple[int, int, int]] = {}
    numbers = islice(iter(track.seen), base.at, None)
    for t_ms, code, idx, own in zip(numbers, numbers, numbers, numbers, strict=True):
        if idx >= size:
            break
        made.hold = own if own != NO_HOLD else made.hold
        made.at += 4
        kept[t_ms] = (code, idx, made.hold)
    if kept and min(kept) <= base.last_ms:
        return _further(track, Fold(), size)
    for t_ms in sorted(kept):
        code, idx, hold = kept[t_ms]
        step = extend(made.open, Observation(t_ms, OUTCOMES[code], idx), hold, day_of)
        if step.closed is not None:
            made.closed.append(step.closed)
        made.open = step.open
        made.last_ms = t_ms
    return made
