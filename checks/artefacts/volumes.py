"""Archives in volumes (`x.7z.001`, `x.tar.gz.002` …): joined they are one artefact, under the name without
the number; one that is missing among them shows.
"""

import bisect
import errno
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, NoReturn, cast

from checks.artefacts.artefact import Listed
from checks.artefacts.hashes import hasher
from checks.artefacts.look import Look
from checks.artefacts.standing import MOST_LISTED, Survey, exactly, name_of, pattern_of
from checks.places import Entry, Ground, Place

_Failed = Callable[[str, OSError], None] | None
_VOLUME = re.compile(r"(.+)\.([0-9]{3})")


@dataclass(frozen=True, slots=True)
class Volumes:
    """Volumes of one artefact by their number, and the numbers that should be there."""

    parts: tuple[Entry, ...]
    missing: tuple[int, ...]

    @property
    def entry(self) -> Entry:
        """All of them as one file."""
        first = self.parts[0]
        mode = 0
        for one in self.parts:
            mode |= one.mode
        return first._replace(
            path=_stem(first.path),
            size=sum(one.size for one in self.parts),
            mtime_ns=max(one.mtime_ns for one in self.parts),
            ctime_ns=max(one.ctime_ns for one in self.parts),
            mode=mode,
        )


def _stem(path: str) -> str:
    match = _VOLUME.fullmatch(path)
    return match[1] if match else path


@dataclass
class Joined:
    """A place in which volumes are one file; everything else is as it is. Implements checks.places.Place."""

    place: Place
    volumes: dict[str, Volumes] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The place's."""
        return self.place.name

    @property
    def cut(self) -> bool:
        """The place's."""
        return self.place.cut

    def stat(self, path: str) -> Entry:
        """One entry; volumes are looked at anew."""
        if path not in self.volumes:
            return self.place.stat(path)
        parts = tuple(self.place.stat(one.path) for one in self.volumes[path].parts)
        return Volumes(parts, ()).entry

    def names(self, folder: str) -> Sequence[str]:
        """As they are."""
        return self.place.names(folder)

    def match(self, pattern: str) -> Sequence[Entry]:
        """As they are."""
        return self.place.match(pattern)

    def walk(self, top: str, failed: _Failed = None) -> Iterator[Entry]:
        """As it is."""
        return self.place.walk(top, failed)

    def rows(self, top: str, failed: _Failed = None) -> Iterator[tuple[bytes, Entry]]:
        """As it is."""
        return self.place.rows(top, failed)

    def ground(self, path: str) -> Ground:
        """As it is; of volumes the first one's."""
        return self.place.ground(self._first(path))

    def extras(self, path: str) -> str:
        """As it is; of volumes the first one's."""
        return self.place.extras(self._first(path))

    def _first(self, path: str) -> str:
        held = self.volumes.get(path)
        return path if held is None else held.parts[0].path

    def sha256(self, entry: Entry) -> str:
        """Of a file, or of the volumes one behind the other."""
        return self.digest(entry, "sha256")

    def digest(self, entry: Entry, how: str) -> str:
        """The same by another digest."""
        held = self.volumes.get(entry.path)
        if held is None:
            return self.place.digest(entry, how)
        made = hasher(how)
        for one in held.parts:
            size = 0
            for block in self.place.blocks(one.path, one.size + 1):
                made.update(block)
                size += len(block)
            after = self.place.stat(one.path)
            if (size, after.size, after.mtime_ns) != (one.size, one.size, one.mtime_ns):
                raise BlockingIOError(errno.EAGAIN, "it changes")
        return made.hexdigest()

    def blocks(self, path: str, most: int) -> Iterator[memoryview]:
        """A file, or the volumes one behind the other."""
        if path not in self.volumes:
            yield from self.place.blocks(path, most)
            return
        for one in self.volumes[path].parts:
            for block in self.place.blocks(one.path, min(one.size + 1, most)):
                yield block
                most -= len(block)
            if most <= 0:
                return

    def block(self, path: str, offset: int, size: int) -> bytes:
        """Bytes from within."""
        if path not in self.volumes:
            return self.place.block(path, offset, size)
        with self.open(path) as file:
            file.seek(offset)
            return file.read(size)

    def open(self, path: str) -> BinaryIO:
        """A file, or the volumes as one."""
        if path not in self.volumes:
            return self.place.open(path)
        return cast(BinaryIO, io.BufferedReader(_Chain(self.place, self.volumes[path].parts), 1 << 20))

    def local(self, path: str) -> str | None:
        """The path; of volumes the first one's, whose followers the tools find."""
        return self.place.local(self._first(path))


class _Chain(io.RawIOBase):
    """Files one behind the other, as one that seeks."""

    def __init__(self, place: Place, parts: Sequence[Entry]) -> None:
        super().__init__()
        self._place = place
        self._parts = parts
        self._begins = [sum(one.size for one in parts[:n]) for n in range(len(parts))]
        self._size = sum(one.size for one in parts)
        self._at = 0
        self._open: tuple[int, BinaryIO] | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> NoReturn:
        """It has none: there are several files."""
        raise io.UnsupportedOperation("several files")

    def seek(self, offset: int, whence: int = 0) -> int:
        """To a place within all of them."""
        self._at = max(offset + (0, self._at, self._size)[whence], 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """The next bytes, of one volume at a time."""
        if self._at >= self._size:
            return 0
        number = bisect.bisect_right(self._begins, self._at) - 1
        if self._open is None or self._open[0] != number:
            self._shut()
            self._open = number, self._place.open(self._parts[number].path)
        file = self._open[1]
        file.seek(self._at - self._begins[number])
        more = file.read(min(len(buffer), self._begins[number] + self._parts[number].size - self._at))
        buffer[: len(more)] = more
        self._at += len(more)
        return len(more)

    def _shut(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def close(self) -> None:
        """No more."""
        self._shut()
        super().close()


def joined(place: Place, found: Survey, params: Look) -> tuple[Joined, Survey]:
    """The place and what was found in it, volumes as one."""
    held: dict[str, dict[int, Entry]] = {}
    for entry in found.all:
        match = _VOLUME.fullmatch(entry.path)
        if match and entry.kind == "file":
            held.setdefault(match[1], {})[int(match[2])] = entry
    # One volume that is named alone stands for all of them.
    for stem, numbered in held.items():
        for entry in place.match(pattern_of(exactly(stem)) + ".[0-9][0-9][0-9]"):
            if entry.kind == "file":
                numbered.setdefault(int(entry.path[-3:]), entry)
    made = Joined(place)
    for stem, numbered in held.items():
        missing = tuple(n for n in range(1, max(numbered) + 1) if n not in numbered)
        made.volumes[stem] = Volumes(tuple(numbered[n] for n in sorted(numbered)), missing)
    if not made.volumes:
        return made, found
    alone = [one for one in found.all if _stem(one.path) not in made.volumes]
    every = [*alone, *(one.entry for one in made.volumes.values())]
    every.sort(key=lambda one: (one.mtime_ns, one.path), reverse=True)
    rows = tuple(
        Listed(name_of(e.path, found.top), e.size, e.mtime_ns // 1_000_000) for e in every[:MOST_LISTED]
    )
    stands = replace(found.stands, count=len(every), listed=rows)
    return made, Survey(found.top, stands, tuple(every[: params.artefacts]), tuple(every))
