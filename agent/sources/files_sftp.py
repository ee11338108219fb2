"""Another machine's files by SFTP (paramiko), for reading only, over the kept SSH connection.

Nothing but open for reading, stat and the listing of directories is ever asked.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import paramiko

from agent.sources.files_store import MOST_NAMES, NotAFileError, Stat
from agent.sources.means import Means
from agent.sources.ssh import opened_channel, pins
from agent.sources.ssh_link import Deadline, errors
from agent.sources.ssh_pool import POOL
from checks.api import ErrorKind, ObservationError
from checks.remote import Login

_CHUNK = 256 * 1024
_GARBLED = (paramiko.SFTPError, struct.error)


@contextmanager
def sftp(to: Login, means: Means, timeout_ms: int) -> Iterator["Sftp"]:
    """The target's files for one look; the session stays for the next."""
    deadline = Deadline(timeout_ms, to.name)
    held = pins(means.state)
    with (
        POOL.session(to, means, held, deadline) as session,
        opened_channel(session, to, means, held, deadline) as channel,
    ):
        with errors(to.name, deadline):
            channel.settimeout(deadline.left())
            try:
                channel.invoke_subsystem("sftp")
                client = paramiko.SFTPClient(channel)
            except (paramiko.SSHException, EOFError):
                # Its greeting failed, or the server has no such subsystem.
                if deadline.over or not channel.get_transport().is_active():
                    raise
                raise ObservationError(ErrorKind.UNSUPPORTED, f"{to.name}: has no SFTP") from None
            except _GARBLED:
                raise ObservationError(ErrorKind.GARBLED, f"{to.name}: no SFTP is spoken there") from None
        yield Sftp(client, channel, to.name, deadline)


class Sftp:
    """Implements the store of agent.sources.files_store."""

    def __init__(
        self, client: paramiko.SFTPClient, channel: paramiko.Channel, peer: str, until: Deadline
    ) -> None:
        self._client = client
        self._channel = channel
        self._peer = peer
        self._until = until

    def stat(self, path: str) -> Stat:
        """The file a path leads to."""
        with self.asking():
            return _stat(self._client.stat(path))

    def open(self, path: str) -> tuple[BinaryIO, Stat]:
        """The file, opened for reading."""
        # A pipe must not be opened: its server would wait for a writer.
        if not self.stat(path).regular:
            raise NotAFileError(f"{path}: not a file")
        with self.asking():
            file = self._client.open(path, "rb")
            found = _stat(file.stat())
        return cast(BinaryIO, io.BufferedReader(_Raw(file, self), _CHUNK)), found

    def names(self, folder: str) -> Sequence[str]:
        """What a directory holds; names that are no UTF-8 are not found by patterns."""
        found: list[str] = []
        with self.asking():
            for one in self._client.listdir_iter(folder, read_aheads=4):
                if len(found) < MOST_NAMES and isinstance(one.filename, str):
                    found.append(one.filename)
        return found

    @contextmanager
    def asking(self) -> Iterator[None]:
        """One request: what is wrong with the file stays OSError, what with the connection does not."""
        self._channel.settimeout(self._until.left())
        with errors(self._peer, self._until):
            try:
                yield
            except (FileNotFoundError, PermissionError) as problem:
                failed: OSError = problem
            except OSError as problem:
                if isinstance(problem, TimeoutError) or self._channel.closed or self._channel.eof_received:
                    raise
                failed = OSError(str(problem)[:200])
            except _GARBLED:
                raise ObservationError(ErrorKind.GARBLED, f"{self._peer}: answers no SFTP") from None
            else:
                return
        raise failed


def _stat(found: Any) -> Stat:
    """As the server tells it; what it leaves out is nought, and a file of unknown kind is no regular one."""
    return Stat(found.st_size or 0, found.st_mode or 0, found.st_uid or 0, (found.st_mtime or 0) * 10**9)


class _Raw(io.RawIOBase):
    """A file of the server as bytes; paramiko's own reader knows no deadline."""

    def __init__(self, file: paramiko.SFTPFile, store: Sftp) -> None:
        self._file = file
        self._store = store

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        with self._store.asking():
            self._file.seek(offset, whence)
            return int(self._file.tell())

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        with self._store.asking():
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            super().close()
            # Without waiting for the server's answer: it may be gone.
            self._file._close(async_=True)
