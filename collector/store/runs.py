"""Runs: consecutive observations of one outcome in a series, with their places in the log (AV 3.3, 3.16)."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
)

from checks.china import DAY_MS, EAST_MS
from collector.availability.runs import Outcome, Run
from collector.store.bulk import upsert
from collector.store.metadata import BIG, metadata
from collector.store.series import series_table

_MOST_ASKED = 500
_EVER = 2**62
run_table = Table(
    "run",
    metadata,
    Column("series", BIG, primary_key=True, autoincrement=False),
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
    # Asked for by series, for there are few of these and many runs.
    table, one = run_table, series_table.c.id
    other = table.alias("other")
    last = select(func.max(other.c.first)).where(other.c.series == one).scalar_subquery()
    joined = select(table).join_from(series_table, table, (table.c.series == one) & (table.c.first == last))
    return [RunRow(*row) for row in conn.execute(joined)]


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
    found: dict[int, list[RunRow]] = {one: [] for one in series}
    for at in range(0, len(series), _MOST_ASKED):
        some = list(series[at : at + _MOST_ASKED])
        given = {"ids": some, "from_ms": from_ms, "to_ms": to_ms}
        for row in conn.execute(_AROUND, given).all():
            found[row[0]].append(RunRow(*row))
    return found


def _around() -> Select[Any]:
    """One statement for any number of series: the third run that began before, the second after the span."""
    run, one = run_table, series_table.c.id
    other = run_table.alias("other")
    mine, first = other.c.series == one, other.c.first
    begun, over = bindparam("from_ms", type_=BigInteger), bindparam("to_ms", type_=BigInteger)
    before = select(first).where(mine, first < begun).order_by(first.desc()).limit(1).offset(2)
    after = select(first).where(mine, first >= over).order_by(first).limit(1).offset(1)
    low = func.coalesce(before.scalar_subquery(), -_EVER)
    high = func.coalesce(after.scalar_subquery(), _EVER)
    joined = select(run).join_from(series_table, run, run.c.series == one)
    inside = joined.where(one.in_(bindparam("ids", expanding=True)), run.c.first.between(low, high))
    return inside.order_by(run.c.series, run.c.first)


_AROUND = _around()


def for_leaves(
    conn: Connection, leaves: Iterable[tuple[str, str]], from_ms: int, to_ms: int
) -> dict[tuple[str, str], dict[str, list[RunRow]]]:
    """(check, target) -> vantage -> runs that touch [from, to), with neighbours."""
    made: dict[tuple[str, str], dict[str, list[RunRow]]] = {leaf: {} for leaf in leaves}
    table = series_table
    ids: dict[int, tuple[tuple[str, str], str]] = {}
    targets = sorted({target for _, target in made})
    for at in range(0, len(targets), _MOST_ASKED):
        wanted = select(table.c.id, table.c.check, table.c.target, table.c.vantage)
        some = wanted.where(table.c.target.in_(targets[at : at + _MOST_ASKED]))
        for number, check, target, vantage in conn.execute(some.order_by(table.c.vantage)):
            if (check, target) in made:
                ids[int(number)] = (check, target), vantage
    found = around(conn, list(ids), from_ms, to_ms)
    for number, (leaf, vantage) in ids.items():
        made[leaf][vantage] = found[number]
    return made


def by_day(conn: Connection, from_ms: int, to_ms: int, size: int) -> list[tuple[str, str, int, int]]:
    """Who looked at what on which day (in China) of [from, to), in the first `size` entries: target, vantage,
    the first instant, the newest entry."""
    table, named = run_table, series_table
    number = (table.c.first + EAST_MS) // DAY_MS
    wanted = (
        select(named.c.target, named.c.vantage, func.min(table.c.first), func.max(table.c.last_idx))
        .join(named, named.c.id == table.c.series)
        .where(table.c.first >= from_ms, table.c.first < to_ms, table.c.lo_idx < size)
        .group_by(named.c.target, named.c.vantage, number)
    )
    return [(row[0], row[1], row[2], row[3]) for row in conn.execute(wanted)]
