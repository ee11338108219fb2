"""Records with human items as documents, in both languages; what was not done is said."""

import io
import re
import shutil
import subprocess
import zipfile

import pytest
from openpyxl import load_workbook

from collector.inspection.human import Answer
from collector.reports import record as exports
from collector.reports.record_pdf import FontMissingError

DIGEST = "ab" * 32
WORDS = {
    "zh": ("未做", "已签核", "证据等级 D", "空调下方有水渍"),
    "en": ("Not done", "signed off", "Grade D"),
}
TICKED = re.compile("[☑☒✓✔√■]")


@pytest.fixture
def closed(walk):
    walk.arrive()
    first = walk.enter("room-1", Answer("water", "crit", "空调下方有水渍", photos=(DIGEST,)))
    last = walk.enter("room-1", Answer("water", "unknown", "=1+1", 23, "℃", corrects=first))
    walk.sign(last)
    walk.at(40)
    walk.close()
    return exports.closed(walk.context, "walk/2026-11-16")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_word_document_says_it_all(closed, lang):
    data = exports.export(closed, "docx", lang)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        said = re.sub(r"<[^>]+>", "", opened.read("word/document.xml").decode())
    assert all(word in said for word in (*WORDS[lang], DIGEST, "zhao")), said
    assert not TICKED.search(said) and "{%" not in said


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_says_it_all_and_runs_no_formula(closed, lang):
    book = load_workbook(io.BytesIO(exports.export(closed, "xlsx", lang)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    values = [str(cell.value) for cell in cells]
    assert DIGEST in values and "zhao" in values and WORDS[lang][0] in values
    assert any("=1+1" in value for value in values)
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_the_pdf_says_it_all(closed, tmp_path):
    try:
        data = exports.export(closed, "pdf", "zh")
    except FontMissingError as error:
        pytest.skip(f"NOT TESTED: {error}")
    if shutil.which("pdftotext") is None:
        pytest.skip("NOT TESTED: pdftotext is not installed, so no PDF was read back")
    (tmp_path / "one.pdf").write_bytes(data)
    done = subprocess.run(["pdftotext", tmp_path / "one.pdf", "-"], capture_output=True, check=True)
    flat = re.sub(r"\s+", "", done.stdout.decode())
    assert all(word.replace(" ", "") in flat for word in (*WORDS["zh"], "zhao", DIGEST))


def test_the_command_shows_what_people_saw(closed, walk):
    from click.testing import CliRunner

    from collector.cli_rounds import show

    said = CliRunner().invoke(show, [str(walk.context.directory), "walk/2026-11-16"]).output
    assert "human: water room-1 unknown by zhao (entry" in said
    assert "human: lamps web-01 not_done\n" in said
    assert "not inspected: human.lamps web-01 by people: not_done" in said


@pytest.fixture
def alone(walk):
    """A round that only people have a part in, with every item answered."""
    text = re.sub(r"    assets: \[web-01\]\n    checks: .*\n", "", walk.estate_text())
    assert "checks:" not in text
    walk.at(8)
    walk.yard.apply(text)
    walk.at(9.5)
    walk.arrive()
    walk.sign(walk.everything())
    walk.close()
    return walk


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pdf", "json"])
def test_a_round_of_people_alone_that_is_wholly_done_makes_every_document(alone, kind):
    try:
        made = exports.export(exports.closed(alone.context, "walk/2026-11-16"), kind, "en")
    except FontMissingError as error:
        pytest.skip(f"NOT TESTED: {error}")
    begin = {"docx": b"PK", "xlsx": b"PK", "pdf": b"%PDF", "json": b"{"}
    assert made.startswith(begin[kind])


def test_its_page_shows_it_and_offers_no_run_by_machines(alone):
    from collector.web.app import create_app

    client = create_app(alone.context).test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text).group(1)
    given = {"csrf_token": token, "name": "zhao", "password": "Right-horse-7"}
    assert client.post("/login", data=given).status_code == 302
    page = client.get("/rounds/walk/2026-11-16").text
    assert "主机房" in page
    assert "此轮没有应检项" not in page and "证据等级 D" in page
    assert client.get("/records/json/walk/2026-11-16").mimetype == "application/json"
    rounds = client.get("/rounds").text
    assert "/rounds/run" not in rounds
    token = re.search(r'name="csrf_token" value="([^"]+)"', rounds).group(1)
    client.post("/rounds/run", data={"csrf_token": token, "round": "walk"})
    assert "没有代理参与" in client.get("/rounds").text
