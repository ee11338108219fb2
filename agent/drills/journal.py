"""What a drill leaves behind if the agent is killed, and how the next start removes it.

STATE/drills/lock          held while a drill runs: there is one at a time
STATE/drills/journal.json  the drill under way: written before anything is made, removed after all is gone
STATE/drills/attempts.json per object: attempts begun, and the newest that ended without a result
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.drills.errors import BusyError
from agent.log import log
from agent.state import write_file
from checks.codec import FieldError, from_json, to_json
from checks.drills import Aborted

_NAME = re.compile(r"drill-[0-9a-f]{16}\Z")
_MOST_ABORTED = 10
_GONE_S = 20.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process, so that another one with the same number is not taken for it. `started`: clock ticks since
    boot."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class Journal:
    """The drill under way. `directory`: all that it writes is below it."""

    object: str
    attempt: int
    directory: str
    begun: int
    phase: str = ""
    processes: tuple[Process, ...] = ()


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed."""

    aborted: tuple[Aborted, ...] = ()
    processes: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Desk:
    """The drills' part of a state directory; made by whoever holds its lock."""

    place: Path
    _now: Journal | None = field(default=None)

    def begin(self, journal: Journal) -> None:
        """Durable before anything of the drill exists."""
        self._write(journal)

    def phase(self, name: str) -> None:
        """The phase under way, should this be the last that is known of it."""
        if self._now is not None:
            self._write(replace(self._now, phase=name))

    def process(self, pid: int) -> None:
        """A process that must not outlive the drill."""
        if self._now is not None and (started := _started(pid)) is not None:
            held = (*self._now.processes, Process(pid, started))
            self._write(replace(self._now, processes=held))

    def end(self) -> None:
        """Nothing is left."""
        (self.place / "journal.json").unlink(missing_ok=True)
        self._now = None

    def attempt(self, name: str, period: int) -> tuple[int, tuple[Aborted, ...]]:
        """Number of the attempt that begins now (from 1 in each period), and those before it that never had a
        result (the newest ten)."""
        held = self._attempts()
        mine = held.setdefault(name, {"count": 0, "aborted": []})
        mine["count"] = mine["count"] + 1 if mine.get("period") == period else 1
        mine["period"] = period
        write_file(self.place / "attempts.json", json.dumps(held).encode())
        return mine["count"], tuple(from_json(Aborted, one) for one in mine["aborted"])

    def sweep(self) -> Swept:
        """Remove what the journal says is left; nothing, where there is none."""
        path = self.place / "journal.json"
        try:
            journal = from_json(Journal, json.loads(path.read_bytes()))
        except FileNotFoundError:
            return Swept()
        except (ValueError, FieldError):
            path.unlink()  # it is written whole or not at all: somebody else's bytes
            return Swept()
        ended = sum(_end(one) for one in journal.processes)
        size = remove(Path(journal.directory))
        aborted = Aborted(journal.attempt, journal.phase, journal.begun)
        self.aborted(journal.object, aborted)
        path.unlink()
        return Swept((aborted,), ended, size)

    def aborted(self, name: str, one: Aborted) -> None:
        """An attempt that has no result: the next one will tell."""
        held = self._attempts()
        mine = held.setdefault(name, {"count": one.attempt, "aborted": []})
        mine["aborted"] = [*mine["aborted"], to_json(one)][-_MOST_ABORTED:]
        write_file(self.place / "attempts.json", json.dumps(held).encode())

    def _attempts(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.place / "attempts.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def _write(self, journal: Journal) -> None:
        write_file(self.place / "journal.json", json.dumps(to_json(journal)).encode())
        self._now = journal


@contextlib.contextmanager
def desk(state: Path, *, patience_s: float = 0) -> Iterator[Desk]:
    """The drills' desk, for one at a time; what a killed one left is swept first. BusyError."""
    place = state / "drills"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(number, place, patience_s)
        made = Desk(place)
        made.sweep()
        yield made
    finally:
        os.close(number)


def _lock(number: int, place: Path, patience_s: float) -> None:
    end = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= end:
                raise BusyError(_whose(place)) from None
            time.sleep(0.2)
        else:
            return


def _whose(place: Path) -> str:
    try:
        return str(json.loads((place / "journal.json").read_bytes())["object"])
    except (OSError, ValueError, KeyError):
        return ""


def sweep(state: Path) -> Swept:
    """At the agent's start: remove what a killed drill left. Nothing where one is under way just now."""
    place = state / "drills"
    if not (place / "journal.json").exists():
        return Swept()
    number = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Desk(place).sweep()
    except BlockingIOError:
        return Swept()
    finally:
        os.close(number)


def sweep_and_tell(state: Path) -> None:
    """The same, with a word in the log."""
    try:
        found = sweep(state)
    except OSError as problem:
        log.error("what a drill left could not be removed: %s", problem)
        return
    if found.aborted:
        log.warning("a drill ended without a result: %d bytes removed", found.bytes)


def remove(top: Path) -> int:
    """Remove a drill's directory, whatever modes it holds; its bytes. Only one whose name is a drill's."""
    if not _NAME.match(top.name) or not top.is_dir() or top.is_symlink():
        return 0
    size = usage(top)
    if os.geteuid():
        _open_up(top)  # root needs no permission; others need it on directories of their own
    shutil.rmtree(top)
    return size


def _open_up(top: Path) -> None:
    os.chmod(top, stat.S_IRWXU)
    for folder, names, _ in os.walk(top):
        for name in names:
            if not os.path.islink(path := os.path.join(folder, name)):
                with contextlib.suppress(OSError):
                    os.chmod(path, stat.S_IRWXU)


def usage(top: Path | str) -> int:
    """Bytes that a directory takes on its disk; what vanishes meanwhile is not counted."""
    total = 0
    folders = [os.fspath(top)]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as rows:
            for row in rows:
                with contextlib.suppress(OSError):
                    total += row.stat(follow_symlinks=False).st_blocks * 512
                    if row.is_dir(follow_symlinks=False):
                        folders.append(row.path)
    return total


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None where there is none (or only its shell)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def _end(one: Process) -> bool:
    """Kill a process if it is still the same, and wait until it is gone."""
    if _started(one.pid) != one.started:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(one.pid, signal.SIGKILL)
    end = time.monotonic() + _GONE_S
    while _started(one.pid) == one.started and time.monotonic() < end:
        time.sleep(0.02)
    return True
