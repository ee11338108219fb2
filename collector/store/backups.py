"""Looks of backup checks as the policy engine wants them, one row a result line, in the order of the log.

`seen` is the line's facts and readings as JSON without what the engine has no use for (`collector/jobs/
backup_lines.py`), so a calendar of a year needs no body of the log; SAME where the look before it, of the
same check, target and agent, saw just that. Derived: a rebuild gives the same bytes.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text, func, select

from collector.store.bulk import upsert
from collector.store.metadata import metadata

SAME = "="
_MOST_ASKED = 500
_BIG = BigInteger().with_variant(Integer, "sqlite")
look_table = Table(
    "backup_look",
    metadata,
    Column("idx", _BIG, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("check", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("vantage", Text, nullable=False),
    Column("t", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("offset_us", BigInteger),
    Column("error", Text),
    Column("seen", Text, nullable=False),
)
Index("backup_look_target", look_table.c.target, look_table.c.t)


class LookRow(NamedTuple):
    """One look: its place in the log, what was looked at by whom, when (UTC ms, corrected for the agent's
    clock), when it came, the clock's offset; the kind of error ("" `seen`) or what was seen (JSON)."""

    idx: int
    line: int
    check: str
    target: str
    vantage: str
    t: int
    received: int
    offset_us: int | None
    error: str | None
    seen: str


def save(conn: Connection, rows: Sequence[LookRow]) -> None:
    """Keep looks; the same ones again change nothing."""
    upsert(conn, look_table, rows)


def of_targets(conn: Connection, targets: Sequence[str], upto: int | None = None) -> list[LookRow]:
    """Looks at these targets that came up to an instant (receipt, UTC ms), in the order of the log."""
    table = look_table
    wanted = select(table).where(table.c.target.in_(list(targets)))
    if upto is not None:
        wanted = wanted.where(table.c.received <= upto)
    return [LookRow(*row) for row in conn.execute(wanted.order_by(table.c.idx, table.c.line))]


def every(conn: Connection, upto: int | None = None) -> list[LookRow]:
    """All looks that came up to an instant, in the order of the log."""
    table = look_table
    wanted = select(table).order_by(table.c.idx, table.c.line)
    if upto is not None:
        wanted = wanted.where(table.c.received <= upto)
    return [LookRow(*row) for row in conn.execute(wanted)]


def last_seen(conn: Connection, check: str, target: str, vantage: str) -> str | None:
    """What the newest look of a series saw, written out; None before the first."""
    table = look_table
    wanted = (table.c.target == target, table.c.check == check, table.c.vantage == vantage)
    found = select(table.c.seen).where(*wanted, table.c.error.is_(None), table.c.seen != SAME)
    return conn.execute(found.order_by(table.c.idx.desc(), table.c.line.desc()).limit(1)).scalar()


def marks(conn: Connection) -> dict[str, tuple[int, int]]:
    """Target -> (entry of its newest look, how many there are): another one whenever a look is added."""
    table = look_table
    rows = conn.execute(select(table.c.target, func.max(table.c.idx), func.count()).group_by(table.c.target))
    return {target: (int(idx), int(count)) for target, idx, count in rows}


def newest(conn: Connection) -> tuple[int, int]:
    """(entry of the newest look, how many there are): changes whenever a look is added; (-1, 0) for none."""
    table = look_table
    idx, count = conn.execute(select(func.max(table.c.idx), func.count())).one()
    return (-1 if idx is None else int(idx)), int(count)


def signers(conn: Connection, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """(entry, line) -> the agent that signed the look there."""
    table = look_table
    wanted = sorted({idx for idx, _ in places})
    found: dict[tuple[int, int], str] = {}
    for at in range(0, len(wanted), _MOST_ASKED):
        some = wanted[at : at + _MOST_ASKED]
        rows = conn.execute(select(table.c.idx, table.c.line, table.c.vantage).where(table.c.idx.in_(some)))
        found |= {(int(idx), int(line)): str(vantage) for idx, line, vantage in rows}
    return found
