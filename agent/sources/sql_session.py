"""What all database sessions have in common: rows, a deadline that holds, memory between looks."""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError
from checks.codec import JsonValue
from checks.sql import Tally

Rows = list[tuple[Any, ...]]


class Session(Protocol):
    """A session that can only read. Every call raises ObservationError."""

    def rows(self, statement: str, given: Sequence[Any] = (), *, most: int = 5000) -> Rows:
        """Rows of a statement, at most `most`; values as the driver makes them."""

    def missing(self, statement: str) -> bool:
        """Whether the server does not know the table or function that this statement uses.

        Oracle and Dameng say the same where only the right is missing.
        """
        try:
            self.rows(statement, most=1)
        except ObservationError as problem:
            if problem.kind is ErrorKind.UNSUPPORTED:
                return True
            raise
        return False

    def close(self) -> None:
        """End it; never raises."""


class Watch:
    """Cuts a connection at its deadline, whatever the driver waits for, even when a server drips bytes.

    A driver's own time limits count from the last byte, or not at all while it waits for an answer.
    """

    def __init__(self, fileno: int, deadline: float) -> None:
        self._twin = socket.socket(fileno=os.dup(fileno))
        self._lock = threading.Lock()
        self.cut = False
        self._timer = threading.Timer(max(deadline - time.monotonic(), 0), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        with self._lock:
            self.cut = True
            if self._twin.fileno() >= 0:
                try:
                    self._twin.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # the other side was faster

    def close(self) -> None:
        """Call the timer off."""
        self._timer.cancel()
        with self._lock:
            self._twin.close()


def dial(address: str, port: int, deadline: float) -> socket.socket:
    """A connected TCP socket; ObservationError unreachable, refused or timeout."""
    peer = f"{address}:{port}"
    left = deadline - time.monotonic()
    try:
        made = socket.create_connection((address, port), timeout=max(left, 0.001))
    except TimeoutError:
        raise ObservationError(ErrorKind.TIMEOUT, peer) from None
    except ConnectionRefusedError:
        raise ObservationError(ErrorKind.REFUSED, peer) from None
    except (OSError, UnicodeError) as error:
        raise ObservationError(ErrorKind.UNREACHABLE, f"{peer}: {error}") from None
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class Recall:
    """Values of the last look."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def swap(self, key: str, value: JsonValue) -> JsonValue | None:
        """Keep this value; what was kept before."""
        return self._memory.swap(f"sql:{key}", value)

    def tally(self, key: str, now: Any) -> Tally:
        """A counter beside its value of the last look."""
        count = whole(now)
        before = self.swap(key, count)
        return Tally(count, before if type(before) is int else None)


def whole(value: Any) -> int | None:
    """A whole number, rounded down; None where there is none."""
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        return None


def text(value: Any, most: int = 200) -> str:
    """A short text that can be signed: bytes read as UTF-8, other than printable characters replaced."""
    if value is None:
        return ""
    raw = bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    return "".join(c if c.isprintable() else "\ufffd" for c in raw[:most])


def optional(session: Session, statement: str, pick: Callable[[Rows], Any], absent: Any = None) -> Any:
    """What `pick` makes of the rows; `absent` where this account may not ask it or the product can't tell."""
    try:
        return pick(session.rows(statement))
    except ObservationError as problem:
        if problem.kind in (ErrorKind.DENIED, ErrorKind.UNSUPPORTED):
            return absent
        raise
