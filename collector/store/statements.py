"""Statements by people, as a projection of their entries, with the headers that are folded."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Table, Text, func, insert, select

from collector.store.metadata import BIG, metadata

statement_table = Table(
    "statement",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("role", Text, nullable=False),
    Column("document", Text, nullable=False),
)
# Headers of what people said, so that the fold needs not unpack old days of the log.
said_table = Table(
    "said",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False, index=True),
    Column("received", BigInteger, nullable=False),
    Column("content", Text, nullable=False, index=True),
    Column("header", Text, nullable=False),
)
seal_table = Table(
    "seal",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("received", BigInteger, nullable=False),
    Column("begin", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: its entry, kind and subject, by whom (account and its role), when received, document."""

    idx: int
    kind: str
    subject: str
    by: str
    received_ms: int
    role: str = ""
    document: str = ""


def add(conn: Connection, made: Statement) -> None:
    """Follow a statement's entry."""
    row = (made.idx, made.kind, made.subject, made.by, made.received_ms, made.role, made.document)
    conn.execute(insert(statement_table).values(row))


def of_kind(conn: Connection, kind: str) -> list[Statement]:
    """Statements of a kind, oldest first."""
    table = statement_table
    wanted = select(table).where(table.c.kind == kind).order_by(table.c.idx)
    return [Statement(*row) for row in conn.execute(wanted)]


def add_said(conn: Connection, idx: int, kind: str, received_ms: int, content: str, header: str) -> None:
    """Keep the header of a statement; `content`: digest of what it says ("" for older kinds)."""
    row = (idx, kind, received_ms, content, header)
    conn.execute(insert(said_table).values(row))


def every_said(
    conn: Connection, upto_ms: int | None = None, kinds: Collection[str] = ()
) -> list[tuple[int, int, str]]:
    """(entry, receipt, header as JSON) of those that came up to an instant (of some kinds), oldest first."""
    table = said_table
    wanted = select(table.c.idx, table.c.received, table.c.header).order_by(table.c.idx)
    if upto_ms is not None:
        wanted = wanted.where(table.c.received <= upto_ms)
    if kinds:
        wanted = wanted.where(table.c.kind.in_(sorted(kinds)))
    return [(int(idx), int(received), str(header)) for idx, received, header in conn.execute(wanted)]


def newest_said(conn: Connection) -> int:
    """The entry of the newest statement; -1 where there is none."""
    found = conn.execute(select(func.max(said_table.c.idx))).scalar()
    return -1 if found is None else int(found)


def said_with(conn: Connection, content: str) -> int | None:
    """The first entry that says exactly this."""
    table = said_table
    found = conn.execute(select(func.min(table.c.idx)).where(table.c.content == content)).scalar()
    return None if found is None else int(found)


def add_seal(conn: Connection, idx: int, received_ms: int, from_ms: int, to_ms: int, name: str) -> None:
    """Follow the entry that seals a period."""
    conn.execute(insert(seal_table).values((idx, received_ms, from_ms, to_ms, name)))


def seals(conn: Connection) -> list[tuple[int, int, int, int, str]]:
    """(entry, receipt, from, to, name) of sealed periods, oldest first."""
    rows = conn.execute(select(seal_table).order_by(seal_table.c.idx))
    return [(int(a), int(b), int(c), int(d), str(name)) for a, b, c, d, name in rows]
