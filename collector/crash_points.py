"""Crash points for tests: with ROUNDSEAL_CRASH_AFTER=n the process kills itself at the n-th write point.

Every place where a crash would leave something half done calls `crash_point` with its name; tests kill
the server at each of them and check with fsck what is left. `name:n` counts only the points of that
name. Without the variable this costs one test.
"""

import os
import signal
import threading

ENVIRONMENT = "ROUNDSEAL_CRASH_AFTER"


def _setting() -> tuple[str, int]:
    name, _, count = os.environ.get(ENVIRONMENT, "").rpartition(":")
    return name, int(count) if count.isdigit() else 0


_only, _left = _setting()
_lock = threading.Lock()


def crash_point(name: str) -> None:
    """Kill this process (as a power cut would) when its turn has come; `name` goes to standard error."""
    global _left
    if not _left or (_only and _only != name):
        return
    with _lock:
        _left -= 1
        if _left == 0:
            os.write(2, f"crash point {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
