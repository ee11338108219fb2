"""A copy of a tree beside its manifest: what is missing, extra, different, or should have gone.

What was compared before and has not moved since is not read again until its turn; the file of state on the
agent's shelf says when each was last read:

    PATH<TAB>f<TAB>SIZE<TAB>SHA256<TAB>MTIME_NS CTIME_NS INODE<TAB>READ_AT
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

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
from checks.artefacts.treemake import TICK_MS, State, Turn
from checks.places import MOST_PATH, Entry, Place, shown

_INSIDE = INSIDE.encode() + b"/"
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
_Own = tuple[bytes, bytes, bytes, bytes]  # raw path, stamp, SHA-256, read at
_END = b"\xff" * (MOST_PATH + 1)  # behind every path
_AT_ONCE = 512  # lines that are hashed or written together


def held_states(blocks: Iterable[bytes | memoryview] | None) -> Iterator[_Own]:
    """The state of the look before, in order."""
    if blocks is None:
        return
    for line in split(opened(blocks)):
        path, _, _, digest, stamp, read_at = line.split(b"\t")
        yield decoded(path), stamp, digest, read_at


class Pick:
    """Which files are read, and what of them: all of those that moved or whose turn it is."""

    whole = True  # what it reads it reads whole

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def reads(self, raw: bytes) -> bool:
        """Whether an unmoved file is read again."""
        return self._turn.of(raw)

    def passes(self, fields: list[bytes]) -> None:
        """The manifest's next line, whether there is such a file or not. Asked of what is not `whole`."""

    def same(self, place: Place, entry: Entry, fields: list[bytes], found: Compared) -> bool | None:
        """Whether what is read of it is as it should be, None where nothing is. Likewise."""


class Comparer:
    """One look at a copy."""

    def __init__(
        self, place: Place, top: str, state: State, pick: Pick, now: int, how: str = "sha256"
    ) -> None:
        self.found = Compared()
        self._how = how
        self._place = place
        self._top = top
        self._state = state
        self._pick = pick
        self._sampled = not pick.whole
        self._now = b"%d" % now
        self._oldest = now
        self._settled = (now - TICK_MS) * 1_000_000  # what changed since may change again unseen
        self._content = sha256()
        self._lines: list[bytes] = []
        self._states: list[bytes] = []
        self._owners: dict[tuple[str, str], bytes] = {}
        self._tails: dict[tuple[int, str, str], bytes] = {}
        self._moving: dict[bytes, None] = {}
        self._blind: tuple[bytes, ...] = ()
        self._gone: set[bytes] = set()
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
        nothing, stateless = (_END, b""), (_END, b"", b"", b"")
        want, mine = next(wanted, nothing), next(held, stateless)
        for raw, entry in self._place.rows(self._top, self._closed):
            while mine[0] < raw:
                mine = next(held, stateless)
            while want[0] < raw:
                self._missing(want)
                want = next(wanted, nothing)
            if want[0] != raw:
                self._extra(entry, raw)
                continue
            if entry.kind == "file":
                self._file(entry, raw, want[1], mine if mine[0] == raw else stateless)
            else:
                self._other_kind(entry, want[1])
            want = next(wanted, nothing)
        while want[0] != _END:
            self._missing(want)
            want = next(wanted, nothing)
        return self._end()

    def _end(self) -> Compared:
        found = self.found
        self._flush()
        self._state.end()
        if not self._sampled and not found.unread.count and not found.moving.count:
            found.content = self._content.hexdigest()
            found.oldest_read = self._oldest
        return found

    def _closed(self, folder: str, problem: OSError) -> None:
        if isinstance(problem, TimeoutError):
            raise problem
        self.found.unread.add(encoded(folder.encode("utf-8", "surrogateescape")))

    def _excused(self, raw: bytes) -> bool:
        if not self._moving:
            return False
        return encoded(raw) in self._moving or raw.startswith(self._blind)

    def _missing(self, want: _Line) -> None:
        if self._sampled:
            self._pick.passes(want[1].split(b"\t"))
        if self._increment and want[0].endswith(b"/"):
            return
        if not self._excused(want[0]):
            self.found.missing.add(want[1].partition(b"\t")[0])

    def _extra(self, entry: Entry, raw: bytes) -> None:
        if self._excused(raw) or raw.startswith(_INSIDE) or (self._increment and raw[-1:] == b"/"):
            return  # (manifests may lie in the copy; a directory is no part of an increment)
        (self.found.kept if raw in self._gone else self.found.extra).add(encoded(raw))
        self._add(content_line(encoded(raw), kind_of(entry.kind), b"", b""))

    def _other_kind(self, entry: Entry, line: bytes) -> None:
        """A directory, link or something else, where the manifest has this line."""
        fields = line.split(b"\t")
        path, kind, digest = fields[0], kind_of(entry.kind), b""
        if self._sampled:
            self._pick.passes(fields)
        if kind == b"l":
            digest = encoded(entry.link_to.encode("utf-8", "surrogateescape"))
        if kind != fields[1] or (kind == b"l" and digest != target_of(fields)):
            self.found.differ.add(path)
        elif kind != b"l" and self._differs(entry, fields):
            self.found.metadata.add(path)
        self._add(content_line(path, kind, b"", digest))

    def _file(self, entry: Entry, raw: bytes, line: bytes, mine: _Own) -> None:
        """A file. One line made as the manifest's would be saves taking that apart: they are nearly always
        the same."""
        found = self.found
        _, _, size, mtime, ctime, mode, owner, group, _, inode, _, _, _ = entry
        found.files += 1
        found.size += size
        at = line.index(b"\t")
        told = b"\tf\t%d\t%d\t%s" % (size, mtime, self._tails.get((mode, owner, group)) or self._tail(entry))
        start = at + len(told)
        if self._sampled or len(line) != start + 64 or not line.startswith(told, at):
            wanted = self._odd(entry, line.split(b"\t"))
            if wanted is None:
                return
        else:
            wanted = line[start:]
        path = line[:at]
        # (Another size has another ctime.)
        if mine[1] and ctime and mine[1] == b"%d %d %d" % (mtime, ctime, inode) and not self._pick.reads(raw):
            digest, read_at = mine[2], mine[3]
            self._oldest = min(self._oldest, int(read_at))
        else:
            read_at = self._now
            try:
                digest = self._place.digest(entry, self._how).encode()
            except OSError as problem:
                self._trouble(problem, path)
                return
            found.read_files += 1
            found.read_bytes += size
        if digest != wanted:
            found.differ.add(path)
        made = b"%s\tf\t%d\t%s" % (path, size, digest)
        lines = self._lines
        lines.append(made)
        if ctime < self._settled:
            self._states.append(b"%s\t%d %d %d\t%s" % (made, mtime, ctime, inode, read_at))
        if len(lines) >= _AT_ONCE:
            self._flush()

    def _tail(self, entry: Entry) -> bytes:
        """Mode and owner as they end what stands before the digest in a file's line."""
        made = b"%o\t%s\t" % (entry.mode, self._owner((entry.owner, entry.group)))
        return self._tails.setdefault((entry.mode, entry.owner, entry.group), made)

    def _odd(self, entry: Entry, fields: list[bytes]) -> bytes | None:
        """The wanted digest of a file that differs elsewhere, or has extras; None where all is told."""
        found = self.found
        if self._sampled:
            self._pick.passes(fields)
        if fields[1] != b"f":
            found.differ.add(fields[0])
            return None
        if self._differs(entry, fields):
            found.metadata.add(fields[0])
        if self._sampled:
            self._drawn(entry, fields)
            return None
        return fields[6]

    def _drawn(self, entry: Entry, fields: list[bytes]) -> None:
        try:
            same = self._pick.same(self._place, entry, fields, self.found)
        except OSError as problem:
            self._trouble(problem, fields[0])
            return
        if same is False or b"%d" % entry.size != fields[2]:
            self.found.differ.add(fields[0])

    def _trouble(self, problem: OSError, path: bytes) -> None:
        """A file that moves or cannot be read; past the budget the whole look has no more to say."""
        if isinstance(problem, TimeoutError):
            raise problem
        moves = isinstance(problem, BlockingIOError | FileNotFoundError)
        (self.found.moving if moves else self.found.unread).add(path)

    def _owner(self, key: tuple[str, str]) -> bytes:
        return self._owners.setdefault(key, encoded(key[0].encode()) + b":" + encoded(key[1].encode()))

    def _differs(self, entry: Entry, fields: list[bytes]) -> bool:
        """Whether anything but the content differs. A place that tells no ctime tells seconds."""
        coarse = 0 if entry.ctime_ns else 10**9 - 1
        if entry.kind != "directory" and abs(int(fields[3]) - entry.mtime_ns) > coarse:
            self.found.newest = max(self.found.newest, entry.mtime_ns)
            return True
        if fields[4] != b"%o" % entry.mode or fields[5] != self._owner((entry.owner, entry.group)):
            return True
        wanted = extra_of(fields, b"x:")
        return bool(wanted) and self._place.extras(entry.path).encode() != wanted

    def _add(self, line: bytes) -> None:
        self._lines.append(line[:-1])

    def _flush(self) -> None:
        if self._lines:
            self._content.update(b"\n".join(self._lines) + b"\n")
        self._lines.clear()
        self._state.lines(self._states)
        self._states.clear()


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
