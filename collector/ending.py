"""Waiting for the signal that ends a program, without losing it.

A `threading.Event` set in a signal handler can wait for ever for the lock of the `wait()` it interrupted,
and a signal that comes just before a thread sleeps in C wakes nobody. So the signal's number is written to a
pipe by the C handler itself (`signal.set_wakeup_fd`), and the pipe is what is waited for.
"""

import contextlib
import select
import signal
import socket
import time
from collections.abc import Iterator


class Ending:
    """Whether one of the signals came; made by `ending()`."""

    def __init__(self, reading: socket.socket, numbers: frozenset[int]) -> None:
        self._reading, self._numbers = reading, numbers
        self._come = False

    def wait(self, timeout_s: float | None = None) -> bool:
        """True once one of the signals came; False if none did within `timeout_s` (None: no limit)."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        while not self._come:
            left = None if until is None else max(0.0, until - time.monotonic()) * 1000
            if not poll.poll(left):
                return False
            self._come = not self._numbers.isdisjoint(self._reading.recv(64))
        return True


@contextlib.contextmanager
def ending(*numbers: int) -> Iterator[Ending]:
    """Catch these signals from here on (main thread only); afterwards they are ignored."""
    reading, writing = socket.socketpair()
    with reading, writing:
        reading.setblocking(False)
        writing.setblocking(False)
        before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        try:
            for number in numbers:
                signal.signal(number, _noted)
            yield Ending(reading, frozenset(numbers))
        finally:
            signal.set_wakeup_fd(before)


def _noted(*_: object) -> None:
    """Only a handler in Python lets the C handler write its byte."""
