"""What closed rounds say of each check, a row for each round and check. Derived: a rebuild gives the same."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text, select

from collector.inspection.obligations_looks import Looked
from collector.store.bulk import upsert
from collector.store.metadata import metadata

looked_table = Table(
    "round_check",
    metadata,
    Column("window", Text, primary_key=True),
    Column("check", Text, primary_key=True),
    Column("idx", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("last", BigInteger),
    Column("due", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("crit", Integer, nullable=False),
    Column("crit_entry", BigInteger, nullable=False),
    Column("crit_line", Integer, nullable=False),
)
Index("round_check_opened", looked_table.c.opened)


def save(conn: Connection, found: Sequence[Looked]) -> None:
    """Keep what a record says of its checks; the same again changes nothing."""
    rows = [
        (
            one.window,
            one.check,
            one.idx,
            one.received_ms,
            one.opened_ms,
            one.last_ms,
            one.due,
            one.answered,
            one.crit,
            one.crit_entry,
            one.crit_line,
        )
        for one in found
    ]
    upsert(conn, looked_table, rows)


def looked(conn: Connection, from_ms: int, to_ms: int, upto: int, size: int) -> list[Looked]:
    """Of rounds that opened in [from, to), as far as received up to an instant, by opening."""
    table = looked_table
    inside = (table.c.opened >= from_ms, table.c.opened < to_ms, table.c.received <= upto, table.c.idx < size)
    wanted = select(table).where(*inside).order_by(table.c.opened, table.c.window, table.c.check)
    return [Looked(*row) for row in conn.execute(wanted)]
