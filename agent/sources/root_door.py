"""The door to programs that only root may run: one request a connection, over a socket of this machine.

The agent's unit gives it no way to become root (`NoNewPrivileges`), so `sudo` ends there. Behind the socket
a second, short-lived unit runs the programs of `host_commands.COMMANDS` that are marked `root`, by name and
with words that fit their patterns, and no others. A request is a line of JSON,

    {"name": "smart.drive", "words": ["sat", "/dev/sda"], "timeout_ms": 20000}

and the answer a line of JSON, then `size` bytes of output:

    {"exit": 0, "told": "", "size": 2817}        or        {"error": "timeout", "detail": "…"}
"""

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checks.api import ErrorKind, ObservationError
from checks.commands import CommandOutput

DOOR = Path("/run/roundseal-root-commands.sock")
LONGEST = 8192  # bytes of a request, and of an answer's first line
MOST = 4 << 20  # bytes of output, as in host_commands
SLACK_MS = 5_000  # for starting the unit behind the door


def is_open(door: Path = DOOR) -> bool:
    """Whether an administrator has put the door there."""
    return door.is_socket()


def ask(name: str, words: Sequence[str], timeout_ms: int, door: Path = DOOR) -> CommandOutput:
    """What the program printed; ObservationError as it ended there, or where nobody answers."""
    request = json.dumps({"name": name, "words": list(words), "timeout_ms": timeout_ms}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout((timeout_ms + SLACK_MS) / 1000)
            line.connect(str(door))
            line.sendall(request)
            with line.makefile("rb") as answer:
                head = _head(answer.readline(LONGEST))
                return _output(head, answer.read(MOST + 1))
    except TimeoutError:
        raise ObservationError(ErrorKind.TIMEOUT, f"{door} did not answer") from None
    except PermissionError:
        raise ObservationError(ErrorKind.DENIED, f"{door} is not open to this user") from None
    except OSError as error:
        raise ObservationError(ErrorKind.GARBLED, f"{door}: {error.strerror or error}") from None


def _head(line: bytes) -> dict[str, Any]:
    try:
        made = json.loads(line)
    except ValueError:
        made = None
    if not isinstance(made, dict):
        raise ObservationError(ErrorKind.GARBLED, "no answer behind the door: see its unit's journal")
    return made


def _output(head: dict[str, Any], output: bytes) -> CommandOutput:
    if "error" in head:
        try:
            kind = ErrorKind(head["error"])
        except ValueError:
            kind = ErrorKind.GARBLED
        raise ObservationError(kind, str(head.get("detail", ""))[:400])
    if not isinstance(head.get("exit"), int) or head.get("size") != len(output):
        raise ObservationError(ErrorKind.GARBLED, "an answer that was cut off behind the door")
    return CommandOutput(head["exit"], output, str(head.get("told", "")))
