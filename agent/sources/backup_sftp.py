"""Another machine's files by SFTP as a place of backups: for reading only, its host key pinned.

Fast way: OpenSSH's `ssh` speaks to the server and we speak SFTP through it, where the login is by a key
without passphrase. Else (password, passphrase, bastion, old algorithms) paramiko does, at half the speed.
Never is a password on a command line, and never is a shell asked for.
"""

import contextlib
import errno
import io
import os
import select
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import paramiko

from agent.secrets import Secret
from agent.sources.backup_ground import host_digest
from agent.sources.backup_guard import Guard
from agent.sources.backup_match import matching
from agent.sources.backup_tools import LocalStream, LocalTools
from agent.sources.means import Means
from agent.sources.sftp_wire import Attributes, Link, Wire, WireFault
from agent.sources.ssh import pins
from agent.sources.ssh_link import Deadline, errors
from agent.sources.ssh_pool import Session, check_key, connect, greeted
from checks.api import ErrorKind, ObservationError
from checks.artefacts.hashes import hasher
from checks.places import MOST_PATH, Entry, Ground, NotAFileError
from checks.remote import Login

_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
Failed = Callable[[str, OSError], None]
_WINDOW = 32 << 20
_CHUNK = 1 << 20


@contextlib.contextmanager
def sftp_place(to: Login, means: Means, guard: Guard) -> Iterator["SftpPlace"]:
    """The place for one look; its connection is its own."""
    with sftp_wire(to, means, guard) as wire:
        yield SftpPlace(to.name, wire, guard)


@contextlib.contextmanager
def sftp_wire(to: Login, means: Means, guard: Guard) -> Iterator[Wire]:
    """A connection of its own."""
    deadline = Deadline(int(min(guard.stall_s, max(guard.left, 0.001)) * 1000), to.name)
    secret = means.secret(to.secret)
    with contextlib.ExitStack() as held:
        link: Link
        if _by_key(to, secret):
            link = _child(held, to, means, secret, guard, deadline)
        else:
            link = _paramiko(held, to, means, guard, deadline)
        with _said(to.name):
            try:
                wire = Wire(link)
            except OSError:
                raise ObservationError(ErrorKind.UNSUPPORTED, f"{to.name}: has no SFTP") from None
        yield wire


def _by_key(to: Login, secret: Secret) -> bool:
    """Whether `ssh` gets in with nothing to be typed."""
    if to.hop or to.legacy or not secret.get("key") or secret.get("passphrase") or secret.get("password"):
        return False
    return LocalTools().find("ssh") is not None


def _child(
    held: contextlib.ExitStack, to: Login, means: Means, secret: Secret, guard: Guard, deadline: Deadline
) -> "_Child":
    # The pin is a digest; OpenSSH wants the key itself, so it is read and compared first.
    with greeted(to, means, pins(means.state), deadline) as transport:
        check_key(transport, to, pins(means.state))
        key = transport.get_remote_server_key()
    folder = held.enter_context(tempfile.TemporaryDirectory(prefix="roundseal-"))
    known = Path(folder) / "known"
    known.write_text(f"place {key.get_name()} {key.get_base64()}\n")
    kinds = "rsa-sha2-512,rsa-sha2-256" if key.get_name() == "ssh-rsa" else key.get_name()
    options = {
        "UserKnownHostsFile": str(known),
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": "place",
        "HostKeyAlgorithms": kinds,
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityFile": secret["key"],
        "PreferredAuthentications": "publickey",
        "ConnectTimeout": str(max(int(deadline.left()), 1)),
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "2",
        "ClearAllForwardings": "yes",
        "User": secret["user"],
    }
    words = ["ssh", "-F", "none", "-T", "-x", "-a", "-p", str(to.port)]
    words += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    reading, writing = os.pipe2(os.O_CLOEXEC)
    into = held.enter_context(os.fdopen(writing, "wb", 0))
    with os.fdopen(reading, "rb", 0) as given:
        stream = held.enter_context(
            LocalTools(guard).stream([*words, "-s", "--", to.address, "sftp"], stdin=cast(BinaryIO, given))
        )
    return _Child(to.name, stream, into, guard)


class _Child:
    """`ssh` as a link."""

    def __init__(self, peer: str, stream: LocalStream, into: Any, guard: Guard) -> None:
        self._peer = peer
        self._stream = stream
        self._into = into
        self._guard = guard
        self._poll = select.poll()
        self._poll.register(stream.out.fileno(), select.POLLIN)

    def send(self, data: bytes) -> None:
        try:
            self._into.write(data)
        except BrokenPipeError:
            raise self._gone() from None

    def receive(self, size: int) -> bytes:
        if not self._poll.poll(min(self._guard.stall_s, self._guard.left) * 1000):
            raise ObservationError(ErrorKind.TIMEOUT, f"{self._peer}: says nothing more")
        data = os.read(self._stream.out.fileno(), size)
        if not data:
            raise self._gone()
        return data

    def _gone(self) -> ObservationError:
        self._stream.finish()
        said = self._stream.complaint.decode("utf-8", "replace")
        if "ubsystem" in said:
            return ObservationError(ErrorKind.UNSUPPORTED, f"{self._peer}: has no SFTP")
        if "Permission denied" in said:
            return ObservationError(ErrorKind.DENIED, f"{self._peer}: login refused")
        return ObservationError(ErrorKind.UNREACHABLE, f"{self._peer}: connection lost")


def _paramiko(
    held: contextlib.ExitStack, to: Login, means: Means, guard: Guard, deadline: Deadline
) -> "_Channel":
    session = Session()
    held.callback(session.close)
    connect(session, to, means, pins(means.state), deadline)
    with errors(to.name, deadline):
        channel = session.transport.open_session(window_size=_WINDOW, timeout=deadline.left())
        held.callback(channel.close)
        channel.settimeout(deadline.left())
        try:
            channel.invoke_subsystem("sftp")
        except paramiko.SSHException:
            if deadline.over or not session.transport.is_active():
                raise
            raise ObservationError(ErrorKind.UNSUPPORTED, f"{to.name}: has no SFTP") from None
    return _Channel(to.name, channel, guard)


class _Channel:
    """paramiko as a link."""

    def __init__(self, peer: str, channel: paramiko.Channel, guard: Guard) -> None:
        self._peer = peer
        self._channel = channel
        self._guard = guard

    def send(self, data: bytes) -> None:
        with self._asking() as deadline:
            self._channel.settimeout(deadline.left())
            self._channel.sendall(data)

    def receive(self, size: int) -> bytes:
        with self._asking() as deadline:
            self._channel.settimeout(deadline.left())
            data: bytes = self._channel.recv(size)
        if not data:
            raise ObservationError(ErrorKind.UNREACHABLE, f"{self._peer}: connection lost")
        return data

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Deadline]:
        deadline = Deadline(int(min(self._guard.stall_s, self._guard.left) * 1000), self._peer)
        with errors(self._peer, deadline):
            yield deadline


@contextlib.contextmanager
def _said(peer: str) -> Iterator[None]:
    try:
        yield
    except WireFault as problem:
        raise ObservationError(ErrorKind.GARBLED, f"{peer}: {problem}") from None


class SftpPlace:
    """Implements checks.places.Place. A server tells neither inode nor ctime, and of times the second."""

    def __init__(self, name: str, wire: Wire, guard: Guard) -> None:
        self.name = name
        self.cut = False
        self.guard = guard
        self._wire = wire
        self._owners: dict[int, str] = {}
        self._groups: dict[int, str] = {}
        self._learnt: set[str] = set()

    def stat(self, path: str) -> Entry:
        """One entry; a link is not followed."""
        with self._call():
            found = self._wire.lstat(os.fsencode(path))
        if found.user not in self._owners and (folder := path.rpartition("/")[0] or "/") not in self._learnt:
            with contextlib.suppress(OSError):
                self._listed(folder)  # names of owners are only told in listings
        return self._entry(path, found)

    def names(self, folder: str) -> Sequence[str]:
        """What a directory holds."""
        return sorted(os.fsdecode(name) for name, _ in self._listed(folder))

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
        yield from self._rows(top.rstrip("/"), b"", failed)

    def sha256(self, entry: Entry) -> str:
        """SHA-256 of a regular file as the entry says it is."""
        return self.digest(entry, "sha256")

    def digest(self, entry: Entry, how: str) -> str:
        """The same by another digest."""
        made, left = hasher(how), entry.size
        for block in self.blocks(entry.path, entry.size + 1):
            made.update(block)
            left -= len(block)
        with self._call():
            after = self._wire.lstat(os.fsencode(entry.path))
        if left or (after.size, after.mtime * 10**9) != (entry.size, entry.mtime_ns):
            raise BlockingIOError(errno.EAGAIN, "it changes")
        return made.hexdigest()

    def _rows(self, top: str, above: bytes, failed: Failed | None) -> Iterator[tuple[bytes, Entry]]:
        try:
            listed = self._listed(top or "/")
        except OSError as problem:
            if failed is None:
                raise
            failed(top, problem)
            return
        if any(len(above) + len(name) >= MOST_PATH for name, _ in listed):
            raise ObservationError(ErrorKind.GARBLED, f"{self.name}: names without end")
        listed = [(name + b"/" * stat.S_ISDIR(found.mode), found) for name, found in listed]
        for name, found in sorted(listed, key=lambda one: one[0]):
            entry = self._entry(f"{top}/{os.fsdecode(name)}".removesuffix("/"), found)
            yield above + name, entry
            if entry.kind == "directory":
                yield from self._rows(entry.path, above + name, failed)

    def blocks(self, path: str, most: int) -> Iterator[memoryview]:
        """A regular file from its beginning, asked for ahead."""
        with self._call():
            handle = self._opened(path)
        try:
            with _said(self.name):
                for block in self._wire.blocks(handle, 0, most):
                    self.guard.enter()
                    self.guard.began = 0.0
                    yield memoryview(block)
        finally:
            with contextlib.suppress(ObservationError, WireFault):
                self._wire.close(handle)

    def block(self, path: str, offset: int, size: int) -> bytes:
        """So many bytes from within a regular file."""
        with self._call():
            handle = self._opened(path)
            try:
                return self._wire.read(handle, offset, size)
            finally:
                self._wire.close(handle)

    def open(self, path: str) -> BinaryIO:
        """A regular file for reading."""
        size = self.stat(path).size
        with self._call():
            handle = self._opened(path)
        return cast(BinaryIO, io.BufferedReader(_Raw(self, handle, size), _CHUNK))

    def ground(self, path: str) -> Ground:
        """Whose machine it is, where that may be read; of its disks nothing is told."""
        del path
        try:
            return Ground(host_digest(self.block("/etc/machine-id", 0, 64).decode("ascii")))
        except (OSError, ValueError):
            return Ground()

    def extras(self, path: str) -> str:
        """Nothing: it does not tell."""
        return ""

    def local(self, path: str) -> str | None:
        """None: it lies elsewhere."""
        return None

    def read(self, handle: bytes, offset: int, size: int) -> bytes:
        """Bytes of an opened file."""
        with self._call():
            return self._wire.read(handle, offset, size)

    def forget(self, handle: bytes) -> None:
        """Close an opened file."""
        with self._call():
            self._wire.close(handle)

    def _opened(self, path: str) -> bytes:
        raw = os.fsencode(path)
        # A pipe must not be opened: its server would wait for a writer. A link is not followed.
        if not stat.S_ISREG(self._wire.lstat(raw).mode):
            raise NotAFileError(f"{path}: not a file")
        return self._wire.opened(raw)

    def _listed(self, folder: str) -> list[tuple[bytes, Attributes]]:
        self._learnt.add(folder)
        with self._call():
            found = list(self._wire.listing(os.fsencode(folder)))
        for _, one in found:
            if one.owner:
                self._owners.setdefault(one.user, one.owner)
                self._groups.setdefault(one.group_id, one.group)
        return found

    def _entry(self, path: str, found: Attributes) -> Entry:
        kind = _KINDS.get(stat.S_IFMT(found.mode), "other")
        to = ""
        if kind == "link":
            with self._call():
                to = os.fsdecode(self._wire.readlink(os.fsencode(path)))
        return Entry(
            path,
            kind,
            found.size,
            found.mtime * 10**9,
            0,
            stat.S_IMODE(found.mode),
            self._owners.get(found.user, str(found.user)),
            self._groups.get(found.group_id, str(found.group_id)),
            link_to=to,
        )

    @contextlib.contextmanager
    def _call(self) -> Iterator[None]:
        """One call: past the budget TimeoutError; what hangs is ended by the link itself."""
        if time.monotonic() > self.guard.at:
            raise TimeoutError("the look's budget is used up")
        with _said(self.name):
            yield


class _Raw(io.RawIOBase):
    """A file of the server; read in large pieces, as each is asked for and waited for."""

    def __init__(self, place: SftpPlace, handle: bytes, size: int) -> None:
        self._place = place
        self._handle = handle
        self._size = size
        self._at = 0
        self._ahead = b""
        self._from = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(offset + (0, self._at, self._size)[whence], 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if not self._from <= self._at < self._from + len(self._ahead):
            whole = self._from + len(self._ahead) == self._at > 0  # in order: worth asking for more
            size = min(8 * _CHUNK if whole else len(buffer), max(self._size - self._at, 1))
            self._from, self._ahead = self._at, self._place.read(self._handle, self._at, size)
        start = self._at - self._from
        data = memoryview(self._ahead)[start : start + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            super().close()
            with contextlib.suppress(OSError, ObservationError):
                self._place.forget(self._handle)
