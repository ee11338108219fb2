"""Where files lie: this machine's tree; what of a file must be known to read it without harm."""

import fnmatch
import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from agent.sources.host_proc import plain

MOST_FILES = 500
MOST_NAMES = 20_000  # of one directory


class NotAFileError(OSError):
    """Something that is no regular file stands there."""


@dataclass(frozen=True, slots=True)
class Stat:
    """A file; `inode` 0 where it is not told, `mode` as st_mode."""

    size: int
    mode: int
    owner: int
    changed_ns: int
    inode: int = 0

    @property
    def regular(self) -> bool:
        """Whether it is an ordinary file."""
        return stat.S_ISREG(self.mode)


class Store(Protocol):
    """A tree of files. Its calls raise OSError as Python's own do; NotAFileError from `open`."""

    def stat(self, path: str) -> Stat:
        """The file a path leads to."""

    def open(self, path: str) -> tuple[BinaryIO, Stat]:
        """The file, opened for reading; whoever asked closes it."""

    def names(self, folder: str) -> Sequence[str]:
        """What a directory holds."""


class Local:
    """Files of this machine below `root`."""

    def __init__(self, root: str = "/") -> None:
        self._root = root.rstrip("/")

    def stat(self, path: str) -> Stat:
        return _stat(os.stat(self._root + path))

    def open(self, path: str) -> tuple[BinaryIO, Stat]:
        # Without O_NONBLOCK opening a pipe would wait for its writer.
        number = os.open(self._root + path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        found = _stat(os.fstat(number))
        if not found.regular:
            os.close(number)
            raise NotAFileError(f"{path}: not a file")
        return os.fdopen(number, "rb"), found

    def names(self, folder: str) -> Sequence[str]:
        return os.listdir(self._root + folder)[:MOST_NAMES]


def _stat(found: os.stat_result) -> Stat:
    return Stat(found.st_size, found.st_mode, found.st_uid, found.st_mtime_ns, found.st_ino)


def trouble(error: OSError) -> str:
    """The word for what kept us from reading a file."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "missing"
    if isinstance(error, PermissionError):
        return "denied"
    return "not_a_file" if isinstance(error, NotAFileError) else "unreadable"


def places(store: Store, patterns: Sequence[str]) -> Iterator[str]:
    """Each path once, MOST_FILES at most. A pattern may fit nothing; a plain path always is a file."""
    shown: set[str] = set()
    for pattern in patterns:
        magic = glob.has_magic(pattern)
        for path in sorted(_expanded(store, pattern)) if magic else [pattern]:
            if path not in shown and len(shown) < MOST_FILES and not _is_folder(store, path):
                shown.add(path)
                yield path


def _is_folder(store: Store, path: str) -> bool:
    try:
        return stat.S_ISDIR(store.stat(path).mode)
    except OSError:
        return False


def _expanded(store: Store, pattern: str) -> list[str]:
    """Paths that fit; a star stands for names in one directory, hidden ones excepted."""
    found = [""]
    for part in pattern.strip("/").split("/"):
        if not glob.has_magic(part):
            found = [f"{folder}/{part}" for folder in found]
            continue
        found = [f"{folder}/{name}" for folder in found for name in _fitting(store, folder or "/", part)]
        del found[MOST_FILES:]
    return [path for path in found if _there(store, path)]


def _fitting(store: Store, folder: str, part: str) -> list[str]:
    try:
        names = store.names(folder)
    except OSError:
        return []
    hidden = part.startswith(".")
    return [one for one in names if fnmatch.fnmatchcase(one, part) and (hidden or not one.startswith("."))]


def _there(store: Store, path: str) -> bool:
    try:
        store.stat(path)
    except FileNotFoundError:
        return _named(store, path)  # a link that leads nowhere has still been put there
    except OSError:
        return True
    return True


def _named(store: Store, path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return bool(_fitting(store, folder or "/", glob.escape(name)))


def shown(path: str) -> str:
    """The path as it may be signed."""
    return plain(path)
