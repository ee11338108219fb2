"""Where backups lie and the tools that read them: the Backups source (standard library only).

Every call of a place ends: where one read or stat takes longer than `timeout_ms` the look ends as `timeout`,
and past the look's `budget_s` each call raises TimeoutError, an OSError.

Paths are absolute on the place, as str with surrogate escapes for bytes that are no UTF-8; what goes into
facts is `shown(path)`. Nothing at a place is ever changed. What keeps us from the whole place is an
ObservationError; what is wrong with one file is an OSError, and becomes the artefact's `trouble`.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, Protocol
from urllib.parse import quote_from_bytes

from checks.files import Where

MOST_PATH = 65_536  # bytes of a path below the top of a walk; a place refuses longer ones


def shown(path: str) -> str:
    """The path as it may be signed: bytes that are no UTF-8, controls and `%` percent-encoded."""
    raw = os.fsencode(path)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return quote_from_bytes(raw, safe="/ !#$&'()*+,-.:;<=>?@[]^_`{|}~\"\\")
    return "".join(f"%{ord(c):02X}" if c == "%" or ord(c) < 32 or ord(c) == 127 else c for c in text)


class NotAFileError(OSError):
    """Something that is no regular file stands there."""


class Entry(NamedTuple):
    """One directory entry (lstat). `kind`: file, directory, link, other. Times in nanoseconds; `ctime_ns`,
    `filesystem` and `inode` are 0 where the place does not tell (SFTP); `owner` and `group` are numbers
    where it tells no names. `blocks`: of 512 bytes as stored, -1 not told."""

    # A named tuple, for there are millions of them in a tree: a frozen dataclass takes five times as long.
    path: str
    kind: str
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int
    owner: str
    group: str
    filesystem: int = 0
    inode: int = 0
    links: int = 1
    link_to: str = ""
    blocks: int = -1


@dataclass(frozen=True, slots=True)
class Ground:
    """What a path stands on. `host`: a digest that only this machine has ("" not told); `kind` of file system
    and `source` as mounted (`/dev/sdb1`, `nas:/export`); `disks`: the physical ones below it, through
    partitions, volumes, and loops (none where that cannot be told); `options` of a network mount that say
    how it is transported (`sec=krb5p`, `seal`)."""

    host: str = ""
    kind: str = ""
    source: str = ""
    disks: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoginKey:
    """A key that lets in as a user: kind, `SHA256:…`, whether its options restrict what it may do."""

    user: str
    kind: str
    sha256: str
    restricted: bool


class Attempts(NamedTuple):
    """What an account was let do: refused, allowed, or why that is not known (no_tool, no_baseline …)."""

    read: str
    overwrite: str
    delete: str


class Access(Protocol):
    """Trying what must be refused, on the agent's own machine or by logging in to another."""

    def attempts(self, account: str, file: Entry) -> Attempts:
        """As this account, read a byte of the file; overwrite and delete a canary of no bytes beside it that
        belongs to the same owner and has the same mode. The file itself is only ever opened for reading."""

    def keys(self, user: str) -> Sequence[LoginKey] | None:
        """What lets in as this user; None where that cannot be read."""

    def listening(self) -> Sequence[int] | None:
        """TCP ports that this machine offers to others; None where that is not told."""


class Place(Protocol):
    """One machine's files, this one's or another's by SFTP. Raises OSError as Python's own calls do."""

    @property
    def name(self) -> str:
        """`local`, or the machine's name as of its pin."""

    def stat(self, path: str) -> Entry:
        """One entry; a link is not followed."""

    def names(self, folder: str) -> Sequence[str]:
        """What a directory holds."""

    @property
    def cut(self) -> bool:
        """Whether a match so far left something out because there was too much."""

    def match(self, pattern: str) -> Sequence[Entry]:
        """Entries that fit; a star stands for names in one directory. Sorted by path; of too many the last
        by name, and then `cut`."""

    def walk(self, top: str, failed: Callable[[str, OSError], None] | None = None) -> Iterator[Entry]:
        """Everything below a directory, sorted by bytes of the path, a directory's with a slash behind it
        (`a`, `a-b`, `a/`, `a/b`); links are entries, never followed. A directory that cannot be listed is an
        entry, and goes to `failed`; without that its OSError ends the walk."""

    def rows(
        self, top: str, failed: Callable[[str, OSError], None] | None = None
    ) -> Iterator[tuple[bytes, Entry]]:
        """`walk`, each entry behind the raw bytes of its path below `top`, a directory's with its slash."""

    def sha256(self, entry: Entry) -> str:
        """SHA-256 of a regular file, hex; BlockingIOError where it is not what the entry says any more, or
        changes while it is read. The fastest way to read many files."""

    def digest(self, entry: Entry, how: str) -> str:
        """The same by one of checks.artefacts.hashes.HOWS; ObservationError where that is not here."""

    def blocks(self, path: str, most: int) -> Iterator[memoryview]:
        """A regular file from its beginning, `most` bytes of it at most, in blocks of up to 1 MiB; each
        block is good until the next one is asked for, of whatever file."""

    def block(self, path: str, offset: int, size: int) -> bytes:
        """So many bytes from within a regular file, fewer at its end."""

    def ground(self, path: str) -> Ground:
        """What a path stands on."""

    def extras(self, path: str) -> str:
        """SHA-256 of the extended attributes and access lists of an entry; "" where there are none or the
        place does not tell."""

    def open(self, path: str) -> BinaryIO:
        """A regular file for reading; never a link, pipe or device (NotAFileError, an OSError)."""

    def local(self, path: str) -> str | None:
        """The path where a program of this machine can read it; None where the place is elsewhere."""


class Stream(Protocol):
    """A program under way: its output, then how it ended."""

    @property
    def out(self) -> BinaryIO:
        """Standard output, to be read to its end."""

    @property
    def status(self) -> int:
        """Exit status, negative for a signal; known after `finish`."""

    @property
    def complaint(self) -> bytes:
        """The last 16 KiB of standard error; known after `finish`."""

    def finish(self) -> int:
        """Wait for the end, within the deadline; the exit status."""


class Tools(Protocol):
    """Programs that read backups, from the agent's allow-list. A deadline ends them and all they started."""

    def find(self, name: str) -> str | None:
        """Path of a tool (`pg_restore`), None where this machine has none."""

    def stream(
        self,
        argv: Sequence[str],
        *,
        stdin: BinaryIO | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[int, bytes] | None = None,
        cwd: str | None = None,
        typed: bytes | None = None,
    ) -> AbstractContextManager[Stream]:
        """Start `argv` (argv[0] a tool's name). `env` is added to a minimal environment (C.UTF-8); each of
        `secrets` is handed over on its file descriptor number, so that it stands on no command line; `typed`
        is a line for a tool that asks for its secret on a terminal alone.
        ObservationError `unsupported` where there is no such tool, `timeout` past the deadline."""


class Shelf(Protocol):
    """Files of the agent's own, kept between looks: what is too large for `before`."""

    def read(self, name: str) -> BinaryIO | None:
        """The file of this name, None where there is none."""

    def write(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A new file of this name; it is there, and whole, once the block ends without an error."""

    def names(self) -> Sequence[str]:
        """Files that are there."""

    def drop(self, name: str) -> None:
        """One file less."""


class Backups(Protocol):
    """The source of backup checks."""

    def shelf(self, key: str) -> Shelf:
        """Files kept under this key. Without a state directory they last as long as the look."""

    def place(self, at: Where) -> AbstractContextManager[Place]:
        """Where an artefact lies."""

    def access(self, at: Where) -> AbstractContextManager[Access]:
        """Trying, where an artefact lies."""

    @property
    def tools(self) -> Tools:
        """Programs."""

    def before(self, key: str, now: str) -> str | None:
        """Remember `now` (JSON text) under `key`, return what was there at the last look. It is kept only
        if this look's result is."""

    def secret(self, name: str) -> Mapping[str, str]:
        """A credential of secrets.yaml by its name; ObservationError `denied` where it is not there."""

    def reader(self, name: str) -> Mapping[str, Any]:
        """A reader pack of reports (checks.artefacts.reports.Pack as JSON) by its name; ObservationError
        `unsupported` where there is none."""

    def now(self) -> int:
        """UTC epoch milliseconds, for facts (`read_at`) only."""
