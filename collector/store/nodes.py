"""Tiles of the log at any size: full ones as stored, the right edge from what lies below it."""

from collections.abc import Callable

from sqlalchemy import Connection

from checks.wire import tree
from checks.wire.tiles import WIDTH, Tile, tile_root
from collector.store import evidence, packs


def reader(conn: Connection) -> Callable[[Tile], bytes]:
    """A function from tile to its bytes, for checks.wire.tiles.tile_nodes."""

    def read(tile: Tile) -> bytes:
        if tile.width == WIDTH:
            found = evidence.tile(conn, tile.level, tile.n)
            if found is not None:
                return bytes(found)
        begin = tile.n * WIDTH
        if tile.level == 0:
            found_entries = packs.entries(conn, begin, begin + tile.width)
            return b"".join(tree.leaf_hash(data) for _, data in found_entries)
        below = range(begin, begin + tile.width)
        return b"".join(tile_root(_full(conn, tile.level - 1, n)) for n in below)

    return read


def _full(conn: Connection, level: int, n: int) -> bytes:
    found = evidence.tile(conn, level, n)
    if found is None:
        raise evidence.Damaged(f"tile {n} of level {level} is missing: run fsck")
    return bytes(found)
