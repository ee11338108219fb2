"""The files a repository consists of (packs, segments): never rewritten once they are there, so each is read
once when it is new, and again in turn; what reads otherwise than it was has been damaged in silence.

State kept between looks, one line a file, tabs between:

    NAME SIZE MTIME CTIME INODE READ_AT SHA256 FOUND WRONG

SHA256 is what it was or must be, FOUND what was read last, WRONG `damaged` or nothing.
"""

import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from checks.artefacts.look import Look
from checks.artefacts.standing import trouble
from checks.places import Backups, Entry, Place, Shelf, shown

MOST_NAMES = 20
_SHARE = 0.6  # of the look's budget for reading; the rest is for the tool's own check


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands there. `changed`: bytes are not those of the file's name, or not those we read before;
    `damaged`: not formed as such a file is; `cut`: shorter than it says (the first 20 names of each, `_count`
    all). `unread`: files that nobody has read yet; `oldest_read`: since when every byte was read again.
    `gone`: files that the last look saw and that are there no more."""

    files: int = 0
    bytes: int = 0
    read: int = 0
    unread: int = 0
    oldest_read: int | None = None
    changed: tuple[str, ...] = ()
    changed_count: int = 0
    damaged: tuple[str, ...] = ()
    damaged_count: int = 0
    gone: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of a file."""

    stamp: tuple[int, int, int, int]
    read_at: int
    sha256: str
    found: str
    wrong: str


# Digest and "" or damaged, of a file's blocks.
Reader = Callable[[str, Iterable[memoryview]], tuple[str, str]]


@dataclass
class _Books:
    known: dict[str, Known]
    now: int
    looks: int
    until: float
    held: dict[str, Known] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    files: int = 0
    size: int = 0
    read: int = 0
    unread: int = 0
    wrong: str = ""

    def add(self, name: str, one: Known) -> None:
        """What is known of a file, now or still."""
        self.held[name] = one
        if one.found != one.sha256:
            self.changed.append(name)
        if one.wrong:
            self.damaged.append(name)


def read_store(
    backups: Backups,
    place: Place,
    params: Look,
    folders: Sequence[str],
    key: str,
    reader: Reader,
    mine: Callable[[str], bool],
) -> Stored:
    """Read what is new and whose turn it is, below these directories; of files that are `mine` by their path:
    what a backup under way is writing is none yet."""
    shelf = backups.shelf(key)
    before = backups.before(f"{key}-state", "")
    looks, _, name = (before or "0 ").partition(" ")
    known = _held(shelf, name)
    until = time.monotonic() + params.budget_s * _SHARE
    books = _Books(known, backups.now(), int(looks) + 1, until)
    try:
        for folder in folders:
            for entry in place.walk(folder):
                if entry.kind == "file" and mine(entry.path):
                    _file(place, params, books, entry, reader)
    except OSError as problem:
        books.wrong = trouble(problem)
    new = f"state-{books.looks}"
    _keep(shelf, new, books.held)
    backups.before(f"{key}-state", f"{books.looks} {new}")
    for one in shelf.names():
        # The state before this one stays: if this result is lost, the next look begins there again.
        if one not in (name, new):
            shelf.drop(one)
    return _stored(books)


def _file(place: Place, params: Look, books: _Books, entry: Entry, reader: Reader) -> None:
    name = shown(entry.path.removeprefix(params.path.rstrip("/") + "/"))
    stamp = (entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode)
    held = books.known.get(name)
    books.files += 1
    books.size += entry.size
    moved = held is None or held.stamp != stamp or not entry.ctime_ns
    turn = params.rolling and (zlib.crc32(name.encode()) + books.looks) % params.rolling == 0
    late = time.monotonic() > books.until
    if held is not None and (late or not (moved or turn)):
        books.add(name, held)
    elif late:
        books.unread += 1
    else:
        digest, wrong = reader(entry.path, place.blocks(entry.path, entry.size))
        books.read += 1
        # What was right is remembered, so that damage stays found until it is right again.
        right = named(name) or (held.sha256 if held is not None else digest)
        books.add(name, Known(stamp, books.now, right, digest, wrong))


def named(name: str) -> str:
    """The digest that a file's name is, "" where it is none."""
    last = name.rpartition("/")[2]
    return last if len(last) == 64 and not set(last) - set("0123456789abcdef") else ""


def plain(path: str, blocks: Iterable[memoryview]) -> tuple[str, str]:
    """Digest of a file; nothing more is known of its form."""
    made = sha256()
    for block in blocks:
        made.update(block)
    return made.hexdigest(), ""


def _held(shelf: Shelf, name: str) -> dict[str, Known]:
    file = shelf.read(name) if name else None
    if file is None:
        return {}
    with file:
        rows = [line.decode().rstrip("\n").split("\t") for line in file]
    return {
        row[0]: Known((int(row[1]), int(row[2]), int(row[3]), int(row[4])), int(row[5]), *row[6:])
        for row in rows
        if len(row) == 9
    }


def _keep(shelf: Shelf, name: str, held: dict[str, Known]) -> None:
    with shelf.write(name) as file:
        for path, one in held.items():
            row = (path, *one.stamp, one.read_at, one.sha256, one.found, one.wrong)
            file.write("\t".join(map(str, row)).encode() + b"\n")


def _stored(books: _Books) -> Stored:
    times = [one.read_at for one in books.held.values()]
    return Stored(
        files=books.files,
        bytes=books.size,
        read=books.read,
        unread=books.unread,
        oldest_read=min(times) if times and not books.unread else None,
        changed=tuple(sorted(books.changed)[:MOST_NAMES]),
        changed_count=len(books.changed),
        damaged=tuple(sorted(books.damaged)[:MOST_NAMES]),
        damaged_count=len(books.damaged),
        gone=len(books.known.keys() - books.held.keys()) if not books.wrong else 0,
        trouble=books.wrong,
    )
