"""Archives read to their end: tar as a stream, zip and 7z as files; every entry's bytes are decoded.

The root of an archive's content is CONTENT of a manifest of the same files in a directory
(checks.artefacts.manifest), so that either may be compared with the other.
"""

import re
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO

from checks.artefacts.layers import CHUNK, LayerError, Limits
from checks.artefacts.manifest import content_line, encoded
from checks.places import shown

MOST_NAMES = 20
_MOST_ROOTED = 500_000  # entries whose digests are kept for the root
_MOST_HEADER = 64 << 20
_BLOCK = 512
_DRIVE = re.compile(rb"^[A-Za-z]:[\\/]")
# What tarfile lets through besides its own errors when a header is made up.
_HOSTILE = (ValueError, OverflowError, RecursionError, IndexError, KeyError, struct.error, EOFError)


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds. `format`: tar, zip, 7z, or "" for a single stream, whose bytes are `bytes` and
    digest `root`. `newest`: latest time of an entry. `unsafe`: names that would leave the directory they are
    unpacked in (the first 20 of `unsafe_count`). `trailing`: bytes behind the end; `several`: archives one
    behind the other; `differing`: local headers that say something else than the directory. `root` is ""
    where nothing was decoded or entries were too many."""

    format: str = ""
    entries: int = 0
    files: int = 0
    bytes: int = 0
    newest: int | None = None
    root: str = ""
    unsafe: tuple[str, ...] = ()
    unsafe_count: int = 0
    trailing: int = 0
    several: bool = False
    differing: int = 0


@dataclass
class Tally:
    """Counts entries as they are read, within limits."""

    format: str
    limits: Limits
    strip: int = 0
    entries: int = 0
    files: int = 0
    size: int = 0
    newest: int | None = None
    unsafe: list[str] = field(default_factory=list)
    unsafe_count: int = 0
    trailing: int = 0
    several: bool = False
    differing: int = 0
    held: dict[bytes, bytes] | None = field(default_factory=dict)  # raw path -> its line of CONTENT
    exits: set[bytes] = field(default_factory=set)

    def entry(self, name: bytes, modified: int | None) -> None:
        """One more; LayerError past the limit."""
        self.entries += 1
        if self.entries > self.limits.entries:
            raise LayerError("too_much", self.format)
        if modified is not None:
            self.newest = max(modified, self.newest or modified)
        if leaves(name) or (self.exits and self._through(name)):
            self.not_safe(name)

    def _through(self, name: bytes) -> bool:
        parts = self._parts(name)
        return any(b"/".join(parts[:n]) in self.exits for n in range(1, len(parts)))

    def link(self, name: bytes, target: bytes) -> None:
        """The entry is a symbolic link. One that leads out is what it was at the source, and dangerous only
        where another entry's name goes through it."""
        if leaves(target, name.rpartition(b"/")[0]):
            self.exits.add(b"/".join(self._parts(name)))
        self._line(name, b"l", b"", encoded(target))

    def folder(self, name: bytes) -> None:
        """The entry is a directory."""
        self._line(name + b"/", b"d", b"", b"")

    def file(self, name: bytes, size: int, digest: str) -> None:
        """The entry is a file, all of which was read."""
        self.files += 1
        self.size += size
        self._line(name, b"f", b"%d" % size, digest.encode())

    def hard_link(self, name: bytes, target: bytes) -> None:
        """The entry is another name of a file met before."""
        self.files += 1
        fields = (self.held or {}).get(self._below(target), b"").rstrip(b"\n").split(b"\t")
        if len(fields) == 4:
            self._line(name, b"f", fields[2], fields[3])
        else:
            self.held = None  # of what, cannot be told

    def not_safe(self, name: bytes) -> None:
        """The entry would lie elsewhere."""
        self.unsafe_count += 1
        if len(self.unsafe) < MOST_NAMES:
            self.unsafe.append(shown(name.decode("utf-8", "surrogateescape")))

    def _below(self, name: bytes) -> bytes:
        return b"/".join(self._parts(name)[self.strip :])

    def _parts(self, name: bytes) -> list[bytes]:
        return [one for one in name.split(b"/") if one not in (b"", b".")]

    def _line(self, name: bytes, kind: bytes, size: bytes, digest: bytes) -> None:
        below = self._below(name)
        if self.held is None or not below:
            return
        raw = below + b"/" if kind == b"d" else below
        self.held[raw] = content_line(encoded(raw), kind, size, digest)
        # Directories that no entry names are there all the same once it is unpacked.
        while (below := below.rpartition(b"/")[0]) and below + b"/" not in self.held:
            self.held[below + b"/"] = content_line(encoded(below + b"/"), b"d", b"", b"")
        if len(self.held) > _MOST_ROOTED:
            self.held = None

    def _top(self, tree: bytes) -> bytes:
        """The leading directories that lead to this tree: what everything lies below of."""
        held = self.held or {}
        parts = [one for one in tree.split(b"/") if one not in (b"", b".")]
        for count in range(len(parts), 0, -1):
            top = b"/".join(parts[-count:]) + b"/"
            if top in held and all(raw.startswith(top) or top.startswith(raw) for raw in held):
                return top
        return b""

    def contents(self, tree: bytes = b"") -> Contents:
        """What it came to. `tree`: path of the tree that was packed, from which names are counted."""
        root, top = sha256(), self._top(tree)
        for raw, line in sorted((self.held or {}).items()):
            if len(raw) > len(top):
                root.update(encoded(raw[len(top) :]) + line[line.index(b"\t") :])
        return Contents(
            format=self.format,
            entries=self.entries,
            files=self.files,
            bytes=self.size,
            newest=self.newest,
            root=root.hexdigest() if self.held is not None else "",
            unsafe=tuple(self.unsafe),
            unsafe_count=self.unsafe_count,
            trailing=self.trailing,
            several=self.several,
            differing=self.differing,
        )


def leaves(name: bytes, folder: bytes = b"") -> bool:
    """Whether a name, or a link's target as seen from its directory, leads out of where it is unpacked."""
    if name.startswith((b"/", b"\\")) or _DRIVE.match(name) or b"\0" in name:
        return True
    depth = 0
    for part in [*folder.split(b"/"), *name.replace(b"\\", b"/").split(b"/")]:
        depth += {b"": 0, b".": 0, b"..": -1}.get(part, 1)
        if depth < 0:
            return True
    return False


class Forward:
    """A stream as tarfile wants a file: it tells where it is and goes forward only."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._at = 0
        self.last = b""  # what was read last, a header's block if it was one

    def tell(self) -> int:
        """Bytes read so far."""
        return self._at

    def seek(self, to: int) -> int:
        """Forward; ReadError backward, which only a made-up header asks for."""
        if to < self._at:
            raise tarfile.ReadError("a header that points backward")
        while self._at < to and (more := self._stream.read(min(to - self._at, CHUNK))):
            self._at += len(more)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """So many bytes, fewer at the end."""
        if not 0 <= size <= _MOST_HEADER:
            raise tarfile.ReadError("a header of that size")
        parts = []
        while size and (more := self._stream.read(size)):
            parts.append(more)
            size -= len(more)
            self._at += len(more)
        self.last = b"".join(parts)
        return self.last


def read_tar(stream: BinaryIO, limits: Limits, strip: int = 0, tree: str = "") -> Contents:
    """All of a tar; LayerError truncated, damaged, too_much. `tree`: path of the tree that was packed."""
    tally = Tally("tar", limits, strip)
    source = Forward(stream)
    try:
        _entries(source, tally)
    except (tarfile.TarError, *_HOSTILE) as problem:
        cut = "unexpected end" in str(problem) or "truncated" in str(problem)
        raise LayerError("truncated" if cut else "damaged", "tar", str(problem)) from None
    _end_of_tar(source, stream, tally)
    return tally.contents(tree.encode("utf-8", "surrogateescape"))


def _entries(source: Forward, tally: Tally) -> None:
    # Bytes of names are kept as they are. errorlevel: nothing is passed over in silence.
    with tarfile.TarFile(
        fileobj=source,  # type: ignore[arg-type]  # it asks for no more than these
        encoding="utf-8",
        errors="surrogateescape",
        errorlevel=2,
    ) as tar:
        while (entry := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # it keeps them all, and we none
            name = entry.name.encode("utf-8", "surrogateescape")
            tally.entry(name, int(entry.mtime * 1000))
            if entry.issym():
                tally.link(name, entry.linkname.encode("utf-8", "surrogateescape"))
            elif entry.islnk():
                _hard_link(tally, name, entry)
            elif entry.isdir():
                tally.folder(name)
            elif entry.isreg():
                size, digest = _file_of(tar, entry, tally)
                tally.file(name, size, digest)


def _hard_link(tally: Tally, name: bytes, entry: tarfile.TarInfo) -> None:
    # Its bytes stand under the other name, which must be one of this archive.
    target = entry.linkname.encode("utf-8", "surrogateescape")
    if leaves(target):
        tally.not_safe(name)
    tally.hard_link(name, target)


def _file_of(tar: tarfile.TarFile, entry: tarfile.TarInfo, tally: Tally) -> tuple[int, str]:
    made, size = sha256(), 0
    held = tar.extractfile(entry)
    if held is None:
        raise tarfile.ReadError("a file without bytes")
    with held:
        while block := held.read(CHUNK):
            made.update(block)
            size += len(block)
            if tally.size + size > tally.limits.bytes:
                raise LayerError("too_much", "tar")
    return size, made.hexdigest()


def _end_of_tar(source: Forward, stream: BinaryIO, tally: Tally) -> None:
    """Two blocks of zeros end a tar; tarfile takes an end of file, or rubbish, for an end as well."""
    last = source.last
    if len(last) < _BLOCK:
        raise LayerError("truncated", "tar")
    if last.count(0) != len(last):
        raise LayerError("damaged", "tar")
    zeros, read = _BLOCK, 0
    while block := stream.read(CHUNK):
        if not tally.trailing:
            begins = len(block) - len(block.lstrip(b"\0"))
            zeros += begins
            at = begins // _BLOCK * _BLOCK
            tally.several = begins < len(block) and block[at + 257 : at + 262] == b"ustar"
        read += len(block)
        tally.trailing += len(block) - block.count(0)
    if not tally.trailing and (zeros < 2 * _BLOCK or read % _BLOCK):
        raise LayerError("truncated", "tar")


def read_stream(stream: BinaryIO, limits: Limits) -> Contents:
    """Something that is no archive: its bytes are its content."""
    made, size = sha256(), 0
    while block := stream.read(CHUNK):
        made.update(block)
        size += len(block)
        if size > limits.bytes:
            raise LayerError("too_much", "stream")
    return Contents("", 1, 1, size, root=made.hexdigest())


def blocks_of(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Exactly so many bytes; LayerError where there are fewer."""
    while size:
        block = stream.read(min(size, CHUNK))
        if not block:
            raise LayerError("truncated", "archive")
        size -= len(block)
        yield block
