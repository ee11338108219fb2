"""First reading of a bundle: the lifecycle of keys, every agent's chain, plans and documents.

One pass over all entries in log order (growth.py reads them and follows the tree). Signatures of batches and
their bodies are the second reading (batches.py), which can run on several processors because it only needs
what this one found.
"""

from array import array
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from checks.codec import FieldError
from checks.plan import Plan
from checks.plan import parse as parse_plan
from checks.wire import checkpoint as checkpoints
from checks.wire import frame, strict_json, tree
from checks.wire import header as headers
from checks.wire.blob import Signature
from checks.wire.chain import chain_hash
from checks.wire.entry import Entry, verify_statement
from checks.wire.entry import parse as parse_entry
from checks.wire.errors import WireError
from checks.wire.header import Header
from checks.wire.numbers import EntryKind
from collector.availability.estate_terms import EstateTerms
from collector.availability.estate_terms import parse as parse_terms
from collector.evidence import bundle
from collector.evidence.bundle import Absent, Body, Document
from collector.verify.archive import Archive
from collector.verify.findings import NOT_LOGGED, Findings
from collector.verify.forks import Forks, LifeKey
from collector.verify.keys import KeyTable
from collector.verify.swift import read_header

_NEVER = 2**62
_LONG_MS = 3_600_000
_PACK = "the pack {0} has the text {1}: compare it with the one that both sides signed"
_REWRITTEN = "the pack {0} has another text from {1} on: {2} became {3}; ask who agreed to that"


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


@dataclass(frozen=True, slots=True)
class Issue:
    """A plan in the log: its entry and receipt; it is in force until its agent's next one."""

    idx: int
    issued_ms: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class Applied:
    """The terms of an applied estate, with their entry and receipt."""

    idx: int
    at_ms: int
    terms: EstateTerms


@dataclass(slots=True)
class History:
    """What the first reading found.

    `plans` by digest; `quarantine`: by (agent, epoch), entries from which its batches count no more (True:
    a fork) or count again; `tips`: newest batch under each (agent, epoch, key); `always`: batches whose
    signature is checked in any mode beside these.
    """

    keys: KeyTable = field(default_factory=KeyTable)
    heads: dict[str, Head] = field(default_factory=dict)
    hashes: dict[int, bytes] = field(default_factory=dict)
    plans: dict[str, Issue] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    """Every plan, in order of the log: one that comes again was in force twice."""
    estates: list[Applied] = field(default_factory=list)
    quarantine: dict[LifeKey, list[tuple[int, bool]]] = field(default_factory=dict)
    forks: Forks = field(default_factory=Forks)
    said: list[Said] = field(default_factory=list)
    tips: dict[tuple[str, int, bytes], int] = field(default_factory=dict)
    always: set[int] = field(default_factory=set)
    end: checkpoints.Checkpoint | None = None
    stamps: "array[int]" = field(default_factory=lambda: array("q"))
    """When each entry was received, from `begin` on; one that could not be read: never."""
    kinds: bytearray = field(default_factory=bytearray)
    begin: int = 0
    last_ms: int = 0
    """When the newest entry was received."""

    def stamp(self, idx: int, entry: Entry) -> None:
        """Note when the next entry was received, and its kind."""
        for _ in range(self.begin + len(self.stamps), idx):
            self.stamps.append(_NEVER)
            self.kinds.append(0)
        self.stamps.append(entry.received_ms)
        self.kinds.append(int(entry.kind))

    def came(self, idx: int) -> int:
        """When an entry of the range was received; one that is not here: never."""
        at = idx - self.begin
        return self.stamps[at] if 0 <= at < len(self.stamps) else _NEVER

    def size_at(self, upto_ms: int, most: int) -> int:
        """How much of the log had been received at an instant (receipts never fall), `most` at most."""
        return self.begin + bisect_right(self.stamps, upto_ms, hi=max(most - self.begin, 0))

    def received(self, low: int, high: int, upto_ms: int) -> list[int]:
        """Entries of [low, high), batches too, that had been received at an instant."""
        within = range(max(low, self.begin), min(high, self.begin + len(self.stamps)))
        return [idx for idx in within if self.stamps[idx - self.begin] <= upto_ms]


@dataclass(slots=True)
class Reader:
    """Follows the entries, carried ones first. `notes`: size -> (digest of the signed note, its root)."""

    archive: Archive
    findings: Findings
    history: History
    notes: dict[int, tuple[str, bytes]]

    # -- entries ------------------------------------------------------------------------------

    def entry(self, idx: int, data: bytes, body: Body) -> None:
        """Follow the next entry of the range."""
        where = f"entry {idx}"
        try:
            entry = parse_entry(data)
        except WireError as error:
            self.findings.add("bad_entry", where, str(error))
            return
        self.findings.count("entries")
        self.clock(where, entry)
        self.history.stamp(idx, entry)
        if entry.kind is EntryKind.BATCH:
            self.batch(where, idx, entry)
        else:
            self.statement(where, idx, entry, body)

    def clock(self, where: str, entry: Entry) -> None:
        """Receipt times never fall, whatever the collector's clock does: an earlier one was put there."""
        if entry.received_ms < self.history.last_ms:
            self.findings.add("bad_entry", where, "says that it came before the entry in front of it did")
        self.history.last_ms = max(self.history.last_ms, entry.received_ms)

    def batch(self, where: str, idx: int, entry: Entry) -> None:
        """A batch: its place in the chain, what its agent had seen, which plan it names."""
        try:
            header = read_header(entry.header)
        except WireError as error:
            self.findings.add("bad_entry", where, str(error))
            return
        self.findings.count("batches")
        if header.n and entry.received_ms - header.to_ms > _LONG_MS:
            self.findings.count("batches that came more than an hour after what they tell of")
        if header.log != self.archive.manifest.log:
            self.findings.add("bad_entry", where, f"is meant for the log {header.log!r}")
        self.chain(where, idx, header, entry.header)
        signer = entry.signatures[0].key_id if entry.signatures else b""
        self.history.tips[header.agent, header.epoch, signer] = idx
        self.seen(where, idx, header)
        if header.plan:
            issue = self.history.plans.get(header.plan)
            if issue is None:
                self.findings.add("bad_plan", where, NOT_LOGGED.format(header.plan[:16]))
            elif issue.plan.agent != header.agent:
                self.findings.add("bad_plan", where, f"names the plan {header.plan[:16]}…, another agent's")
        self.rotation(where, idx, header)

    def rotation(self, where: str, idx: int, header: Header) -> None:
        """The next key, if this batch names one; its own two signatures are always checked."""
        if header.rotate is None:
            return
        self.history.always.add(idx)
        problem = self.history.keys.rotate(header.agent, header.epoch, header.seq, header.rotate.public)
        if problem:
            self.findings.add("bad_key", where, problem)

    def chain(self, where: str, idx: int, header: Header, raw: bytes) -> None:
        """A batch follows the one before it, or opens a new life behind the enrolment."""
        head = self.history.heads.get(header.agent)
        if head is None or head.epoch != header.epoch:
            life = self.history.keys.lives.get((header.agent, header.epoch))
            wanted = None if life is None else (0, life.first_prev)
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
        made = chain_hash(raw)
        self.history.heads[header.agent] = Head(header.epoch, header.seq, made)
        self.history.hashes[idx] = made

    def seen(self, where: str, idx: int, header: Header) -> None:
        """The checkpoint its agent had verified must be a head of this very log."""
        if header.seen is None:
            self.findings.notice("some batches name no checkpoint that their agent had verified")
            return
        size = header.seen.size
        note = self.notes.get(size)
        if size > idx:
            self.findings.add("bad_seen", where, f"saw size {size} before the log had it")
        elif note is not None and note[0] != header.seen.note:
            self.findings.add("bad_seen", where, f"saw another checkpoint of size {size}")
        elif note is None and size >= self.archive.manifest.from_size:
            self.findings.add("bad_seen", where, f"saw a checkpoint of size {size} not given here")
        elif note is None:
            self.findings.notice("some batches saw a checkpoint from before this range: not compared")

    # -- statements ---------------------------------------------------------------------------

    def statement(self, where: str, idx: int, entry: Entry, body: Body) -> None:
        """An entry that is no batch: signed by the log key, or (enrol) by the key it enrols."""
        try:
            said = strict_json.loads(entry.header)
        except WireError as error:
            self.findings.add("bad_entry", where, str(error))
            return
        if not isinstance(said, dict):
            self.findings.add("bad_entry", where, "its header is no object")
            return
        if said.get("log") != self.archive.manifest.log:
            self.findings.add("bad_entry", where, "is meant for another log")
        if entry.kind is EntryKind.ENROL:
            problem = self.history.keys.enrol(idx, entry, said)
        elif not verify_statement(entry.kind, entry.header, entry.signatures, self.archive.key.public):
            problem = "not signed by the log key"
        else:
            problem = self.lifecycle(idx, entry.kind, said)
        if problem:
            self.findings.add("bad_entry", where, problem)
            return
        document = self.document(where, said, body)
        self.history.said.append(Said(idx, entry.kind, entry.received_ms, said, document))
        if entry.kind is EntryKind.PLAN and document is not None:
            self.plan(where, self.history.said[-1], document)

    def lifecycle(self, idx: int, kind: EntryKind, said: Mapping[str, Any]) -> str:
        """What changes who may sign or whose batches count; what is wrong with it, or ""."""
        if kind is EntryKind.APPROVE:
            return self.history.keys.approve(idx, said)
        if kind not in (EntryKind.FORK, EntryKind.RESET, EntryKind.REVOKE):
            return ""
        agent, epoch = said.get("agent"), said.get("epoch")
        if kind is EntryKind.REVOKE:
            if type(agent) is str and type(epoch) is int:
                self.history.forks.revoke(idx, (agent, epoch), said)
            return self.history.keys.revoke(idx, said)
        if type(agent) is not str or type(epoch) is not int:
            return "names no agent and epoch"
        self.history.quarantine.setdefault((agent, epoch), []).append((idx, kind is EntryKind.FORK))
        if kind is EntryKind.RESET:
            return self.history.forks.release(idx, (agent, epoch), said)
        return self.fork(idx, said)

    def fork(self, idx: int, said: Mapping[str, Any]) -> str:
        """The proof must show a second header, signed by the agent, where the log has another one."""
        try:
            raw = bytes.fromhex(said["header"])
            theirs = headers.parse(raw)
            given = tuple(
                Signature(alg, bytes.fromhex(key), bytes.fromhex(sig)) for alg, key, sig in said["signatures"]
            )
        except (KeyError, TypeError, ValueError, WireError):
            return "shows no second header"
        names = (theirs.agent, theirs.epoch, theirs.seq)
        key = self.history.keys.key_of(theirs.agent, theirs.epoch, idx, theirs.seq)
        if key is None or names != (said.get("agent"), said.get("epoch"), said.get("seq")):
            return "shows a header of another agent, or of one whose key was not good"
        if not frame.verify_header(raw, given, key):
            return "shows a header that the agent's key has not signed"
        ours = said.get("ours")
        if type(ours) is int and self.history.hashes.get(ours) == chain_hash(raw):
            return "shows the same header twice"
        self.history.forks.add(idx, (theirs.agent, theirs.epoch))
        return ""

    def document(self, where: str, said: Mapping[str, Any], body: Body) -> bytes | None:
        """The body that the header names by digest."""
        wanted = said.get("digest")
        if not isinstance(body, Document):
            if wanted is not None or not isinstance(body, Absent):
                self.findings.add("bad_body", where, "its document is missing")
            return None
        if sha256(body.data).hexdigest() != wanted:
            self.findings.add("bad_body", where, "its document does not fit its digest")
            return None
        self.findings.count("documents")
        return body.data

    def plan(self, where: str, said: Said, document: bytes) -> None:
        """A plan of one agent, or (kind `estate`) the terms of all services."""
        try:
            if said.header.get("kind") == "estate":
                terms = parse_terms(document)
                self.pack(where, terms)
                self.history.estates.append(Applied(said.idx, said.received_ms, terms))
            else:
                issue = Issue(said.idx, said.received_ms, parse_plan(document))
                self.history.plans[sha256(document).hexdigest()] = issue
                self.history.issues.append(issue)
        except (WireError, FieldError) as error:
            self.findings.add("bad_plan", where, str(error))

    def pack(self, where: str, terms: EstateTerms) -> None:
        """The text of the contract's pack that an estate brings: its digest, whether it is another one."""
        contract = terms.contract
        self.findings.count("estates applied")
        if contract is None or not contract.compiled:
            return
        digest = sha256(contract.compiled.encode()).hexdigest()
        if digest != contract.digest:
            self.findings.add("bad_plan", where, f"its pack {contract.pack} is not the text that it names")
        before = [c for one in self.history.estates if (c := one.terms.contract) and c.pack == contract.pack]
        if not before:
            self.findings.notice(_PACK.format(contract.pack, digest))
        elif before[-1].digest != contract.digest:
            self.findings.notice(_REWRITTEN.format(contract.pack, where, before[-1].digest, digest))

    # -- carried entries ----------------------------------------------------------------------

    def carry(self, carried: tuple[bundle.Carried, ...], end: checkpoints.Checkpoint) -> None:
        """Entries from before the range, each proven to be in the tree."""
        before = -1
        for one in carried:
            where = f"carried entry {one.idx}"
            leaf = tree.leaf_hash(one.entry)
            if not before < one.idx < self.archive.manifest.from_size or not tree.verify_inclusion(
                one.idx, end.size, leaf, one.proof, end.root
            ):
                self.findings.add("bad_proof", where, "is not in the tree before this range, in its order")
                continue
            before = one.idx
            self.findings.count("carried entries")
            self.carried(where, one)

    def carried(self, where: str, one: bundle.Carried) -> None:
        """One of them: a statement, a rotation, or an agent's newest batch, from which its chain goes on."""
        try:
            entry = parse_entry(one.entry)
            header = headers.parse(entry.header) if entry.kind is EntryKind.BATCH else None
        except WireError as error:
            self.findings.add("bad_entry", where, str(error))
            return
        self.clock(where, entry)
        if header is None:
            self.statement(where, one.idx, entry, one.body)
            return
        key = self.history.keys.key_of(header.agent, header.epoch, one.idx, header.seq)
        if key is None:
            self.findings.add("bad_key", where, "no approved key may sign here")
            return
        self.findings.count("batch signatures")
        try:
            made = frame.Frame(entry.header, entry.signatures, bytes(16), 0, b"")
            frame.check_signature(made, header, key)
        except WireError as error:
            self.findings.add("bad_signature", where, error.detail)
        self.history.heads[header.agent] = Head(header.epoch, header.seq, chain_hash(entry.header))
        self.rotation(where, one.idx, header)
