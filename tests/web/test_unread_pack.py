"""A log whose estate in force holds a pack that this program cannot read: every page says so."""

import json

import pytest
from parts import loaded
from sqlalchemy import select, update

from checks.wire.numbers import ENC_RAW
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import derive, estates
from collector.store import estates as applied
from collector.store.evidence import body_table

judged_site = loaded("web/judged_site.py")

# Those that stand on the contract; of a period, a line, an obligation, and tables of them too.
JUDGED = (
    "/",
    "/scorecard",
    "/scorecard?period=2026-06",
    "/scorecard/line/visit?unit=centre",
    "/obligations",
    "/faults",
    "/archive",
    "/periods",
    "/settlement",
    "/statements",
    "/documents",
    "/tables/judging-periods.xlsx",
)
# Those that do not: their menu alone asks for the contract.
OTHERS = ("/rounds", "/systems", "/assets", "/agents", "/settings")


@pytest.fixture
def unread(context):
    """The contract in force as a newer program might have logged it: with a section that is unknown here."""
    text = judged_site.estate_of("luohe-2026")
    estates.apply(context, read_estate("estate.yaml", lambda _: text.encode(), installed()), by="root")
    derive.catch_up(context)
    with context.write() as conn:
        idx = applied.newest(conn).idx
        document = json.loads(applied.document(conn, idx))
        pack = json.loads(document["contract"]["compiled"])
        pack["section_of_later"] = {"points": 3}
        compiled = json.dumps(pack, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        document["contract"]["compiled"] = compiled
        row = body_table.c.idx == idx
        assert conn.execute(select(body_table.c.idx).where(row)).scalar() == idx
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        conn.exec_driver_sql("DROP TRIGGER body_no_update")
        conn.execute(update(body_table).where(row).values(enc=ENC_RAW, data=body))
    return context


@pytest.fixture
def visitor(unread, person):
    assert person.login("root").status_code == 302
    return person


@pytest.mark.parametrize("path", JUDGED)
def test_a_page_of_judging_says_that_the_pack_cannot_be_read(visitor, path):
    answer = visitor.get(path)
    assert answer.status_code == 409
    assert "section_of_later" in answer.text and "合同包本程序读不懂" in answer.text
    assert "<title>无法计算" in answer.text


@pytest.mark.parametrize("path", OTHERS)
def test_no_other_page_fails_bare(visitor, path):
    answer = visitor.get(path)
    assert answer.status_code in (200, 409)
    assert "<title>" in answer.text
    assert answer.status_code == 200 or "section_of_later" in answer.text
