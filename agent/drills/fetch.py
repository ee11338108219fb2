"""Bringing an artefact into the drill's room: copied whole, digested on the way, then opened.

Keys stay outside: decryption and decompression are done here, before the cell sees a byte.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from agent.drills.errors import StopError
from agent.drills.work import Span, Work
from agent.sources.backup_local import LocalPlace
from checks.artefacts.formats import COMPRESSIONS, HEAD, named
from checks.artefacts.layers import LayerError, Limits
from checks.artefacts.opening import SCHEMES, Sealed, opened
from checks.places import Backups, Entry, Place, shown

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fetched:
    """`path`: where it lies now; `sha256` of the file, of a directory the root of its tree, as
    checks.artefacts.standing makes it; `parts`: files."""

    path: Path
    sha256: str
    bytes: int
    parts: int


Keep = Callable[[str], bool]


def fetch(
    work: Work, place: Place, entry: Entry, name: str = "artefact", keep: Keep | None = None
) -> Fetched:
    """Copy a file or directory into the room, of a directory what `keep` wants by its path below (all).
    StopError for what cannot be read, does not fit, or changes under our hands."""
    needs = entry.size if entry.kind == "file" else 0
    to = work.room / "in" / name
    with work.phase("fetch", needs) as span:
        if needs > work.left_bytes():
            raise StopError("no_room", f"{needs} bytes wanted, {max(work.left_bytes(), 0)} left")
        try:
            if entry.kind == "directory":
                made = _tree(work, place, entry.path, to, span, keep)
            else:
                digest, size = _file(work, place, entry.path, to, span)
                made = Fetched(to, digest, size, 1)
                after = place.stat(entry.path)
                if (size, after.mtime_ns) != (entry.size, entry.mtime_ns):
                    raise StopError("moving")
        except OSError as problem:
            raise _trouble(work, problem) from None
    return made


def _trouble(work: Work, problem: OSError) -> StopError:
    if isinstance(problem, FileNotFoundError):
        return StopError("missing")
    return StopError("denied") if isinstance(problem, PermissionError) else work.trouble(problem)


def fetch_files(work: Work, place: Place, wanted: Mapping[str, str], name: str) -> Path:
    """Copy files (path by the name that each gets) into one directory of the room, as one phase."""
    to = work.room / "in" / name
    with work.phase("fetch") as span:
        try:
            to.mkdir(mode=0o700)
            work.give(to)
            for each, path in wanted.items():
                _file(work, place, path, to / each, span)
        except OSError as problem:
            raise _trouble(work, problem) from None
    return to


def _tree(work: Work, place: Place, top: str, to: Path, span: Span, keep: Keep | None) -> Fetched:
    """Directories, files and links; what is none of these is left out, and changes the root."""
    root, size, parts = sha256(), 0, 0
    to.mkdir(mode=0o700)
    work.give(to)
    for entry in place.walk(top):
        name = entry.path.removeprefix(f"{top}/")
        if keep is not None and entry.kind != "directory" and not keep(name):
            continue
        try:
            said, count = _put(work, place, entry, to / name, span)
        except (FileNotFoundError, FileExistsError):
            # It was there when its directory was listed; or it came twice, and what is written below the
            # second, a directory, would go wherever the first, a link, leads.
            raise StopError("moving", shown(name)) from None
        if entry.kind == "file" and count != entry.size:
            raise StopError("moving", shown(name))
        root.update(os.fsencode(name) + said if said else b"")
        size, parts = size + count, parts + (entry.kind == "file")
    return Fetched(to, root.hexdigest(), size, parts)


def _put(work: Work, place: Place, entry: Entry, path: Path, span: Span) -> tuple[bytes, int]:
    """What the root says behind the name (nothing: not of it), and bytes; nothing may be at `path` yet."""
    if entry.kind == "directory":
        path.mkdir(mode=0o700)
        work.give(path)
    elif entry.kind == "link":
        os.symlink(entry.link_to, path)
        return b"\0-> " + os.fsencode(entry.link_to) + b"\n", 0
    elif entry.kind == "file":
        digest, count = _file(work, place, entry.path, path, span)
        return b"\0" + digest.encode() + b"\n", count
    return b"", 0


def _file(work: Work, place: Place, path: str, to: Path, span: Span) -> tuple[str, int]:
    digest, size = sha256(), 0
    with place.open(path) as source, _made(work, to) as out:
        while block := source.read(_BLOCK):
            work.check()
            digest.update(block)
            out.write(block)
            size += len(block)
            span.add(len(block))
    return digest.hexdigest(), size


@contextlib.contextmanager
def _made(work: Work, path: Path) -> Iterator[BinaryIO]:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(number, "wb") as out:
        work.give(path)
        yield out


def unseal(work: Work, backups: Backups, fetched: Fetched, sealed: Sealed) -> Path:
    """The file below all compression and encryption: itself, where there is none."""
    if fetched.path.is_dir():
        return fetched.path
    with work.phase("open", fetched.bytes) as span:
        if not _wrapped(fetched.path, sealed):
            span.bytes = fetched.bytes
            return fetched.path
        plain = fetched.path.with_name("plain")
        limits = Limits(bytes=max(work.left_bytes(), 1))
        try:
            with (
                opened(backups, LocalPlace(), str(fetched.path), sealed, limits) as whole,
                _made(work, plain) as out,
            ):
                while block := whole.stream.read(_BLOCK):
                    work.check()
                    out.write(block)
                    span.add(len(block))
        except LayerError as problem:
            reason = "no_room" if problem.reason == "too_much" else problem.reason
            raise StopError(reason, problem.layer) from None
        except OSError as problem:
            raise work.trouble(problem) from None
    fetched.path.unlink()
    return plain


def _wrapped(path: Path, sealed: Sealed) -> bool:
    with path.open("rb") as file:
        name = named(file.read(HEAD))
    return name in COMPRESSIONS or name in SCHEMES or bool(sealed.scheme)
