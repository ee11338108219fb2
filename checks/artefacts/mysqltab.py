"""Directories of `mysqldump --tab`: of each table its definition (TABLE.sql) and its rows (TABLE.txt).

The server writes the rows: fields between tabs, `\\N` for NULL, a backslash before a tab, a newline or a
backslash in a field. Each is made into the text that an INSERT would have, so that the sums are the same. Of
rows nothing tells where they end: only a fingerprint shows that none is missing, and what the server itself
spoils: bytes that are no characters where the character set is not `binary`, bits that look like a tab.
"""

import contextlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from checks.artefacts.layers import LayerError
from checks.artefacts.mysqldump import Dump, Table, escaped, read_dump, writing
from checks.places import Place

FORM = "tab"
LONGEST = 1 << 28  # of a row, bytes
_AT_ONCE = 2000  # rows that are held, of no more bytes than
_HELD = 1 << 22
_DEFINITION = 1 << 24
_TABLE = re.compile(rb"CREATE (?:OR REPLACE )?TABLE (?:IF NOT EXISTS )?`(?:[^`]|``)+` \(\n")
_COLUMN = re.compile(rb"  `(?:[^`]|``)+` (\w+)(.*)")
_MADE = re.compile(rb" (?:GENERATED ALWAYS )?AS \(")
# What an INSERT writes without quotes.
_NUMBERS = frozenset(
    (b"tinyint", b"smallint", b"mediumint", b"int", b"bigint", b"decimal", b"float", b"double", b"year")
)
_FIELD = re.compile(rb"((?:[^\t\\]|\\.)*+)(\t|\Z)", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
# Server's character sets in which no second byte of a character is a tab, a newline or a backslash.
_PLAIN = ("utf8", "utf8mb3", "utf8mb4", "latin1", "ascii", "binary", "gb2312", "")


def is_tab(names: set[str]) -> bool:
    """Whether a directory's names are those of such a dump."""
    return any(one.endswith(".sql") and one[:-4] + ".txt" in names for one in names)


def read_tab(place: Place, folder: str, names: set[str], dump: Dump) -> tuple[str, ...]:
    """Read all of it into `dump`; names of the files that are missing. OSError as the place's own, LayerError
    where rows can't be taken apart."""
    dump.form = FORM
    size, missing, ended = 0, [], ""
    for name in sorted(names):
        if not name.endswith(".sql"):
            continue
        before = set(dump.tables)
        with contextlib.closing(place.open(posixpath.join(folder, name))) as file:
            read_dump(file, dump)
        size, ended = size + dump.bytes, max(ended, dump.ended)
        for table in sorted(set(dump.tables) - before):
            rows = name[:-4] + ".txt"
            if rows not in names:
                missing.append(rows)
                continue
            columns = _columns(place.block(posixpath.join(folder, name), 0, _DEFINITION))
            with contextlib.closing(place.open(posixpath.join(folder, rows))) as file:
                size += _rows(file, dump, dump.tables[table], columns)
    if any(one.endswith(".txt") and one[:-4] + ".sql" not in names for one in names):
        raise LayerError("unsupported", FORM, "rows without their definition")
    dump.bytes, dump.ended = size, ended
    return tuple(missing[:20])


@dataclass(frozen=True, slots=True)
class _Columns:
    """Of each column whether it is a number; `given`: without those that are generated, which MySQL leaves
    out."""

    every: list[bool]
    given: list[bool]


def _columns(text: bytes) -> _Columns:
    found = _TABLE.search(text)
    # Its end is looked for once: a file of beginnings alone would be read to its end for each of them.
    end = text.find(b"\n)", found.end()) if found else -1
    lines = text[found.end() : end].split(b"\n") if found and end >= 0 else []
    columns = [match for line in lines if (match := _COLUMN.match(line))]
    given = [match for match in columns if not _MADE.search(match[2])]
    return _Columns([one[1] in _NUMBERS for one in columns], [one[1] in _NUMBERS for one in given])


def _rows(file: BinaryIO, dump: Dump, table: Table, columns: _Columns) -> int:
    if dump.charset not in _PLAIN:
        raise LayerError("unsupported", FORM, f"rows in {dump.charset}")
    held: list[bytes] = []
    size = kept = 0
    for line in _lines(file):
        size += len(line)
        kept += len(line)
        if line[-1:] != b"\n":
            dump.cut = dump.cut or "rows"
            break
        row = _inserted(line[:-1], columns)
        if row is None:
            dump.wrong += 1
            continue
        held.append(row)
        if len(held) >= _AT_ONCE or kept >= _HELD:
            table.add(held, writing(""))
            held, kept = [], 0
    table.add(held, writing(""))
    return size


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Rows with their newline: one behind a backslash ends none."""
    pieces: list[bytes] = []
    size = 0
    while line := file.readline(LONGEST):
        pieces.append(line)
        size += len(line)
        if size >= LONGEST:
            raise OverflowError("a row is longer than 256 MiB")
        body = line[:-1]
        if line[-1:] == b"\n" and (len(body) - len(body.rstrip(b"\\"))) % 2:
            continue
        yield b"".join(pieces) if len(pieces) > 1 else line
        pieces, size = [], 0
    if pieces:
        yield b"".join(pieces)[:-1]  # its end was a backslash and a newline: cut


def _inserted(line: bytes, columns: _Columns) -> bytes | None:
    """The row as an INSERT writes it; None where it has not as many fields as the table has columns."""
    fields = _fields(line) if b"\\" in line else line.split(b"\t")
    numbers = columns.every if len(fields) == len(columns.every) else columns.given
    if len(fields) != len(numbers):
        return None
    return b"(" + b",".join(map(_cell, fields, numbers)) + b")"


def _fields(line: bytes) -> list[bytes]:
    made, at = [], 0
    while (found := _FIELD.match(line, at)) is not None:
        made.append(found[1])
        if not found[2]:
            return made
        at = found.end()
    return []


def _cell(field: bytes, number: bool) -> bytes:
    if field == b"\\N":
        return b"NULL"
    if number:
        return field
    if b"\\" in field:
        field = _ESCAPE.sub(lambda found: b"\0" if found[1] == b"0" else found[1], field)
    return b"'" + escaped(field) + b"'"
