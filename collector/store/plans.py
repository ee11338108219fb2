"""Plans issued to agents, as a projection of their entries: all by digest, the current one as served."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    delete,
    insert,
    select,
)

from checks.plan import Plan, parse
from collector.store import packs
from collector.store.content import content
from collector.store.evidence import Damaged
from collector.store.metadata import BIG, metadata

_MOST = 8192
_REMEMBERED: dict[str, Plan] = {}  # by digest: what a digest names never changes
issued_table = Table(
    "plan_issued",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("agent", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("digest", Text, nullable=False, index=True),
    Column("estate", Text, nullable=False),
    Column("issued", BigInteger, nullable=False),
)
Index("plan_issued_agent", issued_table.c.agent, issued_table.c.idx)
current_table = Table(
    "plan_current",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A plan's entry."""

    idx: int
    agent: str
    epoch: int
    digest: str
    estate: str
    issued_ms: int


def add(conn: Connection, issued: Issued, data: bytes, signature: bytes) -> None:
    """Follow a plan's entry: it is the agent's current plan from now on."""
    row = (issued.idx, issued.agent, issued.epoch, issued.digest, issued.estate, issued.issued_ms)
    conn.execute(insert(issued_table).values(row))
    conn.execute(delete(current_table).where(current_table.c.agent == issued.agent))
    now = (issued.agent, issued.epoch, issued.digest, data, signature)
    conn.execute(insert(current_table).values(now))


def current(conn: Connection, agent: str) -> tuple[bytes, bytes, str] | None:
    """(bytes, signature, digest) of an enrolled agent's plan as served; None if it has none."""
    table = current_table
    columns = (table.c.data, table.c.signature, table.c.digest)
    found = conn.execute(select(*columns).where(table.c.agent == agent, table.c.epoch > 0)).first()
    return (bytes(found[0]), bytes(found[1]), str(found[2])) if found else None


def newest_issued(conn: Connection, agent: str, epoch: int) -> tuple[int, str] | None:
    """(entry's index, digest) of the newest plan for this life of an agent; None if it has none.

    The log itself has no short way there: its entries are found by seq, past every batch of the agent.
    """
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    # Names are ours, values are bound.
    text = (
        "SELECT idx, digest FROM plan_issued"  # noqa: S608  # a mark of ours
        f" WHERE agent = {mark} AND epoch = {mark} ORDER BY idx DESC LIMIT 1"
    )
    found = conn.exec_driver_sql(text, (agent, epoch)).first()
    return None if found is None else (int(found[0]), str(found[1]))


def current_plans(conn: Connection) -> Iterator[tuple[str, int, Plan]]:
    """(agent, epoch, plan) of every current plan, by agent."""
    table = current_table
    columns = (table.c.agent, table.c.epoch, table.c.data)
    for agent, epoch, data in conn.execute(select(*columns).order_by(table.c.agent)):
        yield agent, epoch, _parsed(bytes(data))


def every(conn: Connection) -> list[Issued]:
    """All plans ever issued, oldest first."""
    return [Issued(*row) for row in conn.execute(select(issued_table).order_by(issued_table.c.idx))]


def by_digest(conn: Connection, digest: str) -> Plan | None:
    """The plan that evidence cites by this digest."""
    table = issued_table
    idx = conn.execute(select(table.c.idx).where(table.c.digest == digest).limit(1)).scalar()
    return None if idx is None else at(conn, int(idx))


def of_issued(conn: Connection, issued: Issued) -> Plan:
    """The plan of an entry, remembered by its digest."""
    if issued.digest not in _REMEMBERED:
        if len(_REMEMBERED) >= _MOST:
            _REMEMBERED.clear()
        _REMEMBERED[issued.digest] = at(conn, issued.idx)
    return _REMEMBERED[issued.digest]


def at(conn: Connection, idx: int) -> Plan:
    """The plan of an entry."""
    body = packs.body(conn, idx)
    if body is None:
        raise Damaged(f"the document of the plan's entry {idx} is missing")
    return _parsed(content(body))


@lru_cache(maxsize=2048)
def _parsed(data: bytes) -> Plan:
    return parse(data)
