"""A log whose estate in force this program cannot read: people still log in, and every page says so."""

import json

import pytest
from click.testing import CliRunner
from parts import loaded
from sqlalchemy import func, select, update

from checks.wire.numbers import ENC_RAW
from collector.cli import main
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.evidence.agents import AgentState
from collector.jobs import derive, estates, lifecycle
from collector.store import agents
from collector.store import estates as applied
from collector.store.evidence import body_table, entry_table
from collector.web import current

worksite = loaded("web/worksite.py")

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


def test_an_agent_is_not_half_let_in(unread):
    agent = worksite.Agent("web-09", unread)
    with unread.read() as conn:
        before = conn.scalar(select(func.count()).select_from(entry_table))
    with pytest.raises(lifecycle.LifecycleError, match=r"cannot be read, apply it again.*host\.of_later"):
        agent.enrol()
    with unread.read() as conn:
        assert conn.scalar(select(func.count()).select_from(entry_table)) == before
        (waiting,) = (one for one in agents.every(conn) if one.agent == "web-09")
    assert waiting.state is AgentState.PENDING


def test_a_command_that_needs_the_estate_says_so_and_ends_without_a_traceback(unread):
    ran = CliRunner().invoke(main, ["token", "create", str(unread.directory), "--asset", "h"])
    assert ran.exit_code == 2 and isinstance(ran.exception, SystemExit)
    assert "cannot read the estate in force" in ran.output and "host.of_later" in ran.output


class Cleared(dict):
    """What requests share: each time somebody has looked, one of after another apply has thrown all away."""

    def __contains__(self, key):
        found = super().__contains__(key)
        self.clear()
        return found

    def get(self, key, default=None):
        found = super().get(key, default)
        self.clear()
        return found


def test_the_estate_is_there_for_a_request_beside_one_that_saw_another_apply(context, app):
    """It said that there was none."""
    estates.apply(context, read_estate("estate.yaml", lambda _: ESTATE.encode(), installed()), by="root")
    derive.catch_up(context)
    with app.app_context():
        first = current.estate()
    assert first is not None
    app.extensions["roundseal_estate"] = Cleared(app.extensions["roundseal_estate"])
    for _ in range(2):  # found, then read anew
        with app.app_context():
            assert current.estate() == first
