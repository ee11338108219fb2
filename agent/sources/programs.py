"""Programs of this machine that host checks ask, started without `subprocess`.

That module and the `locale` it brings along would cost a resident agent half a megabyte for good. No shell,
no terminal, nothing on standard input; whatever happens the program has ended and is reaped afterwards.
"""

import os
import select
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import NamedTuple

MOST = 16 * 1024 * 1024  # bytes of output
_MOST_TOLD = 64 * 1024
_CHUNK = 64 * 1024
_MOMENT_S = 0.001
_SILENT = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)


class Ended(NamedTuple):
    """How a program ended (negative: the signal that did it), its output, what it told on standard error."""

    code: int
    output: bytes
    told: bytes


def run(argv: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> Ended:
    """Run it to its end.

    TimeoutError when it takes longer, ValueError when it prints more than MOST bytes, another OSError where
    it cannot be started.
    """
    until = monotonic() + timeout_s
    with _started(argv, environment, told=True) as (pid, out, told):
        output, complaint = _both(out, told, until)
        return Ended(_end_of(pid, until), output, complaint)


@contextmanager
def lines(argv: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> Iterator[Iterator[bytes]]:
    """Its output line by line, each with its line end; what the time cuts off is a last line without one.

    Leaving the context ends the program. OSError where it cannot be started.
    """
    with _started(argv, environment, told=False) as (_, out, _):
        yield _lines(out, monotonic() + timeout_s)


def _lines(out: int, until: float) -> Iterator[bytes]:
    rest = b""
    while _ready((out,), until) and (piece := os.read(out, _CHUNK)):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


@contextmanager
def _started(
    argv: Sequence[str], environment: Mapping[str, str], *, told: bool
) -> Iterator[tuple[int, int, int]]:
    """Its number, and our ends of its output and of its standard error (`told`; else that is not kept)."""
    fds: list[int] = []
    try:
        fds += os.pipe()
        fds += os.pipe() if told else ()
        pid = os.posix_spawn(
            argv[0],
            list(argv),
            dict(environment),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, fds[1], 1),
                (os.POSIX_SPAWN_DUP2, fds[3], 2) if told else _SILENT,
            ],
            # Python ignores these, and a program started by it would, too.
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )
        for ours in (1, 3)[: len(fds) // 2]:
            os.close(fds[ours])
            fds[ours] = -1
        try:
            yield pid, fds[0], fds[2] if told else -1
        finally:
            _finish(pid)
    finally:
        for fd in fds:
            if fd >= 0:
                os.close(fd)


def _finish(pid: int) -> None:
    """End it unless it has ended and been waited for."""
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _both(out: int, told: int, until: float) -> tuple[bytes, bytes]:
    kept = {out: bytearray(), told: bytearray()}
    left = [out, told]
    while left:
        ready = _ready(left, until)
        if not ready:
            raise TimeoutError("the program was stopped")
        for fd in ready:
            piece = os.read(fd, _CHUNK)
            kept[fd] += piece
            if not piece:
                left.remove(fd)
        if len(kept[out]) > MOST:
            raise ValueError(f"more than {MOST} bytes of output")
        del kept[told][_MOST_TOLD:]
    return bytes(kept[out]), bytes(kept[told])


def _ready(fds: Sequence[int], until: float) -> list[int]:
    """Those with something to read or at their end; none when the time is over."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    return [fd for fd, _ in poll.poll(max(until - monotonic(), 0) * 1000)]


def _end_of(pid: int, until: float) -> int:
    """Its exit code. Its pipes can be closed a moment before it ends, and long before."""
    while (found := os.waitpid(pid, os.WNOHANG)) == (0, 0):
        if monotonic() >= until:
            raise TimeoutError("the program was stopped")
        sleep(_MOMENT_S)
    return os.waitstatus_to_exitcode(found[1])
