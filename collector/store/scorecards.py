"""What scorecards are counted from, day by day, and the scorecards that are in the log. Derived tables.

`unit_round` has a row for each closed round and unit, written when the round's record is followed: a
scorecard reads those of its period, however long the log.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

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
    insert,
    select,
)

from collector.judging.ground import UnitRound
from collector.store.bulk import upsert
from collector.store.metadata import BIG, metadata

unit_round_table = Table(
    "unit_round",
    metadata,
    Column("window", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("round", Text, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("last", BigInteger),
    Column("due", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("assets", Integer, nullable=False),
    Column("attempted", Integer, nullable=False),
    Column("grade", Text, nullable=False),
    Column("special", Integer, nullable=False),
    Column("untried", Text, nullable=False),  # JSON: [[asset, looks that it owed], …]
    Column("looks", Text, nullable=False),  # JSON: [[asset, looks that it owed, answered], …]
)
Index("unit_round_opened", unit_round_table.c.opened)
Index("unit_round_last", unit_round_table.c.last)

scorecard_table = Table(
    "scorecard",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("period", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("pack", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("by", Text, nullable=False),
)
Index("scorecard_period", scorecard_table.c.period, scorecard_table.c.number)

settlement_table = Table(
    "settlement",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("pack", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("by", Text, nullable=False),
)


class SettledRow(NamedTuple):
    """A logged settlement: its entry, name, number, when it came, as of when, digests, by whom."""

    idx: int
    name: str
    number: int
    received: int
    as_of: int
    pack: str
    digest: str
    by: str


class SealedRow(NamedTuple):
    """A seal (number 0) or an amendment: its entry, period, when it came, as of when, digests, by whom."""

    idx: int
    period: str
    number: int
    received: int
    as_of: int
    pack: str
    digest: str
    by: str


def save_rounds(conn: Connection, rounds: Sequence[UnitRound]) -> None:
    """Keep what a record says of units; the same again changes nothing."""
    rows = [
        (
            one.window,
            one.unit,
            one.round,
            one.idx,
            one.received_ms,
            one.from_ms,
            one.last_ms,
            one.due,
            one.answered,
            one.assets,
            one.attempted,
            one.grade,
            int(one.special),
            json.dumps(one.untried) if one.untried else "",
            json.dumps(one.looks) if one.looks else "",
        )
        for one in rounds
    ]
    upsert(conn, unit_round_table, rows)


class Within(NamedTuple):
    """Rounds that opened, or were last looked at, in [from, to), as far as received up to an instant, in the
    first `size` entries."""

    from_ms: int
    to_ms: int
    upto: int
    size: int

    def all(self) -> tuple[ColumnElement[bool], ...]:
        """What their rows have in common."""
        table = unit_round_table.c
        opened = (table.opened >= self.from_ms) & (table.opened < self.to_ms)
        ended = (table.last >= self.from_ms) & (table.last < self.to_ms)
        return opened | ended, table.received <= self.upto, table.idx < self.size


def _done_from(at_ms: int) -> ColumnElement[bool]:
    """A round is done with its last look, else as it opened (`when` of collector/judging/united.py)."""
    table = unit_round_table.c
    return (table.last >= at_ms) | (table.last.is_(None) & (table.opened >= at_ms))


def _done_before(at_ms: int) -> ColumnElement[bool]:
    table = unit_round_table.c
    return (table.last < at_ms) | (table.last.is_(None) & (table.opened < at_ms))


def rounds(conn: Connection, from_ms: int, to_ms: int, upto: int, size: int) -> tuple[UnitRound, ...]:
    """Rounds that opened, or were last looked at, in [from, to), as far as received up to `upto`."""
    return _rounds(conn, Within(from_ms, to_ms, upto, size).all())


def done(conn: Connection, within: Within, from_ms: int, to_ms: int | None = None) -> tuple[UnitRound, ...]:
    """Those that were done in [from, to), or ever since."""
    inside = [*within.all(), _done_from(from_ms)]
    return _rounds(conn, inside if to_ms is None else [*inside, _done_before(to_ms)])


def _rounds(conn: Connection, inside: Sequence[ColumnElement[bool]]) -> tuple[UnitRound, ...]:
    table = unit_round_table
    ordered = select(table).where(*inside).order_by(table.c.opened, table.c.window, table.c.unit)
    return tuple([_unit_round(row) for row in conn.execute(ordered)])


def unparted(conn: Connection, within: Within, since: int) -> int:
    """When the first share of those rounds was done of which any was done since (UTC ms); else `since`."""
    table = unit_round_table.c
    windows = select(table.window).where(*within.all(), _done_from(since))
    first = select(func.min(func.coalesce(table.last, table.opened)))
    found = conn.execute(first.where(*within.all(), table.window.in_(windows))).scalar()
    return since if found is None else int(found)


def waited(conn: Connection, within: Within, until: int) -> tuple[tuple[int, int], ...]:
    """Of rounds done before an instant: from their opening to their record."""
    table = unit_round_table.c
    wanted = select(table.opened, table.received).where(*within.all(), _done_before(until)).distinct()
    return tuple((opened, max(received, opened + 1)) for opened, received in conn.execute(wanted))


def recorded(conn: Connection, within: Within, windows: Sequence[str]) -> frozenset[str]:
    """Which of these windows have a record."""
    table = unit_round_table.c
    wanted = select(table.window).where(*within.all(), table.window.in_(windows))
    return frozenset(conn.execute(wanted).scalars()) if windows else frozenset()


def _unit_round(row: Sequence[Any]) -> UnitRound:
    """A row as it was saved (`save_rounds`): its columns are in the order of the members."""
    window, unit, name, idx, received, opened, last, due, answered, assets, attempted, *more = row
    grade, special, untried, looks = more
    return UnitRound(
        window,
        unit,
        name,
        idx,
        received,
        opened,
        last,
        due,
        answered,
        assets,
        attempted,
        grade,
        bool(special),
        tuple((name, owed) for name, owed in json.loads(untried)) if untried else (),
        tuple((name, *counts) for name, *counts in json.loads(looks)) if looks else (),
    )


def add(conn: Connection, row: SealedRow) -> None:
    """Follow a scorecard's entry."""
    conn.execute(insert(scorecard_table).values(tuple(row)))


def sealed(conn: Connection, period: str | None = None, upto: int | None = None) -> list[SealedRow]:
    """Seals and amendments, of one period or of all, received up to an instant, oldest first."""
    table = scorecard_table
    wanted = select(table).order_by(table.c.idx)
    if period is not None:
        wanted = wanted.where(table.c.period == period)
    if upto is not None:
        wanted = wanted.where(table.c.received <= upto)
    return [SealedRow(*row) for row in conn.execute(wanted)]


def add_settled(conn: Connection, row: SettledRow) -> None:
    """Follow a settlement's entry."""
    conn.execute(insert(settlement_table).values(tuple(row)))


def settled(conn: Connection) -> list[SettledRow]:
    """Every settlement in the log, oldest first."""
    rows = conn.execute(select(settlement_table).order_by(settlement_table.c.idx))
    return [SettledRow(*row) for row in rows]
