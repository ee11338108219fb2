"""First reading of a bundle: the tree, the lifecycle of keys, every agent's chain, plans and documents.

One pass over all entries in log order. Signatures of batches and their bodies are the second pass
(batches.py), which can run on several processors because it only needs what this one found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from checks.codec import FieldError
from checks.plan import Plan
from checks.plan import parse as parse_plan
from checks.wire import checkpoint as checkpoints
from checks.wire import header as headers
from checks.wire import strict_json, tiles, tree
from checks.wire.chain import chain_hash
from checks.wire.entry import Entry, verify_statement
from checks.wire.entry import parse as parse_entry
from checks.wire.errors import WireError
from checks.wire.header import Header, Kind
from checks.wire.numbers import EntryKind
from collector.availability.estate_terms import EstateTerms
from collector.availability.estate_terms import parse as parse_terms
from collector.evidence import bundle
from collector.evidence.bundle import Absent, Body, BundleError, Document
from collector.verify.archive import Archive
from collector.verify.findings import Findings
from collector.verify.keys import KeyTable


@dataclass(slots=True)
class Head:
    """Where an agent's chain stands: epoch, seq and chain hash of its newest batch."""

    epoch: int
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """A collector's entry with its document: index, kind, receipt, header object, body."""

    idx: int
    kind: EntryKind
    received_ms: int
    header: Mapping[str, Any]
    document: bytes | None


@dataclass(slots=True)
class History:
    """What the first reading found. `tips`: index of the newest batch under each (agent, epoch, key)."""

    keys: KeyTable = field(default_factory=KeyTable)
    heads: dict[str, Head] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    estates: list[EstateTerms] = field(default_factory=list)
    forks: dict[str, int] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    tips: dict[tuple[str, int, bytes], int] = field(default_factory=dict)
    carried: list[bundle.Carried] = field(default_factory=list)
    end: checkpoints.Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """A checkpoint as printed: its size and the first 20 or more hex digits of its root."""

    size: int
    root: str


@dataclass(slots=True)
class _Reader:
    archive: Archive
    findings: Findings
    history: History
    notes: dict[int, tuple[str, bytes]]  # size -> (digest of the signed note, root it signs)
    paper: Paper | None

    # -- entries ------------------------------------------------------------------------------

    def entry(self, idx: int, data: bytes, body: Body) -> None:
        where = f"entry {idx}"
        try:
            entry = parse_entry(data)
        except WireError as error:
            self.findings.add("bad_entry", where, str(error))
            return
        self.findings.count("entries")
        if entry.kind is EntryKind.BATCH:
            self.batch(where, idx, entry)
        else:
            self.statement(where, idx, entry, body)

    def batch(self, where: str, idx: int, entry: Entry) -> None:
        try:
            header = headers.parse(entry.header)
        except WireError as error:
            self.findings.add("bad_entry", where, str(error))
            return
        self.findings.count("batches")
        if header.log != self.archive.manifest.log:
            self.findings.add("bad_entry", where, f"is meant for the log {header.log!r}")
        self.chain(where, header, entry.header)
        signer = entry.signatures[0].key_id if entry.signatures else b""
        self.history.tips[header.agent, header.epoch, signer] = idx
        self.seen(where, idx, header)
        if header.kind is Kind.ROTATE and header.rotate is not None:
            problem = self.history.keys.rotate(header.agent, header.epoch, header.seq, header.rotate.public)
            if problem:
                self.findings.add("bad_key", where, problem)

    def chain(self, where: str, header: Header, raw: bytes) -> None:
        head = self.history.heads.get(header.agent)
        if head is None or head.epoch != header.epoch:
            wanted = self._first(header)
        else:
            wanted = (head.seq + 1, head.hash)
        if wanted is None:
            self.findings.add("bad_key", where, f"{header.agent} epoch {header.epoch} was never approved")
        elif (header.seq, header.prev) != (wanted[0], wanted[1].hex()):
            self.findings.add(
                "bad_chain",
                where,
                f"{header.agent} epoch {header.epoch} seq {header.seq} does not follow seq {wanted[0] - 1}",
            )
        self.history.heads[header.agent] = Head(header.epoch, header.seq, chain_hash(raw))

    def _first(self, header: Header) -> tuple[int, bytes] | None:
        life = self.history.keys.lives.get((header.agent, header.epoch))
        return None if life is None else (0, life.first_prev)

    def seen(self, where: str, idx: int, header: Header) -> None:
        if header.seen is None:
            self.findings.notice("some batches name no checkpoint that their agent had verified")
            return
        if header.seen.size > idx:
            self.findings.add("bad_seen", where, f"saw size {header.seen.size} before the log had it")
        note = self.notes.get(header.seen.size)
        if note is None:
            if header.seen.size >= self.archive.manifest.from_size:
                self.findings.add(
                    "bad_seen", where, f"saw a checkpoint of size {header.seen.size} not given here"
                )
        elif note[0] != header.seen.note:
            self.findings.add("bad_seen", where, f"saw another checkpoint of size {header.seen.size}")

    # -- statements ---------------------------------------------------------------------------

    def statement(self, where: str, idx: int, entry: Entry, body: Body) -> None:
        try:
            said = strict_json.loads(entry.header)
        except WireError as error:
            self.findings.add("bad_entry", where, str(error))
            return
        if not isinstance(said, dict):
            self.findings.add("bad_entry", where, "its header is no object")
            return
        if entry.kind is EntryKind.ENROL:
            problem = self.history.keys.enrol(idx, entry, said)
        elif not verify_statement(entry.kind, entry.header, entry.signatures, self.archive.key.public):
            problem = "not signed by the log key"
        else:
            problem = self.lifecycle(idx, entry.kind, said)
        if problem:
            self.findings.add("bad_entry", where, problem)
        document = self.document(where, said, body)
        self.history.said.append(Said(idx, entry.kind, entry.received_ms, said, document))
        if entry.kind is EntryKind.PLAN and document is not None:
            self.plan(where, str(said.get("kind")), document)

    def lifecycle(self, idx: int, kind: EntryKind, said: Mapping[str, Any]) -> str:
        if kind is EntryKind.APPROVE:
            return self.history.keys.approve(idx, said)
        if kind is EntryKind.REVOKE:
            return self.history.keys.revoke(said)
        if kind is EntryKind.FORK:
            agent = str(said.get("agent"))
            self.history.forks.setdefault(agent, idx)
            self.findings.add("fork", f"entry {idx}", f"two writers with the key of {agent}")
        return ""

    def document(self, where: str, said: Mapping[str, Any], body: Body) -> bytes | None:
        wanted = said.get("digest")
        if not isinstance(body, Document):
            if wanted is not None and not (isinstance(body, Absent) and body.pruned):
                self.findings.add("bad_body", where, "its document is missing")
            return None
        if sha256(body.data).hexdigest() != wanted:
            self.findings.add("bad_body", where, "its document does not fit its digest")
            return None
        self.findings.count("documents")
        return body.data

    def plan(self, where: str, kind: str, document: bytes) -> None:
        """A plan of one agent, or (kind `estate`) the terms of all services."""
        try:
            if kind == "estate":
                self.history.estates.append(parse_terms(document))
            else:
                self.history.plans[sha256(document).hexdigest()] = parse_plan(document)
        except (WireError, FieldError) as error:
            self.findings.add("bad_plan", where, str(error))

    # -- carried entries ----------------------------------------------------------------------

    def carry(self, carried: tuple[bundle.Carried, ...], end: checkpoints.Checkpoint) -> None:
        for one in sorted(carried, key=lambda c: c.idx):
            where = f"carried entry {one.idx}"
            leaf = tree.leaf_hash(one.entry)
            if one.idx >= self.archive.manifest.from_size or not tree.verify_inclusion(
                one.idx, end.size, leaf, one.proof, end.root
            ):
                self.findings.add("bad_proof", where, "is not in the tree before this range")
                continue
            self.findings.count("carried entries")
            self.carried(where, one)

    def carried(self, where: str, one: bundle.Carried) -> None:
        try:
            entry = parse_entry(one.entry)
            header = headers.parse(entry.header) if entry.kind is EntryKind.BATCH else None
        except WireError as error:
            self.findings.add("bad_entry", where, str(error))
            return
        if header is None:
            self.statement(where, one.idx, entry, one.body)
            return
        # The newest batch before the range: the chain goes on from it.
        self.history.heads[header.agent] = Head(header.epoch, header.seq, chain_hash(entry.header))
        self.history.carried.append(one)
        if header.kind is Kind.ROTATE and header.rotate is not None:
            self.history.keys.rotate(header.agent, header.epoch, header.seq, header.rotate.public)


def read_history(archive: Archive, findings: Findings, paper: Paper | None = None) -> History:
    """The first reading; every problem is reported, and what can still be read is read."""
    history = History()
    history.end = _checkpoint(archive, bundle.END, archive.manifest.to_size, findings)
    reader = _Reader(archive, findings, history, _notes(archive, findings), paper)
    carried = _carry(archive, findings)
    if history.end is not None:
        reader.carry(carried, history.end)
    _entries(archive, findings, reader)
    return history


def _checkpoint(archive: Archive, name: str, size: int, findings: Findings) -> checkpoints.Checkpoint | None:
    data = archive.get(name)
    if data is None:
        return None
    try:
        made, _ = checkpoints.open_checkpoint(data, archive.key)
    except WireError as error:
        findings.add("bad_checkpoint", name, str(error))
        return None
    if made.size != size:
        findings.add("bad_checkpoint", name, f"is of size {made.size}, the manifest says {size}")
        return None
    return made


def _notes(archive: Archive, findings: Findings) -> dict[int, tuple[str, bytes]]:
    data = archive.get(bundle.NOTES)
    found: dict[int, tuple[str, bytes]] = {}
    if data is None:
        return found
    try:
        for size, text in strict_json.loads(data):
            made, _ = checkpoints.open_checkpoint(text.encode("utf-8"), archive.key)
            if made.size != size:
                raise ValueError(f"the note of size {size} says {made.size}")
            found[size] = (sha256(text.encode("utf-8")).hexdigest(), made.root)
    except (WireError, ValueError, TypeError, AttributeError) as error:
        findings.add("bad_checkpoint", bundle.NOTES, str(error)[:200])
    return found


def _carry(archive: Archive, findings: Findings) -> tuple[bundle.Carried, ...]:
    data = archive.get(bundle.CARRY)
    if data is None:
        return ()
    try:
        return bundle.parse_carry(data)
    except (WireError, FieldError, BundleError) as error:
        findings.add("bad_member", bundle.CARRY, str(error))
        return ()


def chunk(archive: Archive, number: int) -> tuple[list[bytes], list[Body]]:
    """Entries and bodies of one chunk; BundleError or WireError where they cannot be read."""
    names = bundle.entries_name(number), bundle.bodies_name(number)
    packed = [archive.get(name) for name in names]
    if packed[0] is None or packed[1] is None:
        raise BundleError(f"chunk {number}: missing or damaged")
    entries = tiles.parse_bundle(bundle.expand(packed[0], names[0]))
    bodies = list(bundle.parse_bodies(bundle.expand(packed[1], names[1]), names[1]))
    manifest = archive.manifest
    wanted = min(bundle.CHUNK, manifest.to_size - manifest.from_size - number * bundle.CHUNK)
    if len(entries) != wanted or len(bodies) != wanted:
        raise BundleError(f"chunk {number}: {len(entries)} entries and {len(bodies)} bodies of {wanted}")
    return entries, bodies


def _entries(archive: Archive, findings: Findings, reader: _Reader) -> None:
    frontier = _frontier(archive, findings)
    _check_paper(reader, frontier)
    at = archive.manifest.from_size
    for number in range(archive.chunks):
        try:
            entries, bodies = chunk(archive, number)
        except (BundleError, WireError) as error:
            findings.add("bad_member", f"chunk {number}", str(error))
            frontier = None
            at += bundle.CHUNK
            continue
        if frontier is not None:
            frontier = _extend(frontier, entries, reader, findings)
        for idx, (data, body) in enumerate(zip(entries, bodies, strict=True), at):
            reader.entry(idx, data, body)
        at += len(entries)
    end = reader.history.end
    if frontier is None or end is None:
        findings.add("bad_tree", bundle.END, "the tree cannot be computed from what is here")
    elif frontier.root() != end.root:
        findings.add("bad_tree", bundle.END, "the entries do not give the root of the checkpoint")


def _frontier(archive: Archive, findings: Findings) -> tree.Frontier | None:
    data = archive.get(bundle.FRONTIER)
    size = archive.manifest.from_size
    if data is None:
        return None
    try:
        made = tree.Frontier.parse(data)
    except WireError as error:
        findings.add("bad_tree", bundle.FRONTIER, str(error))
        return None
    start = _checkpoint(archive, bundle.START, size, findings) if size else None
    if made.size != size or (size and start is None) or (start is not None and made.root() != start.root):
        findings.add("bad_tree", bundle.FRONTIER, "is not the edge of the start checkpoint's tree")
        return None
    return made


def _extend(
    frontier: tree.Frontier, entries: list[bytes], reader: _Reader, findings: Findings
) -> tree.Frontier:
    """Append the leaves; wherever a published note or the paper stands, compare its root."""
    leaves = [tree.leaf_hash(entry) for entry in entries]
    done = 0
    for stop in _stops(reader, frontier.size, frontier.size + len(leaves)):
        step = stop - frontier.size
        frontier.extend(leaves[done : done + step])
        done += step
        _compare_root(frontier, reader, findings)
    frontier.extend(leaves[done:])
    return frontier


def _stops(reader: _Reader, low: int, high: int) -> list[int]:
    sizes = {*reader.notes, reader.paper.size if reader.paper else 0}
    return sorted(size for size in sizes if low < size <= high)


def _compare_root(frontier: tree.Frontier, reader: _Reader, findings: Findings) -> None:
    root, size = frontier.root(), frontier.size
    note = reader.notes.get(size)
    if note is not None and note[1] != root:
        findings.add("bad_checkpoint", bundle.NOTES, f"the log at size {size} has another root")
    if reader.paper is not None and reader.paper.size == size:
        if not root.hex().startswith(reader.paper.root):
            findings.add("bad_paper", f"size {size}", "the log at this size has another root than the paper")
        findings.count("printed checkpoints")


def _check_paper(reader: _Reader, frontier: tree.Frontier | None) -> None:
    """The paper must stand inside this range (its start counts), or it says nothing about it."""
    paper, manifest = reader.paper, reader.archive.manifest
    if paper is None:
        return
    if not manifest.from_size <= paper.size <= manifest.to_size or paper.size == 0:
        reader.findings.add(
            "bad_paper",
            f"size {paper.size}",
            f"outside this bundle ({manifest.from_size} to {manifest.to_size}): it cannot be compared here",
        )
    elif frontier is not None and frontier.size == paper.size:
        _compare_root(frontier, reader, reader.findings)
