"""A thread that takes its turn again and again until it is stopped."""

import threading
from collections.abc import Callable


class Timer:
    """Calls `turn` every `every_s` seconds, and with `last` once more at the end. What a turn raises ends the
    thread: each turn knows what it can live with."""

    def __init__(self, name: str, every_s: float, turn: Callable[[], object], *, last: bool = False) -> None:
        self._name, self._every_s, self._turn, self._last = name, every_s, turn, last
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the first turn comes after one wait."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the turn at hand."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self._turn()
        if self._last:
            self._turn()
