"""Looks that load much (SSH, SNMP, BMC, SQL, HTTP) are taken by a child process, so this one stays small.

The child lives while it is used and IDLE_S longer; with it live the connections that its sources keep. It
dies alone: looks under way in it end as `garbled`, the next look starts another. What a source remembers
between looks stays here: the child asks for it.

Frames on a socket pair, both ways: length (4 bytes, big-endian), JSON.

    -> {"vantage", "plugins", "queries", "state", "off", "slow"}   once
    -> {"look": n, "item": {…}, "slot", "round", "deadline"}       a look
    <- {"look": n, "swap": key, "value": …}                remember this,
    -> {"look": n, "before": …}                            and this was there before
    <- {"look": n, "line": text}                           the result as it is signed
"""

import contextlib
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from agent.log import log
from agent.sources.means import Means
from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError
from checks.codec import to_json
from checks.result import Item, Result, When, decode

IDLE_S = 90.0
MOST_STUCK = 8  # looks that never came back; then the child is ended
_TICK_S = 5.0
_END_S = 2.0
_HEAD = struct.Struct(">I")
MOST_FRAME = 8 * 1024 * 1024
_Message = dict[str, Any]


def send(sock: socket.socket, lock: threading.Lock, message: _Message) -> None:
    """Write one frame; OSError when the other side is gone."""
    data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    with lock:
        sock.sendall(_HEAD.pack(len(data)) + data)


def receive(sock: socket.socket) -> _Message | None:
    """Read one frame; None at the end. TimeoutError only before its first byte."""
    head = _exactly(sock, _HEAD.size, patient=False)
    if head is None:
        return None
    (size,) = _HEAD.unpack(head)
    data = _exactly(sock, size, patient=True) if size <= MOST_FRAME else None
    if data is None:
        return None
    message: _Message = json.loads(data)
    return message


def _exactly(sock: socket.socket, size: int, *, patient: bool) -> bytes | None:
    made = b""
    while len(made) < size:
        try:
            more = sock.recv(size - len(made))
        except TimeoutError:
            if not made and not patient:
                raise
            continue
        if not more:
            return None
        made += more
    return made


@dataclass(slots=True)
class _Child:
    pid: int
    sock: socket.socket
    lock: threading.Lock = field(default_factory=threading.Lock)  # one frame at a time
    waiting: dict[int, SimpleQueue[_Message | None]] = field(default_factory=dict)
    stuck: set[int] = field(default_factory=set)
    used: float = field(default_factory=time.monotonic)


class Heavy:
    """The child and what waits for it; `look` is called by many threads."""

    def __init__(self, vantage: str, means: Means, *, slow: bool = False) -> None:
        """`slow`: what it does may wait for whatever else this machine does."""
        self._vantage = vantage
        self._means = means
        self._is_slow = slow
        self._lock = threading.Lock()  # guards everything below
        self._child: _Child | None = None
        self._count = 0

    @property
    def pid(self) -> int | None:
        """The child's process, while there is one."""
        child = self._child
        return None if child is None else child.pid

    def look(self, item: Item, when: When, memory: Memory, deadline_ms: int) -> Result:
        """One look. ObservationError: `timeout` past the deadline, `garbled` if the child died."""
        end = time.monotonic() + deadline_ms / 1000
        number, child, answers = self._enter()
        try:
            raw = {"look": number, "item": to_json(item), "slot": when.slot, "round": when.round}
            raw["deadline"] = deadline_ms
            self._tell(child, raw)
            while True:
                message = self._next(child, number, answers, end)
                if "line" in message:
                    return decode(message["line"].encode())
                before = memory.swap(message["swap"], message["value"])
                self._tell(child, {"look": number, "before": before})
        finally:
            with self._lock:
                child.waiting.pop(number, None)
                child.used = time.monotonic()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            _end(child)

    def _enter(self) -> tuple[int, _Child, SimpleQueue[_Message | None]]:
        with self._lock:
            if self._child is None:
                self._child = self._start()
            self._count += 1
            answers: SimpleQueue[_Message | None] = SimpleQueue()
            self._child.waiting[self._count] = answers
            self._child.used = time.monotonic()
            return self._count, self._child, answers

    def _start(self) -> _Child:
        ours, theirs = socket.socketpair()
        with theirs:
            # Not `subprocess`: it would stay loaded for good.
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", "agent.heavy_child"],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                ],
            )
        ours.settimeout(_TICK_S)
        child = _Child(pid, ours)
        means = self._means
        with contextlib.suppress(OSError):  # it died at once: the reader will see
            send(
                ours,
                child.lock,
                {
                    "vantage": self._vantage,
                    "plugins": to_json(means.plugins),
                    "queries": to_json(means.queries),
                    "state": None if means.state is None else str(means.state),
                    "off": to_json(means.off),
                    "slow": self._is_slow,
                },
            )
        threading.Thread(target=self._read, args=(child,), name="heavy", daemon=True).start()
        return child

    def _tell(self, child: _Child, message: _Message) -> None:
        try:
            send(child.sock, child.lock, message)
        except OSError:
            self._drop(child)
            raise _died() from None

    def _next(
        self, child: _Child, number: int, answers: SimpleQueue[_Message | None], end: float
    ) -> _Message:
        try:
            message = answers.get(timeout=max(end - time.monotonic(), 0.001))
        except Empty:
            with self._lock:
                child.stuck.add(number)
                ailing = len(child.stuck) >= MOST_STUCK
            if ailing:
                log.warning("%d looks hang in the child process: it is ended", len(child.stuck))
                self._drop(child)
            raise ObservationError(ErrorKind.TIMEOUT, "no result from the child process") from None
        if message is None:
            raise _died()
        return message

    def _drop(self, child: _Child) -> None:
        """This child is not to be used again; who waits for it waits in vain."""
        with self._lock:
            if self._child is child:
                self._child = None
        with contextlib.suppress(OSError):
            child.sock.shutdown(socket.SHUT_RDWR)  # wakes the reader

    # In the reader's thread, one for each child.

    def _read(self, child: _Child) -> None:
        try:
            while not self._idle(child):
                with contextlib.suppress(TimeoutError):
                    message = receive(child.sock)
                    if message is None:
                        break
                    self._deliver(child, message)
        except (OSError, ValueError) as problem:
            log.error("child process: %s", type(problem).__name__)
        finally:
            self._drop(child)
            _end(child)
            with self._lock:
                for answers in child.waiting.values():
                    answers.put(None)

    def _idle(self, child: _Child) -> bool:
        """Whether nobody has used it for long; from then on nobody can."""
        with self._lock:
            if child.waiting or time.monotonic() - child.used < IDLE_S:
                return False
            if self._child is child:
                self._child = None
            return True

    def _deliver(self, child: _Child, message: _Message) -> None:
        number = message["look"]
        with self._lock:
            answers = child.waiting.get(number)
            if "line" in message:
                child.stuck.discard(number)
        if answers is not None:
            answers.put(message)
        elif "swap" in message:  # a look that was given up; its thread there is to end, not to wait
            with contextlib.suppress(OSError):
                send(child.sock, child.lock, {"look": number, "before": None})


def _died() -> ObservationError:
    return ObservationError(ErrorKind.GARBLED, "the child process that looks ended")


def _end(child: _Child) -> None:
    """Close the line, which ends it; if it does not end, make it. Reaped either way."""
    with child.lock:
        with contextlib.suppress(OSError):
            child.sock.shutdown(socket.SHUT_RDWR)
        child.sock.close()
    with contextlib.suppress(ChildProcessError):
        if not _reaped(child.pid):
            os.kill(child.pid, signal.SIGKILL)
            if not _reaped(child.pid):
                # It hangs in the kernel, in a read of a dead share; nobody waits for it any more.
                log.error("the child process %d cannot be ended: a read of its hangs", child.pid)


def _reaped(pid: int) -> bool:
    end = time.monotonic() + _END_S
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
