"""Segments of a borg repository (1.x), read without borg: magic, then entries, each with a CRC-32.

    BORG_SEG   CRC32 (4)  SIZE (4, of the whole entry)  TAG (1)  REST (a PUT: key of 32 bytes, then data)

The last segment of each transaction ends with a COMMIT entry. Numbers are little-endian.
"""

import zlib
from collections.abc import Iterable
from hashlib import sha256

_MAGIC = b"BORG_SEG"
_TAGS = frozenset({0, 1, 2, 3})  # put, delete, commit, put2
_MOST = 64 << 20  # borg's own limit is 20 MiB of data


def read(path: str, blocks: Iterable[memoryview]) -> tuple[str, str]:
    """Digest of a segment, and `damaged` where an entry's CRC or length is wrong."""
    made, walker = sha256(), _Walker()
    for block in blocks:
        made.update(block)
        if not walker.wrong:
            walker.feed(block)
    return made.hexdigest(), "damaged" if walker.wrong or not walker.between else ""


class _Walker:
    def __init__(self) -> None:
        self.wrong = False
        self._head = bytearray()
        self._left = 0
        self._mark = 0
        self._said = 0
        self._begun = False

    @property
    def between(self) -> bool:
        """Whether nothing of an entry is outstanding."""
        return self._begun and not self._left and not self._head

    def feed(self, block: memoryview) -> None:
        """The next bytes."""
        at = 0
        while at < len(block) and not self.wrong:
            if self._left:
                piece = block[at : at + self._left]
                self._mark = zlib.crc32(piece, self._mark)
                self._left -= len(piece)
                at += len(piece)
                self.wrong = not self._left and self._mark != self._said
                continue
            wanted = 9 if self._begun else 8
            piece = block[at : at + wanted - len(self._head)]
            self._head += piece
            at += len(piece)
            if len(self._head) == wanted:
                self._header()

    def _header(self) -> None:
        head, self._head = bytes(self._head), bytearray()
        if not self._begun:
            self._begun = True
            self.wrong = head != _MAGIC
            return
        self._said = int.from_bytes(head[:4], "little")
        size = int.from_bytes(head[4:8], "little")
        self._left = size - 9
        self._mark = zlib.crc32(head[4:])
        self.wrong = not 9 <= size <= _MOST or head[8] not in _TAGS
        if not self.wrong and not self._left:
            self.wrong = self._mark != self._said
