"""Makes a bundle (存证包): every entry of a period with its bodies, and what is needed to read them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from checks.wire import entry as entries
from checks.wire import header as headers
from checks.wire import strict_json, tree
from checks.wire.numbers import ALG_ED25519, EntryKind, pae_type
from checks.wire.pae import pae
from checks.wire.tiles import bundle as entry_bundle
from checks.wire.tiles import tile_nodes
from collector.availability.calendar_cn import shipped_files
from collector.context import Context
from collector.evidence import bundle
from collector.evidence.bundle import Absent, Body, Carried, Document, Lines, Manifest, Period
from collector.evidence.container import Writer
from collector.jobs import figures, human
from collector.judging.ground import day
from collector.store import estates, evidence, late, nodes, packs, photos, rounds, scorecards, series
from collector.store.content import content
from collector.store.evidence import CheckpointRow, EntryRow

# Entries of these kinds say how the range is to be read, however old they are.
_CARRIED = (
    EntryKind.ENROL,
    EntryKind.APPROVE,
    EntryKind.REVOKE,
    EntryKind.RESET,
    EntryKind.PLAN,
    EntryKind.FORK,
    EntryKind.STATEMENT,
)
CARRY_IN_MS = 3_600_000
_DAY_MS = 86_400_000
WAIT_TRIES = 100


class NotSettled(Exception):
    """The derived tables and the checkpoints do not meet; try again."""

    code = "not_settled"


class BundleEmpty(Exception):
    """There is nothing to bundle: no checkpoint, or no entry in the period."""

    code = "empty_bundle"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Photographs that come along, and those that are named and gone, or changed since, by digest."""

    here: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    path: Path
    manifest: Manifest
    size: int
    root: str
    pictures: Pictures


def make_bundle(context: Context, period: Period, out: Path, *, with_photos: bool = False) -> Made:
    """Write the bundle to `out` (atomically: a half-written one never has that name).

    `with_photos`: the photographs that statements of the range name come along.
    BundleEmpty where there is nothing to bundle; NotSettled while the derived tables stand behind or
    beyond every checkpoint for too long.
    """
    partial = out.with_name(out.name + ".partial")
    try:
        with _settled(context) as conn, partial.open("wb") as file:
            end = evidence.last_checkpoint(conn)
            claims = claims_of(context, conn, period)
            pictures = _pictures(context, conn, period) if with_photos else Pictures()
            manifest = _write(context, conn, period, Writer(file), claims, pictures)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return Made(out, manifest, out.stat().st_size, end.root.hex() if end else "", pictures)


@contextmanager
def _settled(context: Context) -> Iterator[Connection]:
    """A snapshot in which the newest checkpoint covers all that the derived tables stand on."""
    for _ in range(WAIT_TRIES):
        with context.read() as conn:
            end = evidence.last_checkpoint(conn)
            if end is not None and _meet(conn, end.size):
                yield conn
                return
        time.sleep(0.1)
    if end is None:
        raise BundleEmpty("the log has no checkpoint yet")
    raise NotSettled("no checkpoint covers the derived tables: is the server running?")


def _meet(conn: Connection, size: int) -> bool:
    """Whether the derived tables stand on every batch below `size`, and on none above."""
    cursor = series.cursor(conn)
    if late.count(conn):
        return False  # runs do not show everything below the cursor yet
    return cursor <= size and all(row.kind != EntryKind.BATCH for row in packs.entry_rows(conn, cursor, size))


def claims_of(context: Context, conn: Connection, period: Period) -> list[dict[str, Any]]:
    """The figures of every service as the pages show them, with the log size they stand on."""
    applied = estates.newest(conn)
    if applied is None:
        return []
    document = estates.terms(conn, applied.idx)
    size = series.cursor(conn)
    span = period.from_ms, period.to_ms
    claims, shared = [], figures.common(conn, span, size)
    for terms in document.services:
        made = figures.figure_on(conn, context.now(), terms.id, span, None, shared)
        claims.append({**figures.as_json(made), "terms": document.estate, "evidence_size": size})
    return claims


def _pictures(context: Context, conn: Connection, period: Period) -> Pictures:
    """The photographs that sheets of the range name. A bundle never holds one that is not what it was."""
    start, end = _range(conn, period)
    named = human.photos(conn, start.size if start else 0, end.size)
    here = tuple(one for one in named if photos.read(context.directory, one) is not None)
    lost = [one for one in named if one not in here]
    # Other bytes under its name are not an absence: somebody, or the disk, changed evidence.
    changed = tuple(one for one in lost if photos.path_of(context.directory, one).exists())
    return Pictures(here, tuple(one for one in lost if one not in changed), changed)


def _photo(context: Context, digest: str) -> bytes:
    data = photos.read(context.directory, digest)
    if data is None:
        raise evidence.Damaged(f"photograph {digest} went away while the bundle was made")
    return data


def _write(
    context: Context,
    conn: Connection,
    period: Period,
    writer: Writer,
    claims: Sequence[dict[str, Any]],
    pictures: Pictures,
) -> Manifest:
    start, end = _range(conn, period)
    files: dict[str, bytes] = dict(_fixed(conn, start, end))
    chunks = list(_chunk_digests(conn, start.size if start else 0, end.size))
    last = {
        bundle.CARRY: bundle.encode_carry(list(_carry(conn, start.size if start else 0, end.size))),
        bundle.CALENDARS: strict_json.dumps({k: v.decode() for k, v in shipped_files().items()}),
        bundle.CLAIM_FIGURES: strict_json.dumps(list(claims)),
    }
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    digests |= dict(chunks)
    digests |= {name: sha256(data).hexdigest() for name, data in last.items()}
    digests |= {bundle.photo_name(one): one for one in pictures.here}
    manifest = Manifest(
        v=1,
        kind="bundle",
        log=context.origin,
        made_ms=context.now(),
        version=version("roundseal"),
        period=period,
        from_size=start.size if start else 0,
        to_size=end.size,
        files=digests,
    )
    data = bundle.encode_manifest(manifest)
    writer.add(bundle.MANIFEST, data)
    writer.add(bundle.MANIFEST_SIG, _signed(context, data))
    for name, member in files.items():
        writer.add(name, member)
    # Written in a second reading rather than kept: a quarter's bodies do not fit into memory.
    for name, member in _chunks(conn, manifest.from_size, manifest.to_size):
        writer.add(name, member)
    for name, member in last.items():
        writer.add(name, member)
    for one in pictures.here:
        writer.add(bundle.photo_name(one), _photo(context, one))
    writer.close()
    return manifest


def _signed(context: Context, data: bytes) -> bytes:
    signature = context.signer.sign(pae(pae_type("manifest"), data))
    return bytes([ALG_ED25519]) + context.signer.key_id + signature


def _range(conn: Connection, period: Period) -> tuple[CheckpointRow | None, CheckpointRow]:
    """Checkpoints around the period: the newest before its first entry, and the newest of all."""
    end = evidence.last_checkpoint(conn)
    if end is None:
        raise BundleEmpty("the log has no checkpoint yet")
    first = evidence.first_received(conn, period.from_ms - _carry_in(conn))
    if first is None or first >= end.size:
        raise BundleEmpty(f"the log has no entry since the start of {period.name}")
    begun = evidence.first_received(conn, 0)
    begun_ms = 0 if begun is None else packs.entry_received(conn, begun) or 0
    if period.to_ms <= begun_ms:
        more = _sealed(conn, period.name, begun_ms)
        raise BundleEmpty(f"the log was begun after {period.name} had ended{more}")
    return evidence.checkpoint_before(conn, first), end


def _sealed(conn: Connection, name: str, begun_ms: int) -> str:
    """Which bundle shows the seal of a period that ended before the log was begun; nothing where none is."""
    rows = scorecards.sealed(conn, name)
    if not rows:
        return ""
    first, end = day(begun_ms), day(rows[-1].received) + timedelta(days=1)
    entries = ", ".join(str(row.idx) for row in rows)
    return f"; its seal is in the log (entry {entries}): --period {first}/{end} holds it and all it stands on"


def _carry_in(conn: Connection) -> int:
    """How long before the period its first state can have been seen: a run ends at midnight, and what was
    seen last before that holds on."""
    applied = estates.newest(conn)
    services = estates.terms(conn, applied.idx).services if applied is not None else ()
    holds = [leaf.hold_ms * (leaf.confirm + 1) for one in services for leaf in one.leaves.values()]
    return _DAY_MS + max([CARRY_IN_MS, *holds])


def _fixed(conn: Connection, start: CheckpointRow | None, end: CheckpointRow) -> Iterator[tuple[str, bytes]]:
    size = start.size if start else 0
    if start is not None:
        yield bundle.START, start.note.encode()
    yield bundle.END, end.note.encode()
    yield bundle.FRONTIER, _frontier(conn, size)
    yield bundle.NOTES, strict_json.dumps(_notes(conn, size, end.size))


def _frontier(conn: Connection, size: int) -> bytes:
    source = tile_nodes(nodes.reader(conn), size) if size else None
    roots, at = [], 0
    for bit in range(size.bit_length() - 1, -1, -1):
        width = 1 << bit
        if size & width and source is not None:
            roots.append(tree.range_root(source, at, at + width))
            at += width
    return tree.Frontier(size, roots).serialise()


def _notes(conn: Connection, begin: int, end: int) -> list[list[Any]]:
    """The published notes that batches of the range name as seen."""
    sizes: set[int] = set()
    for row in packs.entry_rows(conn, begin, end):
        if row.kind == EntryKind.BATCH and row.data is not None:
            seen = headers.parse(entries.parse(bytes(row.data)).header).seen
            if seen is not None and seen.size >= begin:
                sizes.add(seen.size)
    found = (evidence.checkpoint(conn, size) for size in sorted(sizes))
    return [[row.size, row.note] for row in found if row is not None]


def _chunks(conn: Connection, begin: int, end: int) -> Iterator[tuple[str, bytes]]:
    """Members with entries, then bodies, chunk by chunk."""
    for number, at in enumerate(range(begin, end, bundle.CHUNK)):
        rows = list(packs.entry_rows(conn, at, min(at + bundle.CHUNK, end)))
        yield (
            bundle.entries_name(number),
            bundle.squeeze(entry_bundle([bytes(row.data or b"") for row in rows])),
        )
        bodies = [_body(conn, row) for row in rows]
        yield bundle.bodies_name(number), bundle.squeeze(bundle.encode_bodies(bodies))


def _chunk_digests(conn: Connection, begin: int, end: int) -> Iterator[tuple[str, str]]:
    for name, data in _chunks(conn, begin, end):
        yield name, sha256(data).hexdigest()


def _body(conn: Connection, row: EntryRow) -> Body:
    found = packs.body(conn, row.idx)
    if found is None:
        return Absent(pruned=row.kind == EntryKind.BATCH and _has_lines(row))
    data = content(found)
    return Document(data) if found.seed is None else Lines(bytes(found.seed), data)


def _has_lines(row: EntryRow) -> bool:
    return headers.parse(entries.parse(bytes(row.data or b"")).header).n > 0


def _carry(conn: Connection, begin: int, end: int) -> Iterator[Carried]:
    """Older entries that the range needs, each with its proof in the tree at `end`."""
    if not begin:
        return
    source = tile_nodes(nodes.reader(conn), end)
    older = {row.idx for row in evidence.of_kinds(conn, [int(kind) for kind in _CARRIED]) if row.idx < begin}
    older |= {*evidence.newest_batches(conn, begin), *_rotations(conn, begin), *_records(conn, begin)}
    # Scorecards and settlements: what is paid in this range can be added up again from them.
    older |= {row.idx for row in scorecards.sealed(conn) if row.idx < begin}
    older |= {row.idx for row in scorecards.settled(conn) if row.idx < begin}
    for idx in sorted(older):
        row = packs.entry(conn, idx)
        if row is None:
            raise evidence.Damaged(f"entry {idx} is nowhere: run fsck")
        proof = tree.inclusion_proof(source, idx, end)
        body = Absent() if row.kind == EntryKind.BATCH else _body(conn, row)
        yield Carried(idx, bytes(row.data or b""), tuple(proof), body)


def _rotations(conn: Connection, begin: int) -> Iterator[int]:
    """Batches before the range from which on another key signs.

    They are found by their two signatures: an entry of one is the shorter by one signature.
    """
    for row in packs.entry_rows(conn, 0, begin):
        if row.kind == EntryKind.BATCH and len(entries.parse(bytes(row.data or b"")).signatures) > 1:
            yield row.idx


def _records(conn: Connection, begin: int) -> Iterator[int]:
    """The newest inspection record of each round before the range: the next one goes on from it."""
    newest: dict[str, tuple[int, int]] = {}
    for row in rounds.records(conn):
        if row.idx < begin:
            newest[row.round] = max(newest.get(row.round, (0, 0)), (row.opened, row.idx))
    return (idx for _, idx in newest.values())
