"""The clocks of this machine, and how far its wall clock is from the collector's.

`mono` is CLOCK_BOOTTIME: it runs on while the machine sleeps, so a sleep is a gap and not a step of the
wall clock. Two samples of one boot whose wall and mono differences disagree show a step; every batch
header carries such a sample, so a reader of two headers sees every step (collector availability 3.12).
"""

import os
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

JUMP_MS = 2000


class Sample(NamedTuple):
    """Wall clock (UTC epoch ms) and boot-time clock (ms), read together."""

    wall: int
    mono: int


class Clock:
    """The one clock of a process; tests pass their own."""

    def sample(self) -> Sample:
        """Both clocks now."""
        return Sample(time.time_ns() // 1_000_000, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)

    def wall(self) -> int:
        """UTC epoch milliseconds."""
        return time.time_ns() // 1_000_000


def jump_ms(before: Sample, after: Sample) -> int:
    """How far the wall clock was set between two samples of one boot; slewing stays below JUMP_MS."""
    return (after.wall - before.wall) - (after.mono - before.mono)


def boot_id() -> str:
    """Id of the running boot; of this process where the kernel tells none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"process-{os.getpid()}"


def synchronised() -> bool | None:
    """Whether a time service keeps this clock; None where nothing here tells."""
    return True if Path("/run/systemd/timesync/synchronized").exists() else None


class Offset(NamedTuple):
    """Agent's clock minus the collector's, and the round trip it was measured over (ms)."""

    theta_us: int
    delta_ms: int


def offset(sent: int, times: str, received: int) -> Offset | None:
    """Offset from one exchange (rulings 21); `times` is the Roundseal-Time header. None: unusable."""
    first, _, last = times.partition(",")
    if not (first.strip().isdigit() and last.strip().isdigit()):
        return None
    t1, t2 = int(first), int(last)
    if t2 < t1 or received < sent:
        return None
    return Offset(((sent - t1) + (received - t2)) * 500, max((received - sent) - (t2 - t1), 0))


class Offsets:
    """The newest few exchanges; the one with the shortest round trip speaks."""

    def __init__(self) -> None:
        self._kept: deque[Offset] = deque(maxlen=8)

    def add(self, measured: Offset | None) -> None:
        """One more exchange."""
        if measured is not None:
            self._kept.append(measured)

    def clear(self) -> None:
        """The wall clock was set: what was measured before says nothing now."""
        self._kept.clear()

    def best(self) -> Offset | None:
        """The one to believe."""
        return min(self._kept, key=lambda one: one.delta_ms, default=None)
