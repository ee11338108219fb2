"""SFTP (version 3, draft-ietf-secsh-filexfer-02) for reading: names are bytes, reads are asked for ahead.

    uint32 length | byte type | uint32 id | …          (INIT and VERSION: the version in place of the id)

Only LSTAT, READLINK, OPENDIR/READDIR, OPEN for reading, READ and CLOSE are ever asked, but for the trial of a
canary: it is opened for writing and removed. What the server says
of a file is an OSError, what it says wrongly is a WireFault.
"""

import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

_INIT, _VERSION, _OPEN, _CLOSE, _READ, _LSTAT = 1, 2, 3, 4, 5, 7
_OPENDIR, _READDIR, _REMOVE, _READLINK = 11, 12, 13, 19
_STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 101, 102, 103, 104, 105
_EOF, _GONE, _DENIED = 1, 2, 3
_MOST_PACKET = 1 << 20
_ASK = 255 * 1024  # OpenSSH's most for one read
_AHEAD = 32 << 20  # bytes asked for and not yet come
_MOST_WAITING = 128
_LEAST = 4096
_HEAD = struct.Struct(">IBI")


class WireFault(ValueError):
    """What came is no SFTP."""


class Link(Protocol):
    """A connection to an SFTP server. Both raise OSError or ObservationError where it is gone or too slow."""

    def send(self, data: bytes) -> None:
        """All of it."""

    def receive(self, size: int) -> bytes:
        """So many bytes at most, at least one."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the server tells of a file; what it leaves out is 0. `owner`, `group`: from a listing, else ""."""

    size: int
    user: int
    group_id: int
    mode: int
    mtime: int
    owner: str = ""
    group: str = ""


class Wire:
    """One client. Not for several threads."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._held = bytearray()
        self._next = 0
        self._readings: list[_Reading] = []  # files that are asked for ahead
        self.broken = False  # nothing sensible will come any more
        link.send(struct.pack(">IBI", 5, _INIT, 3))
        kind, body = self._packet()
        if kind != _VERSION or len(body) < 4:
            raise WireFault("no greeting")

    def lstat(self, path: bytes) -> Attributes:
        """One entry; a link is not followed."""
        kind, body = self._ask(_LSTAT, _text(path))
        return _Cut(self._good(kind, body, _ATTRS)).attributes()

    def readlink(self, path: bytes) -> bytes:
        """Where a link leads."""
        kind, body = self._ask(_READLINK, _text(path))
        cut = _Cut(self._good(kind, body, _NAME))
        return cut.text() if cut.number() else b""

    def listing(self, folder: bytes) -> Iterator[tuple[bytes, Attributes]]:
        """What a directory holds, in the server's order; WireFault where a name comes twice."""
        kind, body = self._ask(_OPENDIR, _text(folder))
        handle = _Cut(self._good(kind, body, _HANDLE)).text()
        seen: set[bytes] = set()
        try:
            while True:
                kind, body = self._ask(_READDIR, _text(handle))
                if kind == _STATUS and _Cut(body).number() == _EOF:
                    return
                for name, found in _names(_Cut(self._good(kind, body, _NAME))):
                    # A link first and a directory then: a copy of the second would lie where the first leads.
                    if name in seen:
                        raise WireFault("a name that comes twice")
                    seen.add(name)
                    yield name, found
        finally:
            self.close(handle)

    def opened(self, path: bytes) -> bytes:
        """A handle of a file for reading."""
        kind, body = self._ask(_OPEN, _text(path) + struct.pack(">II", 1, 0))
        return _Cut(self._good(kind, body, _HANDLE)).text()

    def tried_read(self, path: bytes) -> None:
        """Read a byte; OSError where it is refused."""
        handle = self.opened(path)
        try:
            self.read(handle, 0, 1)
        finally:
            self.close(handle)

    def tried_write(self, canary: bytes) -> None:
        """Open for writing, as it is, without a byte written."""
        kind, body = self._ask(_OPEN, _text(canary) + struct.pack(">II", 2, 0))
        self.close(_Cut(self._good(kind, body, _HANDLE)).text())

    def tried_remove(self, canary: bytes) -> None:
        """Delete it."""
        kind, body = self._ask(_REMOVE, _text(canary))
        if kind != _STATUS:
            raise self._fault("no answer to a removal")
        if _Cut(body).number():
            raise fault(body)

    def close(self, handle: bytes) -> None:
        """The server may forget it."""
        if not self.broken:
            self._ask(_CLOSE, _text(handle))

    def read(self, handle: bytes, offset: int, size: int) -> bytes:
        """So many bytes from within a file, fewer at its end."""
        made = b"".join(self.blocks(handle, offset, size))
        return made

    def blocks(self, handle: bytes, offset: int, size: int) -> Iterator[bytes]:
        """`size` bytes from `offset`, in order, as they come; ends at the end of the file."""
        reading = _Reading(self, handle, offset, offset + size)
        self._readings.append(reading)
        try:
            yield from reading.blocks()
        finally:
            reading.drain()
            self._readings.remove(reading)

    def request(self, kind: int, body: bytes) -> int:
        """Ask; the number the answer will carry."""
        self._next = (self._next + 1) & 0xFFFFFFFF
        self._link.send(_HEAD.pack(len(body) + 5, kind, self._next) + body)
        return self._next

    def come(self, wanted: int | None = None) -> tuple[int, bytes] | None:
        """Take the next answer: to this request, or for whichever file was asked for ahead (None)."""
        kind, body = self._packet()
        if len(body) < 4:
            raise self._fault("a short packet")
        number, body = int.from_bytes(body[:4], "big"), body[4:]
        if number == wanted:
            return kind, body
        if not any(reading.takes(number, kind, body) for reading in self._readings):
            raise self._fault("answers what was not asked")
        return None

    def _ask(self, kind: int, body: bytes) -> tuple[int, bytes]:
        number = self.request(kind, body)
        while (found := self.come(number)) is None:
            pass
        return found

    def _fault(self, why: str) -> WireFault:
        self.broken = True
        return WireFault(why)

    def _good(self, kind: int, body: bytes, wanted: int) -> bytes:
        if kind == _STATUS:
            raise fault(body)
        if kind != wanted:
            raise self._fault(f"answers with {kind} in place of {wanted}")
        return body

    def _packet(self) -> tuple[int, bytes]:
        size = int.from_bytes(self._exactly(4), "big")
        if not 1 <= size <= _MOST_PACKET:
            raise self._fault(f"a packet of {size} bytes")
        data = self._exactly(size)
        return data[0], data[1:]

    def _exactly(self, size: int) -> bytes:
        held = self._held
        self.broken, broken = True, self.broken  # until it has come
        while len(held) < size:
            held += self._link.receive(max(size - len(held), 64 * 1024))
        self.broken = broken
        made = bytes(memoryview(held)[:size])
        del held[:size]
        return made


class _Reading:
    """A file asked for ahead of what has come; a server that gives less than asked is asked for less."""

    def __init__(self, wire: Wire, handle: bytes, at: int, end: int) -> None:
        self._wire = wire
        self._handle = handle
        self._asked = at
        self._end = end
        self._size = _ASK
        self._waiting: dict[int, tuple[int, int]] = {}  # request -> offset, size
        self._came: dict[int, bytes] = {}
        self._at = at
        self._failed: OSError | None = None

    def blocks(self) -> Iterator[bytes]:
        """The bytes, in order."""
        while self._at < self._end:
            self._ahead()
            if self._at in self._came:
                data = self._came.pop(self._at)
                self._at += len(data)
                yield data
            elif self._waiting:
                self._wire.come()
            elif self._failed is not None:
                raise self._failed
            else:
                raise WireFault("a gap in what was read")

    def drain(self) -> None:
        """What was asked for comes all the same."""
        self._end = self._at
        while self._waiting and not self._wire.broken:
            self._wire.come()

    def _ahead(self) -> None:
        most = max(min(_AHEAD // self._size, _MOST_WAITING), 1)
        while self._asked < self._end and len(self._waiting) + len(self._came) < most:
            size = min(self._size, self._end - self._asked)
            self._put(self._asked, size)
            self._asked += size

    def _put(self, at: int, size: int) -> None:
        body = _text(self._handle) + struct.pack(">QI", at, size)
        self._waiting[self._wire.request(_READ, body)] = (at, size)

    def takes(self, number: int, kind: int, body: bytes) -> bool:
        """Whether this answer is to one of its requests."""
        if number not in self._waiting:
            return False
        at, size = self._waiting.pop(number)
        if kind == _STATUS:
            if _Cut(body).number() != _EOF:
                self._failed = self._failed or fault(body)
            self._end = min(self._end, at) if self._failed is None else self._end
            return True
        data = _Cut(body).text() if kind == _DATA else b""
        if not 1 <= len(data) <= size:
            raise WireFault("bytes that were not asked for")
        self._came[at] = data
        if len(data) < size and at < self._end:
            self._size = max(min(self._size, len(data)), _LEAST)
            self._put(at + len(data), size - len(data))
        return True


class _Cut:
    """What is left of a body; WireFault where it is shorter than it says."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self._bytes(size), "big")

    def text(self) -> bytes:
        return self._bytes(self.number())

    def attributes(self) -> Attributes:
        flags = self.number()
        size = self.number(8) if flags & 1 else 0
        user, group = (self.number(), self.number()) if flags & 2 else (0, 0)
        mode = self.number() if flags & 4 else 0
        mtime = (self.number(), self.number())[1] if flags & 8 else 0
        for _ in range(min(self.number(), 64) if flags & 0x8000_0000 else 0):
            self.text(), self.text()
        return Attributes(size, user, group, mode, mtime)

    def _bytes(self, size: int) -> bytes:
        made = self._body[self._at : self._at + size]
        if len(made) != size:
            raise WireFault("a short body")
        self._at += size
        return made


def _names(cut: _Cut) -> Iterator[tuple[bytes, Attributes]]:
    for _ in range(min(cut.number(), 100_000)):
        name, line, found = cut.text(), cut.text(), cut.attributes()
        if name in (b".", b".."):
            continue
        if b"/" in name or b"\0" in name or not name:
            raise WireFault("a name that is none")
        # "-rw-r-----   1 backup   staff  348911 Mar 25 14:29 t.dmp"
        words = line.decode("utf-8", "replace").split()
        owner, group = (words[2], words[3]) if len(words) > 8 else ("", "")
        yield (
            name,
            Attributes(found.size, found.user, found.group_id, found.mode, found.mtime, owner, group),
        )


def fault(body: bytes) -> OSError:
    """The OSError for a status."""
    number = _Cut(body).number()
    code = {_GONE: errno.ENOENT, _DENIED: errno.EACCES}.get(number, errno.EIO)
    return OSError(code, os.strerror(code))


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
