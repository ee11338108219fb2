"""Statements that count in figures, as a projection of their entries: approvals of windows (ruling 11)."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, insert, select

from collector.store.metadata import metadata

_BIG = BigInteger().with_variant(Integer, "sqlite")
statement_table = Table(
    "statement",
    metadata,
    Column("idx", _BIG, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("role", Text, nullable=False),
    Column("document", Text, nullable=False),
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
