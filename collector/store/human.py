"""What people owe in rounds and what they entered, as a projection of estates and statements."""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Table, Text, func, insert, select

from checks.codec import from_json, to_json
from checks.wire import strict_json
from collector.inspection.human import Applied, HumanRound
from collector.store.bulk import upsert
from collector.store.metadata import BIG, metadata
from collector.store.statements import statement_table

owed_table = Table(
    "human_owed",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("parts", Text, nullable=False),
)
done_table = Table(
    "human_done",
    metadata,
    Column("window", Text, primary_key=True),
    Column("asset", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("idx", BigInteger, nullable=False),
)


class DoneRow(NamedTuple):
    """The newest answer to an item of an asset in a window, and its entry."""

    window: str
    asset: str
    item: str
    state: str
    idx: int


def set_owed(conn: Connection, idx: int, since_ms: int, parts: Sequence[HumanRound]) -> None:
    """Follow an estate's entry: what its rounds owe from people."""
    text = strict_json.dumps([to_json(part) for part in parts]).decode()
    conn.execute(insert(owed_table).values((idx, since_ms, text)))


def applied(conn: Connection) -> list[Applied]:
    """What each applied estate owes from people, oldest first."""
    table = owed_table
    rows = conn.execute(select(table.c.since, table.c.parts).order_by(table.c.idx))
    return [(int(since), _parts(text)) for since, text in rows]


@lru_cache(maxsize=64)
def _parts(text: str) -> tuple[HumanRound, ...]:
    return tuple(from_json(HumanRound, one, "human") for one in strict_json.loads(text.encode()))


def add_done(conn: Connection, rows: Iterable[DoneRow]) -> None:
    """Follow a sheet: its answers are the newest ones of their items."""
    upsert(conn, done_table, list(rows))


def done(conn: Connection, window: str, asset: str | None = None) -> list[DoneRow]:
    """The newest answers of a window, or of one asset in it."""
    wanted = select(done_table).where(done_table.c.window == window)
    if asset is not None:
        wanted = wanted.where(done_table.c.asset == asset)
    return [DoneRow(*row) for row in conn.execute(wanted)]


def last_of(conn: Connection, keys: Collection[tuple[str, str]]) -> list[DoneRow]:
    """The newest answer to each of these (asset, item) in any window; reads all of these assets' answers."""
    table = done_table
    found: dict[tuple[str, str], DoneRow] = {}
    if not keys:
        return []
    wanted = select(table).where(table.c.asset.in_(sorted({asset for asset, _ in keys})))
    for row in conn.execute(wanted.order_by(table.c.idx)):
        one = DoneRow(*row)
        if (one.asset, one.item) in keys:
            found[one.asset, one.item] = one
    return list(found.values())


def newest(conn: Connection, window: str, kind: str) -> int | None:
    """Entry of the window's newest statement of a kind."""
    table = statement_table
    wanted = select(func.max(table.c.idx)).where(table.c.kind == kind, table.c.subject == window)
    found = conn.execute(wanted).scalar()
    return None if found is None else int(found)


def of_window(conn: Connection, window: str, kinds: Iterable[str]) -> list[int]:
    """Entries of a window's statements of these kinds, oldest first."""
    table = statement_table
    wanted = select(table.c.idx).where(table.c.kind.in_(list(kinds)), table.c.subject == window)
    return [int(row[0]) for row in conn.execute(wanted.order_by(table.c.idx))]
