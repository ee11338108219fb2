"""Frames of an lz4 stream (lz4_Frame_format.md 1.6.4), counted as the packed bytes pass: checksums, members,
what follows.

lz4's tool reads concatenated frames as one and does not say whether they carry a checksum at all.
"""

_MAGIC, _LEGACY = 0x184D2204, 0x184C2102
_SKIPPED = range(0x184D2A50, 0x184D2A60)
_STARTS = frozenset({_MAGIC, _LEGACY, *_SKIPPED})
_PLAIN = 0x7FFF_FFFF  # a block's highest bit says that it is stored as it is


class Lz4Frames:
    """Feed it all packed bytes in order; the same figures as frames.Frames. `checked`: all carry a checksum,
    of their content or of each block; what `lz4 -l` writes carries none."""

    def __init__(self) -> None:
        self.count = 0
        self.sizes: list[int] = []
        self.checked = True
        self.trailing = 0
        self.skipped = 0
        self.short = 0  # nobody writes parts of one whole so
        self._held = bytearray()
        self._want = 4
        self._leave = 0  # bytes to pass over
        self._state = "magic"
        self._blocks_sum = self._content_sum = False

    def feed(self, block: bytes) -> None:
        """The next packed bytes."""
        if self.trailing:
            self.trailing += len(block)
            return
        at, size = 0, len(block)
        while at < size:
            if self._leave:
                passed = min(self._leave, size - at)
                self._leave -= passed
                at += passed
                continue
            taken = block[at : at + self._want - len(self._held)]
            self._held += taken
            at += len(taken)
            if len(self._held) == self._want and not self._step():
                self.trailing = self._want + size - at
                return

    def _step(self) -> bool:
        """Take what is held; False where it begins no frame."""
        held = bytes(self._held)
        number = int.from_bytes(held[:4], "little")
        if self._state == "flags":
            self._header(held)
            return True
        self._held.clear()
        if self._state == "skip":
            self._leave, self._state = number, "magic"
        elif self._state == "block":
            self._block(number)
        elif self._state == "legacy" and number not in _STARTS:
            self._leave = number
        else:
            return self._begins(number)
        return True

    def _begins(self, number: int) -> bool:
        self._state = "magic"
        if number in _SKIPPED:
            self._state = "skip"
            self.skipped += 1
        elif number == _MAGIC:
            self._state, self._want = "flags", 2
        elif number == _LEGACY:
            self._state = "legacy"
            self._member(-1)
            self.checked = False
        return number in _STARTS

    def _header(self, held: bytes) -> None:
        """Flags, largest block, content size and dictionary where there are, a byte of checksum."""
        flags = held[0]
        sized = 8 if flags & 8 else 0
        self._want = 2 + sized + (4 if flags & 1 else 0) + 1
        if len(held) < self._want:
            return
        self._blocks_sum, self._content_sum = bool(flags & 16), bool(flags & 4)
        self.checked &= self._blocks_sum or self._content_sum
        self._member(int.from_bytes(held[2:10], "little") if sized else -1)
        self._held.clear()
        self._state, self._want = "block", 4

    def _block(self, number: int) -> None:
        if number:
            self._leave = (number & _PLAIN) + 4 * self._blocks_sum
        else:
            self._leave, self._state = 4 * self._content_sum, "magic"

    def _member(self, size: int) -> None:
        self.count += 1
        if len(self.sizes) < 1000:
            self.sizes.append(size)
