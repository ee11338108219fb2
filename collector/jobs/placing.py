"""What asks for a place in the log: an agent's batch, or an entry of the collector's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from checks.wire import chain, entry, strict_json
from checks.wire.entry import Entry, Signature
from checks.wire.header import Kind
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer
from collector.evidence.accepted import Accepted
from collector.evidence.admission import decide, refusal
from collector.evidence.agents import Head, Standing
from collector.evidence.answers import Ack, Status
from collector.evidence.examine import Batch, clock_off, refuse
from collector.jobs.sequencer import Draft, Sequencer
from collector.store import agents, evidence, packs

Effect = Callable[[Connection, Sequence[int]], None]


@dataclass(slots=True)
class BatchWork:
    """A batch of an agent: `ack` and `accepted` are set once it is placed."""

    batch: Batch
    origin: str
    signer: Signer
    ack: Ack = field(default=Ack(Status.NOT_DURABLE))
    accepted: Accepted | None = None

    def place(self, draft: Draft, sequencer: Sequencer) -> None:
        """Decide by the chain as it stands in this transaction."""
        header = self.batch.header
        standing = sequencer.standing(draft, *self.batch.key)
        refused = refusal(standing)
        if standing is None or refused is not None:
            self.ack = refuse(header, refused or Status.UNKNOWN_KEY)
        elif standing.agent.public != self.batch.public:
            self.ack = refuse(header, Status.UNKNOWN_KEY, detail="the key was rotated")
        else:
            self._decide(draft, standing)

    def _decide(self, draft: Draft, standing: Standing) -> None:
        header, frame = self.batch.header, self.batch.frame

        def stored(seq: int) -> tuple[int, bytes] | None:
            return _stored(draft, header.agent, header.epoch, seq)

        decision = decide(standing, header, frame.header, stored)
        match decision.status:
            case Status.OK:
                self._append(draft, standing)
            case Status.KNOWN:
                self.ack = refuse(header, Status.KNOWN, idx=decision.idx)
            case Status.GAP:
                self.ack = refuse(header, Status.GAP, want=standing.next_seq)
            case Status.BEHIND:
                head = standing.head
                assert head is not None  # noqa: S101 - decide() says behind only where there is a head
                self.ack = refuse(header, Status.BEHIND, header=head.header, signature=head.signature)
            case _:
                self._fork(draft, standing)

    def _append(self, draft: Draft, standing: Standing) -> None:
        """Log the batch and move the head of its chain."""
        header, frame = self.batch.header, self.batch.frame
        data = entry.encode(Entry(EntryKind.BATCH, draft.received, frame.header, frame.signatures))
        body = (frame.seed, frame.enc, frame.body) if header.n else None
        key = (header.agent, header.epoch, header.seq)
        idx = draft.add(EntryKind.BATCH, data, key=key, body=body)
        agent = standing.agent
        if header.kind is Kind.ROTATE and header.rotate is not None:
            public = bytes.fromhex(header.rotate.public)
            agents.change(draft.conn, agent.agent, agent.epoch, public=public)
            agent = replace(agent, public=public)
        head = Head(frame.header, frame.signatures[0].sig, header)
        moved = Standing(agent, header.seq + 1, chain.chain_hash(frame.header).hex(), head)
        draft.standings[self.batch.key] = moved
        flags = ("clock",) if clock_off(header, draft.received) else ()
        self.ack = refuse(header, Status.OK, idx=idx, received=draft.received, flags=flags)
        self.accepted = Accepted(
            idx,
            header.agent,
            header.epoch,
            header.seq,
            draft.received,
            header,
            self.batch.rows,
            agent.fork_idx is None,
        )

    def _fork(self, draft: Draft, standing: Standing) -> None:
        """Log the second header as proof beside the first (once per seq), and put the agent in quarantine."""
        header, agent = self.batch.header, standing.agent
        head = (standing.next_seq - 1, standing.prev)
        self.ack = refuse(header, Status.FORK, head=head)
        ours = _stored(draft, header.agent, header.epoch, header.seq)
        proven = evidence.find(draft.conn, header.agent, header.epoch, header.seq, EntryKind.FORK)
        drafted = (header.agent, header.epoch, header.seq)
        if proven or any(
            row.kind == EntryKind.FORK and (row.agent, row.epoch, row.seq) == drafted for row in draft.entries
        ):
            return
        idx = draft.add(EntryKind.FORK, self._proof(draft, ours), key=drafted)
        if agent.fork_idx is None:
            agents.change(draft.conn, agent.agent, agent.epoch, fork_idx=idx)
            agent = replace(agent, fork_idx=idx)
        draft.standings[self.batch.key] = replace(standing, agent=agent)

    def _proof(self, draft: Draft, ours: tuple[int, bytes] | None) -> bytes:
        """Entry that shows both headers: ours by its position, theirs in full with its signatures."""
        frame, header = self.batch.frame, self.batch.header
        signatures = [[one.alg, one.key_id.hex(), one.sig.hex()] for one in frame.signatures]
        text = strict_json.dumps(
            {
                "v": 1,
                "log": self.origin,
                "kind": "fork",
                "agent": header.agent,
                "epoch": header.epoch,
                "seq": header.seq,
                "ours": None if ours is None else ours[0],
                "header": frame.header.hex(),
                "signatures": signatures,
            }
        )
        signed = entry.sign_statement(EntryKind.FORK, text, self.signer)
        return entry.encode(Entry(EntryKind.FORK, draft.received, text, signed))


def _stored(draft: Draft, agent: str, epoch: int, seq: int) -> tuple[int, bytes] | None:
    """(idx, header) of a batch that is in the log or earlier in this very transaction."""
    for row in draft.entries:
        if (row.agent, row.epoch, row.seq, row.kind) == (agent, epoch, seq, EntryKind.BATCH):
            return row.idx, entry.parse(row.data or b"").header
    found = evidence.find(draft.conn, agent, epoch, seq, EntryKind.BATCH)
    return None if found is None else (found.idx, entry.parse(packs.data_of(draft.conn, found)).header)


OF_IDX = -1  # as seq: the entry's own position, for kinds of which an agent may have many


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry that the collector writes: header and signatures as they will stand in the log."""

    kind: EntryKind
    header: bytes
    signatures: tuple[Signature, ...]
    body: tuple[bytes | None, int, bytes] | None = None
    key: tuple[str, int, int] | None = None


Maker = Callable[[Sequence[int]], OwnEntry]  # one that must know the positions of those before it


@dataclass(slots=True)
class OwnWork:
    """Entries of the collector's own, placed together, with their effect in the same transaction.

    `touches`: agents about whom the effect changes what the intake must know.
    """

    entries: tuple[OwnEntry | Maker, ...]
    effect: Effect | None = None
    touches: tuple[str, ...] = ()
    idxs: tuple[int, ...] = ()

    def place(self, draft: Draft, sequencer: Sequencer) -> None:
        """Add the entries and run the effect."""
        made: list[int] = []
        for one in self.entries:
            made.append(_add(draft, one if isinstance(one, OwnEntry) else one(made)))
        self.idxs = tuple(made)
        if self.effect is not None:
            self.effect(draft.conn, self.idxs)
        sequencer.touch(draft, self.touches)


def _add(draft: Draft, one: OwnEntry) -> int:
    data = entry.encode(Entry(one.kind, draft.received, one.header, one.signatures))
    key = one.key
    if key is not None and key[2] == OF_IDX:
        key = (key[0], key[1], draft.next_idx)
    return draft.add(one.kind, data, key=key, body=one.body)
