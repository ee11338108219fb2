"""What a command prints: the same facts as JSON and as text, and its exit code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shown:
    """`exit`: 0 good, 1 what was looked at is bad, 2 it could not be looked at."""

    value: dict[str, Any]
    text: str
    exit: int


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as needed (wide Chinese characters count twice)."""
    if not rows:
        return ""
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _width(text: str) -> int:
    return sum(2 if ord(char) >= 0x1100 else 1 for char in text)
