"""How far a long read has come, on a terminal: bytes read of those that lie there, else nothing is said."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from checks.files import Where
from checks.places import Backups, Place, Stream, Tools

_AFTER_S = 1.0  # short looks show nothing
_EVERY_S = 0.2
_WIDE = 30


class Bar:
    """One line that is written over; `total` bytes lie there (0: not known)."""

    def __init__(self, total: int, out: TextIO) -> None:
        self._total = total
        self._out = out
        self._read = self._decoded = 0
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._next = self._began + _AFTER_S
        self._drawn = False

    @classmethod
    def of(cls, path: Path) -> "Bar | None":
        """For what lies at `path`; None unless standard error is a terminal."""
        return cls(_size(path), sys.stderr) if sys.stderr.isatty() else None

    def read(self, count: int) -> None:
        """So many more bytes of the artefact were read."""
        self._move(count, 0)

    def decoded(self, count: int) -> None:
        """So many more bytes came out of a tool that reads it."""
        self._move(0, count)

    def _move(self, read: int, decoded: int) -> None:
        with self._lock:
            self._read += read
            self._decoded += decoded
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + _EVERY_S
            self._drawn = True
            self._out.write(f"\r\033[K{self.line(now - self._began)}")
            self._out.flush()

    def line(self, seconds: float) -> str:
        """As it is shown after so many seconds."""
        read = self._read / 1e6
        speed = (self._read + self._decoded) / 1e6 / max(seconds, 0.001)
        made = f"{read:,.0f} MB"
        if self._total and self._read:
            share = min(self._read / self._total, 1.0)
            full = int(share * _WIDE)
            made = f"[{'#' * full}{'.' * (_WIDE - full)}] {share:4.0%}  {made} of {self._total / 1e6:,.0f} MB"
        if self._decoded:
            made += f"  decoded {self._decoded / 1e6:,.0f} MB"
        return f"{made}  {speed:,.0f} MB/s"

    def close(self) -> None:
        """Leave a clean line behind."""
        if self._drawn:
            self._out.write("\r\033[K")
            self._out.flush()


def _size(path: Path) -> int:
    if not path.is_dir():
        with contextlib.suppress(OSError):
            return path.stat().st_size
        return 0
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


class _Counted:
    """A file whose reads are told."""

    def __init__(self, inner: Any, tell: Any) -> None:
        self._inner = inner
        self._tell = tell

    def read(self, *size: Any) -> bytes:
        """As the file's own."""
        made: bytes = self._inner.read(*size)
        self._tell(len(made))
        return made

    def readinto(self, into: Any) -> int:
        """As the file's own."""
        made: int = self._inner.readinto(into)
        self._tell(made or 0)
        return made

    def readline(self, *size: Any) -> bytes:
        """As the file's own."""
        made: bytes = self._inner.readline(*size)
        self._tell(len(made))
        return made

    def __iter__(self) -> Iterator[bytes]:
        for line in self._inner:
            self._tell(len(line))
            yield line

    def __enter__(self) -> "_Counted":
        self._inner.__enter__()
        return self

    def __exit__(self, *what: Any) -> None:
        self._inner.__exit__(*what)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Place:
    def __init__(self, inner: Place, bar: Bar) -> None:
        self._inner = inner
        self._bar = bar

    def open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, _Counted(self._inner.open(path), self._bar.read))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Stream:
    def __init__(self, inner: Stream, bar: Bar) -> None:
        self._inner = inner
        self.out = _Counted(inner.out, bar.decoded)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Tools:
    def __init__(self, inner: Tools, bar: Bar) -> None:
        self._inner = inner
        self._bar = bar

    @contextlib.contextmanager
    def stream(self, argv: Sequence[str], **how: Any) -> Iterator[Stream]:
        with self._inner.stream(argv, **how) as made:
            yield cast(Stream, _Stream(made, self._bar))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Watched:
    """Implements checks.places.Backups over another one, and tells a bar what is read through it."""

    def __init__(self, inner: Backups, bar: Bar) -> None:
        self._inner = inner
        self._bar = bar

    @contextlib.contextmanager
    def place(self, at: Where) -> Iterator[Place]:
        """Where an artefact lies."""
        with self._inner.place(at) as found:
            yield cast(Place, _Place(found, self._bar))

    @property
    def tools(self) -> Tools:
        """Programs."""
        return cast(Tools, _Tools(self._inner.tools, self._bar))

    def before(self, key: str, now: str) -> str | None:
        """Nothing was there before: each look is the first."""
        return self._inner.before(key, now)

    def secret(self, name: str) -> Mapping[str, str]:
        """A credential by its name."""
        return self._inner.secret(name)

    def now(self) -> int:
        """UTC epoch milliseconds."""
        return self._inner.now()
