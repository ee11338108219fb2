"""Fault injection for the crash tests: die, without a word, at the n-th write point.

Nothing happens unless the environment sets ROUNDSEAL_CRASH_AFTER. Tests also name a single point with
`name:n`, e.g. ROUNDSEAL_CRASH_AFTER=batch.commit:3.
"""

import os
import signal

ENVIRONMENT = "ROUNDSEAL_CRASH_AFTER"


def _setting() -> tuple[str, int]:
    name, _, count = os.environ.get(ENVIRONMENT, "").rpartition(":")
    return name, int(count) if count.isdigit() else 0


_only, _left = _setting()


def crash_point(name: str) -> None:
    """Stand before or after a durable write: a crash here must lose nothing that was signed."""
    global _left
    if not _left or (_only and _only != name):
        return
    _left -= 1
    if not _left:
        os.write(2, f"crash point {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
