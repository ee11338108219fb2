"""Tables of the evidence log and the functions on them. Nothing here updates or deletes evidence.

entry       one row a log entry; `data` (see `compact`) is NULL once the row's group of 256 stands in `pack`
body        what an entry's header commits to by root or digest, as received
tile        full tiles of 256 hashes only; the right edge is rebuilt from entries
checkpoint  every signed tree head, its text as published
pack        256 entries and their bodies, zstd, byte-identical after unpacking
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError

from collector.store import compact, triggers
from collector.store.metadata import metadata

_BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite: INTEGER PRIMARY KEY is the row id itself

entry_table = Table(
    "entry",
    metadata,
    Column("idx", _BIG, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),
    Column("agent", Text),
    Column("epoch", Integer),
    Column("seq", BigInteger),
    Column("received", BigInteger, nullable=False),
    Column("data", compact.EntryBytes),
    UniqueConstraint("agent", "epoch", "seq", "kind"),
)
body_table = Table(
    "body",
    metadata,
    Column("idx", _BIG, ForeignKey("entry.idx"), primary_key=True, autoincrement=False),
    Column("seed", LargeBinary),
    Column("enc", SmallInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
tile_table = Table(
    "tile",
    metadata,
    Column("tree", SmallInteger, primary_key=True, autoincrement=False),
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)
checkpoint_table = Table(
    "checkpoint",
    metadata,
    Column("size", _BIG, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
pack_table = Table(
    "pack",
    metadata,
    Column("n", _BIG, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
    Column("bodies", LargeBinary, nullable=False),
)
triggers.guard(metadata)

SHA256_TREE = 0


class Damaged(Exception):
    """The database does not hold what it must: stop, and let fsck tell what is missing."""

    code = "damaged"


class EntryRow(NamedTuple):
    """A row of `entry`."""

    idx: int
    kind: int
    agent: str | None
    epoch: int | None
    seq: int | None
    received: int
    data: bytes | None


class BodyRow(NamedTuple):
    """A row of `body`."""

    idx: int
    seed: bytes | None
    enc: int
    data: bytes


class TileRow(NamedTuple):
    """A full tile."""

    level: int
    n: int
    data: bytes


class CheckpointRow(NamedTuple):
    """A signed tree head."""

    size: int
    root: bytes
    note: str
    at: int


def _mark(conn: Connection) -> str:
    return "?" if conn.dialect.name == "sqlite" else "%s"


def _insert(conn: Connection, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Plain driver statement: the hot path has no use for the compiler."""
    if not rows:
        return
    marks = ",".join([_mark(conn)] * len(rows[0]))
    # Names are ours, values are bound.
    statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  # names of ours
    if conn.dialect.name != "sqlite":
        conn.exec_driver_sql(statement, list(rows))
        return
    try:
        driver(conn).executemany(statement, rows)
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True) from error


def driver(conn: Connection) -> sqlite3.Connection:
    """SQLite's own connection, inside the transaction of this one."""
    inner = conn.connection.driver_connection
    assert isinstance(inner, sqlite3.Connection)  # noqa: S101 - asked only where the dialect is sqlite
    return inner


def _row(conn: Connection, statement: str, values: tuple[Any, ...] = ()) -> Sequence[Any] | None:
    """The first row of a plain statement: the compiler would cost many times what looking one up does."""
    if conn.dialect.name != "sqlite":
        return conn.exec_driver_sql(statement, values).first()
    if not conn.in_transaction():
        conn.begin()  # else it would be no part of what is read after it: only SQLAlchemy's own begin one
    found: Sequence[Any] | None = driver(conn).execute(statement, values).fetchone()
    return found


def insert_entries(conn: Connection, rows: Sequence[EntryRow]) -> None:
    """Append entries."""
    pack = compact.pack
    packed = [(idx, kind, a, e, s, at, pack(data or b"")) for idx, kind, a, e, s, at, data in rows]
    _insert(conn, "entry", "idx,kind,agent,epoch,seq,received,data", packed)


def gather(conn: Connection, rows: Sequence[EntryRow]) -> None:
    """Lay the rows of a packed group close together: SQLite leaves pages as empty as an update makes them."""
    if conn.dialect.name != "sqlite" or not rows:
        return
    table = entry_table
    conn.execute(delete(table).where(table.c.idx >= rows[0].idx, table.c.idx <= rows[-1].idx))
    _insert(conn, "entry", "idx,kind,agent,epoch,seq,received,data", [(*row[:-1], None) for row in rows])


def insert_bodies(conn: Connection, rows: Sequence[BodyRow]) -> None:
    """Append bodies."""
    _insert(conn, "body", "idx,seed,enc,data", rows)


def insert_tiles(conn: Connection, rows: Iterable[TileRow]) -> None:
    """Append full tiles."""
    full = [(SHA256_TREE, row.level, row.n, row.data) for row in rows]
    _insert(conn, "tile", "tree,level,n,data", full)


def size(conn: Connection) -> int:
    """How many entries the log has."""
    found = _row(conn, "SELECT max(idx) FROM entry")
    return 0 if found is None or found[0] is None else int(found[0]) + 1


def insert_checkpoint(conn: Connection, row: CheckpointRow) -> None:
    """Keep a signed tree head."""
    _insert(conn, "checkpoint", "size,root,note,at", [row])


def last_checkpoint(conn: Connection) -> CheckpointRow | None:
    """The newest signed tree head."""
    table = checkpoint_table
    found = conn.execute(select(table).order_by(table.c.size.desc()).limit(1)).first()
    return CheckpointRow(*found) if found else None


def checkpoint(conn: Connection, at_size: int) -> CheckpointRow | None:
    """The signed tree head of this size."""
    table = checkpoint_table
    found = conn.execute(select(table).where(table.c.size == at_size)).first()
    return CheckpointRow(*found) if found else None


def checkpoints(conn: Connection) -> Iterator[CheckpointRow]:
    """Every signed tree head, smallest first."""
    for row in conn.execute(select(checkpoint_table).order_by(checkpoint_table.c.size)):
        yield CheckpointRow(*row)


def tile(conn: Connection, level: int, n: int) -> bytes | None:
    """A full tile."""
    table = tile_table
    wanted = (table.c.tree == SHA256_TREE, table.c.level == level, table.c.n == n)
    found: bytes | None = conn.execute(select(table.c.data).where(*wanted)).scalar()
    return found


def tiles(conn: Connection, level: int, begin: int, count: int = 256) -> list[TileRow]:
    """At most `count` full tiles of a level from `begin` on."""
    table = tile_table
    wanted = (table.c.tree == SHA256_TREE, table.c.level == level, table.c.n >= begin)
    columns = select(table.c.level, table.c.n, table.c.data).where(*wanted)
    found = conn.execute(columns.order_by(table.c.n).limit(count))
    return [TileRow(*row) for row in found]


def count_tiles(conn: Connection) -> int:
    """How many full tiles are kept."""
    return int(conn.execute(select(func.count()).select_from(tile_table)).scalar_one())


def newest(conn: Connection, agent: str, epoch: int, kind: int) -> EntryRow | None:
    """The newest entry of that kind by (agent, epoch)."""
    table = entry_table
    wanted = (table.c.agent == agent, table.c.epoch == epoch, table.c.kind == kind)
    found = conn.execute(select(table).where(*wanted).order_by(table.c.seq.desc()).limit(1)).first()
    return EntryRow(*found) if found else None


def find(conn: Connection, agent: str, epoch: int, seq: int, kind: int) -> EntryRow | None:
    """The one entry with this key."""
    table = entry_table
    wanted = (table.c.agent == agent, table.c.epoch == epoch, table.c.seq == seq, table.c.kind == kind)
    found = conn.execute(select(table).where(*wanted)).first()
    return EntryRow(*found) if found else None


def of_kinds(conn: Connection, kinds: Sequence[int], begin: int = 0) -> list[EntryRow]:
    """Entries of these kinds from `begin` on, in log order."""
    table = entry_table
    wanted = (table.c.kind.in_(kinds), table.c.idx >= begin)
    return [EntryRow(*row) for row in conn.execute(select(table).where(*wanted).order_by(table.c.idx))]


def last_received(conn: Connection) -> int:
    """Receipt time of the newest entry, 0 for an empty log."""
    found = _row(conn, "SELECT received FROM entry ORDER BY idx DESC LIMIT 1")
    return 0 if found is None else int(found[0])


def instant(conn: Connection, now_ms: int) -> int:
    """When an entry would be received that is logged now: receipt times never fall, a clock may."""
    return max(now_ms, last_received(conn))


def first_received(conn: Connection, since_ms: int) -> int | None:
    """Index of the first entry received at or after this instant."""
    found = first_entry(conn, since_ms)
    return None if found is None else found[0]


def first_entry(conn: Connection, since_ms: int) -> tuple[int, int] | None:
    """The first entry received at or after this instant, and when; halving, as receipt times never fall."""
    if last_received(conn) < since_ms:
        return None  # mostly it is asked about now
    # Names are ours, the position is bound.
    later = f"SELECT idx, received FROM entry WHERE idx >= {_mark(conn)} ORDER BY idx LIMIT 1"  # noqa: S608  # a mark of ours
    low, high = 0, size(conn)
    first: tuple[int, int] | None = None
    while low < high:
        middle = (low + high) // 2
        found = _row(conn, later, (middle,))
        if found is None:
            raise Damaged(f"entries from {middle} on are missing")
        idx, received = int(found[0]), int(found[1])
        if received < since_ms:
            low = idx + 1
        else:
            high, first = middle, (idx, received)
    return first


def checkpoint_before(conn: Connection, at_size: int) -> CheckpointRow | None:
    """The newest signed tree head of at most this size, None where there is none or it is of size 0."""
    table = checkpoint_table
    wanted = (table.c.size <= at_size, table.c.size > 0)
    found = conn.execute(select(table).where(*wanted).order_by(table.c.size.desc()).limit(1)).first()
    return CheckpointRow(*found) if found else None


def newest_batches(conn: Connection, before: int) -> list[int]:
    """Index of each agent's newest batch before this index."""
    table = entry_table
    wanted = (table.c.kind == 1, table.c.idx < before)
    rows = conn.execute(select(func.max(table.c.idx)).where(*wanted).group_by(table.c.agent))
    return [int(idx) for (idx,) in rows]
