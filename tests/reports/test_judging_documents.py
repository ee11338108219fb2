"""Documents of judging: each is opened again and its filled cells are counted; none is made of nothing."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook
from parts import loaded

from collector.evidence.periods import PeriodError
from collector.jobs import derive, scorecards, statements
from collector.reports import documents
from collector.reports.documents import KINDS, NoDocumentError, body_of, draft, export
from collector.reports.material import Found, Material, Span
from collector.reports.material_found import found_in, span_of
from collector.reports.record_pdf import FontMissingError
from collector.reports.record_view import EmptyRecordError
from collector.store import evidence

judged_site = loaded("web/judged_site.py")

TICKED = re.compile("[☑☒✓✔√■]")
# Each document with the period it is made of, and the fewest filled cells that it must hold.
LEAST = {
    "scorecard": 150,
    "fault": 60,
    "major-fault": 60,
    "monthly-inspection": 100,
    "defects": 60,
    "quarterly-operation": 100,
    "performance": 80,
    "rectification": 60,
    "device-year": 40,
    "service-year": 150,
    "fault-statistics": 10,
    "tool-usage": 20,
    "self-assessment": 100,
    "term": 40,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    with judged_site.site(tmp_path_factory.mktemp("judged") / "collector", "luohe-2026", days=30) as made:
        yield made


@pytest.fixture(scope="module")
def material(site) -> Material:
    """The month of the outage on 1 November: over, and not sealed."""
    span = span_of(site.context, "2026-10")
    return Material(site.context, span, found_in(site.context, span))


def about(material: Material, kind: str) -> Material:
    """The same, about the fault where the document is of one."""
    if not KINDS[kind].subject:
        return material
    fault = material.found.faults.faults[0]
    return Material(material.context, material.span, material.found, fault.id)


def test_every_kind_is_made_somewhere() -> None:
    assert set(KINDS) - set(LEAST) == {"special-inspection", "satisfaction"}


def docx_cells(data: bytes) -> list[str]:
    return [
        cell.text for table in Document(io.BytesIO(data)).tables for row in table.rows for cell in row.cells
    ]


def filled(cells: list[str]) -> int:
    return sum(cell.strip() not in ("", "–", "(待填写)") for cell in cells)


# What rests on special rounds and on forms that people filed: test_document_parts.py.
@pytest.mark.parametrize("kind", LEAST)
def test_each_document_is_filled_from_evidence_and_says_what_no_machine_measured(
    material: Material, kind: str
) -> None:
    mine = about(material, kind)
    data = export(kind, mine, "docx")
    cells = docx_cells(data)
    assert filled(cells) >= LEAST[kind], f"{filled(cells)} filled cells"
    said = "".join(cells)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        body = re.sub(r"<[^>]+>", "", opened.read("word/document.xml").decode())
        assert any(name.startswith("word/media/") for name in opened.namelist()), "no QR code"
        footer = "".join(opened.read(name).decode() for name in opened.namelist() if "footer" in name)
    assert "NUMPAGES" in footer and not TICKED.search(said + body) and "{%" not in body
    assert re.search(r"#\d+", said), "no evidence id"
    assert f"judging-document/{documents.VERSION}" in said and "luohe-2026" in said
    assert said.count("签字:") == (2 if kind == "scorecard" else 3)
    assert ("非机器测量" in body) == bool(KINDS[kind].hands)


def test_a_workbook_has_a_sheet_for_each_part_and_no_formula(material: Material) -> None:
    book = load_workbook(io.BytesIO(export("scorecard", material, "xlsx")))
    made = draft("scorecard", material, "zh")
    assert len(book.sheetnames) == 1 + len(made.tables)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(cells) >= LEAST["scorecard"] and not [cell for cell in cells if cell.data_type == "f"]


@pytest.mark.parametrize("kind", ["scorecard", "fault"])
def test_the_pdf_can_be_read_and_carries_what_was_logged(
    material: Material, kind: str, tmp_path: Path
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("NOT TESTED: pdftotext is not installed, so no PDF was read back")
    try:
        (tmp_path / "one.pdf").write_bytes(export(kind, about(material, kind), "pdf"))
    except FontMissingError as error:
        pytest.skip(f"NOT TESTED: {error}")
    done = subprocess.run(["pdftotext", tmp_path / "one.pdf", "-"], capture_output=True, check=True)
    said = re.sub(r"\s+", "", done.stdout.decode())
    assert "第1页/共" in said and "非机器测量" in said and not TICKED.search(said)
    assert ("未证实" if kind == "scorecard" else "故障现象") in said


def test_what_is_logged_is_what_the_file_holds_and_the_same_is_logged_once(site, material: Material) -> None:
    first = export("defects", material, "json")
    with site.context.read() as conn:
        size = evidence.size(conn)
    again = export("defects", material, "json")
    with site.context.read() as conn:
        assert evidence.size(conn) == size
    assert first == again
    body = json.loads(first)
    assert (body["document"], body["period"]["name"], body["pack"]) == ("defects", "2026-10", "luohe-2026")
    assert body["options"] and body["pack_digest"]


def test_a_scorecard_in_english_has_no_chinese_but_names_and_clauses(material: Material) -> None:
    made = draft("scorecard", material, "en")
    heads = [table.title for table in made.tables]
    assert "monthly scorecard" in made.title and heads[0].startswith("2. Sheet of a user unit")
    assert "not proven" in {str(row[5]) for row in made.tables[0].rows}


def test_points_that_are_not_proven_are_a_range_beside_the_cell_and_never_in_it(material: Material) -> None:
    form = draft("scorecard", material, "zh").tables[0]
    rows = {row[2] or row[0]: row for row in form.rows}
    visit = rows["“每月至少上门回访 1 次”"]
    assert visit[5] == "未证实" and "可能 0 – 8" in visit[6] and "没有人填报" in visit[6]
    assert rows["合计"][5] == "未证实"


def test_the_nine_fields_leave_to_people_what_only_they_know(material: Material) -> None:
    nine = draft("fault", about(material, "fault"), "zh").tables[0]
    rows = {row[0]: row for row in nine.rows}
    assert rows["开始时间"][1].startswith("2026-11-01 14:0") and rows["开始时间"][2] == "机器测量"
    for name in ("故障类型", "故障原因和解决方法", "责任"):
        assert rows[name][1:3] == ("(待填写)", "人工(非机器测量)")
    assert rows["故障现象"][3].startswith("#")


def test_nothing_is_made_of_nothing(site, material: Material) -> None:
    empty = Span("1999", 915_148_800_000, 946_684_800_000, material.span.as_of_ms)
    for kind in ("monthly-inspection", "fault-statistics", "tool-usage"):
        with pytest.raises(EmptyRecordError):
            export(kind, Material(site.context, empty, Found()), "docx")
    for kind, code in (("scorecard", "no_scorecard"), ("fault", "no_such_fault"), ("poem", "unknown_kind")):
        with pytest.raises(NoDocumentError) as caught:
            export(kind, Material(site.context, empty, Found()), "json")
        assert caught.value.code == code


def test_a_document_of_a_sealed_period_shows_the_seal(site, material: Material) -> None:
    held = scorecards.seal(site.context, "2026-09", by="admin")
    assert held is not None
    span = span_of(site.context, "2026-09")
    made = draft("scorecard", Material(site.context, span, found_in(site.context, span)), "zh")
    assert dict(made.facts)["状态"] == f"已封存，条目 #{held[0]}"
    assert dict(draft("scorecard", material, "zh").facts)["状态"].startswith("暂定")


def test_the_year_report_holds_every_obligation_and_the_archive(material: Material) -> None:
    body = body_of(draft("service-year", material, "zh"), material)
    tables = {table["name"]: table for table in body["tables"]}
    assert len(tables["doc-ledger"]["rows"]) >= 20 and tables["archive"]["rows"]


def test_a_contract_that_a_later_estate_leaves_out_judges_on(tmp_path) -> None:
    with judged_site.site(tmp_path / "collector", "luohe-2026", days=2) as made:
        bare = judged_site.worksite.ESTATE.encode()
        loaded = judged_site.read_estate("e.yaml", lambda _: bare, judged_site.installed())
        judged_site.estates.apply(made.context, loaded, by="admin")
        span = span_of(made.context, "5")
        found = found_in(made.context, span)
        assert span.name == "2026-10" and found.archive is not None and found.ledger
        form = draft("scorecard", Material(made.context, span, found), "zh")
        assert form.title == "漯河市公共资源交易平台系统运维服务考核评分表（月度）"
        with pytest.raises(PeriodError, match="2026-06, 2026-07"):
            span_of(made.context, "nope")


def test_a_list_of_entries_may_end_a_line_between_them_and_the_code_stands_beside_the_boxes(
    material: Material,
) -> None:
    made = Document(io.BytesIO(export("service-year", material, "docx")))
    lists = [cell for table in made.tables for row in table.rows for cell in row.cells if "、" in cell.text]
    several = [cell.text for cell in lists if re.search(r"#\d+、", cell.text)]
    assert several and all("、\u200b#" in text for text in several)
    boxes = made.tables[-1]
    assert len(boxes.columns) == 3 and len(boxes.rows) == 3
    assert boxes.cell(0, 2)._tc is boxes.cell(2, 2)._tc, "one cell down the side"
    assert "扫码查看存证条目" in boxes.cell(0, 2).text and "签字" in boxes.cell(2, 1).text


def test_what_the_two_sides_say_of_a_fault_is_printed_as_that(site, material: Material) -> None:
    fault = about(material, "fault").subject

    def level_row() -> tuple[object, ...]:
        site.hands.ms += 1000
        derive.catch_up(site.context)
        span = span_of(site.context, "2026-10")
        one = Material(site.context, span, found_in(site.context, span), fault)
        made = {table.name: table for table in draft("fault", one, "zh").tables}
        reckoned = [row for row in made["doc-timeline"].rows if row[1] == "时限到期"]
        assert reckoned and all(row[2] == "按合同推算" for row in reckoned)
        return next(row for row in made["doc-nine"].rows if row[0] == "级别与影响")

    assert level_row()[2] == "机器测量"
    mine = statements.add(site.context, "level", {"fault": fault, "level": "3"}, by="qian")
    alone = level_row()
    assert "待甲方确认" in str(alone[1]) and alone[2] == "人工(非机器测量)" and alone[3] == f"#{mine}"
    theirs = statements.add(site.context, "level", {"fault": fault, "level": "2"}, by="buyer")
    again = statements.add(site.context, "level", {"fault": fault, "level": "4"}, by="qian")
    both = level_row()
    assert f"双方说法不一，另一说见 #{again}" in str(both[1]) and f"#{theirs}" in str(both[3])
