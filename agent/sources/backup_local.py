"""This machine's files as a place of backups; nothing is followed, nothing is changed."""

import errno
import grp
import hashlib
import io
import os
import pwd
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from typing import Any, BinaryIO, cast

from agent.sources.backup_ground import ground
from agent.sources.backup_guard import Guard, guarded
from agent.sources.backup_match import matching
from checks.artefacts.hashes import Hasher, hasher
from checks.places import Entry, Ground, NotAFileError

BLOCK = 1 << 20
_AT_HAND = 20_000  # names of one directory that are sorted in memory
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
Failed = Callable[[str, OSError], None]
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


class LocalPlace:
    """Implements checks.places.Place."""

    name = "local"

    def __init__(self, guard: Guard | None = None) -> None:
        self.guard = guard or Guard(float("inf"))
        self.cut = False
        self._buffer = memoryview(bytearray(BLOCK))
        self._buffers = (self._buffer,)
        self._users = _Names(_user)
        self._groups = _Names(_group)

    @guarded
    def stat(self, path: str) -> Entry:
        """One entry; a link is not followed."""
        return self._entry(path, os.lstat(path))

    @guarded
    def names(self, folder: str) -> Sequence[str]:
        """What a directory holds."""
        return sorted(os.listdir(folder))

    def match(self, pattern: str) -> Sequence[Entry]:
        """Entries that fit, sorted by path."""
        found, cut = matching(self, pattern)
        self.cut = self.cut or cut
        return found

    def walk(self, top: str, failed: Failed | None = None) -> Iterator[Entry]:
        """Everything below a directory, sorted by bytes of the path, directories with a slash behind it."""
        return (entry for _, entry in self.rows(top, failed))

    def rows(self, top: str, failed: Failed | None = None) -> Iterator[tuple[bytes, Entry]]:
        """The same, with the raw path below `top`."""
        guard, made, now = self.guard, self._entry, time.monotonic
        top = top.rstrip("/")
        open_folders = [(top + "/", b"", iter(self._below(top, failed)))]
        while open_folders:
            folder, above, names = open_folders[-1]
            for name in names:
                path = folder + name.decode("utf-8", "surrogateescape")
                inner = path[-1] == "/"
                guard.began = now()
                try:
                    # (A slash behind its name would follow a link that has just taken a directory's place.)
                    entry = made(path[:-1], os.lstat(path[:-1])) if inner else made(path, os.lstat(path))
                except FileNotFoundError:
                    continue  # gone meanwhile, as files of a live tree are
                guard.began = 0.0
                yield above + name, entry
                if inner and entry.kind == "directory":
                    open_folders.append((path, above + name, iter(self._below(path[:-1], failed))))
                    break
            else:
                open_folders.pop()

    def sha256(self, entry: Entry) -> str:
        """SHA-256 of a regular file as the entry says it is."""
        return self.digest(entry, "sha256")

    def digest(self, entry: Entry, how: str) -> str:
        """The same by another digest."""
        guard, buffers, size = self.guard, self._buffers, entry.size
        guard.enter()
        number = os.open(entry.path, _FLAGS)
        try:
            got = os.readv(number, buffers)
            # Most files are read at once, and their digest made in one call: its own object costs as much
            # as 1 KiB of content.
            if got == size and how == "sha256":
                made: Hasher = hashlib.sha256(self._buffer[:got])
            else:
                made, got = self._rest(number, hasher(how), got, size)
            after = os.fstat(number)
        finally:
            guard.began = 0.0
            os.close(number)
        # The same inode: still the file that the entry says, not what has taken its place.
        same = after.st_mtime_ns == entry.mtime_ns and after.st_ino == entry.inode
        if got != size or after.st_size != size or not same:
            raise BlockingIOError(errno.EAGAIN, "it changes")
        return made.hexdigest()

    def _rest(self, number: int, made: Hasher, got: int, size: int) -> tuple[Hasher, int]:
        """The digest of an open file of which `got` bytes are in the buffer, and how many it had: `size` at
        the most, but for what one read gives."""
        guard, whole, done = self.guard, self._buffer, 0
        while got:
            made.update(whole[:got])
            done += got
            if done >= size:
                break
            guard.enter()
            got = os.readv(number, self._buffers)
        return made, done

    @guarded
    def ground(self, path: str) -> Ground:
        """What a path stands on."""
        return ground(path)

    def extras(self, path: str) -> str:
        """SHA-256 of the extended attributes and access lists."""
        try:
            with self.guard.call():
                names = os.listxattr(path, follow_symlinks=False)
                if not names:
                    return ""
                made = hashlib.sha256()
                for name in sorted(names):
                    value = os.getxattr(path, name, follow_symlinks=False)
                    made.update(b"%d %s=%d " % (len(name), os.fsencode(name), len(value)) + value)
        except OSError:
            return ""  # the file system has none
        return made.hexdigest()

    def blocks(self, path: str, most: int) -> Iterator[memoryview]:
        """A regular file from its beginning; one file at a time."""
        guard, whole, number = self.guard, self._buffer, -1
        guard.enter()
        try:
            number = self._opened(path)
            while most > 0:
                guard.enter()
                got = os.readv(number, [whole[:most] if most < BLOCK else whole])
                guard.began = 0.0
                if not got:
                    return
                most -= got
                yield whole[:got]
        finally:
            guard.began = 0.0
            if number >= 0:
                os.close(number)

    @guarded
    def block(self, path: str, offset: int, size: int) -> bytes:
        """So many bytes from within a regular file."""
        number = self._opened(path)
        try:
            made = b""
            while len(made) < size and (more := os.pread(number, size - len(made), offset + len(made))):
                made += more
            return made
        finally:
            os.close(number)

    def open(self, path: str) -> BinaryIO:
        """A regular file for reading."""
        with self.guard.call():
            number = self._opened(path)
        return cast(BinaryIO, io.BufferedReader(_Raw(number, self.guard), 256 * 1024))

    def local(self, path: str) -> str | None:
        """The path itself."""
        return path

    def _opened(self, path: str) -> int:
        number = os.open(path, _FLAGS)
        if os.fstat(number).st_mode & 0o170000 != stat.S_IFREG:
            os.close(number)
            raise NotAFileError(f"{path}: not a file")
        return number

    def _below(self, folder: str, failed: Failed | None) -> Iterable[bytes]:
        try:
            return self._listed(folder)
        except OSError as problem:
            if failed is None:
                raise
            failed(folder, problem)
            return ()

    @guarded
    def _listed(self, folder: str) -> Iterable[bytes]:
        """Names of a directory in order, those of directories with a slash; very many through a file."""
        names: list[bytes] = []
        runs: list[Iterator[bytes]] = []
        with os.scandir(os.fsencode(folder)) as found:
            for row in found:
                names.append(row.name + b"/" if row.is_dir(follow_symlinks=False) else row.name)
                if len(names) >= _AT_HAND:
                    self.guard.began = time.monotonic()  # it moves
                    runs.append(_spilled(names))
                    names = []
        names.sort()
        return merge(names, *runs) if runs else names

    def _entry(self, path: str, found: os.stat_result) -> Entry:
        mode = found.st_mode
        kind = _KINDS.get(mode & 0o170000, "other")
        made = (
            path,
            kind,
            found.st_size,
            found.st_mtime_ns,
            found.st_ctime_ns,
            mode & 0o7777,
            self._users[found.st_uid],
            self._groups[found.st_gid],
            found.st_dev,
            found.st_ino,
            found.st_nlink,
            os.readlink(path) if kind == "link" else "",
            found.st_blocks,
        )
        return tuple.__new__(Entry, made)  # what Entry(…) does, at half the time


def _spilled(names: list[bytes]) -> Iterator[bytes]:
    """Write these names sorted to a file without a name; they come back one by one."""
    names.sort()
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by whoever reads it to its end, or forgets it
    for name in names:
        file.write(len(name).to_bytes(2, "big") + name)
    file.seek(0)
    return _read_back(file)


def _read_back(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while head := file.read(2):
            yield file.read(int.from_bytes(head, "big"))


class _Raw(io.RawIOBase):
    """A file of this machine; each read of it may hang."""

    def __init__(self, number: int, guard: Guard) -> None:
        self._number = number
        self.guard = guard

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    @guarded
    def seek(self, offset: int, whence: int = 0) -> int:
        return os.lseek(self._number, offset, whence)

    @guarded
    def readinto(self, buffer: Any) -> int:
        return os.readv(self._number, [buffer])

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._number)


class _Names(dict[int, str]):
    """Names by number, asked for once."""

    def __init__(self, ask: Callable[[int], str]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, number: int) -> str:
        self[number] = name = self._ask(number)
        return name


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
