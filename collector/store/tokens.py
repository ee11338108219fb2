"""Enrolment tokens: what they are bound to and whether they were used. Their secrets are not here.

A secret is HMAC-SHA256(token key, id)[:16]; the token key lies in a 0600 file, so that neither a copy
of the database nor a backup of it lets anybody enrol.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import BigInteger, Column, Connection, Table, Text, insert, select, update

from collector.store.metadata import metadata

token_table = Table(
    "token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("asset", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("used", Text),
)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token: for which asset and agent id, until when, by which statement (digest) it was used."""

    id: str
    asset: str
    agent: str
    by: str
    created: int
    expires: int
    used: str | None


def secret(key: bytes, token_id: str) -> bytes:
    """The 16 secret bytes of a token."""
    return hmac.digest(key, b"roundseal/token/v1\n" + token_id.encode("ascii", "replace"), sha256)[:16]


def add(conn: Connection, row: TokenRow) -> None:
    """Keep a new token."""
    conn.execute(insert(token_table).values({c.name: getattr(row, c.name) for c in token_table.c}))


def get(conn: Connection, token_id: str) -> TokenRow | None:
    """The token of this id."""
    found = conn.execute(select(token_table).where(token_table.c.id == token_id)).first()
    return TokenRow(*found) if found else None


def every(conn: Connection) -> list[TokenRow]:
    """All tokens, newest first."""
    newest = select(token_table).order_by(token_table.c.created.desc())
    return [TokenRow(*row) for row in conn.execute(newest)]


def use(conn: Connection, token_id: str, statement_digest: str) -> bool:
    """Mark it used by this statement; False if somebody was first."""
    table = token_table
    wanted = (table.c.id == token_id, table.c.used.is_(None))
    return conn.execute(update(table).where(*wanted).values(used=statement_digest)).rowcount == 1
