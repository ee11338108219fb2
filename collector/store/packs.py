"""Entries and bodies of finished days in groups of 256 (ruling 18), and reading either form alike.

entries   zstd( C2SP entry bundle of 256 entries )
bodies    0x02 || 256 times u8 (0 none, 1 body, 2 body with seed) || seed16 … || bodies as `columns` has them
          or, if that cannot be:
          zstd( 256 times: u8 present, and if present u8 has-seed, seed16 or nothing, u32be length, body )

A body is kept uncompressed inside: its root is over the lines, so the wire's compression is no evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, select

from checks.wire.blob import Cursor
from checks.wire.errors import Code
from checks.wire.numbers import ENC_RAW, SEED_SIZE
from checks.wire.tiles import parse_bundle
from collector.evidence.unzstd import unzstd_all, zstd_pack
from collector.store import columns, evidence
from collector.store.evidence import BodyRow, EntryRow, body_table, entry_table, pack_table

GROUP = 256
_CHUNK = 2048
_PICKED = 500
_COLUMNS = b"\x02"  # no zstd frame begins so
_BARE, _WITH_SEED = 1, 2


def entry_rows(conn: Connection, begin: int, end: int) -> Iterator[EntryRow]:
    """Rows [begin, end) with their bytes, wherever these stand; reads in chunks."""
    table = entry_table
    for at in range(begin, end, _CHUNK):
        wanted = (table.c.idx >= at, table.c.idx < min(at + _CHUNK, end))
        for row in conn.execute(select(table).where(*wanted).order_by(table.c.idx)):
            one = EntryRow(*row)
            yield one if one.data is not None else one._replace(data=data_of(conn, one))


def entries(conn: Connection, begin: int, end: int) -> Iterator[tuple[int, bytes]]:
    """(idx, bytes) of the entries [begin, end)."""
    for row in entry_rows(conn, begin, end):
        yield row.idx, row.data or b""


def data_of(conn: Connection, row: EntryRow) -> bytes:
    """The bytes of an entry."""
    if row.data is not None:
        return bytes(row.data)
    return packed_entries(_packed(conn, row.idx // GROUP)[0])[row.idx % GROUP]


def entry(conn: Connection, idx: int) -> EntryRow | None:
    """One entry with its bytes."""
    return next(entry_rows(conn, idx, idx + 1), None)


def picked(conn: Connection, idxs: Sequence[int]) -> Iterator[tuple[EntryRow, BodyRow | None]]:
    """These entries with their bytes and bodies, in this order; those that are nowhere are left out."""
    for at in range(0, len(idxs), _PICKED):
        some = list(idxs[at : at + _PICKED])
        entries_, bodies = entry_table, body_table
        rows = {
            row[0]: EntryRow(*row) for row in conn.execute(select(entries_).where(entries_.c.idx.in_(some)))
        }
        loose = {row[0]: BodyRow(*row) for row in conn.execute(select(bodies).where(bodies.c.idx.in_(some)))}
        for idx in some:
            if idx in rows:
                row = rows[idx]._replace(data=data_of(conn, rows[idx]))
                yield row, loose.get(idx) or (body(conn, idx) if rows[idx].data is None else None)


def entry_received(conn: Connection, idx: int) -> int | None:
    """When the log took this entry in (UTC ms)."""
    found = conn.execute(select(entry_table.c.received).where(entry_table.c.idx == idx)).scalar()
    return None if found is None else int(found)


def body(conn: Connection, idx: int) -> BodyRow | None:
    """The body of an entry, None where it has none (or none any more)."""
    found = conn.execute(select(body_table).where(body_table.c.idx == idx)).first()
    if found is not None:
        return BodyRow(*found)
    group = conn.execute(select(pack_table.c.bodies).where(pack_table.c.n == idx // GROUP)).scalar()
    found_packed = packed_bodies(group).get(idx % GROUP) if group is not None else None
    return found_packed._replace(idx=idx) if found_packed is not None else None


def body_rows(conn: Connection, begin: int, end: int) -> Iterator[BodyRow]:
    """The bodies of the entries [begin, end), in order of the two places they may stand in."""
    table = body_table
    wanted = (table.c.idx >= begin, table.c.idx < end)
    for row in conn.execute(select(table).where(*wanted).order_by(table.c.idx)):
        yield BodyRow(*row)
    groups = (pack_table.c.n >= begin // GROUP, pack_table.c.n <= (end - 1) // GROUP)
    packed = select(pack_table.c.n, pack_table.c.bodies).where(*groups).order_by(pack_table.c.n)
    for n, data in conn.execute(packed):
        for position, one in packed_bodies(data).items():
            if begin <= n * GROUP + position < end:
                yield one._replace(idx=n * GROUP + position)


def _packed(conn: Connection, n: int) -> tuple[bytes, bytes]:
    found = conn.execute(select(pack_table.c.entries, pack_table.c.bodies).where(pack_table.c.n == n)).first()
    if found is None:
        raise evidence.Damaged(f"entries {n * GROUP} to {n * GROUP + GROUP - 1} are nowhere: run fsck")
    return found[0], found[1]


@lru_cache(maxsize=8)
def packed_entries(data: bytes) -> list[bytes]:
    """The 256 entries of a group."""
    return parse_bundle(unzstd_all(data), GROUP)


@lru_cache(maxsize=4)
def packed_bodies(data: bytes) -> dict[int, BodyRow]:
    """The bodies of a group by position within it; `idx` in the rows is that position."""
    if data[:1] == _COLUMNS:
        return _from_columns(data)
    cursor = Cursor(unzstd_all(data), Code.BAD_FRAME)
    found: dict[int, BodyRow] = {}
    for position in range(GROUP):
        if cursor.number(1):
            seed = cursor.take(SEED_SIZE) if cursor.number(1) else None
            found[position] = BodyRow(position, seed, ENC_RAW, cursor.take(cursor.number(4)))
    cursor.finish()
    return found


def _from_columns(data: bytes) -> dict[int, BodyRow]:
    flags, at = data[1 : 1 + GROUP], 1 + GROUP
    seeds: dict[int, bytes] = {}
    for position in (position for position, flag in enumerate(flags) if flag == _WITH_SEED):
        seeds[position], at = data[at : at + SEED_SIZE], at + SEED_SIZE
    places = [position for position, flag in enumerate(flags) if flag]
    bodies = zip(places, columns.decode(data[at:]), strict=True)
    return {position: BodyRow(position, seeds.get(position), ENC_RAW, body) for position, body in bodies}


def pack_bodies(bodies: Mapping[int, BodyRow]) -> bytes:
    """The bodies of a group, uncompressed, by position within it."""
    places = sorted(bodies)
    try:
        coded = columns.encode([bodies[at].data for at in places])
    except columns.PlainOnly:
        return zstd_pack(b"".join(_plain(bodies.get(at)) for at in range(GROUP)))
    flags = bytearray(GROUP)
    for at in places:
        flags[at] = _BARE if bodies[at].seed is None else _WITH_SEED
    return b"".join((_COLUMNS, flags, *(bodies[at].seed or b"" for at in places), coded))


def _plain(body: BodyRow | None) -> bytes:
    if body is None:
        return b"\x00"
    seed = b"\x00" if body.seed is None else b"\x01" + body.seed
    return b"".join((b"\x01", seed, len(body.data).to_bytes(4, "big"), body.data))
