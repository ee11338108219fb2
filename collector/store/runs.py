"""Runs: consecutive observations of one outcome in a series, with their places in the log (AV 3.3, 3.16)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, delete, func, select

from collector.availability.runs import Outcome, Run
from collector.store.bulk import upsert
from collector.store.metadata import metadata
from collector.store.series import series_table

_DAY_MS, _CHINA_MS = 86_400_000, 8 * 3_600_000
_BIG = BigInteger().with_variant(Integer, "sqlite")
run_table = Table(
    "run",
    metadata,
    Column("series", _BIG, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("gap", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("first_idx", BigInteger, nullable=False),
    Column("first_line", Integer, nullable=False),
    Column("last_idx", BigInteger, nullable=False),
    Column("last_line", Integer, nullable=False),
    # Smallest and largest log position of any observation in it (late ones came out of order).
    Column("lo_idx", BigInteger, nullable=False),
    Column("hi_idx", BigInteger, nullable=False),
)


class RunRow(NamedTuple):
    """A run with its evidence: log position and line of its first and last observation."""

    series: int
    first: int
    last: int
    outcome: str
    n: int
    gap: int
    first_seq: int
    last_seq: int
    first_idx: int
    first_line: int
    last_idx: int
    last_line: int
    lo_idx: int
    hi_idx: int

    @property
    def run(self) -> Run:
        """As the availability engine takes it."""
        return Run(
            Outcome(self.outcome), self.first, self.last, self.n, self.gap, self.first_seq, self.last_seq
        )


def save(conn: Connection, rows: Sequence[RunRow]) -> None:
    """Keep runs, new or prolonged."""
    upsert(conn, run_table, rows)


def remove(conn: Connection, rows: Iterable[RunRow]) -> None:
    """Take out runs that are derived anew."""
    for row in rows:
        conn.execute(
            delete(run_table).where(run_table.c.series == row.series, run_table.c.first == row.first)
        )


def newest(conn: Connection) -> list[RunRow]:
    """The last run of every series."""
    table = run_table
    last = select(table.c.series, func.max(table.c.first).label("first")).group_by(table.c.series).subquery()
    joined = select(table).join(last, (table.c.series == last.c.series) & (table.c.first == last.c.first))
    return [RunRow(*row) for row in conn.execute(joined)]


def of_series(conn: Connection, series: int) -> list[RunRow]:
    """All runs of a series, in order of time."""
    table = run_table
    wanted = select(table).where(table.c.series == series).order_by(table.c.first)
    return [RunRow(*row) for row in conn.execute(wanted)]


def of_days(conn: Connection, series: Sequence[int], from_ms: int, to_ms: int) -> dict[int, list[RunRow]]:
    """Runs of these series that begin in [from, to), by series, in order of time."""
    table = run_table
    found: dict[int, list[RunRow]] = {}
    for at in range(0, len(series), 500):
        some = table.c.series.in_(series[at : at + 500])
        wanted = select(table).where(some, table.c.first >= from_ms, table.c.first < to_ms)
        for row in conn.execute(wanted.order_by(table.c.series, table.c.first)):
            found.setdefault(row[0], []).append(RunRow(*row))
    return found


def around(conn: Connection, series: Sequence[int], from_ms: int, to_ms: int) -> dict[int, list[RunRow]]:
    """Runs that touch [from, to), with two neighbours on each side; by series, in order of time."""
    found: dict[int, list[RunRow]] = {}
    for one in series:
        found[one] = _around(conn, one, from_ms, to_ms)
    return found


def _around(conn: Connection, series: int, from_ms: int, to_ms: int) -> list[RunRow]:
    table = run_table
    mine = table.c.series == series
    before = (
        select(table.c.first).where(mine, table.c.first < from_ms).order_by(table.c.first.desc()).limit(3)
    )
    after = select(table.c.first).where(mine, table.c.first >= to_ms).order_by(table.c.first).limit(2)
    firsts = [row[0] for row in conn.execute(before)]
    lasts = [row[0] for row in conn.execute(after)]
    low = min(firsts, default=from_ms)
    high = max(lasts, default=to_ms)
    wanted = select(table).where(mine, table.c.first >= low, table.c.first <= high).order_by(table.c.first)
    return [RunRow(*row) for row in conn.execute(wanted)]


def for_leaves(
    conn: Connection, leaves: Iterable[tuple[str, str]], from_ms: int, to_ms: int
) -> dict[tuple[str, str], dict[str, list[RunRow]]]:
    """(check, target) -> vantage -> runs that touch [from, to), with neighbours."""
    made: dict[tuple[str, str], dict[str, list[RunRow]]] = {}
    table = series_table
    for check, target in leaves:
        wanted = select(table.c.id, table.c.vantage).where(table.c.check == check, table.c.target == target)
        vantages = {row[1]: int(row[0]) for row in conn.execute(wanted.order_by(table.c.vantage))}
        made[check, target] = {
            vantage: _around(conn, series, from_ms, to_ms) for vantage, series in vantages.items()
        }
    return made


def by_day(conn: Connection, from_ms: int, to_ms: int, size: int) -> list[tuple[str, str, int, int]]:
    """Who looked at what on which day (in China) of [from, to), in the first `size` entries: target, vantage,
    the first instant, the newest entry."""
    table, named = run_table, series_table
    number = (table.c.first + _CHINA_MS) // _DAY_MS
    wanted = (
        select(named.c.target, named.c.vantage, func.min(table.c.first), func.max(table.c.last_idx))
        .join(named, named.c.id == table.c.series)
        .where(table.c.first >= from_ms, table.c.first < to_ms, table.c.lo_idx < size)
        .group_by(named.c.target, named.c.vantage, number)
    )
    return [(row[0], row[1], row[2], row[3]) for row in conn.execute(wanted)]
