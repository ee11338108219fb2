"""Rows of `pg_dump --inserts` (`--column-inserts`, `--rows-per-insert`) as COPY sends them.

    INSERT INTO t [(a, b)] [OVERRIDING … VALUE] VALUES (1, 'x''y', NULL, true, B'101', DEFAULT)
        [, (…)] [ON CONFLICT DO NOTHING];

pg_dump writes each value as the text that COPY would send, but for quotes: so the sums of both are the same.
DEFAULT stands for generated columns, which COPY leaves out.
"""

import re
from typing import NamedTuple

from checks.artefacts.sqlnames import QUALIFIED

_HEAD = re.compile(
    rb"INSERT INTO " + QUALIFIED + rb"(?: \(.*?\))?(?: OVERRIDING (?:SYSTEM|USER) VALUE)?"
    rb"(?: (DEFAULT VALUES)| VALUES)\s*",
    re.DOTALL,
)
_VALUE = re.compile(
    rb"(?:'([^']*+(?:''[^']*+)*+)'|([-+0-9.eE]+)|(NULL)|(true)|(false)|B'([01]*)'|DEFAULT)(, ?|\))"
)
_NEXT = re.compile(rb",\s*\(")
_END = re.compile(rb"\s*(?:ON CONFLICT DO NOTHING\s*)?;\s*")
_SPECIAL = re.compile(rb"[\b\f\n\r\t\v\\]")
_ESCAPES = (
    (b"\\", b"\\\\"), (b"\b", b"\\b"), (b"\f", b"\\f"), (b"\n", b"\\n"), (b"\r", b"\\r"), (b"\t", b"\\t"),
    (b"\v", b"\\v"),
)  # fmt: skip


class Inserted(NamedTuple):
    """Name of the table as it stands there, all that stands before the values, and the lines of the rows."""

    name: bytes
    head: bytes
    rows: list[bytes]


def rows_of(statement: bytes) -> Inserted | None:
    """What a statement inserts; None for what is no whole statement of this kind. Strings are those of
    standard_conforming_strings."""
    head = _HEAD.match(statement)
    if head is None:
        return None
    at, rows = head.end(), []
    if head[2]:
        rows.append(b"\n")  # of a table without columns
    elif statement[at : at + 1] != b"(":
        return None
    else:
        at += 1
        while True:
            row, at = _row(statement, at)
            if row is None:
                return None
            rows.append(row)
            more = _NEXT.match(statement, at)
            if more is None:
                break
            at = more.end()
    return Inserted(head[1], head[0].rstrip(), rows) if _END.fullmatch(statement, at) else None


def _row(statement: bytes, at: int) -> tuple[bytes | None, int]:
    """The line of a row that begins here, and where it ends; None where it is none."""
    cells: list[bytes] = []
    while (found := _VALUE.match(statement, at)) is not None:
        at = found.end()
        text, number, null, true, false, bits, after = found.groups()
        if text is not None:
            cells.append(_escaped(text))
        elif number is not None:
            cells.append(number)
        elif null:
            cells.append(b"\\N")
        elif true or false:
            cells.append(b"t" if true else b"f")
        elif bits is not None:
            cells.append(bits)
        if after == b")":
            return b"\t".join(cells) + b"\n", at
    return None, at


def _escaped(text: bytes) -> bytes:
    if b"''" in text:
        text = text.replace(b"''", b"'")
    if _SPECIAL.search(text):
        for one, escape in _ESCAPES:
            text = text.replace(one, escape)
    return text
