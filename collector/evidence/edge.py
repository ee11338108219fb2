"""The right edge of the log's tree: what must be known to append, and nothing more.

Per tile level the hashes of the tile that is not full yet (at most 255). Full tiles leave the edge
to be stored; their root moves one level up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from checks.wire.tiles import WIDTH, tile_root
from checks.wire.tree import EMPTY_ROOT, Frontier, node_hash, range_root


@dataclass(frozen=True, slots=True)
class FullTile:
    """A tile that has just become full."""

    level: int
    n: int
    data: bytes


class Edge:
    """Size of the log and its partial tiles, lowest level first."""

    __slots__ = ("levels", "size")

    def __init__(self, size: int = 0, levels: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self.levels = [list(level) for level in levels]

    def copy(self) -> "Edge":
        """An independent edge of the same log."""
        return Edge(self.size, self.levels)

    def extend(self, leaves: Sequence[bytes]) -> list[FullTile]:
        """Append leaf hashes; the tiles that became full by it."""
        full: list[FullTile] = []
        level, begin, new = 0, self.size, list(leaves)
        self.size += len(new)
        while new:
            if level == len(self.levels):
                self.levels.append([])
            first = (begin - len(self.levels[level])) // WIDTH
            held = self.levels[level] + new
            whole = len(held) - len(held) % WIDTH
            tiles = [b"".join(held[at : at + WIDTH]) for at in range(0, whole, WIDTH)]
            self.levels[level] = held[whole:]
            full += [FullTile(level, first + i, data) for i, data in enumerate(tiles)]
            level, begin, new = level + 1, first, [tile_root(data) for data in tiles]
        return full

    def root(self) -> bytes:
        """Tree hash of the log at this size."""
        node: bytes | None = None
        for hashes in self.levels:
            if hashes:
                here = _peaks(hashes)
                for peak in reversed(here):
                    node = peak if node is None else node_hash(peak, node)
        return EMPTY_ROOT if node is None else node

    def frontier(self) -> Frontier:
        """The same as a compact range, to go on from."""
        peaks = [peak for hashes in reversed(self.levels) for peak in _peaks(hashes)]
        return Frontier(self.size, peaks)


def _peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """Roots of the complete subtrees within a partial tile, largest first."""
    peaks, at = [], 0
    for bit in range(len(hashes).bit_length() - 1, -1, -1):
        width = 1 << bit
        if len(hashes) & width:
            peaks.append(range_root(hashes[at : at + width], 0, width))
            at += width
    return peaks
