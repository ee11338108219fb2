"""What was added to a log file since the last look, whatever rotation did to it meanwhile.

A cursor is inode, offset and the digest of the file's first bytes. Rename: the inode moved to a
sibling. copytruncate: same inode, but shorter, or other first bytes; a sibling has them now.
Compressed: another inode, but those first bytes inside. If the old lines are nowhere, they are lost.
"""

import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from agent.sources.host_counts import Tally
from agent.sources.memory import Memory
from checks.codec import FieldError, JsonValue, from_json, to_json
from checks.sources import LogGrowth

_HEAD = 256
_LINE = 65536
# log.1, log-20261101, log.2.gz …; other compressions are not looked into: their lines are lost.
_ROTATED = re.compile(r"[.-]\d[\d.-]*(\.gz)?")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Place in a log: everything before `offset` was counted."""

    inode: int
    offset: int
    head_size: int
    head: str


@dataclass(frozen=True, slots=True)
class _Segment:
    path: Path
    begin: int
    end: int | None  # None: all of it


def growth(path: Path, log: str, memory: Memory, tally: Tally) -> LogGrowth:
    """Count new lines into `tally`; a file that cannot be read has a trouble."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            return tally.growth(log, trouble="not_a_file")
        with path.open("rb") as file:
            cursor = _cursor(file)
    except FileNotFoundError:
        return tally.growth(log, trouble="missing")
    except PermissionError:
        return tally.growth(log, trouble="denied")
    except OSError:
        return tally.growth(log, trouble="unreadable")
    # The agent keeps the new cursor together with this look's result, or neither: a crash counts
    # nothing twice, and a gap would show as this look's `begin` after the last one's `end`.
    before = _read_cursor(memory.swap(f"log:{log}", to_json(cursor)))
    if before is None:
        return tally.growth(log, first_look=True, begin=cursor.offset, end=cursor.offset)
    try:
        segments, lost = _segments(path, before, cursor)
        for segment in segments:
            with closing(_opened(segment.path)) as file:
                _count(file, segment, tally)
    except (OSError, EOFError, zlib.error):
        return tally.growth(log, begin=before.offset, end=cursor.offset, trouble="unreadable")
    rotated = lost or len(segments) > 1 or segments[0].begin != before.offset
    return tally.growth(log, rotated=rotated, lost=lost, begin=before.offset, end=cursor.offset)


def _read_cursor(raw: JsonValue) -> Cursor | None:
    try:
        return None if raw is None else from_json(Cursor, raw)
    except FieldError:  # kept by an older version of this agent
        return None


def _cursor(file: BinaryIO) -> Cursor:
    state = os.fstat(file.fileno())
    end = _line_end(file, state.st_size)
    size = min(_HEAD, end)
    return Cursor(state.st_ino, end, size, _head(file, size))


def _line_end(file: BinaryIO, size: int) -> int:
    """The end of the last complete line; a writer may be in the middle of the next one."""
    begin = max(size - _LINE, 0)
    file.seek(begin)
    newline = file.read(size - begin).rfind(b"\n")
    if newline >= 0:
        return begin + newline + 1
    return 0 if begin == 0 else size  # a line longer than we wait for


def _head(file: BinaryIO, size: int) -> str:
    file.seek(0)
    return sha256(file.read(size)).hexdigest()


def _segments(path: Path, before: Cursor, now: Cursor) -> tuple[list[_Segment], bool]:
    """What to read, oldest first, and whether lines in between are lost."""
    current = _Segment(path, 0, now.offset)
    if before.inode == now.inode and before.offset <= now.offset and _starts(path, before):
        return [_Segment(path, before.offset, now.offset)], False
    rotated = sorted(_siblings(path), key=lambda each: each.stat().st_mtime_ns)
    for i, sibling in enumerate(rotated):
        if _is(sibling, before):
            later = [_Segment(each, 0, None) for each in rotated[i + 1 :]]
            return [_Segment(sibling, before.offset, None), *later, current], False
    return [current], True


def _siblings(path: Path) -> Iterator[Path]:
    for each in path.parent.iterdir():
        if each.name.startswith(path.name) and _ROTATED.fullmatch(each.name[len(path.name) :]):
            yield each


def _is(sibling: Path, before: Cursor) -> bool:
    # An empty head fits everything: then only the inode tells.
    return (before.head_size > 0 or sibling.stat().st_ino == before.inode) and _starts(sibling, before)


def _starts(path: Path, before: Cursor) -> bool:
    try:
        with closing(_opened(path)) as file:
            return _head(file, before.head_size) == before.head
    except (OSError, EOFError, zlib.error):  # a sibling that is damaged, or gone by now
        return False


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        import gzip  # only where rotation compresses at once

        return cast(BinaryIO, gzip.open(path))
    return path.open("rb")


def _count(file: BinaryIO, segment: _Segment, tally: Tally) -> None:
    file.seek(segment.begin)
    left = None if segment.end is None else segment.end - segment.begin
    while left is None or left > 0:
        line = file.readline(_LINE if left is None else min(_LINE, left))
        if not line:
            return
        tally.line(line)
        if left is not None:
            left -= len(line)
