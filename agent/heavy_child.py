"""The child process of agent.heavy: takes the looks it is told on standard input, a socket."""

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from agent import log
from agent.clock import Clock
from agent.heavy import receive, send
from agent.runner import Eyes, encode_line
from agent.sources.means import Means
from checks.api import Source
from checks.codec import JsonValue, from_json
from checks.result import Item, When


class _Line:
    """The socket to the agent, and who waits for an answer of it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.waiting: dict[int, SimpleQueue[JsonValue]] = {}
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        """Write one frame."""
        send(self.sock, self._lock, message)


class _Asked:
    """The memory of one look, which the agent keeps."""

    def __init__(self, line: _Line, look: int) -> None:
        self._line, self._look = line, look
        self._answers: SimpleQueue[JsonValue] = SimpleQueue()

    def swap(self, key: str, value: JsonValue) -> JsonValue | None:
        """Store `value` and return what was stored before."""
        self._line.waiting[self._look] = self._answers
        self._line.send({"look": self._look, "swap": key, "value": value})
        return self._answers.get()


def main() -> None:
    """Until the agent closes its end, or is gone."""
    # A service's stop reaches all its processes: this one ends with the agent, after its last looks.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log.to_stderr()
    with socket.socket(fileno=0) as sock:
        line = _Line(sock)
        first = receive(sock)
        if first is not None:
            _serve(line, first)
    if (sessions := sys.modules.get("agent.sources.bmc_session")) is not None:
        sessions.close_all()  # a controller has few, and keeps those nobody ends for half an hour
    if (tools := sys.modules.get("agent.sources.backup_tools")) is not None:
        tools.end_all()
    os._exit(0)  # looks that hang are not waited for


def _serve(line: _Line, first: dict[str, Any]) -> None:
    state = None if first["state"] is None else Path(first["state"])
    off = frozenset(map(Source, first["off"]))
    if first["slow"]:
        os.nice(10)
    means = Means(first["plugins"], first["queries"], state, off)
    eyes = Eyes(first["vantage"], means, Clock(), inside=True)
    while (message := _received(line.sock)) is not None:
        number = message["look"]
        if "item" in message:
            threading.Thread(
                target=_look, args=(eyes, line, number, message), name="look", daemon=True
            ).start()
        elif number in line.waiting:
            line.waiting.pop(number).put(message["before"])


def _received(sock: socket.socket) -> dict[str, Any] | None:
    try:
        return receive(sock)
    except OSError:
        return None


def _look(eyes: Eyes, line: _Line, number: int, message: dict[str, Any]) -> None:
    item = from_json(Item, message["item"], "item")
    when = When(message["slot"], message["round"])
    result = eyes.look(item, when, _Asked(line, number), message["deadline"])
    try:
        line.send({"look": number, "line": encode_line(result).decode()})
    except OSError:
        return  # the agent is gone, and soon we are
    finally:
        line.waiting.pop(number, None)


if __name__ == "__main__":
    main()
