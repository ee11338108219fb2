"""The server's side of the processes that prove batches (`collector.prover`).

A batch's signature, body and lines are checked in processes of their own, so that more than one core works
and a decoder that dies of a hostile batch takes no server with it.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from struct import Struct
from time import monotonic
from typing import Any

import msgspec

import collector
from collector.evidence.rows import Packed, Rows
from collector.prover import receive, send

log = logging.getLogger(__name__)
START_AGAIN_S = 1.0
CHANNELS = 2  # of a process: its next request is waiting when it has answered the last
AT_ONCE = 32  # batches of one caller in a message, and as many that others add
PATIENCE_S = 15.0  # for a message; an agent hangs up after 20 s and is to be answered before that
_TIMEVAL = Struct("@ll")  # as the kernel takes it: seconds, microseconds
_ANSWER = msgspec.msgpack.Decoder()
_Channel = tuple["_Process", int]  # and the number of its socket


class ProverGone(Exception):
    """The process died over a request, gave no answer in time, or cannot be started: nothing is known about
    these batches."""

    code = "overload"


def default_count() -> int:
    """None on a single core; two are as many as one server can follow."""
    try:
        cores = len(os.sched_getaffinity(0))
    except OSError:  # not allowed to ask
        cores = os.cpu_count() or 1
    return 0 if cores < 2 else 2


class _Process:
    """One prover with its sockets; started again when it has died or hangs."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._lock = threading.Lock()
        self._tried = -START_AGAIN_S
        self._ended = False
        self._process: subprocess.Popen[bytes] | None = None
        self.now: tuple[int, list[socket.socket]] = (0, [])  # which life of it, and our ends of its sockets
        self._start()

    def _start(self) -> None:
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
        self.now = (self.now[0] + 1, [_patient(ours) for ours, _ in pairs])

    def again(self, life: int) -> None:
        """Start anew, once for all who saw it fail, at most once a second, and never after `stop`."""
        with self._lock:
            if self._ended or life != self.now[0] or monotonic() - self._tried < START_AGAIN_S:
                return
            self._kill()
            log.error("a prover process died or hung and is started again")
            try:
                self._start()
            except OSError as error:  # no memory, no descriptors: the next caller tries again
                log.error("a prover process cannot be started: %s", error)

    def stop(self) -> None:
        """End it for good."""
        with self._lock:
            self._ended = True
            self._kill()

    def _kill(self) -> None:
        for sock in self.now[1]:
            sock.close()
        if self._process is not None:
            self._process.kill()  # it holds nothing that could be lost
            self._process.wait()


def _patient(sock: socket.socket) -> socket.socket:
    """The same with a limit on each wait, kept by the kernel: Python's own would poll before every call."""
    limit = _TIMEVAL.pack(int(PATIENCE_S), int(PATIENCE_S % 1 * 1_000_000))
    for way in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        sock.setsockopt(socket.SOL_SOCKET, way, limit)
    return sock


class _Ask:
    """What one caller wants proven. `turn` is the lock on which he waits for it, or for a free channel."""

    __slots__ = ("answers", "batches", "channel", "turn")

    def __init__(self, batches: Sequence[tuple[bytes, bytes]]) -> None:
        self.batches = batches
        self.channel: _Channel | None = None
        self.answers: Sequence[Any] | None = None  # None: the process died over it
        self.turn = threading.Lock()
        self.turn.acquire()


class Provers:
    """Hands batches to prover processes; each caller waits for his own answer.

    While every channel is busy, callers gather: who gets the next free one asks for some of those who wait
    with him, so that many small requests cost few messages.
    """

    def __init__(self, count: int) -> None:
        self._processes = [_Process(CHANNELS) for _ in range(count)]
        self._free: deque[_Channel] = deque(
            (process, number) for number in range(CHANNELS) for process in self._processes
        )
        self._channels = len(self._free)
        self._waiting: deque[_Ask] = deque()
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether batches of other callers are being proven now."""
        return len(self._free) < self._channels

    def prove(self, batches: Sequence[tuple[bytes, bytes]]) -> list[Rows | tuple[str, str]]:
        """For each (public key, frame bytes) its rows, or (error code, detail); ProverGone."""
        found: list[Rows | tuple[str, str]] = []
        for at in range(0, len(batches), AT_ONCE):
            found += self._some_of(batches[at : at + AT_ONCE])
        return found

    def _some_of(self, batches: Sequence[tuple[bytes, bytes]]) -> list[Rows | tuple[str, str]]:
        mine = _Ask(batches)
        with self._lock:
            if self._free:  # then nobody waits
                mine.channel = self._free.popleft()
            else:
                self._waiting.append(mine)
        if mine.channel is None:
            mine.turn.acquire()
        if mine.channel is not None:
            self._lead(mine, mine.channel)
        if mine.answers is None:
            raise ProverGone
        return [_read(*one) for one in mine.answers]

    def _lead(self, mine: _Ask, channel: _Channel) -> None:
        """Ask for these and some of those that wait; whatever happens, all of them are told."""
        group = [mine, *self._some()]
        try:
            answers = _exchange(channel, [one for ask in group for one in ask.batches])
            at = 0
            for ask in group:
                ask.answers = answers[at : at + len(ask.batches)]
                at += len(ask.batches)
        finally:
            self._hand_on(channel)
            for ask in group[1:]:
                ask.turn.release()

    def _some(self) -> list[_Ask]:
        """An equal share for each channel: who takes all leaves the other processes with nothing to do."""
        with self._lock:
            share, size, taken = len(self._waiting) // self._channels, 0, list[_Ask]()
            while len(taken) < share and size < AT_ONCE:
                taken.append(self._waiting.popleft())
                size += len(taken[-1].batches)
            return taken

    def _hand_on(self, channel: _Channel) -> None:
        with self._lock:
            if not self._waiting:
                self._free.append(channel)
                return
            following = self._waiting.popleft()
            following.channel = channel
        following.turn.release()

    def stop(self) -> None:
        """End the processes; who still waits is told that they are gone."""
        for process in self._processes:
            process.stop()


def _exchange(channel: _Channel, batches: Sequence[tuple[bytes, bytes]]) -> Sequence[Any]:
    """The process's answers, undecided: two values a batch. ProverGone."""
    process, number = channel
    life, sockets = process.now
    sock = sockets[number]
    try:
        send(sock, batches)
        data = receive(sock)
        if data is None:
            raise ProverGone
        answers: list[Any] = _ANSWER.decode(data)
        if len(answers) != len(batches):
            raise ProverGone
    except BaseException as error:
        # Never used again: an answer that comes after all would be taken for that to the next message.
        sock.close()
        process.again(life)
        if isinstance(error, OSError | ProverGone | msgspec.MsgspecError):
            raise ProverGone from None
        raise
    return answers


def _read(first: bytes | str, second: bytes | str) -> Rows | tuple[str, str]:
    if isinstance(first, bytes) and isinstance(second, bytes):
        return Rows(Packed(first, second))
    return str(first), str(second)
