"""This machine's files as a place of backups; nothing is followed, nothing is changed."""

import functools
import grp
import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from agent.sources.files_store import Local, NotAFileError
from agent.sources.files_store import places as expanded
from checks.places import Entry

_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


class LocalPlace:
    """Implements checks.places.Place."""

    name = "local"

    def stat(self, path: str) -> Entry:
        """One entry; a link is not followed."""
        return _entry(path, os.lstat(path))

    def names(self, folder: str) -> Sequence[str]:
        """What a directory holds."""
        return sorted(os.listdir(folder))

    def match(self, pattern: str) -> Sequence[Entry]:
        """Entries that fit, sorted by path."""
        return [self.stat(path) for path in sorted(expanded(Local(), [pattern])) if os.path.lexists(path)]

    def walk(self, top: str) -> Iterator[Entry]:
        """Everything below a directory, sorted by bytes of the path."""
        with os.scandir(top) as found:
            rows = sorted(found, key=lambda one: os.fsencode(one.name))
        for row in rows:
            entry = _entry(row.path, row.stat(follow_symlinks=False))
            yield entry
            if entry.kind == "directory":
                yield from self.walk(row.path)

    def open(self, path: str) -> BinaryIO:
        """A regular file for reading."""
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise NotAFileError(f"{path}: not a file")
        return os.fdopen(number, "rb")

    def local(self, path: str) -> str | None:
        """The path itself."""
        return path


def _entry(path: str, found: os.stat_result) -> Entry:
    kind = _KINDS.get(stat.S_IFMT(found.st_mode), "other")
    return Entry(
        path,
        kind,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        stat.S_IMODE(found.st_mode),
        _user(found.st_uid),
        _group(found.st_gid),
        found.st_dev,
        found.st_ino,
        found.st_nlink,
        os.readlink(path) if kind == "link" else "",
    )


@functools.lru_cache(maxsize=256)
def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


@functools.lru_cache(maxsize=256)
def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
