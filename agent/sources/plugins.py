"""Run monitoring plugins that this host's own settings allow, and nothing else.

The plan names a plugin; the command line stands in the agent's settings. No shell, no terminal, a bare
environment, a deadline for the whole process group, and a bound on what is read.
"""

import os
import select
import signal
import stat
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from time import perf_counter_ns

from agent.sources import perfdata
from checks.api import ErrorKind, ObservationError
from checks.probes import PluginRun, Plugins

_KEPT = 1 << 16  # bytes of output that are looked at
_MOST = 1 << 24  # bytes after which a plugin is stopped
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def open_plugins(allowed: Mapping[str, Sequence[str]]) -> Plugins:
    """The plugin source for these names and command lines; ValueError names a bad one."""
    for name, argv in allowed.items():
        if isinstance(argv, str) or not argv or not all(isinstance(word, str) for word in argv):
            raise ValueError(f"plugins.{name}: a list of words is wanted here, the program first")
        if not os.path.isabs(argv[0]):
            raise ValueError(f"plugins.{name}: the program must be given with its whole path")
        if any("\0" in word for word in argv):
            raise ValueError(f"plugins.{name}: a word holds a zero byte")
    return _Allowed({name: tuple(argv) for name, argv in allowed.items()})


class _Allowed:
    def __init__(self, allowed: Mapping[str, tuple[str, ...]]) -> None:
        self._allowed = allowed

    def run(self, name: str, *, timeout_ms: int) -> PluginRun:
        argv = self._allowed.get(name)
        if argv is None:
            raise ObservationError(ErrorKind.DENIED, f"plugin {name!r} is not in this agent's settings")
        programs = _programs(argv)
        ended = _run(argv, timeout_ms)
        text, values = perfdata.split(ended.output)
        perf, unread = perfdata.parse(values)
        return PluginRun(
            exit=ended.code if ended.code >= 0 else None,
            signal=-ended.code if ended.code < 0 else None,
            elapsed_us=ended.elapsed_us,
            programs=programs,
            first_line=sha256(text).hexdigest(),
            output_bytes=ended.total,
            cut=ended.total > len(ended.output),
            perf=perf,
            unread=unread,
        )


def _programs(argv: tuple[str, ...]) -> dict[str, str]:
    """Digests of the program and, where that is an interpreter, of the script it is given."""
    found = {argv[0]: _digest(argv[0])}
    if len(argv) > 1 and os.path.isabs(argv[1]) and os.path.isfile(argv[1]):
        found[argv[1]] = _digest(argv[1])
    return found


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise ObservationError(ErrorKind.UNSUPPORTED, f"{path} is not a file")
            if mode & stat.S_IWOTH:
                # Anybody on this host could make the agent run anything, with the agent's rights.
                raise ObservationError(ErrorKind.DENIED, f"{path} may be written by anybody")
            made = sha256()
            while part := file.read(1 << 20):
                made.update(part)
            return made.hexdigest()
    except FileNotFoundError as error:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{path} is not installed") from error
    except OSError as error:
        raise ObservationError(ErrorKind.DENIED, str(error)) from error


@dataclass(frozen=True, slots=True)
class _Ended:
    code: int
    output: bytes
    total: int
    elapsed_us: int


def _run(argv: tuple[str, ...], timeout_ms: int) -> _Ended:
    start = perf_counter_ns()
    try:
        process = subprocess.Popen(  # noqa: S603  # argv is the host's own setting, without a shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        kind = ErrorKind.UNSUPPORTED if isinstance(error, FileNotFoundError) else ErrorKind.DENIED
        raise ObservationError(kind, str(error)) from error
    with process:
        try:
            output, total, why = _listen(process, start + timeout_ms * 1_000_000)
        finally:
            # Before the leader is reaped its number can't be anybody else's, nor its group's.
            _end_group(process.pid)
        code = process.wait()
    if why is not None:
        raise ObservationError(why, f"{argv[0]} was stopped")
    return _Ended(code, output, total, (perf_counter_ns() - start) // 1000)


def _end_group(group: int) -> None:
    # Nobody may be left; or what is left belongs to another user and is out of our hands.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _listen(process: subprocess.Popen[bytes], until_ns: int) -> tuple[bytes, int, ErrorKind | None]:
    """Output (as much as is kept), its whole size, and why the plugin must be stopped, if it must."""
    assert process.stdout is not None  # noqa: S101  # we asked for a pipe
    pipe = process.stdout.fileno()
    os.set_blocking(pipe, False)
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    kept, total, open_pipe = bytearray(), 0, True
    while True:
        # A child left behind may hold the pipe for ever: the leader's end is the end.
        ended = _has_ended(process.pid)
        while open_pipe and (part := _read(pipe)) is not None:
            open_pipe = bool(part)
            total += len(part)
            kept += part[: _KEPT - len(kept)]
            if total > _MOST:
                return bytes(kept), total, ErrorKind.GARBLED
        if ended:
            return bytes(kept), total, None
        left_ms = (until_ns - perf_counter_ns()) / 1e6
        if left_ms <= 0:
            return bytes(kept), total, ErrorKind.TIMEOUT
        poll.poll(min(left_ms, 20)) if open_pipe else _pause(min(left_ms, 20))


def _pause(ms: float) -> None:
    select.poll().poll(ms)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _read(pipe: int) -> bytes | None:
    try:
        return os.read(pipe, 65536)
    except BlockingIOError:
        return None
