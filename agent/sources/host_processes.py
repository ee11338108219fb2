"""Processes, without this agent's own.

Read straight from /proc: of most processes nobody wants to know more than state, name and command line,
so owner and start are only looked up when asked for.
"""

import os
import time
from collections.abc import Mapping, Sequence

from agent.sources.host_proc import Tree, content, piece
from checks.api import ErrorKind, ObservationError
from checks.sources import Process

_STATES = {
    b"R": "running",
    b"S": "sleeping",
    b"D": "disk-sleep",
    b"T": "stopped",
    b"t": "tracing-stop",
    b"Z": "zombie",
    b"X": "dead",
    b"x": "dead",
    b"K": "wake-kill",
    b"W": "waking",
    b"I": "idle",
    b"P": "parked",
}
_PASSING = frozenset({"zombie", "disk-sleep"})
_SETTLE_S = 0.1
_CUT_NAME = 15  # the kernel keeps no more of a name
# Fields of /proc/PID/stat, counted from the state.
_STATE, _PARENT, _FLAGS, _START = 0, 1, 6, 19
_KERNEL_THREAD = 0x200000


class _Seen:
    """One process as /proc shows it (`checks.sources.Process`)."""

    __slots__ = ("_asked", "_owner", "_place", "_stat", "_tree", "_words", "name", "pid", "state")

    def __init__(self, tree: Tree, pid: int, place: str) -> None:
        self._tree, self._place, self.pid = tree, place, pid
        self._words: bytes | None = None
        self._asked = False
        self._owner: int | None = None
        try:
            self._stat = piece(place + "/stat")
        except PermissionError:  # hidepid=1: listed, and nothing more
            self._stat, self.name, self.state = b"", "", ""
            self._command()
            return
        # `12 (a name) S 1 …`: a name may hold brackets and spaces.
        head, _, tail = self._stat.rpartition(b") ")
        if not tail:
            raise ValueError("a process without a state")
        self.state = _STATES.get(tail[:1], "?")
        name = head[head.find(b"(") + 1 :]
        self.name = name.decode("utf-8", "replace")
        if self.state in _PASSING:
            # It is asked again after a while; most others are not asked for their owner, or at once.
            self._owner = os.stat(place).st_uid
        # Most command lines nobody asks for: they are a third of the cost. A name that the kernel may have
        # cut, and a process that hides or has ended, need theirs at once.
        if self.state == "zombie" or len(name) >= _CUT_NAME:
            self.name = _whole_name(self.name, self._command())

    @property
    def command(self) -> str | None:
        """The command line; None where it may not be read, or where there is none any more."""
        words = self._command()
        return None if words is None else _joined(words)

    @property
    def hidden(self) -> bool:
        """Whether its command line was asked for in vain."""
        return self._asked and self._words is None and self.state != "zombie"

    @property
    def parent(self) -> int:
        """Who started it, 0 where that may not be seen."""
        return int(_fields(self._stat)[_PARENT]) if self._stat else 0

    @property
    def user(self) -> str:
        """The real user, empty where that may not be seen (any more)."""
        try:
            status = content(self._place + "/status")
            if self._stat and not self._is(piece(self._place + "/stat")):
                return self._known_user()
            return _user(int(status.partition(b"\nUid:")[2].split(None, 1)[0]))
        except PermissionError:
            return ""
        except (FileNotFoundError, ProcessLookupError):
            return self._known_user()

    def _known_user(self) -> str:
        """Of one that has ended since: what its directory said, if that was asked."""
        return "" if self._owner is None else _user(self._owner)

    @property
    def started_at(self) -> int:
        """UTC epoch milliseconds."""
        if not self._stat:
            return 0
        ticks = int(_fields(self._stat)[_START])
        return _booted_at(self._tree) + round(ticks * 1000 / os.sysconf("SC_CLK_TCK"))

    def settle(self) -> bool:
        """Take the state again; False when the process has ended."""
        if self.state in _PASSING:
            try:
                stat = piece(self._place + "/stat")
            except (FileNotFoundError, ProcessLookupError):
                return False
            if not self._is(stat):
                return False
            self.state = _STATES.get(_fields(stat)[_STATE], "?")
        return True

    def _is(self, stat: bytes) -> bool:
        # The number may be another process's by now.
        return _fields(stat)[_START] == _fields(self._stat)[_START]

    def _command(self) -> bytes | None:
        if not self._asked:
            self._asked = True
            try:
                self._words = self._read_command()
            except (FileNotFoundError, ProcessLookupError):
                self._words = b""  # it has ended since
        return self._words

    def _read_command(self) -> bytes | None:
        """The command line, None where there is none to be seen."""
        if self._stat and int(_fields(self._stat)[_FLAGS]) & _KERNEL_THREAD:
            return b""
        try:
            words = piece(self._place + "/cmdline")
        except PermissionError:
            return None
        return words if words or self.state != "zombie" else None


def processes(tree: Tree) -> Sequence[Process]:
    """Every process but ours; a zombie or a wait for the disk counts if it lasts 100 ms."""
    folder = tree.place("proc/")
    listed: dict[int, _Seen] = {}
    for pid in sorted([int(name) for name in os.listdir(folder) if name.isdigit()]):
        try:
            listed[pid] = _Seen(tree, pid, f"{folder}{pid}")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    if 1 not in listed:
        # Mounted with hidepid: what we don't see may well be running.
        raise ObservationError(ErrorKind.DENIED, "other users' processes are hidden")
    ours = _ours(listed)
    found = [each for each in listed.values() if each.pid not in ours]
    if any(each.state in _PASSING for each in found):
        time.sleep(_SETTLE_S)
        found = [each for each in found if each.settle()]
    return found


def _ours(listed: Mapping[int, _Seen]) -> set[int]:
    """This process and those it was started from in the same session.

    `sh -c "roundseal-agent check host.processes … nginx"` would otherwise be found as nginx. Parents
    in other sessions (sshd) are nobody's command line and stay.
    """
    found, pid, session = {os.getpid()}, os.getppid(), os.getsid(0)
    try:
        while pid > 1 and os.getsid(pid) == session:
            found.add(pid)
            pid = listed[pid].parent
    except (OSError, KeyError):
        return found  # a parent ended meanwhile
    return found


def _fields(stat: bytes) -> list[bytes]:
    """The fields behind the name, from the state on."""
    return stat.rpartition(b")")[2].split(None, _START + 1)


def _joined(words: bytes) -> str:
    """Words with a space between them; programs that rewrite theirs leave out the zero bytes."""
    if words.endswith(b"\0"):
        return words[:-1].replace(b"\0", b" ").decode("utf-8", "replace")
    return words.removesuffix(b" ").decode("utf-8", "replace")


def _whole_name(name: str, words: bytes | None) -> str:
    """The name; one that the kernel has cut is read from the command line where that begins alike."""
    if len(name) < _CUT_NAME or not words:
        return name
    first, _, more = words.partition(b"\0")
    program = os.path.basename(first if more else first.split(b" ", 1)[0]).decode("utf-8", "replace")
    return program if program.startswith(name) else name


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _booted_at(tree: Tree) -> int:
    for line in tree.data("proc/stat").splitlines():
        if line.startswith(b"btime"):
            return int(line.split()[1]) * 1000
    return 0
