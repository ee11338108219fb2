"""Series (check, target, vantage) with the newest look at each, and what is known of each agent's chain."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    select,
    update,
)

from collector.store.bulk import upsert
from collector.store.metadata import BIG, metadata

series_table = Table(
    "series",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=False),
    Column("check", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("vantage", Text, nullable=False),
    Column("asset", Text),
    Column("hold", BigInteger, nullable=False),
    # The newest look, of whatever outcome: instants, state or error, its place in the log.
    Column("t", BigInteger, nullable=False),
    Column("slot", BigInteger, nullable=False),
    Column("state", Text),
    Column("error", Text),
    Column("idx", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    UniqueConstraint("check", "target", "vantage"),
)
Index("series_target", series_table.c.target)
Index("series_asset", series_table.c.asset)
mark_table = Table(
    "agent_mark",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("boot", Text, nullable=False),
    Column("watermark", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("offset_us", BigInteger),
    Column("plan", Text, nullable=False),
)
event_table = Table(
    "agent_event",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
)
Index("agent_event_agent", event_table.c.agent, event_table.c.at)
cursor_table = Table(
    "derive_cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),
)


class SeriesRow(NamedTuple):
    """A series and the newest look at it; `t` is corrected for the agent's clock."""

    id: int
    check: str
    target: str
    vantage: str
    asset: str | None
    hold: int
    t: int
    slot: int
    state: str | None
    error: str | None
    idx: int
    line: int


class MarkRow(NamedTuple):
    """How far an agent's evidence reaches: nothing observed before `watermark` is still to come."""

    agent: str
    epoch: int
    seq: int
    idx: int
    boot: str
    watermark: int
    received: int
    offset_us: int | None
    plan: str


class EventRow(NamedTuple):
    """Something to know of an agent's chain: boot, loss, resume, clock, future."""

    idx: int
    kind: str
    agent: str
    at: int
    detail: str


def every(conn: Connection) -> list[SeriesRow]:
    """All series by id."""
    return [SeriesRow(*row) for row in conn.execute(select(series_table).order_by(series_table.c.id))]


def of_targets(conn: Connection, targets: Sequence[str]) -> list[SeriesRow]:
    """Series of these targets, by id."""
    table = series_table
    wanted = select(table).where(table.c.target.in_(list(targets))).order_by(table.c.id)
    return [SeriesRow(*row) for row in conn.execute(wanted)]


def marks(conn: Connection) -> dict[str, MarkRow]:
    """Every agent's mark."""
    return {row[0]: MarkRow(*row) for row in conn.execute(select(mark_table).order_by(mark_table.c.agent))}


def events(conn: Connection, agent: str, limit: int = 200) -> list[EventRow]:
    """Newest events of an agent's chain."""
    table = event_table
    wanted = (
        select(table).where(table.c.agent == agent).order_by(table.c.idx.desc(), table.c.kind).limit(limit)
    )
    return [EventRow(*row) for row in conn.execute(wanted)]


def save(
    conn: Connection, series: Sequence[SeriesRow], known: Sequence[MarkRow], happened: Sequence[EventRow]
) -> None:
    """Keep what changed; of series that are there only the newest look."""
    upsert(conn, series_table, series, fixed=("check", "target", "vantage", "asset"))
    upsert(conn, mark_table, known)
    upsert(conn, event_table, happened)


def save_assets(conn: Connection, series: Sequence[SeriesRow]) -> None:
    """Keep series whose asset changed, which `save` leaves as it was."""
    upsert(conn, series_table, series, fixed=("check", "target", "vantage"))


def cursor(conn: Connection, name: str = "batches") -> int:
    """The first log position that has not been derived; of name `begun`: to where a flush has begun."""
    table = cursor_table
    return int(conn.execute(select(table.c.next).where(table.c.name == name)).scalar() or 0)


def move_cursor(conn: Connection, before: int, after: int, name: str = "batches") -> bool:
    """Move the cursor; False when somebody else moved it meanwhile. Until the commit nobody else can."""
    table = cursor_table
    upsert(conn, table, [(name, 0)], when='"derive_cursor"."next" < 0')  # only if there is none yet
    moved = update(table).where(table.c.name == name, table.c.next == before).values(next=after)
    return conn.execute(moved).rowcount == 1
