"""Follows the log's tree through a bundle: checkpoints, notes, the paper, and every entry in order."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice, repeat
from typing import TypeVar

from checks.codec import FieldError
from checks.wire import checkpoint as checkpoints
from checks.wire import strict_json, tiles, tree
from checks.wire.errors import WireError
from checks.wire.numbers import MAX_ENTRY, EntryKind
from collector.evidence import bundle
from collector.evidence.bundle import Absent, Body, BundleError
from collector.verify.archive import Archive
from collector.verify.findings import Findings
from collector.verify.history import History, Reader
from collector.verify.progress import Tell, silent

T = TypeVar("T")
_BATCH = bytes((EntryKind.BATCH,))  # the second byte of such an entry


@dataclass(frozen=True, slots=True)
class Paper:
    """A checkpoint as printed: its size and the first 20 or more hex digits of its root."""

    size: int
    root: str


@dataclass(slots=True)
class _Growth:
    """What the tree is compared with on its way."""

    archive: Archive
    findings: Findings
    reader: Reader
    paper: Paper | None
    tell: Tell


def read_history(
    archive: Archive, findings: Findings, paper: Paper | None = None, tell: Tell = silent
) -> History:
    """The first reading; every problem is reported, and what can still be read is read."""
    history = History(begin=archive.manifest.from_size)
    history.end = _checkpoint(archive, bundle.END, archive.manifest.to_size, findings)
    reader = Reader(archive, findings, history, _notes(archive, findings))
    carried = _carry(archive, findings)
    if history.end is not None:
        reader.carry(carried, history.end)
    _entries(_Growth(archive, findings, reader, paper, tell))
    history.forks.report(findings)
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


def entries_of(archive: Archive, number: int) -> list[bytes]:
    """The entries of one chunk; BundleError or WireError where they cannot be read."""
    name = bundle.entries_name(number)
    data = _member(archive, name)
    entries = tiles.parse_bundle(bundle.expand(data, name, bundle.CHUNK * (MAX_ENTRY + 2)))
    return _as_many(archive, number, entries, "entries")


def bodies_of(archive: Archive, number: int) -> list[Body]:
    """The bodies of these entries; BundleError where they cannot be read."""
    name = bundle.bodies_name(number)
    made = bundle.parse_bodies(bundle.expand(_member(archive, name), name), name)
    return _as_many(archive, number, list(islice(made, bundle.CHUNK + 1)), "bodies")


def _member(archive: Archive, name: str) -> bytes:
    data = archive.get(name)
    if data is None:
        raise BundleError(f"{name}: missing or damaged")
    return data


def _as_many(archive: Archive, number: int, found: list[T], what: str) -> list[T]:
    manifest = archive.manifest
    wanted = min(bundle.CHUNK, manifest.to_size - manifest.from_size - number * bundle.CHUNK)
    if len(found) != wanted:
        raise BundleError(f"chunk {number}: {len(found)} {what} of {wanted}")
    return found


def _documents(archive: Archive, number: int, entries: list[bytes]) -> Iterable[Body]:
    """The bodies of a chunk that holds more than batches: few do, and lines are for the second reading."""
    if all(data[1:2] == _BATCH for data in entries):
        return repeat(Absent(), len(entries))
    try:
        return bodies_of(archive, number)
    except BundleError:  # reported by the second reading
        return repeat(Absent(), len(entries))


def _entries(growth: _Growth) -> None:
    archive, findings = growth.archive, growth.findings
    frontier = _frontier(archive, findings)
    if growth.paper is not None:
        _check_paper(growth, growth.paper)
    if frontier is not None and frontier.size:
        _compare_root(growth, frontier)
    at = archive.manifest.from_size
    for number in range(archive.chunks):
        growth.tell("entries", number, archive.chunks)
        try:
            entries = entries_of(archive, number)
        except (BundleError, WireError) as error:
            findings.add("bad_member", f"chunk {number}", str(error))
            frontier = None
            at += bundle.CHUNK
            continue
        if frontier is not None:
            _extend(growth, frontier, entries)
        bodies = _documents(archive, number, entries)
        for idx, (data, body) in enumerate(zip(entries, bodies, strict=True), at):
            growth.reader.entry(idx, data, body)
        at += len(entries)
    _compare_end(growth, frontier)


def _compare_end(growth: _Growth, frontier: tree.Frontier | None) -> None:
    end = growth.reader.history.end
    if frontier is None or end is None:
        growth.findings.add("bad_tree", bundle.END, "the tree cannot be computed from what is here")
    elif frontier.root() != end.root:
        growth.findings.add("bad_tree", bundle.END, "the entries do not give the root of the checkpoint")


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


def _extend(growth: _Growth, frontier: tree.Frontier, entries: list[bytes]) -> None:
    """Append the leaves; wherever a published note or the paper stands, compare its root."""
    leaves = [tree.leaf_hash(entry) for entry in entries]
    done = 0
    for stop in _stops(growth, frontier.size, frontier.size + len(leaves)):
        step = stop - frontier.size
        frontier.extend(leaves[done : done + step])
        done += step
        _compare_root(growth, frontier)
    frontier.extend(leaves[done:])


def _stops(growth: _Growth, low: int, high: int) -> list[int]:
    sizes = [size for size in range(low + 1, high + 1) if size in growth.reader.notes]
    if growth.paper is not None and low < growth.paper.size <= high:
        sizes.append(growth.paper.size)
    return sorted(set(sizes))


def _compare_root(growth: _Growth, frontier: tree.Frontier) -> None:
    root, size, paper = frontier.root(), frontier.size, growth.paper
    note = growth.reader.notes.get(size)
    if note is not None and note[1] != root:
        growth.findings.add("bad_checkpoint", bundle.NOTES, f"the log at size {size} has another root")
    if paper is not None and paper.size == size:
        if not root.hex().startswith(paper.root):
            growth.findings.add(
                "bad_paper", f"size {size}", "the log at this size has another root than the paper"
            )
        growth.findings.count("printed checkpoints")


def _check_paper(growth: _Growth, paper: Paper) -> None:
    """The paper must stand inside this range (its start counts), or it says nothing about it."""
    manifest = growth.archive.manifest
    if not manifest.from_size <= paper.size <= manifest.to_size or paper.size == 0:
        growth.findings.add(
            "bad_paper",
            f"size {paper.size}",
            f"outside this bundle ({manifest.from_size} to {manifest.to_size}): it cannot be compared here",
        )
