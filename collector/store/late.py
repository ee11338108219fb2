"""Late observations that runs do not show yet: by series and day, with where in the log they stand.

A row is written together with the cursor that has passed its batch, and goes in the transaction that
derives the runs of its day again; so none is forgotten, whenever the process ends.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Table, delete, func, select

from collector.store.bulk import upsert
from collector.store.metadata import BIG, metadata

late_table = Table(
    "derive_late",
    metadata,
    Column("series", BIG, primary_key=True, autoincrement=False),
    Column("until", BigInteger, primary_key=True, autoincrement=False),
    Column("low", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    Column("lo_idx", BigInteger, nullable=False),
    Column("hi_idx", BigInteger, nullable=False),
)


class LateRow(NamedTuple):
    """Instants [low, high] of one series, before the midnight `until`, from batches [lo_idx, hi_idx]."""

    series: int
    until: int
    low: int
    high: int
    lo_idx: int
    hi_idx: int


def every(conn: Connection) -> list[LateRow]:
    """All that waits."""
    return [LateRow(*row) for row in conn.execute(select(late_table))]


def count(conn: Connection) -> int:
    """How much waits."""
    return int(conn.execute(select(func.count()).select_from(late_table)).scalar_one())


def save(conn: Connection, rows: Sequence[LateRow]) -> None:
    """Keep what waits, new or widened."""
    upsert(conn, late_table, rows)


def remove(conn: Connection, keys: Iterable[tuple[int, int]]) -> None:
    """The runs show it now."""
    for series, until in keys:
        conn.execute(delete(late_table).where(late_table.c.series == series, late_table.c.until == until))
