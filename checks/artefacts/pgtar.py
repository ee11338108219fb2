"""A tar on its way into a program: whether it breaks off, and padding where it does.

`pg_restore` reads a tar that ends within a member again and again, for ever. So what is missing is made up of
zeros, the tool comes to its end, and `cut` says what happened. At a head whose checksum is wrong it ends by
itself: what such a head says of a size is not believed.
"""

import io
from typing import Any, BinaryIO

_BLOCK = 512


class WatchedTar(io.RawIOBase):
    """The stream, watched. `cut`: it ended within a member or without its end; `behind`: bytes that are not
    zero behind the end."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self._left = 0  # of the member at hand, padding included
        self._head = b""
        self._zeros = 0
        self._padding = -1
        self.lost = False  # at a head whose checksum is wrong
        self.cut = False
        self.behind = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def made_up(self) -> bool:
        """Whether all that comes from now on is made up."""
        return self._padding >= 0

    def readinto(self, buffer: Any) -> int:
        """The next bytes, then zeros where some are missing."""
        if self._padding < 0:
            more = self._source.read(len(buffer))
            if more:
                self._watch(more)
                buffer[: len(more)] = more
                return len(more)
            self.cut = not self.lost and (self._left > 0 or bool(self._head) or not self._zeros)
            self._padding = self._left + 4 * _BLOCK if self.cut else 0
        size = min(self._padding, len(buffer))
        buffer[:size] = bytes(size)
        self._padding -= size
        return size

    def _watch(self, more: bytes) -> None:
        at, size = 0, len(more)
        while at < size and not self.lost:
            if self._zeros >= 2:  # the end; the rest is padding to a whole record
                self.behind += size - at - more.count(0, at)
                return
            if self._left:
                step = min(self._left, size - at)
                self._left -= step
                at += step
                continue
            need = _BLOCK - len(self._head)
            self._head += more[at : at + need]
            at += need
            if len(self._head) == _BLOCK:
                self._member()

    def _member(self) -> None:
        head, self._head = self._head, b""
        if not head.strip(b"\0"):
            self._zeros += 1
            return
        self._zeros = 0
        if _octal(head[148:156]) != sum(head) - sum(head[148:156]) + 8 * ord(" "):
            self.lost = True
            return
        raw = head[124:136]
        binary = int.from_bytes(raw, "big") & ((1 << 95) - 1)
        size = binary if raw[0] & 0x80 else max(_octal(raw), 0)
        self._left = -(-size // _BLOCK) * _BLOCK


def _octal(raw: bytes) -> int:
    """A number of a head; -1 for what is none."""
    digits = raw.strip(b" \0")
    return int(digits, 8) if digits and not set(digits) - set(b"01234567") else -1
