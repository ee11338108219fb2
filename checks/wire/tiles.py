"""C2SP tlog-tiles: the tree as files of 256 hashes, the entries as bundles of 256.

tile/<level>/<n>[.p/<width>]     tile/entries/<n>[.p/<width>]     n in groups of three: x001/x234/067
bundle = u16be length || entry, up to 256 times
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from struct import pack

from checks.wire.errors import Code, WireError
from checks.wire.numbers import HASH_SIZE, MAX_ENTRY
from checks.wire.tree import NodeSource, parents

HEIGHT = 8
WIDTH = 256
ENTRIES = -1  # level of an entry bundle

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_DEEPEST = 7  # 256^8 entries is beyond any log


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile: its level (ENTRIES for a bundle), its index there, how many hashes it holds."""

    level: int
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix."""
        return tile_path(self)


def tile_path(tile: Tile) -> str:
    """C2SP path of a tile or entry bundle."""
    digits = f"{tile.n:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    number = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    partial = f".p/{tile.width}" if tile.width < WIDTH else ""
    return f"tile/{level}/{number}{partial}"


def parse_path(path: str) -> Tile:
    """The tile that `path` names; WireError `bad_tile` if it names none, or not canonically."""
    found = _PATH.fullmatch(path) if path.isascii() and len(path) < 64 else None
    if found is None:
        raise WireError(Code.BAD_TILE, f"{path[:64]!r} is no tile path")
    level, groups, last, width = found.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(groups.replace("x", "").replace("/", "") + last),
        int(width) if width else WIDTH,
    )
    # Also refuses zero groups in front, a partial width of 256 and more, levels above the tree.
    if tile.level > _DEEPEST or tile_path(tile) != path:
        raise WireError(Code.BAD_TILE, f"{path[:64]!r} is no tile path")
    return tile


def tile_at(level: int, n: int, size: int) -> Tile:
    """Tile `n` of `level` as it is in a log of `size` entries, full or partial."""
    held = (size >> (HEIGHT * max(level, 0))) - n * WIDTH
    if held <= 0 or n < 0:
        raise WireError(Code.BAD_TILE, f"a log of {size} has no tile {n} on level {level}")
    return Tile(level, n, min(held, WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a log of `size` entries, level by level, without the bundles."""
    level = 0
    while size >> (HEIGHT * level):
        for n in range(-(-(size >> (HEIGHT * level)) // WIDTH)):
            yield tile_at(level, n, size)
        level += 1


def hashes(data: bytes, width: int = WIDTH) -> list[bytes]:
    """The hashes of a tile's bytes, which must be exactly `width`."""
    if len(data) != width * HASH_SIZE:
        raise WireError(Code.BAD_TILE, f"{len(data)} bytes cannot be a tile of width {width}")
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def tile_root(data: bytes) -> bytes:
    """Root over a full tile: its hash in the tile above."""
    level = hashes(data)
    for _ in range(HEIGHT):
        level = parents(level)
    return level[0]


def tile_nodes(read: Callable[[Tile], bytes], size: int) -> NodeSource:
    """Node source of a log of `size` entries over its tiles; reads each tile once."""
    kept: dict[tuple[int, int], list[list[bytes]]] = {}

    def levels(level: int, n: int) -> list[list[bytes]]:
        key = (level, n)
        if key not in kept:
            tile = tile_at(level, n, size)
            rows = [hashes(read(tile), tile.width)]
            while len(rows[-1]) > 1:
                rows.append(parents(rows[-1][: len(rows[-1]) & ~1]))
            kept[key] = rows
        return kept[key]

    def get(level: int, index: int) -> bytes:
        if index < 0 or (index + 1) << level > size:
            raise WireError(Code.BAD_TILE, f"a log of {size} has no node {index} at {level}")
        upper, within = divmod(level, HEIGHT)
        per_tile = HEIGHT - within
        return levels(upper, index >> per_tile)[within][index & ((1 << per_tile) - 1)]

    return get


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entry bundle of up to 256 entries."""
    if len(entries) > WIDTH or any(len(entry) > MAX_ENTRY for entry in entries):
        raise WireError(Code.TOO_LARGE, "more than 256 entries, or one above 65535 bytes")
    return b"".join([pack(">H", len(entry)) + entry for entry in entries])


def parse_bundle(data: bytes, width: int | None = None) -> list[bytes]:
    """The entries of a bundle; with `width` there must be exactly so many."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        begin = at + 2
        at = begin + int.from_bytes(data[at:begin], "big")
        if begin > end or at > end:
            raise WireError(Code.BAD_TILE, f"the bundle ends within entry {len(entries)}")
        entries.append(data[begin:at])
    if len(entries) > WIDTH or width not in (None, len(entries)):
        raise WireError(Code.BAD_TILE, f"{len(entries)} entries in a bundle of {width or WIDTH}")
    return entries
