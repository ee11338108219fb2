"""Columns of printed documents: by their shares, and no word that fits into a line is cut."""

import io
from datetime import UTC

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from collector.documents.parts_faults import limit_words
from collector.documents.tables import Column, Kind, Table
from collector.reports.column_widths import fitted, letters, longest, whole_lines
from collector.reports.record_docx import docx
from collector.reports.record_pdf import headings, widths
from collector.reports.record_view import DocumentPaper
from collector.reports.record_xlsx import xlsx

KEYS = ("j_obligation", "j_task", "j_required", "j_counted", "j_missing", "j_section", "j_points")
ROW = (
    "LH-01",
    "A long sentence about what is due " * 6,
    "1",
    "1",
    "0",
    "Faults and vulnerabilities",
    "126,350.00",
)
COLUMNS_OF = tuple(map(Column, KEYS))
COLUMNS = st.lists(st.tuples(st.floats(0.3, 6), st.floats(0, 5)), min_size=1, max_size=20)


def paper(*rows: tuple[object, ...]) -> DocumentPaper:
    table = Table("doc-any", "1. A part & its title that is longer than a sheet's name", COLUMNS_OF, rows, "")
    pairs = (("Period", "p"), ("Total", "x"))
    return DocumentPaper(
        "en", UTC, "T", "1. Overview", pairs, (table,), "Evidence", pairs, "https://x/1", ("buyer",)
    )


@given(COLUMNS, st.floats(10, 30))
def test_all_the_room_is_used_and_no_column_is_below_its_least_where_there_is_room(columns, across) -> None:
    shares, least = zip(*columns, strict=True)
    made = fitted(shares, least, across)
    assert sum(made) == pytest.approx(across)
    if sum(least) <= across:
        assert all(width >= one - 1e-9 for width, one in zip(made, least, strict=True))
    if all(across * share / sum(shares) >= one for share, one in columns):
        assert made == pytest.approx([across * share / sum(shares) for share in shares])


def test_a_line_ends_at_spaces_and_beside_chinese_and_what_fits_no_line_needs_no_room() -> None:
    assert longest(["Faults and vulnerabilities", "5(3)、表2.2"]) == len("vulnerabilities")
    assert longest(["工程建设电子交易 99.972214 %"]) == len("99.972214")
    assert longest(["ab" * 32, "one\u200btwo"]) == 3 and longest([""]) == 0


@given(st.lists(st.tuples(st.floats(0.3, 4), st.floats(0, 30), st.floats(0, 2)), min_size=1, max_size=12))
def test_lines_stay_whole_where_there_is_room_and_take_none_from_words(columns) -> None:
    shares, lines, least = (list(each) for each in zip(*columns, strict=True))
    lines = [max(both) for both in zip(lines, least, strict=True)]
    made = whole_lines(shares, lines, least, 26)
    assert sum(made) <= 26 + 1e-6
    assert all(one >= short - 1e-9 for one, short in zip(made, least, strict=True))
    if sum(lines) <= 26 * min(1, *shares):
        assert made == pytest.approx(lines)


def test_an_instant_stands_on_one_line_beside_a_paragraph() -> None:
    columns = (Column("j_when", Kind.WHEN), Column("j_task"), Column("j_evidence"))
    rows = ((1_767_000_000_000, "A long sentence about what is due " * 6, "#4718, #4731, #4732, 4 more"),)
    shown = paper()
    made = widths(Table("doc-any", "1. T", columns, rows, ""), shown, 26, 0.2, 0.4)
    assert made[0] >= 0.2 * 19 + 0.4 and made[2] >= 0.2 * 27 + 0.4 and made[1] > made[2]
    assert letters(["工程 1", "ab\nabcdef"]) == 6


def test_no_word_of_a_heading_or_a_cell_is_cut_in_word_and_excel() -> None:
    shown = paper(ROW)
    words = [longest([head, cell]) for head, cell in zip(headings(shown.tables[0], "en"), ROW, strict=True)]
    table = next(one for one in Document(io.BytesIO(docx(shown))).tables if len(one.columns) == len(KEYS))
    for column, longest_word in zip(table.columns, words, strict=True):
        assert column.width.cm >= 0.2 * longest_word + 0.38, "0.38 cm are the margins of a cell in Word"
    assert sum(column.width.cm for column in table.columns) == pytest.approx(26, abs=0.1)
    sheet = load_workbook(io.BytesIO(xlsx(shown))).worksheets[1]
    for number, longest_word in enumerate(words):
        assert sheet.column_dimensions["ABCDEFG"[number]].width >= longest_word + 1
    assert sheet.oddHeader.center.text.startswith("1. A part && its title that is longer"), "never cut"


def test_a_cell_that_runs_over_others_makes_no_column_wider() -> None:
    alone = paper(("1",) * len(KEYS))
    table = alone.tables[0]
    sign = ("Overwhelmingly",) + (None,) * (len(KEYS) - 1)
    merged = Table(
        table.name, table.title, table.columns, (*table.rows, sign), "", merged={(1, 0): (1, len(KEYS))}
    )
    assert widths(merged, alone, 26, 0.2, 0.4) == widths(table, alone, 26, 0.2, 0.4)


def test_a_limit_of_one_is_one() -> None:
    assert limit_words("1 hours", "en") == "1 hour" and limit_words("1 hours", "zh") == "1小时"
    assert (
        limit_words("1 working_days", "en") == "1 working day"
        and limit_words("10 minutes", "en") == "10 minutes"
    )
