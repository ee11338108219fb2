"""Keys of people, as a projection of their entries: public halves only. The private ones never come here."""

from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Table, Text, insert, select, update

from collector.store.metadata import BIG, metadata

key_table = Table(
    "account_key",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("public", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("vouch", Text, nullable=False),
    Column("vouchers", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("until", BigInteger),
)


class KeyRow(NamedTuple):
    """A key: its entry, whose, as what, public key (hex), who enrolled it, who vouches, when it came;
    `until`: the entry from which on it signs no more."""

    idx: int
    account: str
    role: str
    public: str
    by: str
    vouch: str
    vouchers: str
    received: int
    until: int | None = None


def add(conn: Connection, row: KeyRow) -> None:
    """Follow an enrolment."""
    conn.execute(insert(key_table).values(tuple(row)))


def end(conn: Connection, account: str, idx: int) -> None:
    """The account's keys sign nothing from entry `idx` on."""
    table = key_table
    living = (table.c.account == account, table.c.until.is_(None))
    conn.execute(update(table).where(*living).values(until=idx))


def every(conn: Connection) -> list[KeyRow]:
    """All keys in log order."""
    return [KeyRow(*row) for row in conn.execute(select(key_table).order_by(key_table.c.idx))]


def live(conn: Connection, account: str) -> KeyRow | None:
    """The account's key that may sign now."""
    table = key_table
    wanted = select(table).where(table.c.account == account, table.c.until.is_(None)).order_by(table.c.idx)
    rows = [KeyRow(*row) for row in conn.execute(wanted)]
    return next((row for row in rows if row.vouch != "none"), None)
