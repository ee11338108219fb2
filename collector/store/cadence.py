"""What closed rounds say of each check, a row for each round and check. Derived: a rebuild gives the same."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    func,
    select,
)

from collector.inspection.obligations_looks import Looked
from collector.store.bulk import upsert
from collector.store.metadata import metadata
from collector.store.runs import run_table
from collector.store.series import series_table

_DAY_MS = 86_400_000
_STRETCH_MS = 31 * _DAY_MS

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
    Column("unknown", Integer, nullable=False),
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
            one.unknown,
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


class Regular(NamedTuple):
    """Regular looks by one check in 31 days of a span: the first answer, the last, where that stands."""

    check: str
    first: int
    last: int
    idx: int


def regular(conn: Connection, from_ms: int, to_ms: int, size: int) -> list[Regular]:
    """Checks with an answer (not an error) in [from, to), by the runs that the log's first entries give; for
    each 31 days, in which a run belongs to where it ends (none is longer than a day)."""
    run, series = run_table.c, series_table.c
    inside = (*_inside(from_ms, to_ms), run.outcome != "error", run.lo_idx < size)
    wanted = (
        select(series.check, func.min(run.first), func.max(run.last), func.max(run.last_idx))
        .join_from(run_table, series_table, run.series == series.id)
        .where(*inside)
        .group_by(series.check, (run.last - from_ms) // _STRETCH_MS)
        .order_by(series.check, func.min(run.first))
    )
    rows = (Regular(*row) for row in conn.execute(wanted))
    return [Regular(row.check, max(row.first, from_ms), min(row.last, to_ms - 1), row.idx) for row in rows]


def _inside(from_ms: int, to_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Runs with a part in [from, to): none is longer than a day, so older ones need not be read."""
    run = run_table.c
    return run.first >= from_ms - _DAY_MS, run.last >= from_ms, run.first < to_ms


class Crit(NamedTuple):
    """Regular looks of one thing by one check that were crit: the first of them, and where it stands."""

    check: str
    target: str
    first: int
    last: int
    idx: int
    line: int


def crit(conn: Connection, kinds: Sequence[str], from_ms: int, to_ms: int, size: int) -> list[Crit]:
    """Runs of crit looks of these checks with a part in [from, to), the oldest of each thing looked at."""
    run, series = run_table.c, series_table.c
    inside = (*_inside(from_ms, to_ms), run.outcome == "fail", run.lo_idx < size)
    wanted = (
        select(series.check, series.target, run.first, run.last, run.first_idx, run.first_line)
        .join_from(run_table, series_table, run.series == series.id)
        .where(*inside, series.check.in_(kinds))
        .order_by(series.check, series.target, run.first)
    )
    found: dict[tuple[str, str], Crit] = {}
    for row in conn.execute(wanted):
        found.setdefault((row.check, row.target), Crit(*row))
    return list(found.values())
