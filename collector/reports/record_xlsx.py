"""An inspection record as a workbook: one sheet a part."""

import io

import segno
from openpyxl import Workbook
from openpyxl.drawing.image import Image

from collector.documents.tables import Column, Kind, Table
from collector.reports.record_pdf import FILLS, TALL, headings, is_form, tone, widths
from collector.reports.record_view import Paper
from collector.reports.sheet import Style, add_sheet
from collector.words.record import text

_ACROSS = 132  # characters that fit across a printed page
_LETTER, _EDGE = 1.15, 1.5  # of a capital letter in bold, and of a cell beside its text, in characters
_SIGN_PT = 42.0  # points of a row that somebody signs in by hand
_CODE_PT, _CODE_PX = 104.0, 132  # of the row that holds the QR code, and of the code
_ONE_PAGE = 24  # rows of a form that can be read on one page
_LEAST = {Kind.WHEN: 20.0, Kind.STATE: 9.0}


def xlsx(view: Paper) -> bytes:
    """The workbook: overview with evidence and lines to sign first, then every part."""
    book = Workbook(write_only=True)
    pairs = (Column("human"), Column("detail"))
    signed = [
        (text(f"record.sign.{who}", view.lang), text("record.sign.line", view.lang)) for who in view.signers
    ]
    rows = (*view.facts, *view.proof, (text("record.qr", view.lang), view.qr), ("", ""), *signed)
    cover = Table("cover", view.overview_title, pairs, rows, "")
    footer = f"{view.title} · {view.facts[0][1]}"
    code = len(rows) - len(signed) - 1
    high = {code: _CODE_PT} | {code + number: _SIGN_PT for number in range(1, len(signed) + 1)}
    style = Style(view.lang, view.zone, (view.title, ""), (30, 90), footer, high, one_page=True)
    add_sheet(book, cover, style)
    book.worksheets[0].add_image(_Code(view.qr), f"B{code + 2}")
    for table in view.tables:
        low = dict.fromkeys(range(len(table.rows)), _SIGN_PT) if table.name in TALL else {}
        style = Style(
            lang=view.lang,
            zone=view.zone,
            headings=headings(table, view.lang),
            widths=_widths(table, view),
            footer=footer,
            high=low,
            fill=_fill,
            one_page=is_form(table) and len(table.rows) <= _ONE_PAGE,
        )
        add_sheet(book, table, style)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _widths(table: Table, view: Paper) -> list[float]:
    """As on paper, but never too narrow for an instant or a state."""
    made = widths(table, view, _ACROSS, _LETTER, _EDGE)
    return [
        max(round(width, 1), _LEAST.get(column.kind, 7.0))
        for column, width in zip(table.columns, made, strict=True)
    ]


def _fill(cell: object, column: Column) -> str:
    return FILLS.get(tone(cell, column), "")


class _Code(Image):
    """A QR code as a picture; openpyxl wants its own class, which would read it by another package."""

    format = "png"

    def __init__(self, content: str) -> None:
        out = io.BytesIO()
        segno.make(content, error="m").save(out, kind="png", border=2, scale=6)
        self._bytes = out.getvalue()
        self.width = self.height = _CODE_PX

    def _data(self) -> bytes:
        return self._bytes
