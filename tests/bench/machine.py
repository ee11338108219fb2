"""What this machine gives while a bench runs: a fixed loop timed around each case, and what others take.

The cores of a virtual machine are shared with strangers: the same instructions cost more CPU seconds while
the neighbours work, so a figure means something only beside the speed of the same minute.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STEPS = 400_000  # of the loop: 28 ms on two quiet cores of an AMD EPYC, Python 3.11
LOOKS = 7


def loop_ms() -> float:
    """CPU milliseconds of the fixed loop, once."""
    begin, value = time.process_time(), 0
    for step in range(STEPS):
        value = (value * 31 + step) & 0xFFFFFFFF
    return 1000 * (time.process_time() - begin)


def _busy_s() -> float:
    """CPU seconds of everything on this machine since it started; without what is stolen from it."""
    user, nice, system, _idle, _wait, irq, soft = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


@dataclass
class Case:
    """One case: the loop before and after it, and how many cores others kept busy meanwhile."""

    before_ms: float
    after_ms: float = 0.0
    others: float = 0.0
    ours_s: float = 0.0  # CPU seconds of the case itself, set by who runs it

    @property
    def loop_ms(self) -> float:
        """The loop around this case."""
        return (self.before_ms + self.after_ms) / 2


@dataclass
class Speed:
    """The loop of a whole run. Its least value is the yardstick of this run only: all of it may be slow."""

    least_ms: float = float("inf")
    cases: list[Case] = field(default_factory=list)

    def look(self) -> float:
        """The loop now: the median of a few, for slow moments are short and come in crowds."""
        found = [loop_ms() for _ in range(LOOKS)]
        self.least_ms = min(self.least_ms, *found)
        return statistics.median(found)

    @contextmanager
    def around(self) -> Iterator[Case]:
        """A case, looked at before and after."""
        case = Case(self.look())
        begin, busy = time.perf_counter(), _busy_s()
        yield case
        seconds, busy = time.perf_counter() - begin, _busy_s() - busy
        case.others = max(busy - case.ours_s, 0.0) / seconds
        case.after_ms = self.look()
        self.cases.append(case)

    def factor(self, case: Case) -> float:
        """How much slower than in its best moment the machine was around this case."""
        return case.loop_ms / self.least_ms

    def said(self) -> str:
        """For the last lines."""
        factors = [self.factor(case) for case in self.cases]
        return (
            f"speed loop: {self.least_ms:.1f} ms at best in this run; around the cases "
            f"{min(factors):.2f} to {max(factors):.2f} times that"
        )
