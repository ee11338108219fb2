"""What stands at a place: which artefacts there are, which are read now, where and how each one lies.

    with backups.place(params) as place, remembered(backups, "read", CHECK.version) as memory:
        found = survey(place, params, memory)
        for entry in found.chosen:
            artefact = read(place, found, entry, memory, params, backups.now())

`read` gives digest and size of files, the root of the tree of directories. A check that reads its artefacts
itself takes `base` and puts `sha256`, `read_at` … into it with dataclasses.replace.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from checks.artefacts.artefact import Artefact, Listed, Placed
from checks.artefacts.look import Look, Stands
from checks.artefacts.manifest import content_line, encoded, kind_of
from checks.places import Backups, Entry, NotAFileError, Place, shown

UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".inprogress", ".swp", "~")
SIDECARS = (
    *(".sha256", ".sha256sum", ".md5", ".sig", ".fingerprint.json", ".manifest.json"),
    *(".manifest.gz", ".manifest.xz", ".manifest", ".blocks"),
)
MOST_LISTED = 1000
MOST_UNFINISHED = 100
MOST_SIDECAR = 64 * 1024
DATE_FIELDS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "j": 3, "V": 2, "G": 4, "y": 2}
_TICK_NS = 2_000_000_000
_NEVER = -1  # a stamp that is not even equal to itself
_HEX = frozenset("0123456789abcdef")


def trouble(problem: OSError) -> str:
    """The word for what kept us from reading one artefact."""
    if isinstance(problem, FileNotFoundError | NotADirectoryError):
        return "missing"
    if isinstance(problem, PermissionError):
        return "denied"
    if isinstance(problem, TimeoutError):
        return "timeout"
    return "not_a_file" if isinstance(problem, NotAFileError) else "unreadable"


def pattern_of(path: str) -> str:
    """A pattern of Look.path with its date fields as digits: `%Y%m%d` fits any date."""
    made, rest = "", path
    while "%" in rest:
        before, _, after = rest.partition("%")
        digits = DATE_FIELDS.get(after[:1])
        made += before + ("%" if digits is None else "[0-9]" * digits)
        rest = after[1:] if digits is not None or after[:1] == "%" else after
    return made + rest


def exactly(path: str) -> str:
    """The pattern of Look.path that this path alone fits, whatever stars, brackets and percents are in it."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in path).replace("%", "%%")


def top_of(pattern: str) -> str:
    """The directory above everything that fits: what names of artefacts are below of."""
    parts = pattern.split("/")[:-1]
    plain = next((i for i, one in enumerate(parts) if set(one) & set("*?[")), len(parts))
    return "/".join(parts[:plain]) or "/"


def name_of(path: str, top: str) -> str:
    """The name an artefact goes by: its path below the top, as it may be signed."""
    return shown(path.removeprefix(top.rstrip("/") + "/"))


@dataclass(frozen=True, slots=True)
class Survey:
    """`chosen`: what is to be looked at now, newest first; `all`: everything that fits, newest first."""

    top: str
    stands: Stands
    chosen: tuple[Entry, ...]
    all: tuple[Entry, ...]


def survey(place: Place, params: Look, memory: "Memory | None" = None) -> Survey:
    """What fits Look.path, and of that what this look reads: the newest `artefacts`, and those whose turn
    of `rolling` it is."""
    pattern = pattern_of(params.path)
    top = top_of(pattern)
    fits = [one for one in place.match(pattern) if not _beside(one, pattern)]
    names = {one.path for one in fits}
    fits = [one for one in fits if not _mere_name(one, names)]
    fits.sort(key=lambda one: (one.mtime_ns, one.path), reverse=True)
    late = [] if memory is None else [e for e in fits[params.artefacts :] if memory.due(e, params.rolling)]
    if memory is not None:
        for one in fits:
            memory.keep(one)
    started = [one for ending in UNFINISHED for one in place.match(pattern + ending)]
    listed = tuple(Listed(name_of(e.path, top), e.size, e.mtime_ns // 1_000_000) for e in fits[:MOST_LISTED])
    unfinished = {e.path: Listed(name_of(e.path, top), e.size, e.mtime_ns // 1_000_000) for e in started}
    going = tuple(unfinished[k] for k in sorted(unfinished))[:MOST_UNFINISHED]
    stands = Stands(len(fits), listed, going, place.cut)
    return Survey(top, stands, (*fits[: params.artefacts], *late), tuple(fits))


def _beside(entry: Entry, pattern: str) -> bool:
    """Whether it is no artefact: a temporary name, or something recorded beside one, caught by a star."""
    name, wanted = entry.path.rpartition("/")[2], pattern.rpartition("/")[2]
    return any(name.endswith(one) and not wanted.endswith(one) for one in (*UNFINISHED, *SIDECARS))


def _mere_name(entry: Entry, names: set[str]) -> bool:
    """Whether it is a link to another one that fits (`latest`)."""
    if entry.kind != "link":
        return False
    to = entry.link_to
    return (to if to.startswith("/") else f"{entry.path.rpartition('/')[0]}/{to}") in names


def base(place: Place, entry: Entry, top: str, *, kind: str = "full") -> Artefact:
    """The artefact without a byte of it read; `sha256` and `read_at` are for whoever reads it."""
    return Artefact(
        name=name_of(entry.path, top),
        kind=kind,
        bytes=entry.size,
        parts=1,
        modified=entry.mtime_ns // 1_000_000,
        placed=placed(place, entry),
    )


def placed(place: Place, entry: Entry) -> Placed:
    """Where and how it lies."""
    above = _above(place, entry.path)
    return Placed(
        mode=entry.mode,
        owner=shown(entry.owner),
        group=shown(entry.group),
        filesystem=entry.filesystem,
        inode=entry.inode,
        links=entry.links,
        link_to=shown(entry.link_to),
        parents_open=tuple(folder for folder, open_ in above if open_),
        parents_untold=tuple(folder for folder, open_ in above if open_ is None),
    )


def _above(place: Place, path: str) -> list[tuple[str, bool | None]]:
    """Directories above it, and whether others may put or replace files there: None where the place does not
    say (what cannot be looked at is not closed)."""
    made: list[tuple[str, bool | None]] = []
    folder = path.rpartition("/")[0]
    while folder:
        try:
            made.append((shown(folder), _open(place.stat(folder))))
        except OSError:
            made.append((shown(folder), None))
        folder = folder.rpartition("/")[0]
    return made


def _open(found: Entry) -> bool:
    """A sticky directory protects what is in it; a user's own group is nobody else."""
    by_group = found.mode & 0o020 and found.group != found.owner
    return found.kind == "directory" and not found.mode & 0o1000 and bool(found.mode & 0o002 or by_group)


@dataclass(frozen=True, slots=True)
class Digest:
    """What reading all of it gave: SHA-256 of a file, of a directory its tree's root; `trouble` or ""."""

    sha256: str
    bytes: int
    parts: int
    trouble: str = ""


def digest(place: Place, entry: Entry) -> Digest:
    """Read all of a file or directory. A file that grows or changes under our hands is `moving`."""
    try:
        if entry.kind == "directory":
            return _tree(place, entry.path)
        if entry.kind != "file":
            raise NotAFileError(entry.path)
        return _file(place, entry)
    except OSError as problem:
        return Digest("", entry.size, 1, trouble(problem))


def _file(place: Place, entry: Entry) -> Digest:
    try:
        return Digest(place.sha256(entry), entry.size, 1)
    except BlockingIOError:
        return Digest("", entry.size, 1, "moving")


def _tree(place: Place, top: str) -> Digest:
    """CONTENT of a manifest of the directory (checks.artefacts.manifest): names, sizes, digests and links'
    targets. Modes, times and owners are not in it: a copy has the same root."""
    root, size, parts, wrong = sha256(), 0, 0, ""
    for raw, entry in place.rows(top):
        kind, told, made = kind_of(entry.kind), b"", b""
        if kind == b"l":
            made = encoded(os.fsencode(entry.link_to))
        elif kind == b"f":
            one = digest(place, entry)
            wrong = wrong or one.trouble
            told, made = b"%d" % one.bytes, one.sha256.encode()
            size, parts = size + one.bytes, parts + 1
        root.update(content_line(encoded(raw), kind, told, made))
    return Digest("" if wrong else root.hexdigest(), size, parts, wrong)


def recorded(place: Place, path: str) -> str:
    """The SHA-256 recorded beside an artefact (`ARTEFACT.sha256` as of sha256sum, or the digest alone); ""
    where there is none that can be read."""
    name = path.rpartition("/")[2].encode("utf-8", "surrogateescape")
    for ending in (".sha256", ".sha256sum"):
        with contextlib.suppress(OSError):
            found = _line_for(place.block(path + ending, 0, MOST_SIDECAR), name)
            if found:
                return found
    return ""


def _line_for(text: bytes, name: bytes) -> str:
    lines = [one for one in text.splitlines() if one.strip()]
    for line in lines:
        word, _, file = line.strip().removeprefix(b"\\").partition(b" ")
        made = word.decode("ascii", "replace").lower()
        mine = not file or len(lines) == 1 or file.strip().lstrip(b"*").rpartition(b"/")[2] == name
        if mine and len(made) == 64 and not set(made) - _HEX:
            return made
    return ""


def read(place: Place, found: Survey, entry: Entry, memory: "Memory", params: Look, now: int) -> Artefact:
    """The artefact with digest and what was recorded of it; not read again unless it moved or is due.
    `now`: for `read_at`, UTC epoch milliseconds."""
    made = base(place, entry, found.top)
    held = memory.get(place, entry)
    known = memory.digest_of(place, entry)
    if held is None or memory.due(entry, params.rolling):
        got = digest(place, entry)
        held = {"sha256": got.sha256, "bytes": got.bytes, "parts": got.parts, "read_at": now}
        if got.trouble:
            return replace(made, bytes=got.bytes, parts=got.parts, trouble=got.trouble)
        memory.put(place, entry, held)
    return replace(
        made,
        sha256=held["sha256"],
        bytes=held["bytes"],
        parts=held["parts"],
        read_at=held["read_at"],
        recorded=recorded(place, entry.path) or known,
    )


@dataclass(slots=True)
class Memory:
    """What earlier looks read, per path: kept while nothing of it has moved (sizes, times, inodes). `by`: the
    version of the check that reads."""

    looks: int = 0
    now: int = 0
    held: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    _stamps: dict[str, list[int | str]] = field(default_factory=dict)
    by: int = 0

    def get(self, place: Place, entry: Entry) -> dict[str, Any] | None:
        """What was put for it, None where it must be read now: never seen, moved, read by another version of
        the check (which may have read it wrongly), or on a place that does not tell when a file was last
        changed in any way (SFTP: times can be set)."""
        name = shown(entry.path)
        now = self._stamp(place, entry)
        one = self.held.get(name)
        if one is None or one["stamp"] != now or now[0] == _NEVER or not entry.ctime_ns:
            return None
        if one.get("by", 0) != self.by:
            return None
        self.kept[name] = one
        value: dict[str, Any] = one["value"]
        return value

    def put(self, place: Place, entry: Entry, value: dict[str, Any]) -> None:
        """Remember this (JSON) of it, as it was when `get` asked for it."""
        stamp = self._stamp(place, entry)
        if just_changed(entry, self.now):
            stamp = [_NEVER, *stamp[1:]]
        self.kept[shown(entry.path)] = {"stamp": stamp, "value": value, "by": self.by}

    def told(self, entry: Entry, mark: str, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What is kept of it (`put`), with what `read` (JSON) tells of its content. It is read again where
        `mark` (parameters, keys) was another one then, or where it could not tell all (`untold`)."""
        kept: dict[str, Any] = self.kept[shown(entry.path)]["value"]
        if kept.get("mark") != mark or kept.get("untold"):
            kept.update(read(), mark=mark)
        return kept

    def digest_of(self, place: Place, entry: Entry) -> str:
        """`sha256` put for it earlier, while its sizes and times of change are the same: bytes that differ
        from that were changed in silence."""
        one = self.held.get(shown(entry.path))
        if one is None or one["stamp"][:2] != self._stamp(place, entry)[:2]:
            return ""
        return str(one["value"].get("sha256", ""))

    def due(self, entry: Entry, rolling: int) -> bool:
        """Whether it is its turn to be read whole again: once in `rolling` looks."""
        return rolling > 0 and (zlib.crc32(shown(entry.path).encode()) + self.looks) % rolling == 0

    def keep(self, entry: Entry) -> None:
        """What was put for it stays, though this look does not ask."""
        if (one := self.held.get(shown(entry.path))) is not None:
            self.kept.setdefault(shown(entry.path), one)

    def _stamp(self, place: Place, entry: Entry) -> list[int | str]:
        # Taken once, before it is read: what changes meanwhile is another stamp at the next look.
        if entry.path not in self._stamps:
            self._stamps[entry.path] = stamp(place, entry)
        return self._stamps[entry.path]


def just_changed(entry: Entry, now: int) -> bool:
    """Whether it was changed in the seconds before `now` (UTC epoch ms): clocks of file systems tick slowly,
    so a change that follows at once may leave all its times as they are."""
    return now * 1_000_000 - _TICK_NS < entry.ctime_ns < now * 1_000_000 + _TICK_NS


def stamp(place: Place, entry: Entry) -> list[int | str]:
    """What moves when it is written: size and time, then what cannot be set back (ctime, inode). Of a
    directory, of all below it; what cannot be listed is never the same."""
    if entry.kind != "directory":
        return [entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode]
    size, told, untold = 0, sha256(), sha256()
    try:
        for one in place.walk(entry.path):
            size += one.size
            told.update(f"{one.path!a} {one.kind} {one.size} {one.mtime_ns}\n".encode())
            untold.update(f"{one.ctime_ns} {one.inode}\n".encode())
    except OSError as problem:
        return [_NEVER, trouble(problem), 0, 0]
    return [size, told.hexdigest(), untold.hexdigest(), 0]


@contextlib.contextmanager
def remembered(backups: Backups, key: str, by: int = 0) -> Iterator[Memory]:
    """The memory under this key; what was kept or put in it is there at the next look. `by`: the version of
    the check, where more than digests is remembered."""
    before = backups.before(key, "")
    raw = json.loads(before) if before else {}
    memory = Memory(raw.get("looks", 0) + 1, backups.now(), raw.get("held", {}), by=by)
    yield memory
    backups.before(key, json.dumps({"looks": memory.looks, "held": memory.kept}, sort_keys=True))
