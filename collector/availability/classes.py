"""The eight classes that every millisecond of a period falls into, and which one wins (3.7, 3.9)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.availability.spans import Span
from collector.availability.vantage import NONE


class TimeClass(StrEnum):
    """What one millisecond counts as."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    OTHER_EXCLUDED = "other_excluded"
    OFF_HOURS = "off_hours"
    NOT_IN_SERVICE = "not_in_service"


class Scope(StrEnum):
    """What a window takes out: all of its time, or only what is down or unknown in it."""

    ALL = "all"
    DOWN_ONLY = "down_only"


Segment = tuple[int, int, TimeClass]
MEASURED = (TimeClass.DOWN, TimeClass.DEGRADED, TimeClass.UP, TimeClass.UNKNOWN)
"""By state number."""

# Bits of a mask; the higher one wins.
OTHER, MAINTAINED, OFF, OUT = 1, 2, 4, 8
Piece = tuple[int, int, int, int]
"""(from, to, measured state, mask)"""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Milliseconds per class; they sum to the evaluated period."""

    up: int = 0
    degraded: int = 0
    down: int = 0
    unknown: int = 0
    maintenance: int = 0
    other_excluded: int = 0
    off_hours: int = 0
    not_in_service: int = 0

    @property
    def available(self) -> int:
        """a = up + degraded."""
        return self.up + self.degraded

    @property
    def counted(self) -> int:
        """a + d + x."""
        return self.available + self.down + self.unknown

    @property
    def total(self) -> int:
        """All of it."""
        excluded = self.maintenance + self.other_excluded + self.off_hours + self.not_in_service
        return self.counted + excluded


def buckets(segments: Iterable[Segment]) -> Buckets:
    """Add up the segments."""
    sums = dict.fromkeys(TimeClass, 0)
    for start, end, cls in segments:
        sums[cls] += end - start
    return Buckets(**{cls.value: ms for cls, ms in sums.items()})


def classified(pieces: Iterable[Piece], scope: Scope, cap_ms: int | None) -> tuple[Segment, ...]:
    """Final classes in order of time, equal neighbours as one; above the cap maintenance is measured."""
    out: list[Segment] = []
    for start, end, cls in _capped(pieces, scope, cap_ms):
        if out and out[-1][2] is cls:
            out[-1] = (out[-1][0], end, cls)
        else:
            out.append((start, end, cls))
    return tuple(out)


def _capped(pieces: Iterable[Piece], scope: Scope, cap_ms: int | None) -> Iterator[Segment]:
    room = cap_ms
    table = _TABLES[scope]
    for start, end, state, mask in pieces:
        cls = table[mask << 2 | state]
        if room is None or cls is not TimeClass.MAINTENANCE:
            yield start, end, cls
            continue
        split = min(start + room, end)
        room -= split - start
        if split > start:
            yield start, split, cls
        if end > split:
            yield split, end, table[(mask & ~MAINTAINED) << 2 | state]


def _final(state: int, mask: int, scope: Scope) -> TimeClass:
    """Not in service > off hours > maintenance > other exclusion > measured state."""
    if mask & OUT:
        return TimeClass.NOT_IN_SERVICE
    if mask & OFF:
        return TimeClass.OFF_HOURS
    # Without its window the time is down or unknown, or the contract takes the whole window out.
    if mask & (MAINTAINED | OTHER) and (scope is Scope.ALL or state in (0, NONE)):
        return TimeClass.MAINTENANCE if mask & MAINTAINED else TimeClass.OTHER_EXCLUDED
    return MEASURED[state]


_TABLES = {scope: [_final(i & 3, i >> 2, scope) for i in range(64)] for scope in Scope}
"""Class by mask << 2 | state."""


def spans_of(segments: Sequence[Segment], *wanted: TimeClass) -> list[Span]:
    """The spans of these classes, neighbours as one."""
    out: list[Span] = []
    for start, end, cls in segments:
        if cls not in wanted:
            continue
        if out and out[-1][1] == start:
            start = out.pop()[0]
        out.append((start, end))
    return out
