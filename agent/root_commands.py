"""Behind the door (sources/root_door.py): run as root by systemd for one connection on standard input and
output.

    python -m agent.root_commands

Answers one request and ends. It takes names out of `host_commands.COMMANDS` that are marked `root`, never a
path or an option; nothing it is sent reaches a shell.
"""

import json
import os
import select
import sys
from time import monotonic
from typing import Any

from agent.sources import host_commands
from agent.sources.root_door import LONGEST
from checks.api import ErrorKind, ObservationError
from checks.commands import CommandOutput

_WAIT_S = 5.0  # for the request's line
_LONGEST_MS = 600_000  # as long as a check may be told to wait


def main() -> int:
    """0: answered, be it with an error; 1: there was no request to answer."""
    line = _line(sys.stdin.fileno())
    if not line:
        return 1
    try:
        made = _run(line)
        head: dict[str, Any] = {"exit": made.exit, "told": made.told, "size": len(made.output)}
        output = made.output
    except ObservationError as error:
        head, output = {"error": str(error.kind), "detail": error.detail}, b""
    try:
        with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as answer:
            answer.write(json.dumps(head).encode() + b"\n" + output)
    except OSError:
        return 1  # whoever asked has gone
    return 0


def _line(source: int) -> bytes:
    """The request; empty where none came in time or it is too long."""
    got, until = bytearray(), monotonic() + _WAIT_S
    while not got.endswith(b"\n") and len(got) < LONGEST:
        ready, _, _ = select.select([source], [], [], max(until - monotonic(), 0))
        piece = os.read(source, LONGEST - len(got)) if ready else b""
        if not piece:
            return b""
        got += piece
    return bytes(got) if got.endswith(b"\n") else b""


def _run(line: bytes) -> CommandOutput:
    """ObservationError `denied` for anything but a named root command with fitting words."""
    try:
        asked = json.loads(line)
        name, words, timeout_ms = asked["name"], asked["words"], asked["timeout_ms"]
        fits = isinstance(words, list) and all(isinstance(word, str) for word in words)
        fits = fits and type(timeout_ms) is int and 0 < timeout_ms <= _LONGEST_MS
    except (ValueError, TypeError, KeyError, RecursionError):
        fits, name = False, None
    known = host_commands.COMMANDS.get(name) if isinstance(name, str) else None
    if not fits or known is None or not known.root:
        raise ObservationError(ErrorKind.DENIED, "no such request is taken here")
    argv = host_commands.argv_of(name, words)
    return host_commands.run((host_commands.find(argv[0]), *argv[1:]), timeout_ms=timeout_ms)


if __name__ == "__main__":
    sys.exit(main())
