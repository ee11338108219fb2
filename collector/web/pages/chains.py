"""How each agent's chain stands: its head, when it last spoke, how far its clock is off."""

from dataclasses import dataclass

from sqlalchemy import Connection

from checks.wire import entry, header
from checks.wire.numbers import EntryKind
from collector.evidence.agents import Agent, AgentState
from collector.store import agents, evidence, packs

# Agents flush at least once a minute; five missed flushes are silence.
SILENT_MS = 300_000


@dataclass(frozen=True, slots=True)
class Chain:
    """One life of an agent as it stands now."""

    agent: Agent
    state: str
    last_seen: int | None = None
    seq: int | None = None
    head_idx: int | None = None
    hash: str | None = None
    offset_ms: int | None = None


def every(conn: Connection, now: int) -> list[Chain]:
    """All lives of all agents, by id and epoch."""
    return [of(conn, agent, now) for agent in agents.every(conn)]


def of(conn: Connection, agent: Agent, now: int) -> Chain:
    """The chain of one life."""
    row = evidence.newest(conn, agent.agent, agent.epoch, EntryKind.BATCH)
    if row is None:
        return Chain(agent, _state(agent, None, now))
    stored = entry.parse(packs.data_of(conn, row))
    parsed = header.parse(stored.header)
    offset = parsed.clock.offset_us
    return Chain(
        agent=agent,
        state=_state(agent, row.received, now),
        last_seen=row.received,
        seq=row.seq,
        head_idx=row.idx,
        hash=stored.leaf.hex(),
        # What the agent measured against us; without it the bare difference, which holds the way here too.
        offset_ms=offset // 1000 if offset is not None else parsed.clock.wall - row.received,
    )


def wrong(one: Chain) -> bool:
    """Whether somebody should look after this agent: silent, never heard of, or in two versions."""
    newest = one.agent.epoch == one.agent.newest_epoch
    return newest and one.state in ("silent", "never", "forked")


def _state(agent: Agent, seen: int | None, now: int) -> str:
    if agent.state is not AgentState.APPROVED:
        return agent.state.value
    if agent.fork_idx is not None:
        return "forked"
    if seen is None:
        return "never"
    return "silent" if now - seen > SILENT_MS else "live"
