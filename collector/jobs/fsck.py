"""Reading the whole log again: does the database hold what the tree, the chains and the signatures say?

Always: tree, tiles, checkpoints, every chain's seq and prev, columns against bytes, every signature of
the log key, and of each agent key the newest one (the chain behind it vouches for the rest).
`full`: every signature, every header read strictly, every body. `bodies`: every body, and the photographs
that people's statements name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec
from sqlalchemy import Connection

from checks.codec import FieldError
from checks.wire import chain, checkpoint, entry, lines, note, signing, strict_json
from checks.wire import header as headers
from checks.wire.entry import Entry
from checks.wire.errors import WireError
from checks.wire.frame import verify_header
from checks.wire.numbers import EntryKind
from checks.wire.tiles import hashes
from checks.wire.tree import leaf_hash
from collector.backups.said import KINDS as BACKUPS
from collector.context import Context
from collector.evidence.edge import Edge, FullTile
from collector.inspection import human
from collector.statements.kinds import KINDS
from collector.statements.persons import KEY
from collector.store import content, evidence, packs, photos
from collector.store.evidence import BodyRow, CheckpointRow, Damaged, EntryRow

_CHUNK = 2048
# Header kinds that go in entries of another name: the estate beside the plans, what people state.
_FINER = {
    EntryKind.PLAN: ("estate",),
    EntryKind.STATEMENT: ("scan", "ledger_diff", KEY, *human.KINDS, *BACKUPS, *KINDS),
}
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it must be; `idx` is the entry (-1: none in particular)."""

    idx: int
    code: str
    detail: str


@dataclass(slots=True)
class Report:
    """What was read and what was found wrong."""

    entries: int = 0
    batches: int = 0
    signatures: int = 0
    bodies: int = 0
    checkpoints: int = 0
    root: str = ""
    problems: list[Problem] = field(default_factory=list)


class _Head(msgspec.Struct):
    """The few fields of a header that a chain needs, read fast (intake has read it strictly)."""

    log: str
    agent: str
    epoch: int
    seq: int
    prev: str
    kind: str
    n: int
    bytes: int
    root: str
    rotate: dict[str, object] | None = None


@dataclass(slots=True)
class _Chain:
    """Where an agent's chain stands while reading."""

    public: bytes
    next_seq: int
    prev: str
    approved: bool = False
    revoked: bool = False
    newest: tuple[int, Entry] | None = None  # not verified yet


_HEAD = msgspec.json.Decoder(_Head)


class Fsck:
    """One reading of one log."""

    def __init__(self, context: Context, *, full: bool = False, bodies: bool = False) -> None:
        self._context = context
        self._full = full
        self._bodies = full or bodies
        self._public = context.signer.public
        self._edge = Edge()
        self._chains: dict[Key, _Chain] = {}
        self._pruned = False
        self.report = Report()

    def _say(self, idx: int, code: str, detail: str) -> None:
        self.report.problems.append(Problem(idx, code, detail))

    def run(self, progress: Callable[[int], None] | None = None) -> Report:
        """Read everything; problems are collected, never raised."""
        with self._context.read() as conn:
            self._pruned = bool(evidence.of_kinds(conn, (EntryKind.PRUNE,)))
            size = evidence.size(conn)
            heads = evidence.checkpoints(conn)
            waiting = next(heads, None)
            for begin in range(0, size, _CHUNK):
                end = min(begin + _CHUNK, size)
                waiting = self._chunk(conn, begin, end, waiting, heads)
                if progress is not None:
                    progress(end)
            for key, state in sorted(self._chains.items()):
                self._settle(key, state)
            self._tiles_left(conn)
        while waiting is not None:
            self._say(-1, "checkpoint", f"size {waiting.size} is beyond the log's {self._edge.size} entries")
            waiting = next(heads, None)
        self._published()
        self.report.root = self._edge.root().hex()
        return self.report

    def _chunk(
        self,
        conn: Connection,
        begin: int,
        end: int,
        waiting: CheckpointRow | None,
        heads: Iterator[CheckpointRow],
    ) -> CheckpointRow | None:
        """Entries [begin, end); the next checkpoint not reached yet."""
        rows = self._rows(conn, begin, end)
        bodies = self._bodies_of(conn, begin, end)
        leaves: list[bytes] = []
        at = begin
        for row in rows:
            leaves.append(leaf_hash(row.data or b""))
            self._entry(row, bodies.get(row.idx))
            at += 1
            if waiting is not None and waiting.size == at:
                self._extend(conn, leaves)
                leaves = []
                waiting = self._checkpoint(waiting, heads)
        self._extend(conn, leaves)
        return waiting

    def _rows(self, conn: Connection, begin: int, end: int) -> list[EntryRow]:
        """The rows; a hole or an unreadable pack stands as an empty entry, so that the tree shows it."""
        try:
            found = {row.idx: row for row in packs.entry_rows(conn, begin, end)}
        except (Damaged, WireError) as error:
            self._say(begin, "pack", f"entries {begin} to {end - 1} cannot be read: {error}")
            found = {}
        for idx in range(begin, end):
            if idx not in found:
                self._say(idx, "missing", "the entry is not in the database")
        return [found.get(idx) or EntryRow(idx, 0, None, None, None, 0, b"") for idx in range(begin, end)]

    def _bodies_of(self, conn: Connection, begin: int, end: int) -> dict[int, BodyRow]:
        if not self._bodies:
            return {}
        try:
            return {row.idx: row for row in packs.body_rows(conn, begin, end)}
        except (Damaged, WireError) as error:
            self._say(begin, "pack", f"bodies {begin} to {end - 1} cannot be read: {error}")
            return {}

    def _extend(self, conn: Connection, leaves: list[bytes]) -> None:
        for tile in self._edge.extend(leaves):
            stored = evidence.tile(conn, tile.level, tile.n)
            name = f"{tile.level}/{tile.n}"
            if stored is None:
                self._say(-1, "tile", f"{name} is missing")
            elif stored != tile.data:
                self._say(_first_difference(stored, tile), "tile", f"{name} does not fit the entries")
        self.report.entries += len(leaves)

    def _tiles_left(self, conn: Connection) -> None:
        wanted = sum(self._edge.size >> (8 * level) for level in range(1, 8))
        have = evidence.count_tiles(conn)
        if have > wanted:
            self._say(-1, "tile", f"{have} tiles are kept, the log has {wanted}")

    def _checkpoint(self, row: CheckpointRow, heads: Iterator[CheckpointRow]) -> CheckpointRow | None:
        self.report.checkpoints += 1
        try:
            head, _ = checkpoint.open_checkpoint(row.note.encode(), self._context.vkey)
        except WireError as error:
            self._say(-1, "checkpoint", f"size {row.size}: {error}")
            return next(heads, None)
        if (head.size, head.root) != (row.size, row.root):
            self._say(-1, "checkpoint", f"size {row.size}: its note says another size or root")
        if head.root != self._edge.root():
            self._say(-1, "checkpoint", f"size {row.size}: signed for another tree than the entries make")
        return next(heads, None)

    def _published(self) -> None:
        path = self._context.directory / "published"
        if not path.exists():
            return
        try:
            opened = note.open_note(path.read_bytes(), [self._context.vkey])
            head = checkpoint.parse_checkpoint(opened.text)
        except (OSError, WireError) as error:
            self._say(-1, "published", str(error))
            return
        if head.size > self._edge.size:
            detail = f"a head of size {head.size} was published, the log has {self._edge.size} entries"
            self._say(-1, "published", f"{detail}: rolled back")

    # One entry

    def _entry(self, row: EntryRow, body: BodyRow | None) -> None:
        if not row.data:
            return
        try:
            read = entry.parse(row.data)
            if read.kind != row.kind or read.received_ms != row.received:
                self._say(row.idx, "columns", "kind or receipt time differ from the entry's bytes")
            if read.kind is EntryKind.BATCH:
                self._batch(row, read, body)
            else:
                self._own(row, read, body)
        except (WireError, msgspec.MsgspecError, KeyError, ValueError, TypeError) as error:
            self._say(row.idx, "entry", f"cannot be read: {error}")

    def _batch(self, row: EntryRow, read: Entry, body: BodyRow | None) -> None:
        self.report.batches += 1
        if self._full:
            headers.parse(read.header)
        head = _HEAD.decode(read.header)
        if (row.agent, row.epoch, row.seq) != (head.agent, head.epoch, head.seq):
            self._say(row.idx, "columns", "agent, epoch or seq differ from the header")
        if head.log != self._context.origin:
            self._say(row.idx, "chain", f"made for the log {head.log}")
        state = self._chains.get((head.agent, head.epoch))
        if state is None or not state.approved or state.revoked:
            self._say(row.idx, "chain", f"{head.agent}/{head.epoch} is not approved here")
            return
        if head.seq != state.next_seq or head.prev != state.prev:
            self._say(row.idx, "chain", f"{head.agent}/{head.epoch}: seq {head.seq}, {state.next_seq} wanted")
        self._signed(row.idx, read, state)
        state.next_seq, state.prev = head.seq + 1, chain.chain_hash(read.header).hex()
        if head.rotate is not None:
            self._settle((head.agent, head.epoch), state)
            state.public = bytes.fromhex(str(head.rotate["public"]))
        if self._bodies and head.n:
            self._batch_body(row.idx, head, body)

    def _signed(self, idx: int, read: Entry, state: _Chain) -> None:
        if self._full:
            self.report.signatures += 1
            if not verify_header(read.header, read.signatures, state.public):
                self._say(idx, "signature", "not signed by the agent's key")
        state.newest = (idx, read)

    def _settle(self, key: Key, state: _Chain) -> None:
        """Verify the newest signature under a key: the headers behind it are bound by their hashes."""
        if state.newest is None or self._full:
            return
        idx, read = state.newest
        state.newest = None
        self.report.signatures += 1
        if not verify_header(read.header, read.signatures, state.public):
            self._say(idx, "signature", f"not signed by the key of {key[0]}/{key[1]}")

    def _batch_body(self, idx: int, head: _Head, body: BodyRow | None) -> None:
        if body is None:
            if not self._pruned:
                self._say(idx, "body", "missing")
            return
        self.report.bodies += 1
        try:
            found = lines.split(content.content(body))
        except (Damaged, WireError) as error:
            self._say(idx, "body", str(error))
            return
        if len(found) != head.n or lines.body_root(body.seed or b"", found).hex() != head.root:
            self._say(idx, "body", "its lines do not hash to the header's root")

    def _own(self, row: EntryRow, read: Entry, body: BodyRow | None) -> None:
        """An entry of a person or of the collector."""
        value = strict_json.loads(read.header)
        if read.kind is EntryKind.ENROL:
            self._enrolment(row, read, value)
            return
        self.report.signatures += 1
        if not entry.verify_statement(read.kind, read.header, read.signatures, self._public):
            self._say(row.idx, "signature", "not signed by the log key")
        if value.get("log") != self._context.origin or value.get("kind") not in _words(read.kind):
            self._say(row.idx, "entry", "made for another log, or of another kind than it says")
        if read.kind in (EntryKind.APPROVE, EntryKind.REVOKE):
            self._lifecycle(row.idx, read.kind, value)
        if self._bodies and "digest" in value:
            self._own_body(row.idx, value, body)

    def _enrolment(self, row: EntryRow, read: Entry, value: dict[str, str]) -> None:
        public = bytes.fromhex(value["public"])
        signing.check_public(public)
        self.report.signatures += 1
        if not entry.verify_statement(EntryKind.ENROL, read.header, read.signatures, public):
            self._say(row.idx, "signature", "the enrolled key has not signed its statement")
        if row.agent is None or row.epoch is None:
            self._say(row.idx, "columns", "an enrolment without agent and epoch")
            return
        self._chains[row.agent, row.epoch] = _Chain(public, 0, chain.chain_hash(read.header).hex())

    def _lifecycle(self, idx: int, kind: EntryKind, value: dict[str, str]) -> None:
        state = self._chains.get((value["agent"], int(value["epoch"])))
        if state is None:
            self._say(idx, "chain", f"{value['agent']}/{value['epoch']} was never enrolled")
        elif kind is EntryKind.REVOKE:
            state.revoked = True
        elif bytes.fromhex(value["public"]) != state.public:
            self._say(idx, "chain", "approves another key than the enrolled one")
        else:
            state.approved = True

    def _own_body(self, idx: int, value: dict[str, str], body: BodyRow | None) -> None:
        if body is None:
            if not self._pruned:
                self._say(idx, "body", "missing")
            return
        self.report.bodies += 1
        try:
            data = content.content(body)
        except Damaged as error:
            self._say(idx, "body", str(error))
            return
        if sha256(data).hexdigest() != value["digest"]:
            self._say(idx, "body", "does not have the digest that the header names")
        elif value["kind"] == human.HUMAN:
            self._photos(idx, data)

    def _photos(self, idx: int, sheet: bytes) -> None:
        """The photographs that a sheet names: bundles bring them only as they were."""
        try:
            named = [name for answer in human.parse_sheet(sheet).items for name in answer.photos]
        except (WireError, FieldError) as error:
            self._say(idx, "body", str(error))
            return
        for name in named:
            if photos.read(self._context.directory, name) is None:
                self._say(idx, "photo", f"{name} is gone, or is not what its name says any more")


def _first_difference(stored: bytes, tile: FullTile) -> int:
    """Entry of the first hash that differs, for a tile of level 0."""
    if tile.level or len(stored) != len(tile.data):
        return -1
    pairs = zip(hashes(stored), hashes(tile.data), strict=True)
    return 256 * tile.n + next(i for i, (kept, made) in enumerate(pairs) if kept != made)


def _words(kind: EntryKind) -> tuple[str, ...]:
    """What the header of such an entry may call itself."""
    return (kind.word, *_FINER.get(kind, ()))
