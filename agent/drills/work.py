"""One attempt under way: its directory, cell, phases with times, and the watch over quota and time."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.drills.cell import Bounds, Cell
from agent.drills.errors import StopError
from agent.drills.journal import Desk, Journal, remove, usage
from agent.drills.settings import Drills, User, user_of
from agent.faults import hold_point
from checks.drills import Phase

_MIB = 1024 * 1024
_WATCH_S = 0.25
Progress = Callable[[str, int, int], None]  # phase, bytes done, bytes in all (0 unknown)


def silent(phase: str, done: int, whole: int) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Span:
    """A phase under way."""

    name: str
    progress: Progress
    whole: int = 0
    bytes: int = 0

    def add(self, count: int) -> None:
        """So many bytes more."""
        self.bytes += count
        self.progress(self.name, self.bytes, self.whole)


@dataclass(slots=True)
class Work:
    """`desk` is held. Times count from its making, on a clock that nobody sets."""

    desk: Desk
    given: Drills
    object: str
    limit_s: int
    progress: Progress = silent
    phases: list[Phase] = field(default_factory=list)
    now: str = "locate"
    open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)  # ends before the cell does
    _begun: int = field(default_factory=time.monotonic_ns)
    _why: StopError | None = None
    _cell: Cell | None = None
    _directory: Path | None = None
    _user: User | None = None
    _closing: threading.Event = field(default_factory=threading.Event)

    def ms(self) -> int:
        """Since the decision."""
        return (time.monotonic_ns() - self._begun) // 1_000_000

    @contextlib.contextmanager
    def phase(self, name: str, whole: int = 0) -> Iterator[Span]:
        """Do this under a name; its times are kept even where it fails."""
        self.check()
        self.now, span, start = name, Span(name, self.progress, whole), self.ms()
        self.desk.phase(name)
        self.progress(name, 0, whole)
        hold_point(name)
        try:
            yield span
        finally:
            self.phases.append(Phase(name, start, self.ms(), span.bytes))
        hold_point(f"{name}:done")

    def check(self) -> None:
        """StopError where this attempt must end."""
        if self._why is not None:
            raise self._why

    # Its directory.

    def make_room(self, attempt: int, begun: int) -> None:
        """The journal first, then the directory, then the watch over it."""
        self._user = user_of(self.given)
        top = Path(self.given.directory) if self.given.directory else self.desk.place / "rooms"
        directory = top / f"drill-{os.urandom(8).hex()}"
        self.desk.begin(Journal(self.object, attempt, str(directory), begun))
        try:
            top.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.mkdir(mode=0o700)
            self._directory = directory
            for name in ("root", "room", "room/tmp", "room/in", "room/s"):
                (directory / name).mkdir(mode=0o700)
                self.give(directory / name)
        except OSError as problem:
            raise self.trouble(problem) from None
        threading.Thread(target=self._watch, name="drill", daemon=True).start()

    @property
    def directory(self) -> Path:
        """All of this attempt is below it."""
        if self._directory is None:
            raise StopError("restore_failed", "no directory")
        return self._directory

    @property
    def room(self) -> Path:
        """What the cell sees as /drill."""
        return self.directory / "room"

    @property
    def user(self) -> User:
        """Whom everything in the cell runs as."""
        self._user = self._user or user_of(self.given)
        return self._user

    def give(self, path: Path | str) -> None:
        """Make it the drill's user's own; a link itself, not what it points to."""
        if os.geteuid() == 0:
            os.chown(path, self.user.uid, self.user.gid, follow_symlinks=False)

    def left_bytes(self) -> int:
        """What the quota leaves."""
        return self.given.quota_mb * _MIB - usage(self.directory)

    def trouble(self, problem: OSError) -> StopError:
        """The reason for a file that could not be written."""
        if isinstance(problem, TimeoutError):
            return StopError("timeout", self.now)
        full = problem.errno in (27, 28, 122)  # EFBIG, ENOSPC, EDQUOT
        return StopError("no_room" if full else "denied", problem.strerror or "")

    # Its cell.

    def make_cell(self, binds: tuple[tuple[str, str, bool], ...] = ()) -> Cell:
        """Cut off, proven; StopError where that is not to be had."""
        bounds = Bounds(self.room, self.directory / "root", binds, self.given.quota_mb * _MIB)
        self._cell = Cell(bounds, self.user)
        self.desk.process(self._cell.pid)
        return self._cell

    def _watch(self) -> None:
        """In a thread of its own until `clean`: the quota, what is to stay free on the disk, and the time."""
        pause = _WATCH_S
        while not self._closing.wait(pause):
            begun = time.monotonic()
            why = self._over()
            pause = max(_WATCH_S, 20 * (time.monotonic() - begun))  # a million files take a while to count
            if why is not None and self._why is None:
                self._why = why
                if self._cell is not None:
                    self._cell.stop(why)
            if why is not None:
                return

    def _over(self) -> StopError | None:
        if self.ms() > self.limit_s * 1000:
            return StopError("timeout", self.now)
        if self.left_bytes() < 0:
            return StopError("no_room", "quota")
        free = os.statvfs(self.directory)
        if free.f_bavail * free.f_frsize < self.given.reserve_mb * _MIB:
            return StopError("no_room", "disk")
        return None

    def cleaned(self, start: int) -> None:
        """The last phase, which can have no journal."""
        self.phases.append(Phase("clean", start, self.ms()))

    def clean(self) -> int:
        """End everything, remove everything; bytes that could not be removed. The journal goes last."""
        self._closing.set()
        self.open.close()
        if self._cell is not None:
            self._cell.close()
        if self._directory is None:
            self.desk.end()
            return 0
        for _ in range(3):
            with contextlib.suppress(OSError):
                remove(self._directory)
                break
            time.sleep(0.2)
        left = usage(self._directory) if self._directory.exists() else 0
        if not self._directory.exists():
            self.desk.end()  # otherwise the next start tries again
        return left
