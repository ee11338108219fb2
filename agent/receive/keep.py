"""Starts the receiver's process and starts it again when it died, as long as the agent runs."""

import contextlib
import os
import signal
import sys
import threading
import time

from agent.log import log
from agent.state import State

_AGAIN_S = 5.0
_END_S = 5.0


class Keeper:
    """The receiver of this state directory. `close` ends it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="receiver", daemon=True)
        self._pipe, self._held = os.pipe()
        self.pid: int | None = None

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    def close(self) -> None:
        """End the process: its pipe closes."""
        self._ended.set()
        os.close(self._held)
        self._thread.join(_END_S + 1)
        os.close(self._pipe)

    def _keep(self) -> None:
        while not self._ended.is_set():
            pid = self.pid = self._spawn()
            self._wait(pid)
            self.pid = None
            if not self._ended.is_set():
                log.error("the receiver ended; it is started again")
                self._ended.wait(_AGAIN_S)

    def _spawn(self) -> int:
        # Not `subprocess`: it would stay loaded for good.
        words = [sys.executable, "-m", "agent.receive.main", str(self._state.root)]
        actions = [(os.POSIX_SPAWN_DUP2, self._pipe, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        return os.posix_spawn(sys.executable, words, os.environ, file_actions=actions)

    def _wait(self, pid: int) -> None:
        """Until it has ended; told to end, it is given a little time."""
        until: float | None = None
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(pid, os.WNOHANG) == (0, 0):
                if self._ended.wait(0.2):
                    until = until or time.monotonic() + _END_S
                    if time.monotonic() > until:
                        os.kill(pid, signal.SIGKILL)
                    time.sleep(0.02)
