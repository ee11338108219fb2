"""Files that backup checks keep between looks: STATE/backups/KEY/NAME, for nobody else to read."""

import contextlib
import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from checks.api import ErrorKind, ObservationError

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")


class LocalShelf:
    """Implements checks.places.Shelf."""

    def __init__(self, state: Path | None, key: str) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if state is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="roundseal-", ignore_cleanup_errors=True)
            state = Path(self._temporary.name)
        name = key if _PLAIN.match(key) else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:24]
        self.folder = state / "backups" / name

    def close(self) -> None:
        """What was kept without a state directory goes."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def read(self, name: str) -> BinaryIO | None:
        """The file of this name."""
        try:
            return self._at(name).open("rb")
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def write(self, name: str) -> Iterator[BinaryIO]:
        """A new file of this name, there once the block ends without an error."""
        path = self._at(name)
        beside = path.with_name(f".{name}.part")
        with self._told():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(number, "wb", 1 << 20) as file:
                yield file
                with self._told():
                    file.flush()
                    os.fsync(file.fileno())
            os.rename(beside, path)
        except BaseException as problem:
            with contextlib.suppress(OSError):
                beside.unlink()
            if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ObservationError(ErrorKind.DENIED, f"{self.folder}: {problem.strerror}") from None
            raise

    def names(self) -> Sequence[str]:
        """Files that are there."""
        with contextlib.suppress(OSError):
            return sorted(one.name for one in self.folder.iterdir() if not one.name.startswith("."))
        return ()

    def drop(self, name: str) -> None:
        """One file less."""
        self._at(name).unlink(missing_ok=True)

    def _at(self, name: str) -> Path:
        if not _PLAIN.match(name):
            raise ValueError(f"{name!r} is no name on a shelf")
        return self.folder / name

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise ObservationError(ErrorKind.DENIED, f"{self.folder}: {problem.strerror}") from None
