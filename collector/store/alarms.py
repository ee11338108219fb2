"""Alarms about the log itself (a rollback, a split view, a fork): once each, kept for people to see."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, UniqueConstraint, insert, select

from collector.store.metadata import metadata

alarm_table = Table(
    "alarm",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("detail", Text, nullable=False),
    UniqueConstraint("kind", "agent", "detail"),
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that must not happen, and did."""

    at: int
    kind: str
    agent: str
    detail: str


def add(conn: Connection, alarm: Alarm) -> bool:
    """Keep an alarm; False where the same one is known already."""
    table = alarm_table
    wanted = (table.c.kind == alarm.kind, table.c.agent == alarm.agent, table.c.detail == alarm.detail)
    if conn.execute(select(table.c.id).where(*wanted)).first() is not None:
        return False
    conn.execute(insert(table).values(at=alarm.at, kind=alarm.kind, agent=alarm.agent, detail=alarm.detail))
    return True


def every(conn: Connection) -> list[Alarm]:
    """All alarms, newest first."""
    table = alarm_table
    columns = (table.c.at, table.c.kind, table.c.agent, table.c.detail)
    return [Alarm(*row) for row in conn.execute(select(*columns).order_by(table.c.at.desc()))]
