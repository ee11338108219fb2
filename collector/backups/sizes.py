"""Sizes: what the source says changed comes first; statistics only where it says nothing.

Where the content is proven equal to the source's, any size is right. Where the source tells how much it
holds, a full should shrink and grow with it: off by more than ln 2.5 is bad. Else a size is compared with the
last 8 good ones of its weekday (at least 3): |ln(size / median)| beyond max(ln 2.5, 6 x 1.4826 MAD) is a
warning, beyond ln 10 bad as well. Logarithms are floats: they decide about plausibility, and no figure of a
contract stands on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from operator import attrgetter
from statistics import median

from collector.backups.assign import Series
from collector.backups.policy import Role
from collector.backups.runs import CHAINED, Runs
from collector.backups.sources import Signed, matches

_WARN, _BAD = log(2.5), log(10)
_BYTES = attrgetter("bytes")
_MAD, _LAST, _LEAST = 6 * 1.4826, 8, 3


@dataclass(frozen=True, slots=True)
class Odd:
    """A size that does not fit. `usual`: the median, or what the source's own change would give."""

    run: int
    reason: str
    bad: bool
    usual: int


def judge_size(size: int, before: Sequence[int]) -> tuple[str, bool, int] | None:
    """(shrunk or grown, whether bad, median) against earlier good sizes; None where nothing is odd."""
    held = [one for one in before[-_LAST:] if one > 0]
    if len(held) < _LEAST or size <= 0:
        return None
    if 2 * max(held) <= 5 * size and 2 * size <= 5 * min(held):
        return None
    usual = median(held)
    off = log(size / usual)
    spread = median(abs(log(one / usual)) for one in held)
    if abs(off) <= max(_WARN, _MAD * spread):
        return None
    return "grown" if off > 0 else "shrunk", abs(off) > _BAD, int(usual)


def odd_sizes(series: Sequence[Series], runs: Runs, signed: Signed, epochs: Sequence[int]) -> Iterator[Odd]:
    """Runs of slots whose size does not fit, by the weekday of the slot; an epoch begins anew."""
    # Where nothing ever changed by so much there is nothing to look for (most objects, most years).
    alike = not signed.times and not _apart(list(map(_BYTES, runs.records)))
    for one in () if alike else series:
        chained = one.schedule.role is Role.INCREMENTAL
        groups = _weekdays(one)
        if signed.times:
            yield from _odd(runs, _in_order(groups, runs, chained), signed, sorted(epochs))
            continue
        for number, picks in enumerate(groups):
            mine = _of_kind(picks, runs, chained)
            sizes = list(map(_BYTES, map(runs.records.__getitem__, mine)))
            if _apart(sizes):
                yield from _odd(runs, [(run, number) for run in mine], signed, sorted(epochs))


def _apart(sizes: Sequence[int]) -> bool:
    """Whether any of them is off another by so much that it may be odd."""
    return bool(sizes) and 2 * max(sizes) > 5 * min(sizes)


def _of_kind(picks: Sequence[int], runs: Runs, chained: bool) -> list[int]:
    if chained or runs.kinds & CHAINED:
        return [run for run in picks if run >= 0 and (runs.records[run].kind in CHAINED) is chained]
    return [run for run in picks if run >= 0]


def _weekdays(one: Series) -> list[list[int]]:
    """Runs of a daily series by weekday; the others have but one."""
    days = one.table.days
    if one.schedule.every == "day" and days and days[-1] - days[0] == len(days) - 1:
        return [one.picks[first::7] for first in range(7)]
    return [one.picks]


def _in_order(groups: Sequence[Sequence[int]], runs: Runs, chained: bool) -> list[tuple[int, int]]:
    return sorted(
        (run, number)
        for number, picks in enumerate(groups)
        for run in picks
        if run >= 0 and (runs.records[run].kind in CHAINED) is chained
    )


def _odd(runs: Runs, mine: Sequence[tuple[int, int]], signed: Signed, epochs: list[int]) -> Iterator[Odd]:
    """Runs in order, each with its weekday: the source's word on the run before, else the weekday's sizes."""
    before: dict[int, list[int]] = {}
    last: int | None = None
    for run, weekday in mine:
        while epochs and epochs[0] <= runs.starts[run]:
            epochs.pop(0)
            before, last = {}, None
        size, held = runs.records[run].bytes, before.setdefault(weekday, [])
        told, found = _by_source(runs, run, last, signed)
        if not told:
            by_size = judge_size(size, held)
            found = None if by_size is None else Odd(run, *by_size)
        if found is not None:
            yield found
        if size > 0 and runs.ever(run) and (found is None or not found.bad):
            held.append(size)
            del held[:-_LAST]
            last = run


def _by_source(runs: Runs, run: int, last: int | None, signed: Signed) -> tuple[bool, Odd | None]:
    """Whether the source's word decides, and what it finds."""
    if not signed.times:
        return False, None
    now = signed.of_run(runs.records[run], runs.starts[run])
    if matches(now, runs.records[run]):
        return True, None
    if last is None or runs.records[run].kind in CHAINED:
        return False, None
    if runs.records[run].bytes <= 0:
        return True, None  # nothing in it is another finding
    then = signed.of_run(runs.records[last], runs.starts[last])
    sizes = [next((one.bytes for one in held if one.bytes), None) for held in (now, then)]
    if sizes[0] is None or sizes[1] is None:
        return False, None
    usual = runs.records[last].bytes * sizes[0] // sizes[1]
    off = log(runs.records[run].bytes / max(usual, 1))
    if abs(off) <= _WARN:
        return True, None
    return True, Odd(run, "grown" if off > 0 else "shrunk", True, usual)
