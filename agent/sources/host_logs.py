"""What was added to a log file since the last look, whatever rotation did to it meanwhile.

A cursor is inode, offset and the digest of the file's first bytes. Rename: the inode moved to a
sibling. copytruncate: same inode, but shorter, or other first bytes; a sibling has them now.
Compressed: another inode, but those first bytes inside. If the old lines are nowhere, they are lost.
"""

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike, fspath
from typing import BinaryIO, cast

from agent.sources.files_store import Local, Stat, Store, trouble
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
    """A stretch of a file that is to be read."""

    path: str
    begin: int
    end: int | None  # None: all of it


def growth(
    at: str | PathLike[str], log: str, memory: Memory, tally: Tally, store: Store | None = None
) -> LogGrowth:
    """Count new lines into `tally`; a file that cannot be read has a trouble."""
    path, store = fspath(at), store or Local()
    try:
        file, found = store.open(path)
        with file:
            cursor = _cursor(file, found)
    except OSError as error:
        return tally.growth(log, trouble=trouble(error))
    # The agent keeps the new cursor together with this look's result, or neither: a crash counts
    # nothing twice, and a gap would show as this look's `begin` after the last one's `end`.
    before = _read_cursor(memory.swap(f"log:{log}", to_json(cursor)))
    if before is None:
        return tally.growth(log, first_look=True, begin=cursor.offset, end=cursor.offset)
    try:
        segments, lost = _segments(store, path, before, cursor)
        for segment in segments:
            _count(store, segment, tally)
    except (OSError, EOFError, zlib.error):
        return tally.growth(log, begin=before.offset, end=cursor.offset, trouble="unreadable")
    rotated = lost or len(segments) > 1 or segments[0].begin != before.offset
    return tally.growth(log, rotated=rotated, lost=lost, begin=before.offset, end=cursor.offset)


def _read_cursor(raw: JsonValue) -> Cursor | None:
    try:
        return None if raw is None else from_json(Cursor, raw)
    except FieldError:  # kept by an older version of this agent
        return None


def _cursor(file: BinaryIO, found: Stat) -> Cursor:
    end = _line_end(file, found.size)
    size = min(_HEAD, end)
    return Cursor(found.inode, end, size, _head(file, size))


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


def _segments(store: Store, path: str, before: Cursor, now: Cursor) -> tuple[list[_Segment], bool]:
    """What to read, oldest first, and whether lines in between are lost."""
    current = _Segment(path, 0, now.offset)
    if before.inode == now.inode and before.offset <= now.offset and _starts(store, path, before):
        return [_Segment(path, before.offset, now.offset)], False
    rotated = _siblings(store, path)
    for i, (sibling, found) in enumerate(rotated):
        if _is(store, sibling, found, before):
            later = [_Segment(each, 0, None) for each, _ in rotated[i + 1 :]]
            return [_Segment(sibling, before.offset, None), *later, current], False
    return [current], True


def _siblings(store: Store, path: str) -> list[tuple[str, Stat]]:
    """Its rotated files, the oldest first."""
    folder, _, name = path.rpartition("/")
    found = []
    for each in store.names(folder or "/"):
        if each.startswith(name) and _ROTATED.fullmatch(each[len(name) :]):
            sibling = f"{folder}/{each}"
            found.append((sibling, store.stat(sibling)))
    return sorted(found, key=lambda one: (one[1].changed_ns, _turn(one[0][len(folder) + 1 + len(name) :])))


def _turn(suffix: str) -> int:
    """Order of files written within one tick of their clock (SFTP tells whole seconds): a date or a number
    that grows with age."""
    digits = re.sub(r"\D", "", suffix)[:18] or "0"
    return int(digits) if len(digits) >= 6 else -int(digits)


def _is(store: Store, sibling: str, found: Stat, before: Cursor) -> bool:
    # An empty head fits everything: then only the inode tells, where there is one.
    told = before.inode != 0 and found.inode == before.inode
    return (before.head_size > 0 or told) and _starts(store, sibling, before)


def _starts(store: Store, path: str, before: Cursor) -> bool:
    try:
        with _opened(store, path) as file:
            return _head(file, before.head_size) == before.head
    except (OSError, EOFError, zlib.error):  # a sibling that is damaged, or gone by now
        return False


@contextmanager
def _opened(store: Store, path: str) -> Iterator[BinaryIO]:
    file, _ = store.open(path)
    with file:
        if not path.endswith(".gz"):
            yield file
            return
        import gzip  # only where rotation compresses at once

        with gzip.open(file) as inner:
            yield cast(BinaryIO, inner)


def _count(store: Store, segment: _Segment, tally: Tally) -> None:
    end = segment.end
    if end is None and not segment.path.endswith(".gz"):
        end = store.stat(segment.path).size
    with _opened(store, segment.path) as file:
        file.seek(segment.begin)
        left = None if end is None else end - segment.begin
        while left is None or left > 0:
            if tally.full:
                # What is left out is not fetched either; of a compressed file nobody knows how much it is.
                tally.skip(1 if left is None else left)
                return
            line = file.readline(_LINE if left is None else min(_LINE, left))
            if not line:
                return
            tally.line(line)
            if left is not None:
                left -= len(line)
