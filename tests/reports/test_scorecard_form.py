"""The printed form of a scorecard (考核评分表) of each contract, and of one that nobody here has seen."""

import io
import json
import re
import shutil
import subprocess
from datetime import UTC, date
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

from collector.documents.form_view import form_of
from collector.documents.judging_view import Words
from collector.estate.yaml_source import load
from collector.packs.checking import check
from collector.packs.form_terms import FormTerms, Sheet, lines_of
from collector.packs.loading import from_file, packaged
from collector.packs.model import compiled, read_back
from collector.packs.options import resolve
from collector.packs.shape import shaped
from collector.reports.judging_found import judged_by
from collector.reports.record_docx import docx
from collector.reports.record_pdf import FontMissingError, pdf
from collector.reports.record_view import DocumentPaper
from collector.reports.record_xlsx import xlsx
from collector.scoring.model import Gap, Item, PackPeriod, PeriodFacts, Proof, System, Unit
from collector.scoring.score import score

COUNTY = Path(__file__).parents[1] / "packs" / "county.yaml"
PACKS = ("luohe-2026", "pingdingshan-2024", "pingdingshan-2025", "huaian-2025")
PERIOD = PackPeriod("p", 1, 0, 1, date(2026, 7, 10), date(2026, 8, 10))
UNITS = (
    Unit("a", "交易中心", systems=(System("portal", "门户网站"),)),
    Unit("b", "线路", "line_rental"),
)
TICKED = re.compile("[☑☒✓✔■√]")
PROOF = (Proof(41, "srv-01", "C", 3),)


def facts(*items, gaps=()):
    return PeriodFacts(PERIOD, 2, UNITS, tuple(items), tuple(gaps))


def judged(made, found):
    card = score(made, found, resolve(made.pack, {}))
    return judged_by(made.pack, card, found)


def form(made, found, lang="zh"):
    return form_of(Words(judged(made, found), lang))


def rows_of(tables, column="j_points"):
    """(line's words, its cell) of every row, by table."""
    return [
        (row[2] or row[0], row[[one.key for one in table.columns].index(column)])
        for table in tables
        for row in table.rows
        if column in [one.key for one in table.columns]
    ]


def open_gaps():
    """Nothing is known of anything that rules count."""
    kinds = [
        "fault",
        "vulnerability_late",
        "document_present",
        "visit",
        "satisfaction",
        "missed",
        "availability",
    ]
    kinds += [
        "defect_report",
        "emergency_drill",
        "training",
        "security",
        "absence",
        "refusal",
        "finding_late",
    ]
    kinds += ["inspection", "backup", "scan", "incident_late", "promise_missed", "report_late_days"]
    units = [None, "a"]
    return [Gap(kind, "no_statement", unit) for kind in kinds for unit in units]


def paper(words, tables):
    pairs = (("考核周期", "p"), ("总分", "x"))
    return DocumentPaper(
        "zh",
        UTC,
        words.title(),
        "一、概况",
        pairs,
        tuple(tables),
        "证据",
        pairs,
        "https://x/1",
        words.terms.signers,
    )


@pytest.mark.parametrize("name", PACKS)
def test_every_line_of_a_pack_stands_in_its_form_once_and_on_its_sheet(name: str) -> None:
    pack = packaged(name).pack
    assert pack.form is not None and list(pack.form.mistakes(pack)) == []
    rows = [
        (sheet.of, row.line) for sheet in pack.form.sheets for part in sheet.sections for row in part.rows
    ]
    scored = {line: of for line, of in lines_of(pack).items() if "." not in line}
    assert {line: of for of, line in rows} == scored and len(rows) == len(scored)


@pytest.mark.parametrize("name", PACKS)
def test_nothing_unproven_has_points_in_the_form_and_nothing_is_left_out(name: str) -> None:
    made = packaged(name)
    found = facts(gaps=open_gaps())
    words = form(made, found)
    tables = list(words.tables())
    said = rows_of(tables)
    card = words.words.judged.card
    open_lines = [one for one in card.lines if one.points is None]
    assert open_lines and sum(cell == "未证实" for _, cell in said) >= len(open_lines)
    by_content = {row.content: row.line for s in words.terms.sheets for p in s.sections for row in p.rows}
    for content, cell in said:
        if content in by_content and cell != "未证实":
            assert any(one.id == by_content[content] and one.points is not None for one in card.lines), (
                content
            )
    for off in words.offs:
        assert any(content == off.title for content, _ in said), off.title


def test_points_of_units_their_mean_deductions_fines_and_money_are_those_of_the_scorecard() -> None:
    made = packaged("luohe-2026")
    found = facts(
        Item("satisfaction", Fraction(28), unit="a", proofs=PROOF),
        Item("visit", unit="a", proofs=PROOF),
        *[Item("inspection", day=date(2026, 7, day), unit="a", proofs=PROOF) for day in (14, 21, 28)],
        Item("document_required", Fraction(4), unit="a", system="portal"),
        Item("document_present", Fraction(3), unit="a", system="portal"),
        Item("deduction", Fraction(3), facts={"item": "complaint"}, proofs=PROOF),
        Item("fine", Fraction(20), facts={"item": "misoperation", "percent": True}, proofs=PROOF),
        Item("repeat_fault", proofs=PROOF),
    )
    words = form(made, found)
    tables = list(words.tables())
    assert [table.title.partition(" · ")[0] for table in tables] == [
        "使用单位评分表",
        "使用单位评分表",
        "月度考核汇总表",
        "使用单位满意度评价表",
        "使用单位满意度评价表",
    ]
    unit = dict(rows_of(tables[:1]))
    assert unit["“每月至少上门回访 1 次”"] == "8" and unit["合计"] == "79.5"
    whole = dict(rows_of(tables[2:3]))
    assert whole["经查属实的投诉"] == "-3" and whole["交易中心"] == "79.5"
    assert whole["误操作"] == "26,600.00 元" and whole["同一服务、同一原因的故障再次发生"] == "20,000.00 元"
    assert whole["破坏、篡改，可终止合同"] == "未见"
    card = words.words.judged.card
    fines = next(one for one in card.money if one.id == "fines")
    assert fines.yuan == sum(words.words.judged.fined.values()) == Decimal("46600.00")
    notes = dict(rows_of(tables[:1], "j_note"))
    assert "#41/3 (C)" in notes["“每月至少上门回访 1 次”"]


@pytest.mark.parametrize("name", PACKS)
def test_grades_have_their_english_names_in_english(name: str) -> None:
    made = packaged(name)
    found = judged(made, facts())
    for band in made.pack.scoring.grades:
        assert (
            Words(found, "en").grade(band.name).isascii() and Words(found, "zh").grade(band.name) == band.name
        )
    assert Words(found, "en").grade(None) == ""


@pytest.mark.parametrize("name", PACKS)
def test_the_form_can_be_opened_in_word_excel_and_pdf_and_no_box_is_ticked(name: str, tmp_path: Path) -> None:
    made = packaged(name)
    words = form(made, facts(Item("visit", unit="a", proofs=PROOF), gaps=open_gaps()[:4]))
    tables = list(words.tables())
    view = paper(words, tables)
    opened = Document(io.BytesIO(docx(view)))
    body = "".join(node.text or "" for node in opened.element.body.iter(qn("w:t")))
    filled = sum(bool(node.text) for node in opened.element.body.iter(qn("w:t")))
    assert filled >= 60 and made.pack.form.title in body and not TICKED.search(body)
    assert not re.search("[\ue000-\ue002]", body), "a mark of a merged cell is left"
    assert "乙方(运维单位)" in body and ("□ 满意" in body) is (made.pack.form.survey is not None)
    for table in opened.tables:
        widths = {
            sum(
                int(span.get(qn("w:val"))) if (span := cell.find(f".//{qn('w:gridSpan')}")) is not None else 1
                for cell in row._tr.findall(qn("w:tc"))
            )
            for row in table.rows
        }
        assert len(widths) == 1, "a row is wider than its table"
    book = load_workbook(io.BytesIO(xlsx(view)))
    assert len(book.sheetnames) == 1 + len(tables) and any(sheet.merged_cells.ranges for sheet in book)
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert len(cells) >= 60 and not [one for one in cells if TICKED.search(str(one))]
    try:
        (tmp_path / "form.pdf").write_bytes(pdf(view, b"{}"))
    except FontMissingError as error:
        pytest.skip(f"NOT TESTED: {error}")
    if shutil.which("pdftotext") is None:
        pytest.skip("NOT TESTED: pdftotext is not installed, so no PDF was read back")
    done = subprocess.run(["pdftotext", tmp_path / "form.pdf", "-"], capture_output=True, check=True)
    said = re.sub(r"\s+", "", done.stdout.decode())
    assert "评分标准" in said and "未证实" in said and not TICKED.search(said)


def test_a_contract_of_somebody_else_needs_yaml_only_or_no_form_at_all() -> None:
    made = from_file(COUNTY)
    assert made.pack.form is None
    older = json.dumps(
        {key: one for key, one in json.loads(made.body).items() if key != "form"},
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
    assert read_back(older).pack == made.pack and read_back(older).digest == sha256(older).hexdigest()
    plain = list(form(made, facts()).tables())
    names = {str(row[2]) for table in plain for row in table.rows}
    assert {one.title for one in made.pack.scoring.lines} <= names
    first = made.pack.scoring.lines[0]
    of = "contract" if first.per == "contract" else "unit"
    text = f"""form:
  title: 某县考核表
  title_en: A county's form
  clause: 第1条
  sheets:
  - of: {of}
    title: 评分表
    title_en: Sheet
    sections:
    - title: 巡查
      title_en: Patrols
      rows:
      - line: {first.id}
        number: 甲1
        content: 每日巡查
        standard: 每次得分
        content_en: Patrols
        standard_en: Each
"""
    wrong: list[object] = []
    terms = shaped(
        FormTerms,
        load("form.yaml", lambda _: text.encode()).value["form"],
        (),
        lambda *one: wrong.append(one),
    )
    assert wrong == [] and terms is not None
    pack = compiled(type(made.pack)(**{**_fields(made.pack), "form": terms}))
    assert read_back(pack.body).pack.form == terms
    words = form(pack, facts())
    rows = [row for table in words.tables() for row in table.rows]
    assert words.title() == "某县考核表" and ("甲1", "巡查", "每日巡查") in [row[:3] for row in rows]
    rest = {one.title for one in made.pack.scoring.lines[1:]}
    assert rest <= {str(row[2]) for row in rows}, "lines without a row of their own are printed all the same"


def _fields(pack):
    return {name: getattr(pack, name) for name in pack.__dataclass_fields__}


def test_a_form_that_names_what_the_pack_has_not_is_refused() -> None:
    made = packaged("luohe-2026")
    sheet = made.pack.form.sheets[0]
    row = sheet.sections[0].rows[0]
    part = type(sheet.sections[0])("x", "x", (row, row, type(row)("nope", "a", "b", "c", "d")))
    wrong = FormTerms("t", "t", "c", (type(sheet)(Sheet.CONTRACT, "t", "t", (part,), ("nobody",)),))
    notes: list[tuple[object, str]] = []
    check(
        type(made.pack)(**{**_fields(made.pack), "form": wrong}), lambda path, why: notes.append((path, why))
    )
    said = " ".join(why for _, why in notes)
    assert "there twice" in said and "no line named 'nope'" in said and "none of: vendor" in said
    assert "this sheet is by contract" in said
