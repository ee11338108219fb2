"""Fault injection for the crash tests: die, without a word, at the n-th write point, or stand still at one.

Nothing happens unless the environment sets ROUNDSEAL_CRASH_AFTER. Tests also name a single point with
`name:n`, e.g. ROUNDSEAL_CRASH_AFTER=batch.commit:3. With ROUNDSEAL_HOLD_AT=name the process waits at that
point for good, so that a test can look at what it has started before killing it (drills: `restore` as the
phase begins, `restore:done` as it ends).
"""

import os
import signal
import threading

ENVIRONMENT = "ROUNDSEAL_CRASH_AFTER"
HOLD = "ROUNDSEAL_HOLD_AT"


def _setting() -> tuple[str, int]:
    name, _, count = os.environ.get(ENVIRONMENT, "").rpartition(":")
    return name, int(count) if count.isdigit() else 0


_only, _left = _setting()
_hold = os.environ.get(HOLD)


def crash_point(name: str) -> None:
    """Stand before or after a durable write: a crash here must lose nothing that was signed."""
    global _left
    if not _left or (_only and _only != name):
        return
    _left -= 1
    if not _left:
        os.write(2, f"crash point {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def hold_point(name: str) -> None:
    """Stand between two steps of something long that a kill must leave removable."""
    if _hold == name:
        os.write(2, f"held at {name}\n".encode())
        threading.Event().wait()
