"""An inspection record as a workbook: one sheet a part."""

import io

from openpyxl import Workbook

from collector.reports.record_pdf import headings, signers, widths
from collector.reports.record_view import Paper
from collector.reports.record_words import text
from collector.reports.sheet import Column, Kind, Style, Table, add_sheet

_ACROSS = 132  # characters that fit across a printed page
_LETTER, _EDGE = 1.15, 1.5  # of a capital letter in bold, and of a cell beside its text, in characters
_SIGN_PT = 42.0  # points of a row that somebody signs in by hand
_LEAST = {Kind.WHEN: 19.0, Kind.STATE: 9.0}


def xlsx(view: Paper) -> bytes:
    """The workbook: overview with evidence and lines to sign first, then every part."""
    book = Workbook(write_only=True)
    pairs = (Column("human"), Column("detail"))
    signed = [
        (text(f"record.sign.{who}", view.lang), text("record.sign.line", view.lang)) for who in signers(view)
    ]
    rows = (*view.facts, *view.proof, (text("record.qr", view.lang), view.qr), *signed)
    cover = Table("cover", view.overview_title, pairs, rows, "")
    footer = f"{view.title} · {view.facts[0][1]}"
    high = {len(rows) - number: _SIGN_PT for number in range(1, len(signed) + 1)}
    add_sheet(book, cover, Style(view.lang, view.zone, (view.title, ""), (30, 90), footer, high))
    for table in view.tables:
        style = Style(view.lang, view.zone, headings(table, view.lang), _widths(table, view), footer)
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
