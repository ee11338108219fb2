"""A log whose estate in force this program cannot read: people still log in, and every page says so."""

import json

import pytest
from sqlalchemy import update

from checks.wire.numbers import ENC_RAW
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import derive, estates
from collector.store import estates as applied
from collector.store.evidence import body_table

ESTATE = """estate: e
timezone: Asia/Shanghai
systems: [{id: s}]
assets: [{id: h, kind: server, agent: a, system: s}]
checks: [{check: host.cpu, assets: h, every: 1m}]
"""
NEEDED = ("/", "/assets", "/systems", "/rounds")
OTHERS = ("/agents", "/settings", "/evidence", "/scans")


@pytest.fixture
def unread(context):
    """The estate in force as a newer program might have taken it: with a check that is unknown here."""
    estates.apply(context, read_estate("estate.yaml", lambda _: ESTATE.encode(), installed()), by="root")
    derive.catch_up(context)
    with context.write() as conn:
        idx = applied.newest(conn).idx
        document = json.loads(applied.document(conn, idx))
        ((name, text),) = document["files"].items()
        document["files"][name] = text.replace("host.cpu", "host.of_later")
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        conn.exec_driver_sql("DROP TRIGGER body_no_update")
        row = body_table.c.idx == idx
        assert conn.execute(update(body_table).where(row).values(enc=ENC_RAW, data=body)).rowcount == 1
    return context


def test_the_login_is_there(unread, person):
    answer = person.get("/login")
    assert answer.status_code == 200 and "<title>" in answer.text
    assert person.login("root").status_code == 302


@pytest.mark.parametrize("path", NEEDED)
def test_a_page_that_needs_the_estate_says_that_it_cannot_be_read(unread, person, path):
    assert person.login("root").status_code == 302
    answer = person.get(path)
    assert answer.status_code == 409
    assert "在用的资产文件读不懂" in answer.text and "host.of_later" in answer.text


@pytest.mark.parametrize("path", OTHERS)
def test_no_other_page_fails_bare(unread, person, path):
    assert person.login("root").status_code == 302
    answer = person.get(path)
    assert answer.status_code in (200, 409) and "<title>" in answer.text
    assert answer.status_code == 200 or "host.of_later" in answer.text
