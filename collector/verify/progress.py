"""How far it is, for a person at a terminal: one line that writes over itself."""

from collections.abc import Callable
from time import monotonic
from typing import TextIO

Tell = Callable[[str, int, int], None]  # what, done, of how many
_EVERY = 0.25  # seconds


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody looks."""


class Progress:
    """Writes to a terminal; `end` leaves nothing behind."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._what, self._began, self._next, self._width = out, "", 0.0, 0.0, 0

    def __call__(self, what: str, done: int, total: int) -> None:
        """`done` of `total` parts of `what` are read."""
        now = monotonic()
        if what != self._what:
            self._what, self._began, self._next = what, now, 0.0
        if now < self._next or not total:
            return
        self._next = now + _EVERY
        self._write(f"{what}: {100 * done // total} %{_left(now - self._began, done, total)}")

    def end(self) -> None:
        """Clear the line."""
        if self._width:
            self._write("")
            self._out.write("\r")
            self._out.flush()
            self._width = 0

    def _write(self, text: str) -> None:
        self._out.write("\r" + text.ljust(self._width))
        self._out.flush()
        self._width = len(text)


def _left(spent: float, done: int, total: int) -> str:
    if not done or spent < 1:
        return ""
    return f", about {spent * (total - done) / done:.0f} s more"
