"""Lines of a stream in batches, and the sum of the digests of rows: the fast half of reading dumps.

A row is one line as `COPY … TO STDOUT` sends it, its newline included. A table's sum is the sum of the rows'
digests, read as little-endian integers, modulo 2^256: order does not matter, a row that stands twice counts
twice. With `strong` the digest is SHAKE-256 to 2048 bits, modulo 2^2048: nobody who may choose many rows can
find others with the same sum.
"""

import hashlib
import io
from _hashlib import HASH
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Any, BinaryIO

BLOCK = 128 * 1024
LONGEST = 1 << 20  # a longer line is handed on in pieces
END = b"\\.\n"
_NEWLINE = 10

Digests = Callable[[Iterable[bytes]], Iterable[bytes]]


def _shake(row: bytes) -> bytes:
    return hashlib.shake_256(row).digest(256)


_number: Callable[..., int] = int.from_bytes
_finished = partial(map, HASH.digest)  # of OpenSSL's digests, as hashlib gives them


def _sha256(rows: Iterable[bytes]) -> Iterable[bytes]:
    # Everything in C: a loop of Python's own costs as much as the digests.
    return _finished(map(hashlib.sha256, rows))


def _strong(rows: Iterable[bytes]) -> Iterable[bytes]:
    return map(_shake, rows)


@dataclass(frozen=True, slots=True)
class How:
    """A way to add up rows: name in the record, digests of many rows, of one that comes in pieces."""

    name: str
    bits: int
    digests: Digests
    start: Callable[[], Any]

    def one(self, made: Any) -> int:
        """The number of a digest that was fed piece by piece."""
        raw = made.digest() if self.bits == 256 else made.digest(self.bits // 8)
        return int.from_bytes(raw, "little")


SHA256 = How("sha256", 256, _sha256, hashlib.sha256)
STRONG = How("shake256", 2048, _strong, hashlib.shake_256)
HOWS = {one.name: one for one in (SHA256, STRONG)}


@dataclass
class Sum:
    """What a table's rows come to, so far: how many, of how many bytes, and the sum of their digests."""

    how: How = SHA256
    count: int = 0
    size: int = 0
    total: int = 0
    _piece: Any = field(default=None, repr=False)

    def add(self, lines: list[bytes], size: int = -1) -> None:
        """Add lines, of so many bytes (-1: not counted yet); the last one may be the beginning, or a part, of
        one that is too long."""
        if self._piece is not None or lines[-1][-1] != _NEWLINE:
            self._add_pieces(lines)
            return
        self.count += len(lines)
        self.size += size if size >= 0 else sum(map(len, lines))
        self.total += sum(map(_number, self.how.digests(lines), repeat("little")))

    @property
    def open(self) -> bool:
        """Whether the last line has not ended yet."""
        return self._piece is not None

    def _add_pieces(self, lines: list[bytes]) -> None:
        rest = lines
        if self._piece is not None:
            self._piece.update(lines[0])
            self.size += len(lines[0])
            if lines[0][-1] != _NEWLINE:
                return  # a piece stands alone in its batch
            self.total += self.how.one(self._piece)
            self.count += 1
            self._piece, rest = None, lines[1:]
        if rest and rest[-1][-1] != _NEWLINE:
            self._piece = self.how.start()
            self._piece.update(rest[-1])
            self.size += len(rest[-1])
            rest = rest[:-1]
        if rest:
            self.add(rest)

    def hex(self) -> str:
        """The sum, as it is recorded."""
        return f"{self.total % (1 << self.how.bits):0{self.how.bits // 4}x}"


class Lines:
    """Lines of a stream. `ahead()` shows the batch at hand, `take(n)` moves past its first lines.

    Every line ends with a newline, but for the last of a stream that has none there, and for pieces of one
    longer than a MiB (`pieces`): each of those ends its batch.
    """

    def __init__(self, stream: BinaryIO, size: int = BLOCK) -> None:
        self._stream = stream
        self._size = size
        self._tail = b""
        self._over = False
        self._batch: list[bytes] = []
        self._at = 0
        self._text = b""
        self._end = 0
        self.seen = 0
        self.last = b""  # the last bytes of the stream, up to 16

    def ahead(self) -> list[bytes]:
        """Lines at hand, at least one; none at the end of the stream."""
        if self._at >= len(self._batch):
            self._batch, self._at = self._next(), 0
        return self._batch[self._at :] if self._at else self._batch

    def take(self, count: int) -> None:
        """Move past so many of the lines at hand."""
        self._at += count

    def count(self, byte: bytes, lines: list[bytes]) -> int:
        """How often a byte stands in these lines, the first ones at hand."""
        if self._whole(lines):
            return self._text.count(byte, 0, self._end)
        return b"".join(lines).count(byte)

    def holds(self, byte: bytes, lines: list[bytes]) -> bool:
        """Whether a byte stands in them."""
        if self._whole(lines):
            return self._text.find(byte, 0, self._end) >= 0
        return byte in b"".join(lines)

    def size(self, lines: list[bytes]) -> int:
        """Bytes of them."""
        return self._end if self._whole(lines) else sum(map(len, lines))

    def _whole(self, lines: list[bytes]) -> bool:
        return not self._at and len(lines) == len(self._batch)

    def line(self) -> bytes:
        """The next line; b"" at the end."""
        if self._at >= len(self._batch) and not self.ahead():
            return b""
        self._at += 1
        return self._batch[self._at - 1]

    def _next(self) -> list[bytes]:
        while not self._over:
            block = self._stream.read(self._size)
            if not block:
                self._over = True
                self._text, self._tail = self._tail, b""
                self._end = len(self._text)
                return [self._text] if self._text else []
            self.seen += len(block)
            self.last = (self.last + block[-16:])[-16:]
            self._text = self._tail + block if self._tail else block
            lines = io.BytesIO(self._text).readlines()
            self._tail = b""
            if lines[-1][-1] != _NEWLINE and len(lines[-1]) < LONGEST:
                self._tail = lines.pop()
            if lines:
                self._end = len(self._text) - len(self._tail)
                return lines
        return []
