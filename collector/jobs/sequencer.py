"""The sequencer: the one place where log positions are given.

Everything of one commit happens in one transaction: the fencing check, the decision on each batch,
entries, bodies, full tiles, and whatever effect the work brings along. Memory (edge, chain heads)
is only a cache of the database: it moves after the commit, is dropped when a commit fails, and is
reloaded inside the transaction when the database has grown without us (a command run beside the
server), so no position is ever given from memory that is out of date.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from checks.wire import chain, entry
from checks.wire import header as headers
from checks.wire.numbers import EntryKind
from checks.wire.tiles import tile_root
from checks.wire.tree import leaf_hash
from collector.crash_points import crash_point
from collector.evidence.agents import Agent, AgentState, Head, Standing
from collector.evidence.edge import Edge
from collector.evidence.intake import Epoch, Fenced, Leases
from collector.store import agents, evidence, leases, packs
from collector.store.engine import Database
from collector.store.leases import LEASE

log = logging.getLogger(__name__)
Key = tuple[str, int]


@dataclass(slots=True)
class Draft:
    """One transaction's worth of new entries."""

    conn: Connection
    edge: Edge
    received: int
    standings: dict[Key, Standing | None] = field(default_factory=dict)
    entries: list[evidence.EntryRow] = field(default_factory=list)
    bodies: list[evidence.BodyRow] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    touched: bool = False

    @property
    def next_idx(self) -> int:
        """The position that the next entry gets."""
        return self.edge.size + len(self.leaves)

    def add(
        self,
        kind: EntryKind,
        data: bytes,
        *,
        key: tuple[str, int, int] | None = None,
        body: tuple[bytes | None, int, bytes] | None = None,
    ) -> int:
        """Give the next position to an entry; `key` is (agent, epoch, seq), `body` (seed, enc, bytes)."""
        idx = self.next_idx
        agent, epoch, seq = key or (None, None, None)
        self.entries.append(evidence.EntryRow(idx, int(kind), agent, epoch, seq, self.received, data))
        self.leaves.append(leaf_hash(data))
        if body is not None:
            self.bodies.append(evidence.BodyRow(idx, *body))
        return idx


class Work(Protocol):
    """Something that wants a place in the log."""

    def place(self, draft: Draft, sequencer: "Sequencer") -> None:
        """Decide and add entries; raise to have the whole commit undone."""
        ...


class Sequencer:
    """Gives positions, for one log, while it holds the lease (`epoch`) or as a guest (`epoch` None)."""

    def __init__(
        self, database: Database, fence: Leases, now: Callable[[], int], epoch: Epoch | None = None
    ) -> None:
        self.database = database
        self.epoch = epoch
        self._fence = fence
        self._now = now
        self._edge: Edge | None = None
        self._received = 0
        self._standings: dict[Key, Standing | None] = {}

    def commit(self, works: Sequence[Work]) -> None:
        """Place all of it or nothing; durable when it returns. Fenced: another holds the lease."""
        try:
            with self.database.write(first=True) as conn:
                draft = self._draft(conn)
                for work in works:
                    work.place(draft, self)
                self._write(draft)
                crash_point("before-commit")
        except BaseException:
            self.forget()
            raise
        crash_point("after-commit")
        self._edge, self._received = draft.edge, draft.received
        if draft.touched:
            self._standings.clear()
        self._standings.update(draft.standings)

    def forget(self) -> None:
        """Drop what memory holds: the next commit reads the database."""
        self._edge = None
        self._standings.clear()

    def head(self, conn: Connection) -> Edge:
        """The edge as of this transaction, under the fence."""
        return self._draft(conn).edge

    def _draft(self, conn: Connection) -> Draft:
        if self.epoch is None:
            leases.lock(conn, LEASE)
        else:
            self._fence.guard(conn, LEASE, self.epoch)
        size = evidence.size(conn)
        if self._edge is None or self._edge.size != size:
            self._standings.clear()
            self._edge = load_edge(conn, size)
            self._received = evidence.last_received(conn)
        return Draft(conn, self._edge.copy(), max(self._now(), self._received))

    def _write(self, draft: Draft) -> None:
        if not draft.entries:
            return
        full = draft.edge.extend(draft.leaves)
        evidence.insert_entries(draft.conn, draft.entries)
        crash_point("entries-written")
        evidence.insert_bodies(draft.conn, draft.bodies)
        crash_point("bodies-written")
        evidence.insert_tiles(draft.conn, [evidence.TileRow(t.level, t.n, t.data) for t in full])
        if full:
            crash_point("tiles-written")

    def standing(self, draft: Draft, agent: str, epoch: int) -> Standing | None:
        """How this agent stands, with what the same commit has already added."""
        key = (agent, epoch)
        if key in draft.standings:
            return draft.standings[key]
        if draft.touched or key not in self._standings:
            found = load_standing(draft.conn, agent, epoch)
            if found is None or found.agent.state is AgentState.PENDING:
                return found  # may change without an entry: never from memory
            draft.standings[key] = found
            return found
        return self._standings[key]

    def touch(self, draft: Draft, names: Sequence[str]) -> None:
        """What is remembered of these agents is not true any more (all lives of them)."""
        if not names:
            return
        draft.touched = True
        for key in [key for key in draft.standings if key[0] in names]:
            del draft.standings[key]


def load_edge(conn: Connection, size: int) -> Edge:
    """Rebuild the right edge from the entries and tiles behind it."""
    levels = []
    if size:
        first = size - size % 256
        levels.append([leaf_hash(data) for _, data in packs.entries(conn, first, size)])
    level, count = 1, size // 256
    while count:
        below = evidence.tiles(conn, level - 1, count - count % 256)
        levels.append([tile_root(row.data) for row in below])
        level, count = level + 1, count // 256
    edge = Edge(size, levels)
    held = [len(hashes) for hashes in levels]
    wanted = [size >> (8 * at) & 255 for at in range(len(levels))]
    if held != wanted:
        raise evidence.Damaged(f"the log's right edge holds {held} hashes, {wanted} are wanted: run fsck")
    return edge


def load_standing(conn: Connection, agent: str, epoch: int) -> Standing | None:
    """How this agent stands, by the database alone."""
    found = agents.get(conn, agent, epoch)
    return None if found is None else _stand(conn, found)


def _stand(conn: Connection, agent: Agent) -> Standing:
    row = evidence.newest(conn, agent.agent, agent.epoch, EntryKind.BATCH)
    if row is None:
        return Standing(agent, 0, chain.chain_hash(agent.statement).hex(), None)
    stored = entry.parse(packs.data_of(conn, row))
    parsed = headers.parse(stored.header)
    head = Head(stored.header, stored.signatures[0].sig, parsed)
    return Standing(agent, parsed.seq + 1, chain.chain_hash(stored.header).hex(), head)


__all__ = ["LEASE", "Draft", "Fenced", "Sequencer", "Work", "load_edge", "load_standing"]
