"""Moving entries of finished days into packs (ruling 18): verified before anything is let go.

One group of 256 is one transaction: made, unpacked again, compared byte for byte and with the stored
tile; only then do the rows give up their bytes. A crash leaves a group either packed or as it was.
"""

from sqlalchemy import Connection, delete, insert, select, update

from checks.wire import lines
from checks.wire.numbers import EntryKind
from checks.wire.tiles import bundle
from checks.wire.tree import leaf_hash
from collector.context import Context
from collector.evidence.unzstd import zstd_pack
from collector.faults import crash_point
from collector.store import content, evidence, packs
from collector.store.evidence import BodyRow, Damaged, EntryRow, body_table, entry_table, pack_table

DAY_MS = 24 * 3600 * 1000
_MOST = 128 * 1024 * 1024


def finished_groups(conn: Connection, before_ms: int) -> list[int]:
    """Groups of 256 whose entries were all received before that instant, and are not packed yet."""
    size = evidence.size(conn)
    packed = {n for (n,) in conn.execute(select(pack_table.c.n))}
    later = evidence.first_received(conn, before_ms)
    end = (size if later is None else later) // packs.GROUP
    return [n for n in range(end) if n not in packed]


def pack_group(context: Context, n: int) -> tuple[int, int]:
    """Pack one group; bytes before and after. Damaged: something does not fit, nothing was changed."""
    with context.write() as conn:
        rows = list(packs.entry_rows(conn, n * packs.GROUP, (n + 1) * packs.GROUP))
        bodies = {row.idx: row for row in packs.body_rows(conn, n * packs.GROUP, (n + 1) * packs.GROUP)}
        unpacked = {idx: content.content(row) for idx, row in bodies.items()}
        before = sum(len(row.data or b"") for row in rows) + sum(len(row.data) for row in bodies.values())
        if sum(map(len, unpacked.values())) > _MOST:
            return before, before  # too large to be read back in one piece: stays as it is
        entries = zstd_pack(bundle([row.data or b"" for row in rows]))
        packed = zstd_pack(_join(rows, bodies, unpacked))
        _check(conn, n, rows, bodies, entries, packed)
        conn.execute(insert(pack_table).values(n=n, entries=entries, bodies=packed))
        crash_point("pack-written")
        inside = (entry_table.c.idx >= n * packs.GROUP, entry_table.c.idx < (n + 1) * packs.GROUP)
        conn.execute(update(entry_table).where(*inside).values(data=None))
        within = (body_table.c.idx >= n * packs.GROUP, body_table.c.idx < (n + 1) * packs.GROUP)
        conn.execute(delete(body_table).where(*within))
        crash_point("pack-emptied")
        return before, len(entries) + len(packed)


def _join(rows: list[EntryRow], bodies: dict[int, BodyRow], unpacked: dict[int, bytes]) -> bytes:
    parts = []
    for row in rows:
        body = bodies.get(row.idx)
        if body is None:
            parts.append(b"\x00")
            continue
        data = unpacked[row.idx]
        seed = b"\x00" if body.seed is None else b"\x01" + body.seed
        parts += [b"\x01", seed, len(data).to_bytes(4, "big"), data]
    return b"".join(parts)


def _check(
    conn: Connection,
    n: int,
    rows: list[EntryRow],
    bodies: dict[int, BodyRow],
    entries: bytes,
    packed: bytes,
) -> None:
    """The pack gives back every byte, and its entries make the tile that the tree is built on."""
    back = packs.packed_entries(entries)
    if back != [row.data for row in rows]:
        raise Damaged(f"group {n}: the pack does not give the entries back")
    if evidence.tile(conn, 0, n) != b"".join(map(leaf_hash, back)):
        raise Damaged(f"group {n}: the entries do not make the stored tile: run fsck")
    again = packs.packed_bodies(packed)
    if again.keys() != {idx % packs.GROUP for idx in bodies}:
        raise Damaged(f"group {n}: the pack does not give the bodies back")
    for row in rows:
        body = again.get(row.idx % packs.GROUP)
        if body is None:
            continue
        if body.data != content.content(bodies[row.idx]) or body.seed != bodies[row.idx].seed:
            raise Damaged(f"group {n}: the pack does not give body {row.idx} back")
        if row.kind == EntryKind.BATCH:
            lines.split(body.data)


def pack_finished(context: Context) -> tuple[int, int, int]:
    """Pack every finished group; (groups, bytes before, bytes after)."""
    today = context.now() - context.now() % DAY_MS
    with context.read() as conn:
        groups = finished_groups(conn, today)
    before = after = 0
    for n in groups:
        was, now = pack_group(context, n)
        before, after = before + was, after + now
    return len(groups), before, after
