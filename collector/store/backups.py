"""Looks of backup checks as the policy engine wants them, one row a result line, in the order of the log.

`seen` is the line's facts and readings as JSON without what the engine has no use for (`collector/jobs/
backup_lines.py`), so a calendar of a year needs no body of the log; SAME where the look before it, of the
same check, target and agent, saw just that. What the looks at an object tell together is kept beside them
(`collector/backups/kept.py`), so that an account of it reads the last few only. Derived: a rebuild gives the
same bytes.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    delete,
    func,
    select,
    tuple_,
)

from collector.store.bulk import upsert
from collector.store.metadata import BIG, metadata

SAME = "="
_MOST_ASKED = 500
look_table = Table(
    "backup_look",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
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
Index("backup_look_place", look_table.c.target, look_table.c.idx, look_table.c.line)
target_table = Table(
    "backup_target",
    metadata,
    Column("target", Text, primary_key=True),
    Column("object", Text, nullable=False),
    Column("idx", BigInteger, nullable=False),
)
Index("backup_target_object", target_table.c.object)
fold_table = Table(
    "backup_fold",
    metadata,
    Column("object", Text, primary_key=True),
    Column("idx", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("t", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("head", Text, nullable=False),
)
part_table = Table(
    "backup_fold_part",
    metadata,
    Column("object", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("part", Text, nullable=False),
)


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


class FoldRow(NamedTuple):
    """What is kept of an object: up to which look (entry, line), the newest instant that was looked at, the
    last receipt, how many parts there are, the head."""

    object: str
    idx: int
    line: int
    t: int
    received: int
    parts: int
    head: str


def save(conn: Connection, rows: Sequence[LookRow]) -> None:
    """Keep looks; the same ones again change nothing."""
    upsert(conn, look_table, rows)


def save_targets(conn: Connection, rows: Sequence[tuple[str, str, int]]) -> None:
    """Keep the newest look's entry of each target: (target, object, entry)."""
    upsert(conn, target_table, rows)


def save_fold(conn: Connection, row: FoldRow, parts: Sequence[str], *, anew: bool) -> None:
    """Keep what is told of an object, with the last of its parts; `anew`: in place of all that was kept."""
    table = part_table
    if anew:
        conn.execute(delete(table).where(table.c.object == row.object))
    begin = row.parts - len(parts)
    upsert(conn, table, [(row.object, begin + n, text) for n, text in enumerate(parts)])
    upsert(conn, fold_table, [row])


def folds(conn: Connection, objects: Collection[str] | None = None) -> dict[str, FoldRow]:
    """What is kept, by object."""
    wanted = select(fold_table)
    if objects is not None:
        wanted = wanted.where(fold_table.c.object.in_(sorted(objects)))
    return {row[0]: FoldRow(*row) for row in conn.execute(wanted)}


def parts(conn: Connection, name: str) -> list[str]:
    """All parts of an object, in order."""
    table = part_table
    wanted = select(table.c.part).where(table.c.object == name).order_by(table.c.number)
    return [row[0] for row in conn.execute(wanted).all()]


def targets_of(conn: Connection, objects: Collection[str]) -> dict[str, list[str]]:
    """Object -> its targets."""
    table = target_table
    wanted = select(table.c.object, table.c.target).where(table.c.object.in_(sorted(objects)))
    found: dict[str, list[str]] = {}
    for name, target in conn.execute(wanted.order_by(table.c.target)):
        found.setdefault(name, []).append(target)
    return found


def of_targets(
    conn: Connection, targets: Sequence[str], upto: int | None = None, after: tuple[int, int] | None = None
) -> list[LookRow]:
    """Looks at these targets that came up to an instant (receipt, UTC ms), in the order of the log; of those
    behind a place (entry, line) only."""
    table = look_table
    wanted = select(table).where(table.c.target.in_(list(targets)))
    if upto is not None:
        wanted = wanted.where(table.c.received <= upto)
    if after is not None:
        wanted = wanted.where(table.c.idx >= after[0], tuple_(table.c.idx, table.c.line) > tuple_(*after))
    return [LookRow(*row) for row in conn.execute(wanted.order_by(table.c.idx, table.c.line))]


def every(conn: Connection, upto: int | None = None) -> list[LookRow]:
    """All looks that came up to an instant, in the order of the log."""
    table = look_table
    wanted = select(table).order_by(table.c.idx, table.c.line)
    if upto is not None:
        wanted = wanted.where(table.c.received <= upto)
    return [LookRow(*row) for row in conn.execute(wanted)]


def last_look(
    conn: Connection, series: tuple[str, str, str], before: tuple[int, int] | None = None
) -> LookRow | None:
    """The newest look of a series (check, target, agent) that saw something of its own, before a place
    (entry, line) if one is given; None before the first."""
    table = look_table
    check, target, vantage = series
    wanted = select(table).where(table.c.target == target, table.c.check == check, table.c.vantage == vantage)
    if before is not None:
        wanted = wanted.where(table.c.idx <= before[0], tuple_(table.c.idx, table.c.line) < tuple_(*before))
    wanted = wanted.where(table.c.error.is_(None), table.c.seen != SAME)
    found = conn.execute(wanted.order_by(table.c.idx.desc(), table.c.line.desc()).limit(1)).first()
    return None if found is None else LookRow(*found)


def marks(conn: Connection) -> dict[str, dict[str, int]]:
    """Object -> target -> entry of its newest look: another one whenever looks are added."""
    table = target_table
    found: dict[str, dict[str, int]] = {}
    for target, name, idx in conn.execute(select(table).order_by(table.c.target)):
        found.setdefault(name, {})[target] = int(idx)
    return found


def newest(conn: Connection) -> int:
    """Entry of the newest look: changes whenever looks are added; -1 for none."""
    idx = conn.execute(select(func.max(look_table.c.idx))).scalar()
    return -1 if idx is None else int(idx)


def signers(conn: Connection, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """(entry, line) -> the agent that signed the look there."""
    table = look_table
    wanted = sorted({idx for idx, _ in places})
    found: dict[tuple[int, int], str] = {}
    for at in range(0, len(wanted), _MOST_ASKED):
        some = wanted[at : at + _MOST_ASKED]
        rows = conn.execute(select(table.c.idx, table.c.line, table.c.vantage).where(table.c.idx.in_(some)))
        found.update(((idx, line), vantage) for idx, line, vantage in rows.all())
    return found
