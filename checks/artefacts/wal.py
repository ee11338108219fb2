"""PostgreSQL's write-ahead log in an archive: names, ranges per timeline, what is missing between them.

A name is 24 hexadecimal digits: timeline, log, segment. Archives add `.gz` and the like, or, as pgBackRest
does, a dash and the SHA-1 of the content. Beside segments lie `.partial` (the end of a timeline that was left
at a failover), `.history` (where it was left) and `.backup` (where a base backup began).
"""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.artefacts.pgbackup import lsn

DEFAULT_SIZE = 16 << 20
_NAME = re.compile(
    r"(?P<timeline>[0-9A-F]{8})(?P<log>[0-9A-F]{8})(?P<part>[0-9A-F]{8})"
    r"(?P<partial>\.partial)?(?:-(?P<sha1>[0-9a-f]{40}))?(?P<packed>\.(?:gz|bz2|xz|zst|lz4))?"
)
_HISTORY = re.compile(r"([0-9A-F]{8})\.history(?:\.(?:gz|bz2|xz|zst|lz4))?")
_BACKUP = re.compile(r"([0-9A-F]{24})\.([0-9A-F]{8})\.backup(?:\.(?:gz|bz2|xz|zst|lz4))?")
_LONG_HEADER = 0x0002


@dataclass(frozen=True, slots=True)
class SegmentName:
    """A segment by its name. `packed`: its ending, "" plain; `sha1` of its content, as pgBackRest has it."""

    timeline: int
    log: int
    part: int
    partial: bool = False
    packed: str = ""
    sha1: str = ""

    def number(self, size: int) -> int:
        """Which segment of all, counted from the very first."""
        return self.log * ((1 << 32) // size) + self.part

    @property
    def plain(self) -> str:
        """The 24 digits."""
        return f"{self.timeline:08X}{self.log:08X}{self.part:08X}"


def segment_name(name: str) -> SegmentName | None:
    """None where it is no segment's."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return SegmentName(
        int(found["timeline"], 16),
        int(found["log"], 16),
        int(found["part"], 16),
        found["partial"] is not None,
        (found["packed"] or "").lstrip("."),
        found["sha1"] or "",
    )


def history_of(name: str) -> int | None:
    """The timeline whose history file this is."""
    found = _HISTORY.fullmatch(name)
    return int(found[1], 16) if found else None


def backup_start(name: str) -> str:
    """The segment in which the backup begins whose mark (`.backup`) this is; "" where it is none."""
    found = _BACKUP.fullmatch(name)
    return found[1] if found else ""


def numbered(timeline: int, number: int, size: int) -> str:
    """Name of a segment."""
    per = (1 << 32) // size
    return f"{timeline:08X}{number // per:08X}{number % per:08X}"


@dataclass(frozen=True, slots=True)
class Segment:
    """Head of a segment: `size` of segments of this cluster, `bytes` of this one."""

    timeline: int
    at: int
    system: str
    size: int
    bytes: int

    def is_of(self, name: str, system: str = "") -> bool:
        """Whether it is the segment of this name (and cluster), as long as it must be. A segment that a
        failover began holds pages of the timeline before."""
        named = segment_name(name)
        return (
            named is not None
            and self.timeline <= named.timeline
            and self.at == named.number(self.size) * self.size
            and self.bytes == self.size
            and system in ("", self.system)
        )


def read_head(raw: bytes, size: int) -> Segment | None:
    """The long page header that every segment begins with, of either byte order; None where it is none."""
    if len(raw) < 40:
        return None
    for order in ("<", ">"):
        magic, flags, timeline, at, _, system, segment, block = struct.unpack_from(f"{order}HHIQI4xQII", raw)
        sane = segment in _SIZES and block in (1024, 2048, 4096, 8192, 16384, 32768, 65536)
        if 0xD000 <= magic <= 0xD2FF and flags & _LONG_HEADER and sane:
            return Segment(timeline, at, str(system), segment, size)
    return None


_SIZES = frozenset(1 << power for power in range(20, 31))


def sane(size: int) -> int:
    """A size that segments can have."""
    return size if size in _SIZES else DEFAULT_SIZE


@dataclass(frozen=True, slots=True)
class Switch:
    """Where a timeline was left for another one."""

    timeline: int
    parent: int
    at: int


def read_history(timeline: int, raw: bytes) -> tuple[Switch, ...]:
    """Switches of a history file, oldest first: from each of its lines to the next, the last to itself."""
    left = []
    for line in raw.decode("utf-8", "replace").splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 2 and words[0].isascii() and words[0].isdigit() and len(words[0]) < 11:
            at = lsn(words[1])
            if at is not None:
                left.append((int(words[0]), at))
    to = [number for number, _ in left[1:]] + [timeline]
    return tuple(Switch(child, parent, at) for child, (parent, at) in zip(to, left, strict=True))


@dataclass(frozen=True, slots=True)
class Range:
    """Segments of one timeline without a gap, by their numbers, both ends in it."""

    timeline: int
    first: int
    last: int


def ranges(names: Iterable[SegmentName], size: int) -> tuple[Range, ...]:
    """Whole segments as ranges; a timeline with two of them has a gap."""
    made: list[Range] = []
    for timeline, number in sorted({(one.timeline, one.number(size)) for one in names if not one.partial}):
        last = made[-1] if made else None
        if last is not None and (last.timeline, last.last + 1) == (timeline, number):
            made[-1] = Range(timeline, last.first, number)
        else:
            made.append(Range(timeline, number, number))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Gap:
    """Segments that ought to be there and are not: first, how many. `count` 0: the history of a timeline."""

    timeline: int
    first: int
    count: int


def gaps(
    held: Iterable[Range], switches: Iterable[Switch], since: tuple[int, int] | None, size: int
) -> Iterator[Gap]:
    """What is missing on the way from `since` (timeline, number; None: from the oldest there is) to the
    newest segment of the newest timeline. What a timeline holds behind where it was left is not needed."""
    by: dict[int, list[Range]] = {}
    for one in held:
        by.setdefault(one.timeline, []).append(one)
    known = {one.timeline: one for one in switches}
    timeline = max(by, default=0)
    until = max((one.last for one in by.get(timeline, [])), default=0)
    while timeline:
        entered, there = known.get(timeline), by.get(timeline, [])
        begin = (
            entered.at // size if entered is not None else min((one.first for one in there), default=until)
        )
        if since is not None and since[0] >= timeline:
            yield from _holes(timeline, since[1], until, there)
            return
        yield from _holes(timeline, begin, until, there)
        if entered is None:
            if timeline > 1 and (since is not None or len(by) > 1):
                yield Gap(timeline, 0, 0)
            return
        # Without a backup to begin at, what was purged with the older timelines is not missed.
        on = (since is not None or entered.parent in by) and entered.parent < timeline
        timeline = entered.parent if on else 0
        until = entered.at // size - 1


def _holes(timeline: int, begin: int, until: int, held: list[Range]) -> Iterator[Gap]:
    at = begin
    for one in sorted(held, key=lambda r: r.first):
        if one.first > until:
            break
        if one.first > at:
            yield Gap(timeline, at, one.first - at)
        at = max(at, one.last + 1)
    if at <= until:
        yield Gap(timeline, at, until - at + 1)
