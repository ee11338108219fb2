"""Reading /proc and /sys, with what goes wrong there put into the documented kinds of error."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

from checks.api import ErrorKind, ObservationError


@contextmanager
def looking(what: str) -> Iterator[None]:
    """Turn the ways a look at this machine can fail into ObservationErrors."""
    try:
        yield
    except PermissionError as error:
        raise ObservationError(ErrorKind.DENIED, f"{what}: {error}") from error
    except FileNotFoundError as error:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{what}: {error}") from error
    except TimeoutError as error:
        raise ObservationError(ErrorKind.TIMEOUT, what) from error
    except (OSError, NotImplementedError) as error:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{what}: {error}") from error
    except (ValueError, LookupError) as error:
        raise ObservationError(ErrorKind.GARBLED, f"{what}: {error}") from error


class Tree:
    """A root below which proc/ and sys/ lie: this machine's, or a recorded one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._base = str(root).rstrip("/") + "/"

    def place(self, path: str) -> str:
        """Where a file below the root lies."""
        return self._base + path

    def data(self, path: str) -> bytes:
        """Content of a file below the root."""
        return content(self._base + path)

    def text(self, path: str) -> str:
        """Content of a file below the root; bytes that are no UTF-8 are replaced."""
        return content(self._base + path).decode("utf-8", "replace")

    def head(self, path: str) -> str:
        """The first two kilobytes of a file below the root."""
        file = os.open(self._base + path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(file, _PIECE).decode("utf-8", "replace")
        finally:
            os.close(file)

    def psutil(self) -> ModuleType:
        """psutil, looking below this root."""
        import psutil

        psutil.PROCFS_PATH = self.place("proc")
        return psutil

    def text_or(self, path: str, instead: str) -> str:
        """Content of a file that may be absent or refuse to be read, without its line end."""
        try:
            return self.text(path).strip()
        except OSError:
            return instead

    def has(self, path: str) -> bool:
        """Whether something lies at `path` below the root."""
        return os.path.exists(self._base + path)

    def boot_id(self) -> str:
        """The kernel's random id of this boot."""
        return _boot_id() if self._base == "/" else self._read_boot_id()

    def _read_boot_id(self) -> str:
        return self.text("proc/sys/kernel/random/boot_id").strip()

    def uptime_ms(self) -> int:
        """Milliseconds since boot."""
        seconds, _, hundredths = self.text("proc/uptime").split()[0].partition(".")
        return int(seconds) * 1000 + int((hundredths + "000")[:3])


@cache
def _boot_id() -> str:
    # Of this machine it is the same for as long as this process lives.
    return Tree(Path("/"))._read_boot_id()


_CHUNK = 16 * 1024
_PIECE = 2048
_LONGEST_NUMBER = 20


def content(path: str) -> bytes:
    """Content of a file of /proc or /sys: an agent reads thousands of them, so no layers lie between."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(file, _CHUNK)
        if not data:
            return data
        # A short piece may only be a piece: the kernel ends long tables at a page's edge.
        parts = [data]
        while data := os.read(file, _CHUNK):
            parts.append(data)
        return b"".join(parts)
    finally:
        os.close(file)


def piece(path: str) -> bytes:
    """Content of a small file that the kernel hands out in one piece."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(file, _PIECE)
    finally:
        os.close(file)
    return data if len(data) < _PIECE else content(path)


def which(name: str) -> str | None:
    """Where a program on PATH lies. `shutil.which` would bring three compressors along for good."""
    for folder in os.get_exec_path():
        place = os.path.join(folder, name)
        if os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    return None


def whole_number(text: str) -> int | None:
    """The number in `text`, None where there is none."""
    try:
        return int(text)
    except ValueError:
        return None


def small_number(text: str) -> int | None:
    """The number in `text` if it is one that a count or a day could be (below 2^31), else None."""
    number = whole_number(text) if len(text) <= _LONGEST_NUMBER else None
    return number if number is not None and abs(number) < 2**31 else None


def plain(text: str) -> str:
    """`text` as it can be signed: names that are no UTF-8 (a GBK path) keep their readable part."""
    return os.fsencode(text).decode("utf-8", "replace")


def monotonic_ms() -> int:
    """Milliseconds on a clock that nobody sets and that all processes of this boot share."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000
