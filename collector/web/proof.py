"""One entry with its proof: what it says, who signed it, whether its lines fit, whether the log holds it."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from checks.codec import FieldError
from checks.result import Result, decode
from checks.wire import checkpoint as checkpoints
from checks.wire import entry as entries
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire import strict_json, tree
from checks.wire.errors import WireError
from checks.wire.frame import Frame, unpack_body
from checks.wire.note import Vkey
from checks.wire.numbers import EntryKind
from checks.wire.signing import key_id
from checks.wire.tiles import tile_nodes
from collector.evidence.unzstd import unzstd
from collector.store import agents, evidence, nodes, packs
from collector.store.content import content


@dataclass(frozen=True, slots=True)
class Line:
    """A result line: its number, its bytes as text, and the result if it reads as one."""

    number: int
    text: str
    result: Result | None


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The path from the entry to a signed checkpoint, checked."""

    size: int
    root: str
    path: tuple[str, ...]
    good: bool
    at: int


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything the page of one entry shows."""

    idx: int
    kind: str
    received: int
    agent: str | None
    epoch: int | None
    seq: int | None
    header: dict[str, Any]
    header_text: str
    leaf: str
    signatures: tuple[tuple[str, str], ...]
    signed: str
    signer: str
    body: str
    lines: tuple[Line, ...]
    document: str
    inclusion: Inclusion | None


def show(conn: Connection, idx: int, log_key: Vkey) -> Shown | None:
    """The entry at this position, examined; None if the log has no such entry."""
    row = packs.entry(conn, idx)
    if row is None or row.data is None:
        return None
    parsed = entries.parse(row.data)
    signed, signer = _signature(conn, row, parsed, log_key)
    body, found, document = _body(conn, idx, parsed)
    header = strict_json.loads(parsed.header)
    return Shown(
        idx=idx,
        kind=parsed.kind.word,
        received=row.received,
        agent=row.agent,
        epoch=row.epoch,
        seq=row.seq,
        header=header if isinstance(header, dict) else {},
        header_text=json.dumps(header, ensure_ascii=False, indent=2),
        leaf=parsed.leaf.hex(),
        signatures=tuple((one.key_id.hex(), one.sig.hex()) for one in parsed.signatures),
        signed=signed,
        signer=signer,
        body=body,
        lines=found,
        document=document,
        inclusion=_inclusion(conn, idx, parsed.leaf, log_key),
    )


def _signature(
    conn: Connection, row: evidence.EntryRow, parsed: entries.Entry, log_key: Vkey
) -> tuple[str, str]:
    """(verified | failed | unverified, who): by the agent's key, else by the log's own."""
    known = {key_id(log_key.public): (log_key.public, log_key.name)}
    if row.agent is not None and row.epoch is not None:
        for public in _keys(conn, row.agent, row.epoch):
            known[key_id(public)] = (public, f"{row.agent}/{row.epoch}")
    elif parsed.kind is EntryKind.ENROL and (own := _named(parsed.header)):
        known[key_id(own)] = (own, "")
    for one in parsed.signatures:
        if one.key_id in known:
            public, who = known[one.key_id]
            good = entries.verify_statement(parsed.kind, parsed.header, parsed.signatures, public)
            return ("verified" if good else "failed"), who
    return "unverified", ""


def _keys(conn: Connection, agent: str, epoch: int) -> list[bytes]:
    """The key that signs now and the one the agent enrolled with (those between stand in the log)."""
    found = agents.get(conn, agent, epoch)
    if found is None:
        return []
    return [found.public, *([first] if (first := _named(found.statement)) else [])]


def _named(statement: bytes) -> bytes | None:
    """The key that an enrolment statement names."""
    whole = strict_json.loads(statement)
    first = whole.get("public") if isinstance(whole, dict) else None
    return bytes.fromhex(first) if isinstance(first, str) else None


def _body(conn: Connection, idx: int, parsed: entries.Entry) -> tuple[str, tuple[Line, ...], str]:
    """(verified | failed | "" | pruned, result lines, other document as text)."""
    row = packs.body(conn, idx)
    if parsed.kind is not EntryKind.BATCH:
        return _document(row, parsed)
    header = headers.parse(parsed.header)
    if header.n == 0:
        return "", (), ""
    if row is None or row.seed is None:
        return "pruned", (), ""
    try:
        found = unpack_body(
            Frame(parsed.header, parsed.signatures, row.seed, row.enc, row.data), header, unzstd
        )
    except WireError:
        return "failed", (), ""
    good = bodies.body_root(row.seed, found).hex() == header.root
    return ("verified" if good else "failed"), tuple(_line(i, line) for i, line in enumerate(found)), ""


def _line(number: int, raw: bytes) -> Line:
    try:
        result = decode(raw)
    except (WireError, FieldError):
        result = None
    return Line(number, raw.decode("utf-8", "replace"), result)


def _document(row: evidence.BodyRow | None, parsed: entries.Entry) -> tuple[str, tuple[Line, ...], str]:
    """The document that the header names by its digest."""
    header = strict_json.loads(parsed.header)
    named = header.get("digest") if isinstance(header, dict) else None
    if row is None:
        return ("pruned" if named else ""), (), ""
    try:
        raw = content(row)
    except evidence.Damaged:
        return "failed", (), ""
    good = sha256(raw).hexdigest() == named
    return ("verified" if good else "failed"), (), raw.decode("utf-8", "replace")


def _inclusion(conn: Connection, idx: int, leaf: bytes, log_key: Vkey) -> Inclusion | None:
    """The proof against the newest checkpoint, or None while no checkpoint covers the entry."""
    row = evidence.last_checkpoint(conn)
    if row is None or row.size <= idx:
        return None
    try:
        checkpoint, _ = checkpoints.open_checkpoint(row.note.encode(), log_key)
    except WireError:
        return Inclusion(row.size, row.root.hex(), (), False, row.at)
    path = tree.inclusion_proof(tile_nodes(nodes.reader(conn), row.size), idx, row.size)
    good = tree.verify_inclusion(idx, checkpoint.size, leaf, path, checkpoint.root)
    return Inclusion(checkpoint.size, checkpoint.root.hex(), tuple(node.hex() for node in path), good, row.at)
