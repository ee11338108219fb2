"""The command `parse`: one recorded output, read and shown."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.parsing.errors import ParseError
from agent.parsing.forms import command, platform
from agent.parsing.parse import Row, parse
from agent.parsing.text import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Parsed:
    """`value` for programs (`platform`, `command`, `parsed_sample`: rows), `text` for people."""

    value: dict[str, Any]
    text: str


def run(name: str, typed: str, path: Path, naming: str) -> Parsed:
    """Read the output in `path` (`-`: standard input) as that of a command typed on a platform.

    ParseError: `unreadable` (no such file), and whatever parse raises.
    """
    of = platform(name)
    meant = command(of, typed)
    output = _read(path)
    try:
        rows = parse(of, meant, output, naming)
    except ParseError as error:
        raise error.of("standard input" if str(path) == "-" else str(path)) from None
    return Parsed(
        {"status": "ok", "platform": of, "command": meant, "parsed_sample": list(rows)},
        "\n".join(f"row {at}\n{_shown(row)}" for at, row in enumerate(rows, 1)),
    )


def _read(path: Path) -> bytes:
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ParseError("unreadable", f"{path}: {error.strerror}") from None


def _shown(row: Row) -> str:
    width = max(map(len, row))
    return "\n".join(
        f"  {name:{width}}  {', '.join(value) if isinstance(value, list) else value}"
        for name, value in row.items()
    )
