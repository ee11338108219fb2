"""Leases with fencing epochs in a table: portable, and checked inside the work's own transaction."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Table, Text, update

from collector.evidence.intake import Epoch, Fenced
from collector.store.engine import Database
from collector.store.evidence import driver
from collector.store.metadata import metadata

LEASE = "sequencer"
"""Who holds it gives the log's positions."""

lease_table = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)


class SqlLeases:
    """Leases in the collector's database."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now

    def claim(self, name: str, owner: str, ttl: timedelta) -> Epoch | None:
        """Take or renew the lease; a new holder gets a new epoch. None while another holds it."""
        until = self._now() + int(ttl.total_seconds() * 1000)
        with self._database.write(first=True) as conn:
            ensure(conn, name)
            row = lock(conn, name)
            if row.owner == owner and row.until > self._now():
                epoch = row.epoch
            elif row.until > self._now() and row.owner != owner:
                return None
            else:
                epoch = row.epoch + 1
            table = lease_table
            values = {"owner": owner, "epoch": epoch, "until": until}
            conn.execute(update(table).where(table.c.name == name).values(values))
            return Epoch(epoch)

    def release(self, name: str, epoch: Epoch) -> None:
        """Give the lease back, so that the next one need not wait."""
        table = lease_table
        with self._database.write(first=True) as conn:
            wanted = (table.c.name == name, table.c.epoch == epoch)
            conn.execute(update(table).where(*wanted).values(until=0))

    def guard(self, tx: Connection, name: str, epoch: Epoch) -> None:
        """Raise Fenced unless this epoch is the newest; holds the row until the transaction ends."""
        if lock(tx, name).epoch != epoch:
            raise Fenced(name)


def ensure(conn: Connection, name: str) -> None:
    """Have a row for this lease, whoever comes first."""
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    # Nothing but constants goes into this text.
    text = f"INSERT INTO lease (name, owner, epoch, until) VALUES ({mark}, '', 0, 0) ON CONFLICT DO NOTHING"  # noqa: S608  # a mark of ours
    conn.exec_driver_sql(text, (name,))


def touch(conn: Connection, name: str, now: int) -> None:
    """Really write a row, so that a store that takes no writes says so."""
    ensure(conn, name)
    conn.execute(update(lease_table).where(lease_table.c.name == name).values(until=now))


class _Row(NamedTuple):
    owner: str
    epoch: int
    until: int


def lock(conn: Connection, name: str) -> _Row:
    """The lease's row, held until the transaction ends (SQLite: the whole database already is)."""
    text = "SELECT owner, epoch, until FROM lease WHERE name = "
    if conn.dialect.name == "sqlite":
        row = driver(conn).execute(text + "?", (name,)).fetchone()
    else:
        row = conn.exec_driver_sql(text + "%s FOR UPDATE", (name,)).first()
    if row is None:
        raise Fenced(name)
    return _Row(*row)
