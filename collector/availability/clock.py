"""Agents' clocks (3.12) and when a period can be sealed (3.13). Pure: every instant is handed in, in ms."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

SLACK_MS = 1_000
LATE_ACCEPT_MS = 7 * 86_400_000
FINDING_MS = 60_000
FINDING_FIVE_NINES_MS = 5_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request seen from both clocks: t0, t3 on the agent (sent, answered), t1, t2 on the collector."""

    t0: int
    t1: int
    t2: int
    t3: int

    @property
    def theta(self) -> Fraction:
        """Agent clock minus collector clock."""
        return Fraction((self.t0 - self.t1) + (self.t3 - self.t2), 2)

    @property
    def delta(self) -> int:
        """Round trip without the collector's own time."""
        return (self.t3 - self.t0) - (self.t2 - self.t1)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The wall and the monotonic clock of one boot read together."""

    wall_ms: int
    mono_ms: int


class Clock(StrEnum):
    """What is said about a clock."""

    GOOD = "good"
    CORRECTED = "corrected"
    FINDING = "finding"


def corrected(t_agent: int, exchange: Exchange) -> int:
    """The instant by the collector's clock; an offset that the round trip can explain is left alone."""
    if not _is_off(exchange):
        return t_agent
    return t_agent - exchange.theta.__floor__()


def placed(mono_ms: int, anchor: Anchor, exchange: Exchange) -> int:
    """The instant of an observation by its boot's monotonic clock: a stepped wall clock cannot reorder it."""
    return corrected(anchor.wall_ms + (mono_ms - anchor.mono_ms), exchange)


def clock_state(exchange: Exchange, *, five_nines: bool) -> Clock:
    """Whether the offset is worth a finding."""
    limit = FINDING_FIVE_NINES_MS if five_nines else FINDING_MS
    if abs(exchange.theta) > limit:
        return Clock.FINDING
    return Clock.CORRECTED if _is_off(exchange) else Clock.GOOD


def from_the_future(t_corrected: int, received: int, delta: int) -> bool:
    """An observation later than its receipt allows is refused."""
    return t_corrected > received + delta


def sealable(
    to_ms: int, watermarks: Iterable[int | None], now_ms: int, late_ms: int = LATE_ACCEPT_MS
) -> bool:
    """Whether a period is provisional no longer: every watermark has passed its end, or the wait is over.

    A watermark of None is an agent that has never said that nothing is missing.
    """
    if now_ms >= to_ms + late_ms:
        return True
    return now_ms >= to_ms and all(mark is not None and mark >= to_ms for mark in watermarks)


def _is_off(exchange: Exchange) -> bool:
    return abs(exchange.theta) > Fraction(exchange.delta, 2) + SLACK_MS


# An agent's header carries its offset without the round trip: below this it is left alone.
SHIFT_SLACK_US = 1_000_000
# An instant later than its receipt by more than this is no evidence.
FUTURE_MS = 5_000


def shift_ms(offset_us: int | None) -> int:
    """What to take off an agent's instants, from the offset (µs) in its batch header."""
    return 0 if offset_us is None or abs(offset_us) <= SHIFT_SLACK_US else offset_us // 1000
