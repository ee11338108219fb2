"""Frames of a zstd stream (RFC 8878), counted as the packed bytes pass: checksums, members, what follows.

zstd's tool reads concatenated frames as one and does not say whether they carry a checksum at all.
"""

_MAGIC = b"\x28\xb5\x2f\xfd"


class Frames:
    """Feed it all packed bytes in order. `count`: frames with data; `sizes`: content size of each as its
    header says (-1 where it does not); `checked`: all carry a checksum; `trailing`: bytes that begin no
    frame; `skipped`: frames without data (pzstd puts one before each); `short`: frames with data behind
    which another comes, of fewer blocks than pzstd gives all but its last: it cuts what it reads into pieces
    of four windows, whatever it reads (four sets of options of pzstd 1.5 were tried)."""

    def __init__(self) -> None:
        self.count = 0
        self.sizes: list[int] = []
        self.checked = True
        self.trailing = 0
        self.skipped = 0
        self.short = 0
        self._least = 0  # blocks of a whole piece
        self._blocks = 0
        self._held = bytearray()
        self._leave = 0  # bytes to pass over
        self._inside = False  # within a frame: a block's header is next
        self._sum = False

    def feed(self, block: bytes) -> None:
        """The next packed bytes."""
        if self.trailing:
            self.trailing += len(block)
            return
        view = memoryview(block)
        while len(view):
            if self._leave:
                passed = min(self._leave, len(view))
                self._leave -= passed
                view = view[passed:]
                continue
            self._held += view[:1]
            view = view[1:]
            if self._lost():
                self.trailing = 4 + len(view)
                return

    def _lost(self) -> bool:
        """Take what is held so far, if it is a header; whether it begins no frame at all."""
        if self._inside:
            if len(self._held) == 3:
                self._block(int.from_bytes(self._held, "little"))
        elif len(self._held) == 4:
            return not self._begins()
        elif len(self._held) > 4:
            self._head()
        return False

    def _head(self) -> None:
        if self._held[:4] != _MAGIC:
            if len(self._held) == 8:
                self._leave = int.from_bytes(self._held[4:], "little")
                self.skipped += 1
                self._held.clear()
            return
        self._header()

    def _begins(self) -> bool:
        return (
            self._held[:4] == _MAGIC or 0x184D2A50 <= int.from_bytes(self._held[:4], "little") <= 0x184D2A5F
        )

    def _header(self) -> None:
        told = self._held[4]
        single = told >> 5 & 1
        window, named = 1 - single, (0, 1, 2, 4)[told & 3]
        width = (single, 2, 4, 8)[told >> 6]
        if len(self._held) < 5 + window + named + width:
            return
        size = int.from_bytes(self._held[5 + window + named :], "little") + (256 if width == 2 else 0)
        self.short += self.count > 0 and self._blocks < self._least
        self._blocks, self._least = 0, _pieces(self._held[5]) if window else 0
        self.count += 1
        if len(self.sizes) < 1000:
            self.sizes.append(size if width else -1)
        self._sum = bool(told & 4)
        self.checked &= self._sum
        self._inside = True
        self._held.clear()

    def _block(self, told: int) -> None:
        last, kind, size = told & 1, told >> 1 & 3, told >> 3
        self._blocks += 1
        self._held.clear()
        self._leave = 1 if kind == 1 else size  # a run holds one byte
        if last:
            self._inside = False
            self._leave += 4 if self._sum else 0


def _pieces(told: int) -> int:
    """Blocks of four windows, by the byte of a frame's header that tells its window (RFC 8878, 3.1.1.1.2)."""
    window = 1 << 10 + (told >> 3)
    return 4 * window // min(window, 128 * 1024)
