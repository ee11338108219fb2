"""Follows the log's tree through a bundle: checkpoints, notes, the paper, and every entry in order."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from checks.codec import FieldError
from checks.wire import checkpoint as checkpoints
from checks.wire import strict_json, tiles, tree
from checks.wire.errors import WireError
from checks.wire.numbers import MAX_ENTRY
from collector.evidence import bundle
from collector.evidence.bundle import Body, BundleError
from collector.verify.archive import Archive
from collector.verify.findings import Findings
from collector.verify.history import History, Reader


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


def read_history(archive: Archive, findings: Findings, paper: Paper | None = None) -> History:
    """The first reading; every problem is reported, and what can still be read is read."""
    history = History()
    history.end = _checkpoint(archive, bundle.END, archive.manifest.to_size, findings)
    reader = Reader(archive, findings, history, _notes(archive, findings))
    carried = _carry(archive, findings)
    if history.end is not None:
        reader.carry(carried, history.end)
    _entries(_Growth(archive, findings, reader, paper))
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
    entries = tiles.parse_bundle(bundle.expand(packed[0], names[0], bundle.CHUNK * (MAX_ENTRY + 2)))
    made = bundle.parse_bodies(bundle.expand(packed[1], names[1]), names[1])
    bodies = list(islice(made, bundle.CHUNK + 1))
    manifest = archive.manifest
    wanted = min(bundle.CHUNK, manifest.to_size - manifest.from_size - number * bundle.CHUNK)
    if len(entries) != wanted or len(bodies) != wanted:
        raise BundleError(f"chunk {number}: {len(entries)} entries and {len(bodies)} bodies of {wanted}")
    return entries, bodies


def _ahead(archive: Archive) -> Iterator[Future[tuple[list[bytes], list[Body]]]]:
    """The chunks in order, the next one already being unpacked: zlib lets another thread run meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(chunk, archive, 0) if archive.chunks else None
        for number in range(1, archive.chunks + 1):
            made, coming = coming, pool.submit(chunk, archive, number) if number < archive.chunks else None
            if made is not None:
                yield made


def _entries(growth: _Growth) -> None:
    archive, findings = growth.archive, growth.findings
    frontier = _frontier(archive, findings)
    if growth.paper is not None:
        _check_paper(growth, growth.paper)
    if frontier is not None and frontier.size:
        _compare_root(growth, frontier)
    at = archive.manifest.from_size
    for number, made in enumerate(_ahead(archive)):
        try:
            entries, bodies = made.result()
        except (BundleError, WireError) as error:
            findings.add("bad_member", f"chunk {number}", str(error))
            frontier = None
            at += bundle.CHUNK
            continue
        if frontier is not None:
            _extend(growth, frontier, entries)
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
