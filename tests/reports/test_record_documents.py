"""Inspection records as documents: complete, honest, readable; and refused where there is nothing."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from checks import registry
from checks.api import ErrorKind, Reading, State, Unit, worst
from checks.codec import to_json
from checks.plan import Window
from checks.result import Result, params_digest
from collector.inspection import record as records
from collector.inspection.due import Owed
from collector.inspection.record import Counts, Frame, Place, Record, Seen
from collector.reports import record_pdf
from collector.reports.record_docx import TemplateError, docx
from collector.reports.record_pdf import FontMissingError, pdf
from collector.reports.record_view import EmptyRecordError, Source, View, view
from collector.reports.record_xlsx import xlsx

OPENED = 1_795_395_600_000
WINDOW = Window("weekly/2026-11-23", OPENED, OPENED + 28_800_000, OPENED + 604_800_000)
SOURCE = Source("test.example/log", "test.example/log+00000000+AAAA", "https://c.example", 4711, "ab" * 32)
EVIL = '=cmd|"/c calc"!A1 & <b> {{ 7 * 7 }} \x07 \U0001f4be\u0b85'
TICKED = re.compile("[☑☒✓✔√■]")


def owed(check_id: str, target: str) -> Owed:
    check = registry.get(check_id)
    return Owed(check_id, check.version, target, target, "web-01", to_json(check.params()), True)


def seen(look: Owed, state: State, at: int, error: ErrorKind | None = None) -> Seen:
    readings = (
        Reading("memory", 91, Unit.PERCENT, state, ""),
        Reading(EVIL, None, Unit.COUNT, State.UNKNOWN, "first_look"),
    )
    made = Result(
        check=look.check,
        version=look.version,
        asset=look.asset,
        target=look.target,
        vantage="web-01",
        slot=at,
        t0=at,
        t1=at + 5,
        params=params_digest(look.params),
        facts=None if error else {"odd": 1},
        readings=() if error else readings,
        state=worst(()) if error else worst(r.state for r in readings),
        error=error,
    )
    return Seen(made, at, Place(4700, 3))


@pytest.fixture(scope="module")
def record() -> Record:
    looks = [owed("host.memory", name) for name in ("web-01", "db-01", "mail-01", "gone-01")]
    found = {
        (look.check, look.target, look.agent): seen(
            look, State.CRIT, OPENED + 60_000 if number else WINDOW.to_ms + 5, error
        )
        for number, (look, error) in enumerate(zip(looks, (None, None, ErrorKind.DENIED), strict=False))
    }
    frame = Frame("weekly", "每周巡检", WINDOW, "Asia/Shanghai", "cd" * 32, WINDOW.until_ms)
    before = records.make_record(frame, looks, found, None, lambda _: None)
    earlier = replace(before, window=replace(WINDOW, id="weekly/2026-11-16"))
    return records.make_record(frame, looks, found, earlier, lambda _: None)


@pytest.fixture(scope="module", params=["zh", "en"])
def shown(request: pytest.FixtureRequest, record: Record) -> View:
    return view(record, SOURCE, request.param)


def text_of(data: bytes, tmp_path: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("NOT TESTED: pdftotext is not installed, so no PDF was read back")
    place = tmp_path / "one.pdf"
    place.write_bytes(data)
    done = subprocess.run(["pdftotext", place, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def words_of(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        xml = opened.read("word/document.xml").decode()
    return re.sub(r"<[^>]+>", "", xml)


def test_an_empty_record_is_refused(record: Record) -> None:
    nothing = replace(record, items=(), not_inspected=(), overview=Counts(*[0] * 10))
    with pytest.raises(EmptyRecordError, match="nothing was due"):
        view(nothing, SOURCE, "zh")


def test_without_a_chinese_font_the_package_is_named(monkeypatch: pytest.MonkeyPatch, record: Record) -> None:
    monkeypatch.setattr(record_pdf, "FAMILIES", ("No Such Font",))
    with pytest.raises(FontMissingError, match="fonts-noto-cjk"):
        pdf(view(record, SOURCE, "zh"), records.encode(record))


def test_the_pdf_says_what_is_missing_and_ticks_nothing(shown: View, record: Record, tmp_path: Path) -> None:
    try:
        made = pdf(shown, records.encode(record))
    except FontMissingError as error:
        pytest.skip(f"NOT TESTED: {error}")
    said = text_of(made, tmp_path)
    assert "\u200b" not in said and SOURCE.digest in said
    flat = re.sub(r"\s+", "", said)
    assert "gone-01" in said and SOURCE.digest in flat and "#4711" in said
    assert ("漏检:没有结果" if shown.lang == "zh" else "missed:noresult") in flat
    assert ("非机器测量" if shown.lang == "zh" else "notmeasuredbymachine") in flat
    assert ("第1页/共" if shown.lang == "zh" else "Page1of") in flat
    assert not TICKED.search(said)
    assert "49" not in re.findall(r"\{\{.*?\}\}|\b49\b", said), "text of a machine was run as a template"
    assert b"record.json" in made


def test_the_record_itself_is_attached_to_the_pdf(record: Record, tmp_path: Path) -> None:
    if shutil.which("pdfdetach") is None:
        pytest.skip("NOT TESTED: pdfdetach is not installed")
    raw = records.encode(record)
    place = tmp_path / "one.pdf"
    try:
        place.write_bytes(pdf(view(record, SOURCE, "zh"), raw))
    except FontMissingError as error:
        pytest.skip(f"NOT TESTED: {error}")
    subprocess.run(["pdfdetach", "-saveall", "-o", tmp_path, place], check=True, capture_output=True)
    assert (tmp_path / "record.json").read_bytes() == raw


def test_the_word_document_has_every_part_its_fonts_and_no_tick(shown: View) -> None:
    made = docx(shown)
    said = words_of(made)
    for table in shown.tables:
        assert table.title in said
    assert "gone-01" in said and SOURCE.digest in said and "{{ 7 * 7 }}" in said
    assert "{%" not in said and not TICKED.search(said)
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        styles = opened.read("word/styles.xml").decode()
        footer = "".join(opened.read(name).decode() for name in opened.namelist() if "footer" in name)
        assert any(name.startswith("word/media/") for name in opened.namelist())
        body = opened.read("word/document.xml").decode()
    assert 'w:fill="FDE7E7"' in body and "cellbg" not in body, "states have their colours"
    rows = re.findall(r"<w:tr[ >].*?</w:tr>", body, re.S)
    assert rows and all("<w:cantSplit" in row for row in rows), "no row is broken across pages"
    widths = {int(one) for one in re.findall(r'<w:gridCol w:w="(\d+)"', body)}
    assert len(widths) > 6, "columns are as wide as what stands in them"
    assert 'w:eastAsia="仿宋"' in styles and 'w:eastAsia="黑体"' in styles
    assert "NUMPAGES" in footer


def test_a_form_of_ones_own_is_filled_in_and_a_broken_one_is_refused(record: Record, tmp_path: Path) -> None:
    from docx import Document

    own = Document()
    own.add_paragraph("报告 {{ title }} {% for row in missing.rows %}[{{ row[0] }}]{% endfor %}")
    own.save(tmp_path / "own.docx")
    shown = view(record, SOURCE, "zh")
    assert "报告 日常巡检报告 [mail-01][gone-01]" in words_of(docx(shown, tmp_path / "own.docx"))
    bad = Document()
    bad.add_paragraph("{% for row in %}")
    bad.save(tmp_path / "bad.docx")
    with pytest.raises(TemplateError):
        docx(shown, tmp_path / "bad.docx")


def test_the_workbook_has_a_sheet_for_each_part_and_no_formula(shown: View) -> None:
    made = xlsx(shown)
    book = load_workbook(io.BytesIO(made))
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        assert opened.read("xl/media/image1.png").startswith(b"\x89PNG"), "no QR code"
    assert book.worksheets[0]["A1"].value == shown.title
    assert len(book.sheetnames) == 1 + len(shown.tables)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(str(cell.value).startswith('=cmd|"/c calc"') for cell in cells)


def test_late_items_say_so_and_errors_are_not_inspected(record: Record) -> None:
    shown = view(record, SOURCE, "zh")
    assert [row[5] for row in shown.items.rows] == ["逾期", "按时"]
    reasons = {row[0]: row[3] for row in shown.missing.rows}
    assert reasons == {"mail-01": "未能查看: 无权限", "gone-01": "漏检: 没有结果"}
    assert {row[4] for row in shown.carried.rows} == {"仍存在"}


def test_the_code_leads_to_the_entry_and_names_the_digest(record: Record) -> None:
    assert view(record, SOURCE, "zh").qr == f"https://c.example/evidence/4711?digest={SOURCE.digest}"
    assert b"<svg" in record_pdf.qr_svg("x")


def test_a_round_that_still_runs_has_missed_nothing_and_concludes_nothing(record: Record) -> None:
    running = view(replace(record, closed_ms=WINDOW.to_ms), None, "zh")
    facts = dict(running.facts)
    assert "漏检项" not in facts and "结案时间" not in facts and facts["待检项"] == "1"
    assert running.missing.title == "四、待检" and "没有复核结论" in running.findings.empty
    assert {row[0]: row[3] for row in running.missing.rows}["gone-01"] == "待检: 尚无结果"
    over = view(record, None, "zh")
    assert "漏检项" in dict(over.facts) and "结案时间" not in dict(over.facts)


@pytest.mark.parametrize(
    "word", ["13.59 %", "19:36", "2026-11-23 19:36", "#4700/3", "11-28 19:36:12", "4294967296.125", "1.2.3.4"]
)
def test_no_line_ends_inside_a_number_or_a_time(word: str) -> None:
    assert record_pdf.breakable(word) == word.replace(" %", "\u00a0%")


def test_lines_end_after_a_slash_and_inside_what_no_cell_can_hold() -> None:
    assert record_pdf.breakable("weekly/2026-11-23") == "weekly/\u200b2026-11-23"
    assert record_pdf.breakable("db.linjiang\u200b.example") == "db.\u200blinjiang.\u200bexample"
    assert "\u200b" in record_pdf.breakable("ab12" * 16)
    assert "\u200b" in record_pdf.breakable("9" * 40) and "\u200b" in record_pdf.breakable("é" * 20)


def test_an_open_round_has_no_entry_no_digest_and_no_code(record: Record) -> None:
    shown = view(record, None, "zh")
    assert shown.qr == "" and not [label for label, _ in shown.proof if "摘要(SHA-256)" in label]
    json.dumps(shown.proof)


def test_the_overview_counts_items_and_readings_apart_and_agrees_with_the_lists(record: Record) -> None:
    facts = dict(view(record, SOURCE, "en").facts)
    assert facts["Outcome (items by worst reading)"] == "OK 0, warning 0, unknown 0, critical 2"
    said = facts["Readings that are not OK"]
    assert said == "warning 0, critical 2 (part 2); unknown 2 (part 2b)"
    assert (len(record.problems), len(record.unclear)) == (2, 2)
