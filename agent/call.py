"""One thread waits, others call: an event that costs one lock and may be called in a signal handler."""

import threading


class Call:
    """A call is kept until it is heard; several before that are one.

    `threading.Event` takes a lock in `set`; a signal that came while its own thread held that would hang it.
    """

    def __init__(self) -> None:
        self._silent = threading.Lock()
        self._silent.acquire()

    def __call__(self) -> None:
        """Wake who waits, or who will."""
        try:
            self._silent.release()
        except RuntimeError:  # called already
            return

    def wait(self, seconds: float) -> bool:
        """Until called, so long at most; whether somebody called."""
        return self._silent.acquire(timeout=seconds)
