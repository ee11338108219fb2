"""Looks whose source says when a call of its hangs: given up then, long before their deadline.

A read of a dead network share cannot be ended; its thread stays in the kernel until the share is back. The
same look is not begun again before that, so there is one such thread for each look at most.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar

from checks.api import ErrorKind, ObservationError

T = TypeVar("T")
_EVERY_S = 0.25
_hanging: dict[Hashable, threading.Thread] = {}
_lock = threading.Lock()


class Guarded(Protocol):
    """What a source says of itself."""

    @property
    def stalled(self) -> bool:
        """Whether a call takes too long."""

    def stall(self) -> ObservationError:
        """What its look ends with."""


def watched(guard: Guarded, key: Hashable, look: Callable[[], T]) -> T:
    """What `look` returns or raises; ObservationError `timeout` when it hangs, or still does from before."""
    with _lock:
        before = _hanging.get(key)
        if before is not None and before.is_alive():
            raise ObservationError(ErrorKind.TIMEOUT, "the look before this one still hangs")
        _hanging.pop(key, None)
    made: list[T] = []
    raised: list[BaseException] = []
    done = threading.Event()

    def take() -> None:
        try:
            made.append(look())
        except BaseException as problem:  # raised again where it is waited for
            raised.append(problem)
        finally:
            done.set()

    thread = threading.Thread(target=take, name="look-backup", daemon=True)
    thread.start()
    while not done.wait(_EVERY_S):
        if guard.stalled:
            with _lock:
                _hanging[key] = thread
            raise guard.stall()
    if raised and isinstance(raised[0], TimeoutError):
        # Of a place past the budget, where a check had nothing to show for it.
        raise ObservationError(ErrorKind.TIMEOUT, str(raised[0]))
    if raised:
        raise raised[0]
    return made[0]


def until(deadline_ms: int) -> float:
    """The monotonic second by which a look must begin to end, to be done before its deadline."""
    return time.monotonic() + deadline_ms / 1000 - min(5.0, deadline_ms / 10_000)
