"""The end of a look at backups: its budget, and the single read that hangs.

A call into a dead network share cannot be ended from here: its thread hangs in the kernel. So every call
says when it began, and whoever waits for the look (agent.stalls) gives it up when one takes too long.
Between calls the budget counts: past it each raises TimeoutError, which is trouble of one artefact; those
read before stay in the result.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from checks.api import ErrorKind, ObservationError

P = ParamSpec("P")
T = TypeVar("T")


class Guard:
    """`at`: end of the budget; `began`: when the call under way began, 0 between calls. Monotonic seconds."""

    def __init__(self, at: float, stall_s: float = 30.0) -> None:
        self.at = at
        self.stall_s = stall_s
        self.began = 0.0
        self.given_up = False  # nobody waits for the look any more

    def tighten(self, budget_s: float, stall_s: float) -> None:
        """The look's own parameters; they never give it longer than the plan does."""
        self.at = min(self.at, time.monotonic() + budget_s)
        self.stall_s = stall_s

    @property
    def left(self) -> float:
        """Seconds that are left, 0 at least."""
        return max(self.at - time.monotonic(), 0.0)

    @property
    def stalled(self) -> bool:
        """Whether the call under way takes too long."""
        began = self.began
        return bool(began) and time.monotonic() - began > self.stall_s

    def enter(self) -> None:
        """A call begins; TimeoutError past the budget."""
        now = time.monotonic()
        if now > self.at:
            raise TimeoutError("the look's budget is used up")
        self.began = now

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call that may hang."""
        self.enter()
        try:
            yield
        finally:
            self.began = 0.0

    def stall(self) -> ObservationError:
        """What the look ends with."""
        self.given_up = True
        return ObservationError(ErrorKind.TIMEOUT, f"a single read took longer than {self.stall_s:g} s")


class _Guarded(Protocol):
    guard: Guard


G = TypeVar("G", bound=_Guarded)


def guarded(method: Callable[Concatenate[G, P], T]) -> Callable[Concatenate[G, P], T]:
    """A method of something with a `guard`, as one call that may hang."""

    @wraps(method)
    def calling(self: G, *args: P.args, **kwargs: P.kwargs) -> T:
        guard = self.guard
        guard.enter()
        try:
            return method(self, *args, **kwargs)
        except OSError as problem:
            if problem.errno != errno.ENAMETOOLONG:
                raise
            # What may stand beside an artefact (NAME.fingerprint.json) can have a name too long to be there.
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), problem.filename) from None
        finally:
            guard.began = 0.0

    return calling  # type: ignore[return-value]  # `wraps` keeps the signature, not the name of self


def unguarded(problem: OSError, what: str) -> ObservationError:
    """A whole place that cannot be looked at."""
    kinds: Any = {PermissionError: ErrorKind.DENIED, TimeoutError: ErrorKind.TIMEOUT}
    return ObservationError(kinds.get(type(problem), ErrorKind.UNREACHABLE), f"{what}: {problem}")
