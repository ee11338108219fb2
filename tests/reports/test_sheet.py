"""Tables as workbooks."""

import io
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

from openpyxl import load_workbook

from collector.documents.tables import Column, Kind, Link, Table
from collector.reports.sheet import Style, workbook

STYLE = Style("zh", timezone(timedelta(hours=8)), ("对象", "数", "时间", "状态", "占比"))
COLUMNS = (
    Column("target"),
    Column("n", Kind.NUMBER),
    Column("when", Kind.WHEN),
    Column("state", Kind.STATE),
    Column("share", Kind.SHARE),
)


def read(table: Table) -> list[list[object]]:
    book = load_workbook(io.BytesIO(workbook(table, STYLE)))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_text_from_a_machine_never_becomes_a_formula() -> None:
    evil = '=HYPERLINK("http://evil.example/")'
    table = Table("x", "表", COLUMNS, [(evil, 1, 0, "ok", None), (Link("+1", "/"), 2, 0, "ok", None)], "空")
    book = load_workbook(io.BytesIO(workbook(table, STYLE)))
    cell = book.active["A2"]
    assert cell.value == evil and cell.data_type == "s"
    assert book.active["A3"].data_type == "s"


def test_control_characters_and_long_texts_do_not_break_the_file() -> None:
    table = Table(
        "x", "a/b[c]:*?" + "长" * 40, COLUMNS, [("\x00\x1b[31m" + "x" * 40_000, 1, 0, "ok", None)], "空"
    )
    rows = read(table)
    assert str(rows[1][0]).startswith("�") and len(str(rows[1][0])) <= 32767


def test_cells_keep_their_types_and_times_are_in_the_estates_zone() -> None:
    instant = int(datetime(2026, 3, 1, 16, 30, tzinfo=UTC).timestamp() * 1000)
    table = Table("x", "表", COLUMNS, [("web-01", 7, instant, "crit", Fraction(999, 1000))], "空")
    head, row = read(table)
    assert head == ["对象", "数", "时间", "状态", "占比"]
    assert row == ["web-01", 7, datetime(2026, 3, 2, 0, 30), "异常", "99.900000 %"]


def test_an_empty_table_says_so_in_words() -> None:
    assert read(Table("x", "表", COLUMNS, [], "还没有数据。"))[1][0] == "还没有数据。"


def test_the_sentence_of_an_empty_table_runs_across_and_is_as_high_as_it_needs() -> None:
    long = "没有与上一份记录相比较的内容，或这是首次巡检。" * 6
    sheet = load_workbook(io.BytesIO(workbook(Table("x", "表", COLUMNS, [], long), STYLE))).active
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A2:E2"]
    across = sum(sheet.column_dimensions[letter].width for letter in "ABCDE")
    assert sheet.row_dimensions[2].height >= 15 * len(long) * 2 / across
