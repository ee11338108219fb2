"""The end-of-term sheet (LH-23) as a document and a page: filled, verified from a bundle, forged in vain."""

import io
from dataclasses import replace

import pytest
from docx import Document
from openpyxl import load_workbook

from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.documents import parts_term
from collector.documents.parts import MOST
from collector.documents.tables import EmptyRecordError
from collector.jobs import projection, scorecards
from collector.reports.documents import KINDS, body_of, draft, export
from collector.reports.material import Material
from collector.reports.material_found import found_in, span_of
from collector.store import accounts
from collector.web.app import create_app

SUMS = [
    ["业务系统", "邮件 (mail)", "无责任人", 61, 1, 51, 9, 0, "14.754 %"],
    ["业务系统", "门户网站 (portal)", "ops-1", 61, 2, 52, 0, 7, "11.4754 %"],
]


@pytest.fixture
def ended(site, estate):
    """A mail system that ended with July, and a portal that the buyer took out of scope in August."""
    site.apply(estate.replace("name: 邮件}", "name: 邮件, in_service: [{to: 2026-08-01}]}"))
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T09:00", True))
    site.inspect("2026-07-20")
    site.go("2026-08-10T01:00")
    site.entry = site.say("in_scope", "buyer", system="portal", in_scope="false", since="2026-08-03")
    site.settle()
    return site


def material(site, period="2026-08"):
    span = span_of(site.context, period)
    return Material(site.context, span, found_in(site.context, span))


def of(verdict):
    return [(word, detail) for name, word, detail in verdict.claims if name.startswith("document ")]


def test_it_counts_days_and_names_who_says_that_something_was_not_operated(ended):
    sums, spans, hands = draft("term", material(ended), "zh").tables
    assert [list(row) for row in sums.rows[:2]] == SUMS
    told = {(row[1], row[2], row[3], row[4], row[5], row[6]) for row in spans.rows}
    place = f"#{ended.entry} (D)"
    assert ("门户网站 (portal)", "j_t_out_of_scope", "2026-08-03", "2026-08-09", 7, place) in told
    assert ("邮件 (mail)", "j_t_unseen", "2026-07-21", "2026-07-31", 11, "无人查看") in told
    assert any(row[2] == "j_t_out_of_service" and row[1] == "邮件 (mail)" for row in spans.rows)
    assert len(hands.rows) == 3
    # Up to the end of an earlier period it says nothing of the days behind it.
    june = draft("term", material(ended, "2026-06"), "en").tables[0]
    assert june.rows[0][:4] == ("system", "邮件 (mail)", "nobody", 30)


def test_it_comes_in_every_form_and_the_verifier_makes_every_cell_anew(ended, tmp_path):
    found = material(ended)
    cells = [
        cell.text
        for table in Document(io.BytesIO(export("term", found, "docx"))).tables
        for row in table.rows
        for cell in row.cells
    ]
    assert "14.754\u00a0%" in cells and "停用" in cells, cells
    assert load_workbook(io.BytesIO(export("term", found, "xlsx"))).sheetnames
    assert export("term", found, "pdf").startswith(b"%PDF")
    ((word, detail),) = of(ended.verdict(tmp_path / "b.zip"))
    assert word == "proven if" and detail.endswith("not made anew: none"), detail


def test_of_a_contract_that_replaced_another_it_begins_with_its_own_term(site, estate, tmp_path):
    """And of a period that the old one keeps it is of the old one's term."""
    site.apply(estate.replace("luohe-2026, start: 2026-06-10", "pingdingshan-2024, start: 2026-05-05"))
    site.go("2026-08-15T10:00")
    site.settle()
    site.apply(estate.replace("luohe-2026, start: 2026-06-10", "pingdingshan-2025, start: 2026-09-01"))
    site.go("2026-12-10T01:00")
    site.settle()
    with site.context.read() as conn:
        every = scorecards.every_period(conn, site.context.now())
    old, new = (
        every[0].name,
        next(one.name for one in every if one.from_ms > every[0].to_ms + 86_400_000 * 60),
    )
    days = {}
    for name in (old, new):
        export("term", found := material(site, name), "json")
        days[name] = str(found.term[0].stretches[0].first)
        site.settle()
    assert days == {old: "2026-05-05", new: "2026-09-01"}
    assert [word for word, _ in of(site.verdict(tmp_path / "b.zip"))] == ["proven if"] * 2


@pytest.mark.parametrize("row", [0, 1])
def test_a_day_that_was_moved_from_one_column_to_another_is_contradicted(ended, tmp_path, row):
    found = material(ended)
    made = draft("term", found, "zh")
    body = body_of(made, found)
    table = body["tables"][0]["rows"][row]
    table[4], table[5] = table[4] + 1, table[5] - 1
    at = found.span
    header = {"document": "term", "subject": "", "period": at.name, "from": at.from_ms, "to": at.to_ms}
    header |= {"as_of": at.as_of_ms, "estate": "", "by": "manager", "judging": body["figures"]["judging"]}
    projection.log(ended.context, [(EntryKind.RECORD, header, strict_json.dumps(body))])
    ((word, detail),) = of(ended.verdict(tmp_path / "b.zip"))
    assert word == "contradicted" and "another term-sums" in detail, detail


def test_before_a_day_of_the_term_is_over_there_is_none(site, estate):
    site.apply(estate.replace("2026-06-10", "2026-07-10"))
    site.go("2026-07-10T09:00")
    site.settle()
    with pytest.raises(EmptyRecordError):
        draft("term", material(site, "2026-07"), "zh")
    # Nor does the page say that each day was looked at.
    client = create_app(site.context).test_client()
    with site.context.write() as conn:
        client.set_cookie("roundseal", accounts.open_session(conn, "buyer", site.context.now()))
    shown = client.get("/term")
    assert shown.status_code == 200 and shown.text.count("服务期内还没有整天可列。") == 2
    assert "term" in KINDS


def test_a_document_leaves_out_the_last_rows_of_a_long_term_and_the_page_has_them(ended):
    line = material(ended).term[0]
    many = [replace(line, id=f"mail-{number:04}") for number in range(MOST + 5)]
    for made in (parts_term.sums, parts_term.spans):
        cut, shown = made(many, "en"), made(many, "en", whole=True)
        assert len(cut.rows) == MOST + 1 and "/term" in str(cut.rows[-1][0]), cut.rows[-1]
        assert len(shown.rows) >= MOST + 5 and shown.rows[:MOST] == cut.rows[:MOST]


def test_without_a_contract_there_is_no_such_page(site, estate):
    site.apply(estate.replace("contract: {pack: luohe-2026, start: 2026-06-10}\n", ""))
    client = create_app(site.context).test_client()
    assert client.get("/term").status_code in (302, 404)  # to the login first
