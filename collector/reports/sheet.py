"""Tables as sheets of a workbook, and their cells in words."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from collector.reports import wording
from collector.reports.tables import Column, Kind, Link, Table

__all__ = ["Column", "Kind", "Link", "Style", "Table", "add_sheet", "words", "workbook"]


_HEAD = PatternFill("solid", fgColor="E6E9EF")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_WIDE = 20  # longer texts are broken into lines
_WIDTHS = {Kind.TEXT: 28, Kind.CODE: 34, Kind.WHEN: 21, Kind.NUMBER: 12}


@dataclass(frozen=True, slots=True)
class Style:
    """Language, zone and headings of a workbook."""

    lang: str
    zone: tzinfo
    headings: Sequence[str]


def workbook(table: Table, style: Style) -> bytes:
    """The table as an xlsx file."""
    book = Workbook(write_only=True)
    add_sheet(book, table, style)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def add_sheet(book: Workbook, table: Table, style: Style) -> None:
    """One more sheet with this table."""
    sheet: Any = book.create_sheet(_title(table.title))
    for index, column in enumerate(table.columns):
        sheet.column_dimensions[chr(65 + index)].width = _WIDTHS.get(column.kind, 16)
    sheet.freeze_panes = "A2"
    sheet.append([_heading(sheet, text) for text in style.headings])
    covered = table.covered()
    for number, row in enumerate(table.rows):
        cells = [
            _cell(sheet, cell, column.kind, style) for cell, column in zip(row, table.columns, strict=True)
        ]
        sheet.append([None if (number, place) in covered else cell for place, cell in enumerate(cells)])
    for (down, right), (rows, columns) in table.merged.items():
        first, last = (
            f"{chr(65 + x)}{y + 2}" for x, y in ((right, down), (right + columns - 1, down + rows - 1))
        )
        sheet.merged_cells.add(f"{first}:{last}")
    if not table.rows:
        sheet.append([_text(sheet, table.empty)])


def _title(title: str) -> str:
    kept = "".join(char for char in title if char not in "[]:*?/\\'")
    return kept[:31] or "-"


def _heading(sheet: WriteOnlyWorksheet, text: str) -> Any:
    cell = _text(sheet, text)
    cell.font, cell.fill = Font(bold=True), _HEAD
    return cell


def _text(sheet: WriteOnlyWorksheet, value: object) -> Any:
    cell: Any = WriteOnlyCell(sheet, None)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("�", str(value))[:32767]
    # A text that begins with "=" came from some machine's output: it must never run as a formula.
    cell.data_type = "s"
    if len(cell.value) > _WIDE:
        cell.alignment = _WRAPPED
    return cell


def _cell(sheet: WriteOnlyWorksheet, value: object, kind: Kind, style: Style) -> Any:
    if value is None:
        return _text(sheet, "–")
    if isinstance(value, int) and kind is Kind.WHEN:
        cell = WriteOnlyCell(sheet, datetime.fromtimestamp(value / 1000, style.zone).replace(tzinfo=None))
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
        return cell
    if isinstance(value, int) and kind in (Kind.NUMBER, Kind.ENTRY):
        return WriteOnlyCell(sheet, value)
    return _text(sheet, words(value, kind, style.lang))


def words(value: object, kind: Kind, lang: str) -> str:
    """A cell in words."""
    if isinstance(value, Link):
        return value.text
    if kind is Kind.SHARE and isinstance(value, Fraction):
        return wording.share(value)
    if kind is Kind.SPAN and isinstance(value, int):
        return wording.duration(value, lang)
    if kind is Kind.STATE:
        return wording.state(str(value), lang)
    return str(value)
