"""One physical backup of PostgreSQL, read whole: every file against the manifest, in one pass.

The tool (pg_verifybackup) exists for the same major version only, and not everywhere; so files are compared
here, and the tool is asked besides, where there is the right one.
"""

import contextlib
import hashlib
import os
import posixpath
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, BinaryIO, Protocol

from checks.api import ErrorKind, ObservationError
from checks.artefacts.crc32c import Crc32c
from checks.artefacts.formats import COMPRESSIONS, named
from checks.artefacts.layers import Account, Budget, LayerError, Limits, unpacked
from checks.artefacts.manifest import content_line, encoded, kind_of
from checks.artefacts.pgbackup import (
    Control,
    GarbledError,
    Label,
    Listing,
    Manifest,
    not_listed,
    read_control,
    read_label,
    read_manifest,
    started,
)
from checks.artefacts.standing import digest, trouble
from checks.artefacts.wal import Segment, read_head
from checks.places import Entry, Place, Tools, shown

MOST_NAMES = 10
_SMALL = 64 * 1024
_TARS = re.compile(r"(base|pg_wal|[0-9]+)\.tar(\.gz|\.zst|\.lz4|)")


@dataclass(frozen=True, slots=True)
class Compared:
    """Files against the manifest: how many it lists, of these missing, of another size or content, without a
    checksum; how many there are that it does not list. `names`: the first few that are not right."""

    listed: int
    missing: int = 0
    differ: int = 0
    unchecked: int = 0
    extra: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inside:
    """What reading a backup gave; `sha256` is the root of its tree. `manifest`: intact, edited (its own
    checksum is wrong), garbled, missing. `state`: pg_control's. `log`: segments in it, `log_short`: how many
    of those that it needs are not there or begin like something else. `elsewhere`: tablespaces that do not
    lie beside the backup, and are not followed. `tool`: what pg_verifybackup said: good, bad, "" not asked.
    `trouble`: as of an Artefact."""

    shape: str = "plain"
    major: str = ""
    labelled: bool = False
    finished: bool = True
    start: int = 0
    timeline: int = 0
    parent: int | None = None
    parent_timeline: int | None = None
    began: int | None = None
    ended: int | None = None
    system: str = ""
    control_system: str = ""
    state: str = ""
    manifest: str = "missing"
    manifest_sha256: str = ""
    algorithm: str = ""
    compared: Compared | None = None
    log: int = 0
    log_short: int = 0
    elsewhere: int = 0
    tool: str = ""
    tool_said: str = ""
    sha256: str = ""
    bytes: int = 0
    parts: int = 0
    damaged: str = ""
    trouble: str = ""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def hasher(algorithm: str) -> _Hash | None:
    """What computes a manifest's checksum; None for NONE and what we do not know."""
    if algorithm == "CRC32C":
        return Crc32c()
    if algorithm in ("SHA224", "SHA256", "SHA384", "SHA512"):
        return hashlib.new(algorithm.lower())
    return None


@dataclass
class _Books:
    """What is kept while files go by."""

    wanted: dict[str, Listing]
    manifest_there: bool
    size: int = 0
    parts: int = 0
    seen: set[str] = field(default_factory=set)
    differ: int = 0
    unchecked: int = 0
    extra: int = 0
    names: list[str] = field(default_factory=list)
    label: bytes | None = None
    control: bytes | None = None
    major: str = ""
    elsewhere: list[str] = field(default_factory=list)
    segments: dict[str, Segment | None] = field(default_factory=dict)

    def file(self, name: str, chunks: Iterable[bytes | memoryview], also: _Hash | None = None) -> None:
        """One file of the backup, by its path in the data directory."""
        listed = None if not_listed(name) else self.wanted.get(name)
        made = hasher(listed.algorithm) if listed is not None else None
        head, size = b"", 0
        for chunk in chunks:
            size += len(chunk)
            if len(head) < _SMALL:
                head += bytes(chunk[: _SMALL - len(head)])
            for one in (made, also):
                if one is not None:
                    one.update(chunk)  # type: ignore[arg-type]  # hashlib and bytearray take any buffer
        self.parts += 1
        self.size += size
        self._known(name, head, size)
        if listed is not None:
            self._compare(listed, size, made)
        elif self.manifest_there and not not_listed(name):
            self.extra += 1
            self._note(f"+{name}")

    def _known(self, name: str, head: bytes, size: int) -> None:
        if name == "backup_label":
            self.label = head
        elif name == "global/pg_control":
            self.control = head
        elif name == "PG_VERSION":
            self.major = head[:16].decode("ascii", "replace").strip()
        elif re.fullmatch(r"pg_wal/[0-9A-F]{24}", name):
            self.segments[name[7:]] = read_head(head, size)

    def _compare(self, listed: Listing, size: int, made: _Hash | None) -> None:
        self.seen.add(listed.path)
        if size != listed.size or (made is not None and made.hexdigest() != listed.checksum):
            self.differ += 1
            self._note(listed.path)
        elif made is None:
            self.unchecked += 1

    def _note(self, name: str) -> None:
        if len(self.names) < MOST_NAMES:
            self.names.append(shown(name))

    def compared(self) -> Compared:
        """The sum of it."""
        passed = tuple(self.elsewhere)
        missing = [
            one
            for one in self.wanted
            if one not in self.seen and not not_listed(one) and not (passed and one.startswith(passed))
        ]
        for one in missing[:MOST_NAMES]:
            self._note(f"-{one}")
        return Compared(
            len(self.wanted),
            len(missing),
            self.differ,
            self.unchecked,
            self.extra,
            tuple(self.names),
        )


def inspect(place: Place, tools: Tools, entry: Entry) -> Inside:
    """Read all of one backup: a data directory, or a directory of tar files."""
    try:
        names = set(place.names(entry.path))
        tars = sorted(one for one in names if _TARS.fullmatch(one))
        manifest, state = _manifest(place, entry.path, names)
        books = _Books({one.path: one for one in manifest.files} if manifest else {}, manifest is not None)
        made = Inside(manifest=state, finished="backup_manifest.tmp" not in names)
        if tars:
            _read_tars(place, tools, entry.path, tars, books)
            made = replace(made, shape="tar", sha256=digest(place, entry).sha256)
        else:
            made = replace(made, sha256=_read_tree(place, entry.path, books))
    except OSError as problem:
        return Inside(trouble=trouble(problem))
    except LayerError as problem:
        return Inside(shape="tar", trouble="unreadable", damaged=problem.reason)
    except tarfile.TarError:
        return Inside(shape="tar", trouble="unreadable", damaged="damaged")
    return _told(made, manifest, books)


def _told(made: Inside, manifest: Manifest | None, books: _Books) -> Inside:
    label, control = _label(books.label), _control(books.control)
    garbled = (books.label is not None and label is None) or (books.control is not None and control is None)
    made = replace(
        made,
        major=books.major,
        labelled=label is not None,
        control_system=control.system if control else "",
        state=control.state if control else "",
        bytes=books.size,
        parts=books.parts,
        log=len(books.segments),
        elsewhere=len(books.elsewhere),
        damaged="unknown_format" if garbled else "",
    )
    if label is not None:
        made = replace(
            made,
            start=label.start,
            timeline=label.timeline,
            parent=label.parent,
            parent_timeline=label.parent_timeline,
        )
    if manifest is None:
        return made
    system = manifest.system or made.control_system
    began, ended = _times(label, manifest)
    return replace(
        made,
        system=system,
        began=began,
        ended=ended,
        manifest_sha256=manifest.sha256,
        algorithm=manifest.algorithm,
        compared=books.compared(),
        log_short=_short(manifest, books.segments, system),
    )


def _times(label: Label | None, manifest: Manifest) -> tuple[int | None, int | None]:
    """Start and end. One that was combined has a new manifest, and the label of its last link."""
    written = manifest.started()
    began = started(label.started) if label is not None else None
    if began is None or written is None or written - began < 60_000:
        return written, manifest.ended()
    return began, None


def _short(manifest: Manifest, held: dict[str, Segment | None], system: str) -> int:
    """How many segments of the log that the backup needs are not in it, or are not of it."""
    if not held:
        return 0
    size = next((one.size for one in held.values() if one is not None), 16 << 20)
    short = 0
    for one in manifest.ranges:
        for number in range(one.start // size, max(one.end - 1, one.start) // size + 1):
            per = (1 << 32) // size
            name = f"{one.timeline:08X}{number // per:08X}{number % per:08X}"
            found = held.get(name)
            short += found is None or not found.is_of(name, system)
    return short


def _label(raw: bytes | None) -> Label | None:
    with contextlib.suppress(GarbledError):
        return read_label(raw) if raw is not None else None
    return None


def _control(raw: bytes | None) -> Control | None:
    with contextlib.suppress(GarbledError):
        return read_control(raw) if raw is not None else None
    return None


def _manifest(place: Place, top: str, names: set[str]) -> tuple[Manifest | None, str]:
    if "backup_manifest" not in names:
        return None, "missing"
    try:
        with place.open(f"{top}/backup_manifest") as raw:
            found = read_manifest(raw)
    except GarbledError:
        return None, "garbled"
    return found, "intact" if found.intact else "edited"


def _read_tree(place: Place, top: str, books: _Books) -> str:
    """All files below; the root as of standing.digest, so that a copy can be compared with it."""
    root, cut = hashlib.sha256(), len(os.fsencode(top.rstrip("/"))) + 1
    for entry in place.walk(top):
        raw = os.fsencode(entry.path)[cut:] + b"/" * (entry.kind == "directory")
        kind, told, digested = kind_of(entry.kind), b"", b""
        if kind == b"l":
            digested = encoded(os.fsencode(entry.link_to))
            _follow(place, top, entry, books)
        elif kind == b"f":
            one, size = hashlib.sha256(), books.size
            books.file(entry.path[len(top) + 1 :], place.blocks(entry.path, entry.size + 1), one)
            told, digested = b"%d" % (books.size - size), one.hexdigest().encode()
        root.update(content_line(encoded(raw), kind, told, digested))
    return root.hexdigest()


def beside(top: str, link: str, to: str) -> str | None:
    """Where a tablespace's link leads that lies beside the backup at `top`; None where that is elsewhere."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(link), to))
    whole = posixpath.normpath(top)
    around = posixpath.dirname(whole).rstrip("/") + "/"
    return path if path.startswith(around) and not f"{whole}/".startswith(f"{path}/") else None


def _follow(place: Place, top: str, link: Entry, books: _Books) -> None:
    """The files of a tablespace, by the names that the manifest has for them."""
    name = link.path[len(top) + 1 :]
    if not re.fullmatch(r"pg_tblspc/[0-9]+", name):
        return
    path = beside(top, link.path, link.link_to)
    try:
        there = place.stat(path) if path is not None else None
    except FileNotFoundError:
        return  # the manifest says what is missing
    if there is None:
        books.elsewhere.append(f"{name}/")
    elif there.kind == "directory":
        for entry in place.walk(there.path):
            if entry.kind == "file":
                below = entry.path[len(there.path) + 1 :]
                books.file(f"{name}/{below}", place.blocks(entry.path, entry.size + 1))


def begin(place: Place, tools: Tools, entry: Entry) -> Label | None:
    """Where a backup begins, without reading it: its label, or that in the first of its tar's members."""
    try:
        if entry.kind != "directory":
            return None
        names = place.names(entry.path)
        if "backup_label" in names:
            return _label(place.block(f"{entry.path}/backup_label", 0, _SMALL))
        for name in (one for one in names if _TARS.fullmatch(one) and one.startswith("base.")):
            with _plain(place, tools, f"{entry.path}/{name}") as plain:
                return _first_label(plain)
    except (OSError, LayerError, tarfile.TarError):
        pass
    return None


def _first_label(plain: BinaryIO) -> Label | None:
    with tarfile.open(fileobj=plain, mode="r|") as tar:
        for member, _ in zip(tar, range(8), strict=False):
            held = tar.extractfile(member) if member.name == "backup_label" else None
            if held is not None:
                return _label(held.read(_SMALL))
    return None


def label_of(inside: Inside) -> Label | None:
    """The label of a backup that was read."""
    if not inside.labelled:
        return None
    return Label(inside.start, inside.timeline, parent=inside.parent, parent_timeline=inside.parent_timeline)


@contextlib.contextmanager
def _plain(place: Place, tools: Tools, path: str) -> Iterator[BinaryIO]:
    with place.open(path) as raw:
        layer = named(raw.read(512))
        raw.seek(0)
        if layer not in COMPRESSIONS:
            yield raw
            return
        budget = Budget(Limits(), place.stat(path).size)
        with unpacked(tools, layer, raw, Account(layer), budget) as plain:
            yield plain


def _read_tars(place: Place, tools: Tools, top: str, tars: list[str], books: _Books) -> None:
    for name in tars:
        kind = name.partition(".")[0]
        below = {"base": "", "pg_wal": "pg_wal/"}.get(kind, f"pg_tblspc/{kind}/")
        with _plain(place, tools, f"{top}/{name}") as plain:
            _read_tar(plain, below, books)


def _read_tar(plain: BinaryIO, below: str, books: _Books) -> None:
    with tarfile.open(fileobj=plain, mode="r|") as tar:
        for member in tar:
            held = tar.extractfile(member) if member.isreg() else None
            if held is not None:
                with held:
                    books.file(below + member.name, _chunks(held))
    # What follows the archive's end: a compressed layer proves itself only when it was read out.
    while plain.read(1 << 20):
        pass


def _chunks(held: IO[bytes]) -> Iterable[bytes]:
    while chunk := held.read(1 << 20):
        yield chunk


def ask_tool(place: Place, tools: Tools, entry: Entry, inside: Inside) -> Inside:
    """pg_verifybackup of the same major version over a plain backup, where both are here; else as it was."""
    path = place.local(entry.path)
    if path is None or inside.shape != "plain" or inside.manifest == "missing" or not inside.major:
        return inside
    try:
        if _major(_run(tools, ["pg_verifybackup", "--version"])[1]) != inside.major:
            return inside
        status, _, said = _run(tools, ["pg_verifybackup", "-q", *(["-n"] if not inside.log else []), path])
    except ObservationError as problem:
        if problem.kind is ErrorKind.UNSUPPORTED:
            return inside
        return replace(inside, tool_said=str(problem.kind))
    first = next((line for line in said.splitlines() if "error" in line or "fatal" in line), "")
    first = first.replace(path, "").partition(": ")[2]
    return replace(inside, tool="good" if status == 0 else "bad", tool_said=shown(first)[:200])


def _major(version: str) -> str:
    found = re.search(r"\) (\d+)", version)
    return found[1] if found else ""


def _run(tools: Tools, words: list[str]) -> tuple[int, str, str]:
    with tools.stream(words) as child:
        out = child.out.read(_SMALL).decode("utf-8", "replace")
        status = child.finish()
        return status, out, child.complaint.decode("utf-8", "replace")
