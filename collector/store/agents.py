"""Agents and their keys: a projection of enrol, approve, revoke and rotate entries, plus who still waits."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from collector.evidence.agents import Agent, AgentState
from collector.store.metadata import metadata

agent_table = Table(
    "agent",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("public", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("statement", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("hostname", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("enrolled", BigInteger, nullable=False),
    Column("enrol_idx", BigInteger),
    Column("approve_idx", BigInteger),
    Column("revoke_idx", BigInteger),
    Column("fork_idx", BigInteger),
)

_COLUMNS = [column for column in agent_table.c]


def _read(row: Any, newest: int) -> Agent:
    values = dict(row)
    values["state"] = AgentState(values["state"])
    return Agent(**values, newest_epoch=newest)


def newest_epoch(conn: Connection, agent: str) -> int:
    """The latest approved or revoked epoch of this agent; 0 if it never had one."""
    table = agent_table
    wanted = (table.c.agent == agent, table.c.state != AgentState.PENDING)
    return int(conn.execute(select(func.max(table.c.epoch)).where(*wanted)).scalar() or 0)


def next_epoch(conn: Connection, agent: str) -> int:
    """The epoch that a new enrolment of this agent gets."""
    table = agent_table
    last = conn.execute(select(func.max(table.c.epoch)).where(table.c.agent == agent)).scalar()
    return int(last or 0) + 1


def get(conn: Connection, agent: str, epoch: int) -> Agent | None:
    """One life of an agent."""
    table = agent_table
    wanted = (table.c.agent == agent, table.c.epoch == epoch)
    row = conn.execute(select(*_COLUMNS).where(*wanted)).mappings().first()
    return None if row is None else _read(row, newest_epoch(conn, agent))


def by_statement(conn: Connection, statement: bytes) -> Agent | None:
    """The agent that enrolled with exactly this statement."""
    row = conn.execute(select(*_COLUMNS).where(agent_table.c.statement == statement)).mappings().first()
    return None if row is None else _read(row, newest_epoch(conn, row["agent"]))


def by_code(conn: Connection, code: str) -> list[Agent]:
    """Agents with this approval code."""
    return [one for one in every(conn) if one.code == code]


def every(conn: Connection) -> list[Agent]:
    """All lives of all agents, by id and epoch."""
    table = agent_table
    rows = conn.execute(select(*_COLUMNS).order_by(table.c.agent, table.c.epoch)).mappings().all()
    newest: dict[str, int] = {}
    for row in rows:
        if row["state"] != AgentState.PENDING:
            newest[row["agent"]] = max(row["epoch"], newest.get(row["agent"], 0))
    return [_read(row, newest.get(row["agent"], 0)) for row in rows]


def add(conn: Connection, agent: Agent) -> None:
    """Keep a new enrolment."""
    values = {column.name: getattr(agent, column.name) for column in _COLUMNS}
    conn.execute(insert(agent_table).values(values))


def change(conn: Connection, agent: str, epoch: int, **values: Any) -> None:
    """Follow an entry that has just been logged."""
    table = agent_table
    conn.execute(update(table).where(table.c.agent == agent, table.c.epoch == epoch).values(values))
