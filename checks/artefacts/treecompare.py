"""A copy of a tree beside its manifest: what is missing, extra, different, or should have gone.

What was compared before and has not moved since is not read again until its turn; the file of state on the
agent's shelf says when each was last read:

    PATH<TAB>SHA256<TAB>SIZE<TAB>MTIME_NS<TAB>CTIME_NS<TAB>INODE<TAB>READ_AT
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from checks.artefacts.manifest import (
    BLOCK,
    INSIDE,
    content_line,
    decoded,
    encoded,
    extra_of,
    kind_of,
    opened,
    split,
    target_of,
)
from checks.artefacts.standing import trouble
from checks.artefacts.treemake import State, Turn
from checks.places import Entry, Place, shown

MOST_NAMES = 20  # named in facts; all are counted


@dataclass(slots=True)
class Names:
    """A count, and the first few by name."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, path: bytes) -> None:
        """One more; `path` encoded."""
        self.count += 1
        if len(self.first) < MOST_NAMES:
            self.first.append(shown(decoded(path).decode("utf-8", "surrogateescape")))


@dataclass(slots=True)
class Compared:
    """What came out. `oldest_read`: since when nothing is unread, UTC epoch ms (None: something is)."""

    files: int = 0
    size: int = 0
    read_files: int = 0
    read_bytes: int = 0
    oldest_read: int | None = None
    newest: int = 0  # latest time of change (ns) of what its manifest gives another time
    content: str = ""
    missing: Names = field(default_factory=Names)
    extra: Names = field(default_factory=Names)
    differ: Names = field(default_factory=Names)
    kept: Names = field(default_factory=Names)  # deleted at the source, still there
    moving: Names = field(default_factory=Names)
    unread: Names = field(default_factory=Names)
    metadata: Names = field(default_factory=Names)  # same content, other mode, owner, time or attributes


_Line = tuple[bytes, bytes]  # raw path, LINE
_Own = tuple[bytes, list[bytes]]  # raw path, fields of state


def held_states(blocks: Iterable[bytes | memoryview] | None) -> Iterator[_Own]:
    """The state of the look before, in order."""
    if blocks is None:
        return
    for line in split(opened(blocks)):
        fields = line.split(b"\t")
        yield decoded(fields[0]), fields


class Pick:
    """Which files are read, and what of them: all of those that moved or whose turn it is."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def reads(self, raw: bytes) -> bool:
        """Whether an unmoved file is read again."""
        return self._turn.of(raw)

    def passes(self, fields: list[bytes]) -> None:
        """The manifest's next line, whether there is such a file or not."""

    def same(self, place: Place, entry: Entry, fields: list[bytes], found: Compared) -> str | None:
        """SHA-256 of the file as it is (None: not read as a whole, but what was read is as it should be; "":
        what was read of it is not). OSError where it cannot be read or moves."""
        made, size = sha256(), 0
        for block in place.blocks(entry.path, entry.size + 1):
            made.update(block)
            size += len(block)
        found.read_files += 1
        found.read_bytes += size
        if size != entry.size:
            raise BlockingIOError("moving")
        return made.hexdigest()


class Comparer:
    """One look at a copy."""

    def __init__(self, place: Place, top: str, state: State, pick: Pick, now: int) -> None:
        self.found = Compared()
        self._place = place
        self._top = top
        self._state = state
        self._pick = pick
        self._now = b"%d" % now
        self._oldest = now
        self._content: Any = sha256()
        self._moving: dict[bytes, None] = {}
        self._blind: tuple[bytes, ...] = ()
        self._gone: frozenset[bytes] | set[bytes] = frozenset()
        self._increment = False

    def excuse(self, moving: Iterable[bytes]) -> None:
        """Paths (encoded) that the source could not vouch for: neither missing nor extra."""
        self._moving = dict.fromkeys(moving)
        self._blind = tuple(decoded(one) for one in self._moving if one.endswith(b"/"))

    def compare(
        self, wanted: Iterator[_Line], held: Iterator[_Own], gone: set[bytes], *, increment: bool = False
    ) -> Compared:
        """`gone`: filled in by `wanted` as it goes, raw paths that the source deleted. `increment`: only what
        changed that day lies here; directories in it are no part of it."""
        self._gone, self._increment = gone, increment
        want, mine = next(wanted, None), next(held, None)
        for raw, entry in self._walk():
            while want is not None and want[0] < raw:
                self._missing(want)
                want = next(wanted, None)
            while mine is not None and mine[0] < raw:
                mine = next(held, None)
            if want is not None and want[0] == raw:
                self._both(entry, raw, want[1], mine[1] if mine is not None and mine[0] == raw else None)
                want = next(wanted, None)
            else:
                self._extra(entry, raw)
        while want is not None:
            self._missing(want)
            want = next(wanted, None)
        return self._end()

    def _end(self) -> Compared:
        found = self.found
        self._state.end()
        if self._content is not None and not found.unread.count and not found.moving.count:
            found.content = self._content.hexdigest()
            found.oldest_read = self._oldest
        return found

    def _walk(self) -> Iterator[tuple[bytes, Entry]]:
        cut = len(self._top.rstrip("/").encode("utf-8", "surrogateescape")) + 1
        for entry in self._place.walk(self._top, self._closed):
            raw = entry.path.encode("utf-8", "surrogateescape")[cut:]
            if raw.partition(b"/")[0] == INSIDE.encode():
                continue
            if entry.kind != "directory":
                yield raw, entry
            elif not self._increment:
                yield raw + b"/", entry

    def _closed(self, folder: str, problem: OSError) -> None:
        del problem
        self.found.unread.add(encoded(folder.encode("utf-8", "surrogateescape")))

    def _excused(self, raw: bytes) -> bool:
        if not self._moving:
            return False
        return encoded(raw) in self._moving or raw.startswith(self._blind)

    def _missing(self, want: _Line) -> None:
        self._pick.passes(want[1].split(b"\t"))
        if self._increment and want[0].endswith(b"/"):
            return
        if not self._excused(want[0]):
            self.found.missing.add(want[1].partition(b"\t")[0])

    def _extra(self, entry: Entry, raw: bytes) -> None:
        if self._excused(raw):
            return
        (self.found.kept if raw in self._gone else self.found.extra).add(encoded(raw))
        self._add(entry, encoded(raw), b"")

    def _both(self, entry: Entry, raw: bytes, line: bytes, mine: list[bytes] | None) -> None:
        fields = line.split(b"\t")
        self._pick.passes(fields)
        found, path = self.found, fields[0]
        kind = kind_of(entry.kind)
        if kind != fields[1]:
            found.differ.add(path)
            return
        digest = b""
        if kind == b"l":
            digest = encoded(entry.link_to.encode("utf-8", "surrogateescape"))
            if digest != target_of(fields):
                found.differ.add(path)
        elif kind == b"f":
            known = self._file(entry, raw, fields, mine)
            if known is None:
                return
            digest = known
        if kind != b"l" and self._other(entry, fields):
            found.metadata.add(path)
        self._add(entry, path, digest)

    def _file(self, entry: Entry, raw: bytes, fields: list[bytes], mine: list[bytes] | None) -> bytes | None:
        """Its digest, None where it is not known. What differs is noted."""
        found = self.found
        found.files += 1
        found.size += entry.size
        stamp = [b"%d" % one for one in (entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode)]
        if mine is not None and mine[2:6] == stamp and entry.ctime_ns and not self._pick.reads(raw):
            digest, read_at = mine[1], mine[6]
        else:
            read = self._read(entry, fields)
            if read is None:
                return None
            digest, read_at = read, self._now
        if digest != fields[6]:
            found.differ.add(fields[0])
        self._oldest = min(self._oldest, int(read_at))
        self._state.line(b"\t".join((fields[0], digest, *stamp, read_at)))
        return digest

    def _read(self, entry: Entry, fields: list[bytes]) -> bytes | None:
        found = self.found
        try:
            digest = self._pick.same(self._place, entry, fields, found)
            if digest:
                after = self._place.stat(entry.path)
                if (after.size, after.mtime_ns) != (entry.size, entry.mtime_ns):
                    raise BlockingIOError("moving")
        except (BlockingIOError, FileNotFoundError):
            found.moving.add(fields[0])
            return None
        except OSError as problem:
            if trouble(problem) == "timeout":
                raise
            found.unread.add(fields[0])
            return None
        if digest is None or digest == "":
            self._content = None  # a sample is not the whole
            if digest == "" or b"%d" % entry.size != fields[2]:
                found.differ.add(fields[0])
            return None
        return digest.encode()

    def _other(self, entry: Entry, fields: list[bytes]) -> bool:
        """Whether anything but the content differs."""
        told = int(fields[3])
        coarse = 0 if entry.ctime_ns else 10**9 - 1
        same_time = entry.kind == "directory" or abs(told - entry.mtime_ns) <= coarse
        if not same_time:
            self.found.newest = max(self.found.newest, entry.mtime_ns)
        if not same_time or fields[4] != b"%o" % entry.mode:
            return True
        if fields[5] != encoded(entry.owner.encode()) + b":" + encoded(entry.group.encode()):
            return True
        wanted = extra_of(fields, b"x:")
        return bool(wanted) and self._place.extras(entry.path).encode() != wanted

    def _add(self, entry: Entry, path: bytes, digest: bytes) -> None:
        if self._content is not None:
            size = b"%d" % entry.size if entry.kind == "file" else b""
            self._content.update(content_line(path, kind_of(entry.kind), size, digest))


def leaves_of(read: Callable[[int, int], bytes], roots: set[bytes]) -> dict[bytes, tuple[int, int]]:
    """Where the digests of blocks of these files (roots, raw) lie in a file of leaves: offset, bytes.
    `read(offset, size)`. Its records: root (32), length (8, big-endian), digests."""
    found: dict[bytes, tuple[int, int]] = {}
    at = 0
    while len(head := read(at, 40)) == 40:
        size = int.from_bytes(head[32:], "big")
        if head[:32] in roots:
            found[head[:32]] = (at + 40, size)
        at += 40 + size
    return found


def blocks_in(size: int) -> int:
    """Blocks of a file."""
    return -(-size // BLOCK)
