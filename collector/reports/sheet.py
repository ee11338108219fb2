"""Tables as sheets of a workbook, and their cells in words."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from collector.documents.tables import Column, Kind, Link, Table
from collector.words import wording

_HEAD = PatternFill("solid", fgColor="E6E9EF")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
# At the left as on paper: at the right a number touches the text of the next cell.
_TOP = Alignment(horizontal="left", vertical="top")
_EDGE = Side(style="thin", color="B0B7C3")
_BOX = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_LINE_PT = 16.0  # height of a line of Chinese at 11 points; a row one point too low cuts its last line
_PIECES = re.compile("[!-~]+|.", re.DOTALL)  # what no line ends inside: a word, a number, a Chinese character
_MOST_PT = 400.0  # Excel holds 409 at most
_WIDTHS = {Kind.TEXT: 28, Kind.CODE: 34, Kind.WHEN: 21, Kind.NUMBER: 12}


def _plain(_cell: object, _column: Column) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Style:
    """Language, zone and headings of a workbook. `widths`: of the columns, in characters; () by their kind.

    `footer`: what stands at the foot of each printed page, beside its number. `high`: points that rows
    (from 0) have at least, such as those that people sign in. `fill`: the colour (RGB) behind a cell of a
    column, "" for none. An empty heading belongs to the one at its left. `one_page`: printed on one, as it
    is signed.
    """

    lang: str
    zone: tzinfo
    headings: Sequence[str]
    widths: Sequence[float] = ()
    footer: str = ""
    high: Mapping[int, float] = field(default_factory=dict)
    fill: Callable[[object, Column], str] = _plain
    one_page: bool = False


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
    widths = style.widths or [_WIDTHS.get(column.kind, 16) for column in table.columns]
    for index, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    _printed(sheet, style, table.title)
    _headings(sheet, style, widths)
    covered = table.covered()
    for number, row in enumerate(table.rows):
        cells = [_cell(sheet, cell, column, style) for cell, column in zip(row, table.columns, strict=True)]
        room = [_room(table, widths, number, place) for place in range(len(cells))]
        shown = ["" if (number, place) in covered else cell.value for place, cell in enumerate(cells)]
        sheet.row_dimensions[number + 2].height = max(_height(shown, room), style.high.get(number, 0.0))
        sheet.append(
            [_bare(sheet) if (number, place) in covered else cell for place, cell in enumerate(cells)]
        )
    for (down, right), (rows, columns) in table.merged.items():
        first, last = (
            f"{get_column_letter(x + 1)}{y + 2}"
            for x, y in ((right, down), (right + columns - 1, down + rows - 1))
        )
        sheet.merged_cells.add(f"{first}:{last}")
    if not table.rows:
        _sentence(sheet, table.empty, widths)


def _headings(sheet: Any, style: Style, widths: Sequence[float]) -> None:
    """The first row; empty headings at its end are put into the last that says something."""
    said = max((number for number, text in enumerate(style.headings) if text), default=0)
    room = [*widths[:said], sum(widths[said:])]
    sheet.row_dimensions[1].height = _height(style.headings[: said + 1], room)
    sheet.append([_heading(sheet, text) for text in style.headings])
    if said + 1 < len(style.headings):
        sheet.merged_cells.add(f"{get_column_letter(said + 1)}1:{get_column_letter(len(style.headings))}1")


def _sentence(sheet: Any, text: str, widths: Sequence[float]) -> None:
    """What stands in place of rows, across all columns."""
    sheet.row_dimensions[2].height = _height([text], [sum(widths)])
    sheet.append([_text(sheet, text), *(_bare(sheet) for _ in widths[1:])])
    if len(widths) > 1:
        sheet.merged_cells.add(f"A2:{get_column_letter(len(widths))}2")


def _printed(sheet: Any, style: Style, title: str) -> None:
    """On paper: across, as wide as the page, title and headings on each page, pages counted."""
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, int(style.one_page)
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    # The sheet's own name is cut after 31 characters; Excel takes 255 in a header.
    sheet.oddHeader.center.text = title[:120].replace("&", "&&")
    # An ampersand begins a code of a footer.
    sheet.oddFooter.left.text = style.footer.replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"


def _room(table: Table, widths: Sequence[float], row: int, column: int) -> float:
    """How many characters a line of a cell holds, with the columns that it runs over."""
    _, columns = table.merged.get((row, column), (1, 1))
    return sum(widths[column : column + columns])


def _height(cells: Sequence[object], widths: Sequence[float]) -> float:
    """Points that a row needs: nobody but Excel itself makes rows higher where a text is broken."""
    lines = (_lines(str(cell or ""), width) for cell, width in zip(cells, widths, strict=True))
    return min(max(lines, default=1) * _LINE_PT, _MOST_PT)


def _lines(value: str, width: float) -> int:
    """Lines of a text; a Chinese character is as wide as two others, and no word is broken that fits one."""
    # A fallback font for Chinese may be wider than the one that widths are counted in.
    room = max(int(width * (0.9 if any(char > "\u2e7f" for char in value) else 1)), 1)
    return sum(_broken(line, room) for line in value.split("\n"))


def _broken(line: str, room: int) -> int:
    """Lines that one line becomes where `room` letters stand on each."""
    lines, used = 1, 0
    for piece in _PIECES.findall(line):
        wide = sum(2 if char > "\u2e7f" else 1 for char in piece)
        if used + wide > room and used:
            lines, used = lines + 1, 0
        lines, used = lines + (used + wide - 1) // room, (used + wide - 1) % room + 1
    return lines


def _bare(sheet: WriteOnlyWorksheet) -> Any:
    """A cell that another one lies over: nothing but its edge."""
    cell: Any = WriteOnlyCell(sheet, None)
    cell.border = _BOX
    return cell


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
    cell.alignment, cell.border = _WRAPPED, _BOX
    return cell


def _cell(sheet: WriteOnlyWorksheet, value: object, column: Column, style: Style) -> Any:
    made = _filled(sheet, value, column.kind, style)
    if colour := style.fill(value, column):
        made.fill = PatternFill("solid", fgColor=colour)
    return made


def _filled(sheet: WriteOnlyWorksheet, value: object, kind: Kind, style: Style) -> Any:
    if value is None:
        return _text(sheet, "–")
    if isinstance(value, int) and kind is Kind.WHEN:
        cell: Any = WriteOnlyCell(
            sheet, datetime.fromtimestamp(value / 1000, style.zone).replace(tzinfo=None)
        )
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
        cell.alignment, cell.border = _TOP, _BOX
        return cell
    if isinstance(value, int) and kind in (Kind.NUMBER, Kind.ENTRY):
        cell = WriteOnlyCell(sheet, value)
        cell.alignment, cell.border = _TOP, _BOX
        return cell
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
