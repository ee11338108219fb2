"""Tiles and entry bundles of the log as published: full ones stored, partial ones made of entries."""

from sqlalchemy import Connection

from checks.wire.errors import Code, WireError
from checks.wire.tiles import ENTRIES, WIDTH, Tile, bundle, tile_root
from checks.wire.tree import leaf_hash
from collector.store import evidence, packs


def read_tile(conn: Connection, tile: Tile) -> bytes:
    """The bytes of a tile or bundle; WireError `bad_tile` if the log has none such (yet)."""
    begin, end = tile.n * WIDTH, tile.n * WIDTH + tile.width
    if tile.level == ENTRIES:
        return bundle(_whole([data for _, data in packs.entries(conn, begin, end)], tile))
    stored = evidence.tile(conn, tile.level, tile.n)
    if stored is not None:
        return stored[: 32 * tile.width]
    if tile.level == 0:
        hashes = [leaf_hash(data) for _, data in packs.entries(conn, begin, end)]
    else:
        below = evidence.tiles(conn, tile.level - 1, begin, tile.width)
        hashes = [tile_root(row.data) for row in below]
    return b"".join(_whole(hashes, tile))


def _whole(found: list[bytes], tile: Tile) -> list[bytes]:
    if len(found) != tile.width:
        raise WireError(Code.BAD_TILE, f"the log has no {tile.path}")
    return found
