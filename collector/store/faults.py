"""What each inspection record says of findings: a row for what is bad in it or was bad before. Derived.

The rows of a record follow from it and from the keys that are in the table already, so a scorecard reads
these few rows instead of every record of the year.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, insert, select

from collector.faults.notices import Inspected, Key, Notice, What, notices
from collector.store.metadata import BIG, metadata

if TYPE_CHECKING:
    from collector.inspection.record import Record

notice_table = Table(
    "finding_notice",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("check", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("what", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("asset", Text),
    Column("by", Text, nullable=False),
    Column("entry", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("window", Text, nullable=False),
    Column("closed", BigInteger, nullable=False),
)


def follow(conn: Connection, idx: int, record: "Record") -> None:
    """Follow a record's entry."""
    rows = [
        (idx, *one.key, one.what.value, one.state, one.at_ms, one.asset, one.by, one.entry, one.line)
        for one in notices(record, _known(conn))
    ]
    if rows:
        more = (record.window.id, record.closed_ms)
        columns = [column.name for column in notice_table.columns]
        conn.execute(insert(notice_table), [dict(zip(columns, (*row, *more), strict=True)) for row in rows])


def _known(conn: Connection) -> set[Key]:
    table = notice_table
    wanted = select(table.c.check, table.c.target, table.c.name).distinct()
    return {(row[0], row[1], row[2]) for row in conn.execute(wanted)}


def inspected(conn: Connection, as_of_ms: int, size: int) -> tuple[Inspected, ...]:
    """What the records below `size` that were closed by then say, by entry."""
    table = notice_table
    wanted = select(table).where(table.c.idx < size, table.c.closed <= as_of_ms)
    held: dict[tuple[int, str, int], list[Notice]] = {}
    for row in conn.execute(wanted.order_by(table.c.idx, table.c.check, table.c.target, table.c.name)):
        notice = Notice(row[1], row[2], row[3], What(row[4]), *row[5:11])
        held.setdefault((row[0], row[11], row[12]), []).append(notice)
    return tuple(Inspected(*key, tuple(found)) for key, found in held.items())


__all__: Sequence[str] = ("follow", "inspected", "notice_table")
