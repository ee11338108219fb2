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


def send(sock: socket.socket, lock: threading.Lock, message: _Message, until: float = 0.0) -> None:
    """Write one frame; OSError when the other side is gone, TimeoutError when it takes nothing until then
    (`until` as time.monotonic gives it): what a busy machine has not come to read is not lost for that."""
    data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    left = memoryview(_HEAD.pack(len(data)) + data)
    with lock:
        while left:
            try:
                left = left[sock.send(left) :]
            except TimeoutError:
                if time.monotonic() >= until:
                    raise


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
    names: dict[int, str] = field(default_factory=dict)  # of the looks under way: check and target
    used: float = field(default_factory=time.monotonic)
    reader: threading.Thread | None = None


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
        number, child, answers = self._enter(item)
        try:
            raw = {"look": number, "item": to_json(item), "slot": when.slot, "round": when.round}
            raw["deadline"] = deadline_ms
            self._tell(child, raw, end)
            while True:
                message = self._next(child, number, answers, end)
                if "line" in message:
                    return decode(message["line"].encode())
                before = memory.swap(message["swap"], message["value"])
                self._tell(child, {"look": number, "before": before}, end)
        finally:
            with self._lock:
                child.waiting.pop(number, None)
                child.names.pop(number, None)
                child.used = time.monotonic()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None and child.reader is not None:
            # Its reader ends it: a socket that is closed here would be gone under the reader's hands.
            _hang_up(child)
            child.reader.join(3 * _END_S)

    def _enter(self, item: Item) -> tuple[int, _Child, SimpleQueue[_Message | None]]:
        with self._lock:
            if self._child is None:
                self._child = self._start()
            self._count += 1
            answers: SimpleQueue[_Message | None] = SimpleQueue()
            self._child.waiting[self._count] = answers
            self._child.names[self._count] = f"{item.check} on {item.target}"
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
        child.reader = threading.Thread(target=self._read, args=(child,), name="heavy", daemon=True)
        child.reader.start()
        return child

    def _tell(self, child: _Child, message: _Message, end: float) -> None:
        try:
            send(child.sock, child.lock, message, end)
        except OSError as problem:
            if self._drop(child):
                self._complain(child, repr(problem))
            raise _died() from None

    def _complain(self, child: _Child, what: str) -> None:
        """What became of the child, and which looks it costs."""
        with self._lock:
            looks = sorted(child.names.values())
        costs = ", ".join(looks[:5]) + (f" and {len(looks) - 5} more" if len(looks) > 5 else "")
        log.error("child process %d: %s; looks under way: %s", child.pid, what, costs or "none")

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

    def _drop(self, child: _Child) -> bool:
        """This child is not to be used again, who waits for it waits in vain. Whether it was in use."""
        with self._lock:
            current = self._child is child
            if current:
                self._child = None
        _hang_up(child)
        return current

    # In the reader's thread, one for each child.

    def _read(self, child: _Child) -> None:
        what = "it ended"
        try:
            while not self._idle(child):
                with contextlib.suppress(TimeoutError):
                    message = receive(child.sock)
                    if message is None:
                        break
                    self._deliver(child, message)
        except ConnectionError:
            pass  # it ended with something unread
        except (OSError, ValueError) as problem:
            what = repr(problem)
        finally:
            unexpected = self._drop(child)
            status = _end(child)
            if unexpected:
                self._complain(child, what if status is None else f"{what}, {status}")
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


def _hang_up(child: _Child) -> None:
    """End the line: both sides come to its end."""
    with contextlib.suppress(OSError):
        child.sock.shutdown(socket.SHUT_RDWR)


def _end(child: _Child) -> str | None:
    """Close the line, which ends it; if it does not end, make it. Reaped either way, by its reader alone. How
    it ended (None: not known)."""
    _hang_up(child)
    with child.lock:
        child.sock.close()
    with contextlib.suppress(ChildProcessError):
        if (status := _reaped(child.pid)) is None:
            os.kill(child.pid, signal.SIGKILL)
            if _reaped(child.pid) is None:
                # It hangs in the kernel, in a read of a dead share; nobody waits for it any more.
                log.error("the child process %d cannot be ended: a read of its hangs", child.pid)
            return None
        code = os.waitstatus_to_exitcode(status)
        return f"exit {code}" if code >= 0 else f"signal {-code}"
    return None


def _reaped(pid: int) -> int | None:
    end = time.monotonic() + _END_S
    while (found := os.waitpid(pid, os.WNOHANG)) == (0, 0):
        if time.monotonic() > end:
            return None
        time.sleep(0.02)
    return found[1]
