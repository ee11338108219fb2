"""Moving entries of finished days into packs (ruling 18): verified before anything is let go.

One group of 256 is one transaction: made, unpacked again, compared byte for byte and with the stored
tile; only then do the rows give up their bytes. A crash leaves a group either packed or as it was.
"""

from sqlalchemy import Connection, delete, insert, select, update

from checks.wire import lines
from checks.wire.numbers import ENC_RAW, EntryKind
from checks.wire.tiles import bundle
from checks.wire.tree import leaf_hash
from collector.context import Context
from collector.crash_points import crash_point
from collector.evidence.unzstd import zstd_pack
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
    begin, end = n * packs.GROUP, (n + 1) * packs.GROUP
    with context.read() as conn:  # all the work is done before anybody has to wait for it
        rows = list(packs.entry_rows(conn, begin, end))
        bodies = {row.idx: row for row in packs.body_rows(conn, begin, end)}
        before = sum(len(row.data or b"") for row in rows) + sum(len(row.data) for row in bodies.values())
        unpacked = {i: row._replace(enc=ENC_RAW, data=content.content(row)) for i, row in bodies.items()}
        if sum(len(row.data) for row in unpacked.values()) > _MOST:
            return before, before  # too large to be read back in one piece: stays as it is
        entries = zstd_pack(bundle([row.data or b"" for row in rows]))
        packed = packs.pack_bodies({idx - begin: row for idx, row in unpacked.items()})
        _check(conn, n, rows, unpacked, entries, packed)
    with context.write() as conn:
        within = (body_table.c.idx >= begin, body_table.c.idx < end)
        left = {idx for (idx,) in conn.execute(select(body_table.c.idx).where(*within))}
        if left != bodies.keys() or conn.execute(select(pack_table.c.n).where(pack_table.c.n == n)).first():
            return before, before  # pruned, or packed by somebody else meanwhile
        conn.execute(insert(pack_table).values(n=n, entries=entries, bodies=packed))
        crash_point("pack-written")
        inside = (entry_table.c.idx >= begin, entry_table.c.idx < end)
        conn.execute(update(entry_table).where(*inside).values(data=None))
        conn.execute(delete(body_table).where(*within))
        evidence.gather(conn, rows)
        crash_point("pack-emptied")
    return before, len(entries) + len(packed)


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
        if body.data != bodies[row.idx].data or body.seed != bodies[row.idx].seed:
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
