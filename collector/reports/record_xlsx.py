"""An inspection record as a workbook: one sheet a part."""

import io

from openpyxl import Workbook

from collector.reports.record_pdf import headings
from collector.reports.record_view import Paper
from collector.reports.record_words import text
from collector.reports.sheet import Column, Style, Table, add_sheet


def xlsx(view: Paper) -> bytes:
    """The workbook: overview with evidence first, then every part."""
    book = Workbook(write_only=True)
    pairs = (Column("human"), Column("detail"))
    rows = (*view.facts, *view.proof, ("", ""), (text("record.qr", view.lang), view.qr))
    cover = Table("cover", view.overview_title, pairs, rows, "")
    add_sheet(book, cover, Style(view.lang, view.zone, (view.title, "")))
    for table in view.tables:
        add_sheet(book, table, Style(view.lang, view.zone, headings(table, view.lang)))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
