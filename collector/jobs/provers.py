"""The server's side of the processes that prove batches (`collector.prover`).

A batch's signature, body and lines are checked in processes of their own, so that more than one core works
and a decoder that dies of a hostile batch takes no server with it. Each has as many sockets as the server
has threads, so that its next request is waiting when it has answered the last.
"""

import logging
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import msgspec

import collector
from collector.evidence.rows import Packed, Rows
from collector.prover import receive, send

log = logging.getLogger(__name__)
START_AGAIN_S = 1.0
_ANSWER = msgspec.msgpack.Decoder()


class ProverGone(Exception):
    """The process died over a request, or cannot be started: nothing is known about these batches."""

    code = "overload"


def default_count() -> int:
    """None on a single core; two are as many as one server can follow."""
    try:
        cores = len(os.sched_getaffinity(0))
    except OSError:  # not allowed to ask
        cores = os.cpu_count() or 1
    return 0 if cores < 2 else 2


class _Process:
    """One prover with its sockets; started again when it has died."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._lock = threading.Lock()
        self._tried = -START_AGAIN_S
        self._process: subprocess.Popen[bytes] | None = None
        self.sockets: list[socket.socket] = []
        self.life = 0
        self.start()

    def start(self) -> None:
        self._tried = monotonic()
        pairs = [socket.socketpair() for _ in range(self._channels)]
        theirs = [str(there.fileno()) for _, there in pairs]
        root = str(Path(collector.__file__).parents[1])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "collector.prover", *theirs],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[there.fileno() for _, there in pairs],
                env={**os.environ, "PYTHONPATH": path},
            )
        finally:
            for _, there in pairs:
                there.close()
        self.sockets = [ours for ours, _ in pairs]
        self.life += 1

    def again(self, life: int) -> None:
        """Start anew, once for all who saw it die, and not more often than every few seconds."""
        with self._lock:
            if life != self.life or monotonic() - self._tried < START_AGAIN_S:
                return
            self.stop()
            log.error("a prover process died and is started again")
            self.start()

    def stop(self) -> None:
        for sock in self.sockets:
            sock.close()
        if self._process is not None:
            self._process.kill()  # it holds nothing that could be lost
            self._process.wait()


class Provers:
    """Hands batches to prover processes; each caller waits for his own answer."""

    def __init__(self, count: int, callers: int) -> None:
        self._processes = [_Process(callers) for _ in range(count)]
        self._free: queue.SimpleQueue[tuple[_Process, int]] = queue.SimpleQueue()
        for channel in range(callers):
            for process in self._processes:
                self._free.put((process, channel))

    def prove(self, batches: Sequence[tuple[bytes, bytes]]) -> list[Rows | tuple[str, str]]:
        """For each (public key, frame bytes) its rows, or (error code, detail); ProverGone."""
        process, channel = self._free.get()
        life = process.life
        try:
            sock = process.sockets[channel]
            send(sock, batches)
            data = receive(sock)
            if data is None:
                raise ProverGone
        except (OSError, ProverGone):
            process.again(life)
            raise ProverGone from None
        finally:
            self._free.put((process, channel))
        return [_read(*one) for one in _ANSWER.decode(data)]

    def stop(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.stop()


def _read(first: bytes | str, second: bytes | str) -> Rows | tuple[str, str]:
    if isinstance(first, bytes) and isinstance(second, bytes):
        return Rows(Packed(first, second))
    return str(first), str(second)
