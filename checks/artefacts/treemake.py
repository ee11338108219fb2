"""Making the manifest of a tree where it lives: reads what has moved since the manifest before, and a rolling
part of the rest.

What must be known of each file besides its line (ctime, inode) stays on the agent's shelf, as its state:

    LINE<TAB>CTIME_NS<TAB>INODE
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO

from checks.artefacts.hashes import hasher
from checks.artefacts.manifest import (
    BLOCK,
    BLOCKS_FROM,
    INSIDE,
    NONE,
    Head,
    Writer,
    content_line,
    decoded,
    encoded,
    kind_of,
    opened,
    split,
    target_of,
)
from checks.artefacts.standing import trouble
from checks.places import Entry, Place

TICK_MS = 2000  # clocks of file systems tick slowly: a change that follows at once may show in no time
MOST_NAMES = 20  # named in facts; all are counted
_INSIDE = INSIDE.encode() + b"/"
_MOST_LINKED = 100_000  # inodes with several names that are remembered


@dataclass(slots=True)
class Tally:
    """What came out. `silent`: content that changed while size, times and inode did not."""

    files: int = 0
    size: int = 0
    read_files: int = 0
    read_bytes: int = 0
    added: int = 0
    changed: int = 0
    deleted: int = 0
    moving: int = 0
    longest_moving: int = 0
    silent: list[bytes] = field(default_factory=list)
    unread: list[bytes] = field(default_factory=list)
    root: str = ""
    content: str = ""


_Held = tuple[bytes, bytes, bytes]  # raw path, line, `CTIME<TAB>INODE`


def held_lines(blocks: Iterable[bytes | memoryview] | None) -> Iterator[_Held]:
    """The state of the look before, in order."""
    if blocks is None:
        return
    for line in split(opened(blocks)):
        own, ctime, inode = line.rsplit(b"\t", 2)
        yield decoded(own.partition(b"\t")[0]), own, b"%s\t%s" % (ctime, inode)


class State:
    """The file of state being written."""

    def __init__(self, into: Any) -> None:
        self._into = into  # plain: digests do not compress, and packing takes longer than all else
        self._held: list[bytes] = []

    def put(self, line: bytes, own: bytes) -> None:
        """One line, and what is known besides."""
        self.line(b"%s\t%s" % (line, own))

    def line(self, line: bytes) -> None:
        """One line."""
        self._held.append(line)
        if len(self._held) >= 512:
            self.flush()

    def lines(self, lines: list[bytes]) -> None:
        """Many at once."""
        if lines:
            self._into.write(b"\n".join(lines) + b"\n")

    def flush(self) -> None:
        """What is held goes out."""
        self.lines(self._held)
        self._held.clear()

    def end(self) -> None:
        """Nothing more comes."""
        self.flush()


@dataclass(frozen=True, slots=True)
class Turn:
    """Which look it is, and in how many of them all is read again (0: never)."""

    look: int
    rolling: int

    def of(self, path: bytes) -> bool:
        """Whether it is this path's turn."""
        return self.rolling > 0 and (zlib.crc32(path) + self.look) % self.rolling == 0


class Maker:
    """One look at a tree at its source."""

    def __init__(self, place: Place, top: str, writer: Writer, state: State, turn: Turn, **more: Any) -> None:
        """`before`: head of the manifest before (None: none). `now`: UTC epoch ms. `full`: all of the tree is
        written, not only what changed. `leaves`: where digests of blocks go to. `how`: hashes.HOWS."""
        self.tally = Tally()
        before: Head | None = more["before"]
        self._full: bool = more["full"]
        self._leaves: Any = more["leaves"]
        self._how: str = more.get("how", "sha256")
        self._settled = (more["now"] - TICK_MS) * 1_000_000
        self._blind: list[bytes] = []  # directories that cannot be listed: what is in them is not known
        self._place = place
        self._top = top
        self._writer = writer
        self._state = state
        self._turn = turn
        self._was_moving = {} if before is None else before.moving
        self._root = sha256()
        self._content = sha256()
        self._linked: dict[tuple[int, int], tuple[bytes, bytes]] = {}  # inode -> first path, its line
        self._owners: dict[tuple[str, str], bytes] = {}

    def make(self, held: Iterator[_Held]) -> None:
        """Walk the tree beside what was there; the manifest and the state are written and ended."""
        was = next(held, None)
        for raw, entry in self._place.rows(self._top, self._closed):
            if raw.startswith(_INSIDE):
                continue
            while was is not None and was[0] < raw:
                self._deleted(was)
                was = next(held, None)
            mine = None
            if was is not None and was[0] == raw:
                mine, was = was, next(held, None)
            self._one(entry, raw, mine)
        while was is not None:
            self._deleted(was)
            was = next(held, None)
        tally = self.tally
        tally.root, tally.content = self._root.hexdigest(), self._content.hexdigest()
        self._writer.end(tally.root, tally.content, tally.files, tally.size)
        self._state.end()

    def _closed(self, folder: str, problem: OSError) -> None:
        if isinstance(problem, TimeoutError):
            raise problem  # half a tree is no manifest
        raw = folder.removeprefix(self._top.rstrip("/"))[1:].encode("utf-8", "surrogateescape") + b"/"
        self._blind.append(raw.removeprefix(b"/"))
        self._unread(encoded(raw), trouble(problem))

    def _deleted(self, was: _Held) -> None:
        self.tally.deleted += not any(was[0].startswith(one) for one in self._blind)
        if not self._full:
            self._writer.put(NONE, was[1].partition(b"\t")[0])

    def _one(self, entry: Entry, raw: bytes, was: _Held | None) -> None:
        own = b"%d\t%d" % (entry.ctime_ns, entry.inode)
        line = self._known(entry, own, was)
        if line is None or (entry.kind == "file" and self._turn.of(raw)):
            path = encoded(raw)
            try:
                made = self._line(entry, path)
            except (BlockingIOError, FileNotFoundError):  # gone between its listing and its reading
                self._moved(path, "moving", was)
                return
            except TimeoutError:
                raise
            except OSError as problem:
                self._moved(path, trouble(problem), was)
                return
            if line is not None and made != line and entry.kind == "file":
                self.tally.silent.append(path)
            line = made
        self._put(entry, line, own, was)

    def _known(self, entry: Entry, own: bytes, was: _Held | None) -> bytes | None:
        """The line of before, where nothing of it can have changed."""
        if was is None or was[2] != own or not entry.ctime_ns:
            return None
        fields = was[1].split(b"\t", 4)
        same = fields[2] == (b"%d" % entry.size if entry.kind == "file" else b"")
        return was[1] if same and fields[3] == b"%d" % entry.mtime_ns else None

    def _put(self, entry: Entry, line: bytes, own: bytes, was: _Held | None) -> None:
        tally = self.tally
        fields = line.split(b"\t")
        if was is None:
            tally.added += 1
        elif was[1] != line:
            tally.changed += 1
        if was is None or self._full:
            self._writer.put(b"+", line)
        elif was[1] != line:
            self._writer.put(b"~", line)
        digest = target_of(fields) if fields[1] == b"l" else fields[6]
        self._root.update(line + b"\n")
        self._content.update(content_line(fields[0], fields[1], fields[2], digest))
        if fields[1] == b"f":
            tally.files += 1
            tally.size += int(fields[2])
        self._state.put(line, own if entry.ctime_ns < self._settled else b"0\t0")

    def _moved(self, path: bytes, reason: str, was: _Held | None) -> None:
        if was is not None:
            self._deleted(was)
            self.tally.deleted -= 1
        self._unread(path, reason)

    def _unread(self, path: bytes, reason: str) -> None:
        times = self._was_moving.get(path, ("", 0))[1] + 1
        self._writer.moving(path, reason, times)
        if reason == "moving":
            self.tally.moving += 1
            self.tally.longest_moving = max(self.tally.longest_moving, times)
        else:
            self.tally.unread.append(path)

    def _line(self, entry: Entry, path: bytes) -> bytes:
        """Read it and write its line; BlockingIOError where it changes under our hands."""
        kind = kind_of(entry.kind)
        owner = self._owner(entry)
        extras = b""
        size, digest = b"", b""
        if kind == b"l":
            extras += b"\t>:" + encoded(entry.link_to.encode("utf-8", "surrogateescape"))
        if kind == b"f":
            size = b"%d" % entry.size
            first = self._linked.get((entry.filesystem, entry.inode)) if entry.links > 1 else None
            digest, blocks = first[1].split(b" ") if first else self._digests(entry)
            extras += b"\th:" + first[0] if first else b""
            if entry.links > 1 and not first and len(self._linked) < _MOST_LINKED and entry.inode:
                self._linked[(entry.filesystem, entry.inode)] = (path, digest + b" " + blocks)
            extras += b"\ts" if 0 <= entry.blocks * 512 < entry.size else b""
            extras += b"\tb:" + blocks if blocks else b""
        if kind in b"fd" and (found := self._place.extras(entry.path)):
            extras += b"\tx:" + found.encode()
        return b"%s\t%s\t%s\t%d\t%o\t%s\t%s%s" % (
            path, kind, size, entry.mtime_ns, entry.mode, owner, digest, extras
        )  # fmt: skip

    def _owner(self, entry: Entry) -> bytes:
        key = (entry.owner, entry.group)
        if key not in self._owners:
            self._owners[key] = encoded(entry.owner.encode()) + b":" + encoded(entry.group.encode())
        return self._owners[key]

    def _digests(self, entry: Entry) -> tuple[bytes, bytes]:
        if entry.size <= BLOCKS_FROM:
            digest, blocks = self._place.digest(entry, self._how), b""
        else:
            digest, blocks = self._blocks(entry)
        self.tally.read_files += 1
        self.tally.read_bytes += entry.size
        return digest.encode(), blocks

    def _blocks(self, entry: Entry) -> tuple[str, bytes]:
        made, parts, size = hasher(self._how), Blocks(self._how), 0
        for block in self._place.blocks(entry.path, entry.size + 1):
            made.update(block)
            parts.add(block)
            size += len(block)
        after = self._place.stat(entry.path)
        if size != entry.size or (after.mtime_ns, after.size) != (entry.mtime_ns, entry.size):
            raise BlockingIOError("it changes")
        root = parts.root()
        self._leaves.write(bytes.fromhex(root) + len(parts.leaves).to_bytes(8, "big") + parts.leaves)
        return made.hexdigest(), root.encode()


class Blocks:
    """Digests of a file's blocks of 1 MiB, whatever pieces it comes in; the root is that of them all."""

    def __init__(self, how: str = "sha256") -> None:
        self.leaves = bytearray()
        self._how = how
        self._made = hasher(how)
        self._size = 0

    def add(self, data: bytes | memoryview) -> None:
        """The next piece."""
        left = memoryview(data)
        while left:
            piece = left[: BLOCK - self._size]
            self._made.update(piece)
            self._size += len(piece)
            left = left[len(piece) :]
            if self._size == BLOCK:
                self._leaf()

    def root(self) -> str:
        """Hex; after the last piece."""
        if self._size:
            self._leaf()
        whole = hasher(self._how)
        whole.update(self.leaves)
        return whole.hexdigest()

    def _leaf(self) -> None:
        self.leaves += self._made.digest()
        self._made, self._size = hasher(self._how), 0


class _Nowhere:
    """Where nothing is kept."""

    def write(self, data: bytes) -> int:
        """All of it."""
        return len(data)


def whole(
    place: Place, top: str, into: BinaryIO, *, name: str = "", now: int = 0, how: str = "sha256"
) -> str:
    """The full manifest of a tree in one go, without a state: for administrators and tests. Its digest."""
    nowhere = _Nowhere()
    writer = Writer(into, Head(name, top, now, how=how))
    more = {"before": None, "full": True, "leaves": nowhere, "now": now, "how": how}
    maker = Maker(place, top, writer, State(nowhere), Turn(0, 0), **more)
    maker.make(held_lines(None))
    return writer.digest
