"""Tables with headings and typed cells: the same one becomes rows of a page and a sheet of a workbook.

Standard library only: the verifier makes tables of documents anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What the cells of a column hold."""

    TEXT = "text"
    CODE = "code"
    NUMBER = "num"
    SHARE = "share"
    WHEN = "when"
    SPAN = "span"
    STATE = "state"
    ENTRY = "entry"


class EmptyRecordError(Exception):
    """There is nothing in it: a document of nothing would look like an inspection."""

    code = "empty_record"


@dataclass(frozen=True, slots=True)
class Column:
    """Key of the heading, and what the cells hold."""

    key: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads somewhere; the sheet shows its text."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Cells are plain values: text, int, ms, Fraction, state words, entry numbers, Link, None.

    `merged`: (row, column) of a cell -> how many (rows, columns) it runs over; those that it covers are None.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[object]]
    empty: str
    args: tuple[tuple[str, str], ...] = ()
    merged: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def covered(self) -> frozenset[tuple[int, int]]:
        """(row, column) of the cells that a merged one lies over."""
        return frozenset(
            (row + down, column + right)
            for (row, column), (rows, columns) in self.merged.items()
            for down in range(rows)
            for right in range(columns)
            if down or right
        )


def at(entry: int, line: int | None, url: str) -> object:
    """An entry and a line of it, as a link where pages want one."""
    shown = f"#{entry}" if line is None else f"#{entry}/{line}"
    if not url:
        return shown
    return Link(shown, f"{url}/{entry}" if line is None else f"{url}/{entry}?line={line}#line-{line}")


def plain(table: Table) -> dict[str, Any]:
    """A table as a document's entry holds it: name, title, keys of columns, cells as texts and numbers."""
    return {
        "name": table.name,
        "title": table.title,
        "columns": [column.key for column in table.columns],
        "rows": [[_plain(cell) for cell in row] for row in table.rows],
    }


def _plain(cell: object) -> object:
    if cell is None or type(cell) in (int, str):
        return cell
    return cell.text if isinstance(cell, Link) else str(cell)
