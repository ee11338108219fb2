"""Faults and findings through the real intake, log and commands: silence and lateness first."""

import contextlib
import json
import shutil
from datetime import datetime

import pytest
from click.testing import CliRunner
from parts import loaded
from sqlalchemy import select

from checks.api import Reading, State, Unit
from checks.codec import to_json
from checks.host import load
from collector.cli import main
from collector.cli_server import make
from collector.context import open_context
from collector.faults.notices import inspected
from collector.jobs import derive, estates, faults, rounds, scans, scorecards, statements
from collector.scans.model import Finding, Scan, Severity
from collector.store import accounts
from collector.store import faults as store
from collector.store.accounts import Role
from collector.store.faults import notice_table
from collector.store.rounds import records

worlds = loaded("derive/conftest.py")

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
ESTATE = """\
estate: luohe-trading
timezone: Asia/Shanghai
contract: {pack: luohe-2026, start: 2026-06-10}
units: [{id: centre, name: 交易中心}]
systems: [{id: portal, unit: centre, name: 门户网站, core: true, owner: ops-1, service: web, target: 99.9%}]
assets: [{id: web-01, kind: server, system: portal, agent: web-01}]
probes: [{id: web, check: service.tcp, from: web-01, every: 60s, params: {host: x, port: 1}}]
rounds: [{id: weekly, every: week, on: monday, window: "09:00-17:00", assets: all, checks: [host.load]}]
windows: [{id: w1, from: 2026-07-14T10:00, to: 2026-07-14T12:00, systems: portal}]
"""


def at(text):
    """UTC ms of a local time in China."""
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp()) * 1000


BAD = at("2026-07-14 10:00")
BEGIN = at("2026-07-12 00:00")


class Site:
    """A collector on a clock that the test moves, one agent, accounts of both sides."""

    def __init__(self, world):
        self.world, self.context = world, world.context

    def probe(self, start, end, state, every=MINUTE):
        sights = [worlds.Sight("web", t, state) for t in range(start, end, every)]
        self.world.at = max(self.world.at, end)
        self.world.agent("web-01").send(*sights)

    def inspect(self, monday, state):
        self.world.at = at(f"{monday} 09:30")
        reading = Reading("load1", 1, Unit.PERCENT, State(state))
        params = to_json(load.Params())
        look = worlds.Sight(
            "web-01",
            self.world.at,
            state,
            check="host.load",
            round=f"weekly/{monday}",
            asset="web-01",
            params=params,
            readings=(reading,),
        )
        self.world.agent("web-01").send(look)
        derive.catch_up(self.context)
        rounds.close_due(self.context)
        derive.catch_up(self.context)

    def say(self, kind, by="manager", **fields):
        paper = fields.pop("paper", None)
        given = {k.rstrip("_"): v for k, v in fields.items()}
        return statements.add(self.context, kind, given, by=by, document=paper)

    def told(self, period=None, as_of=None):
        derive.catch_up(self.context)
        with self.context.read() as conn:
            return faults.told(conn, self.world.at if as_of is None else as_of, period)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A collector with accounts and the estate; tests get copies."""
    place = tmp_path_factory.mktemp("faults") / "collector"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("collector.cli_server.open_context", lambda at: open_context(at, lambda: BEGIN))
        make(place, worlds.ORIGIN, "127.0.0.1:0", "http://127.0.0.1:1", None)
    world = worlds.World(place, BEGIN)
    world.open()
    with contextlib.closing(world.context):
        estates.apply(world.context, world.estate(ESTATE), by="test")
        with world.context.write() as conn:
            for name, role in (("wang", Role.OPERATOR), ("manager", Role.MANAGER), ("buyer", Role.BUYER)):
                row = {"name": name, "hash": "-", "role": role, "must_change": False, "disabled": False}
                conn.execute(accounts.account_table.insert().values(row))
    return place


@pytest.fixture
def site(fresh, tmp_path, monkeypatch):
    shutil.copytree(fresh, tmp_path / "collector")
    world = worlds.World(tmp_path / "collector", BEGIN)
    world.open()
    monkeypatch.setattr("collector.cli_faults.open_context", lambda at: open_context(at, world.now))
    world.agent("web-01")
    yield Site(world)
    world.context.close()


def run(site, *arguments):
    parts = [str(site.world.directory) if part == "DIR" else part for part in arguments]
    done = CliRunner().invoke(main, parts)
    assert "Traceback" not in done.output
    return done


def broken(site):
    """Up, down for half an hour, up again."""
    site.probe(BAD - HOUR, BAD, "ok")
    site.probe(BAD, BAD + 30 * MINUTE, "crit", 10 * SECOND)
    site.probe(BAD + 30 * MINUTE, BAD + 2 * HOUR, "ok")


def test_a_fault_is_found_in_the_runs_with_its_proof_and_its_unapproved_window(site):
    broken(site)
    (fault,) = site.told("2026-07").account.faults
    assert (fault.id, fault.unit, fault.judged.level) == ("portal@2026-07-14T02:00:00Z", "centre", 1)
    assert (fault.moments.onset_ms, fault.moments.detected_ms) == (BAD, BAD + 10 * SECOND)
    assert fault.moments.recovered_ms == BAD + 30 * MINUTE
    assert "window_never_approved:w1" in fault.flags
    assert fault.proofs[0].signer == "web-01"
    assert fault.measured.least[0] <= 30 * MINUTE <= fault.measured.most[0]


def test_work_that_was_approved_before_is_no_fault(site):
    site.world.at = BAD - DAY
    statements.add(site.context, "approval", {"window": "w1"}, by="manager")
    broken(site)
    assert site.told("2026-07").account.faults == ()


def test_a_fault_that_runs_over_the_periods_end_is_found_whole_and_once(site):
    edge = at("2026-08-10 00:00")
    site.probe(edge - 2 * HOUR, edge - HOUR, "ok")
    site.probe(edge - HOUR, edge + 26 * HOUR, "crit", 2 * MINUTE)
    site.probe(edge + 26 * HOUR, edge + 28 * HOUR, "ok")
    (fault,) = site.told("2026-07").account.faults
    assert (fault.moments.onset_ms, fault.moments.recovered_ms) == (edge - HOUR, edge + 26 * HOUR)
    assert site.told("2026-08").account.faults == ()
    assert [item.facts["late"] for item in site.told("2026-07").items if item.kind == "fault"] == [True]


def test_the_past_stays_as_it_was_known(site):
    broken(site)
    site.world.at = BAD + DAY
    site.say("level", fault="portal@2026-07-14T02:00:00Z", level="3", class_="ordinary")

    def levels(as_of):
        return [fault.judged.level for fault in site.told("2026-07", as_of).account.faults]

    assert levels(BAD + MINUTE) == []  # the looks had not come yet
    assert levels(BAD + 3 * HOUR) == [1]
    assert levels(site.world.at) == [3]


def test_a_statement_about_a_fault_that_nobody_knows_is_refused(site):
    broken(site)
    assert len(site.told("2026-07").account.faults) == 1
    for ref in ("portal@2026-07-14T05:00:00Z", "nobody@2026-07-14T02:00:00Z", "x"):
        with pytest.raises(statements.StatementError) as found:
            site.say("level", fault=ref, level="3")
        assert found.value.code == "unknown_fault"
    site.say("level", fault="portal@2026-07-14T02:10:00Z", level="3")  # inside it: evidence may move an onset
    assert site.told("2026-07").account.faults[0].judged.level == 3
    said = run(site, "faults", "DIR", "--period", "2026-07").output
    assert "not confirmed by the buyer: level" in said


def test_the_commands_show_what_is_late_unknown_or_asked(site):
    broken(site)
    site.say("fault_acknowledged", by="wang", fault="portal@2026-07-14T02:00:00Z", at="2026-07-14T10:05")
    done = run(site, "faults", "DIR", "--period", "2026-07")
    assert done.exit_code == 1
    assert "level 1 proposed" in done.output
    assert "asked: level, cause, vendor_cause, impact" in done.output
    whole = run(site, "faults", "DIR", "portal@2026-07-14T02:00:00Z")
    # He wrote it down long after, and the buyer has not confirmed it.
    assert "response: unknown (late_statement), 10 minutes" in whole.output
    assert "acknowledged" in whole.output
    data = json.loads(run(site, "faults", "DIR", "--json").output)
    assert data["faults"][0]["draft"]["duration_ms"] == 30 * MINUTE


def test_what_is_not_there_exits_with_two(site, tmp_path):
    for arguments in (
        ("faults", str(tmp_path / "nothing")),
        ("faults", "DIR", "--period", "1999-01"),
        ("faults", "DIR", "nobody@2026-07-14T02:00:00Z"),
        ("findings", "DIR", "H0000000000"),
        ("findings", "DIR", "--as-of", "someday"),
    ):
        assert run(site, *arguments).exit_code == 2, arguments


def test_a_finding_is_carried_from_record_to_record_and_closed_by_a_reading(site):
    site.inspect("2026-07-13", "crit")
    (finding,) = site.told().account.findings
    assert (finding.check, finding.owner, finding.unit) == ("host.load", "ops-1", "centre")
    assert run(site, "findings", "DIR").exit_code == 1
    site.inspect("2026-07-20", "crit")
    assert len(site.told().account.findings[0].records) == 2
    site.inspect("2026-07-27", "ok")
    (finding,) = site.told().account.findings
    assert finding.closed_by == "reading"
    assert run(site, "findings", "DIR").exit_code == 0
    assert finding.id in run(site, "findings", "DIR", "--all").output


def test_a_late_recovery_costs_its_points_in_the_scorecard_and_says_by_what(site):
    site.probe(BAD - HOUR, BAD, "ok")
    site.probe(BAD, BAD + 3 * HOUR, "crit", MINUTE)
    site.probe(BAD + 3 * HOUR, BAD + 4 * HOUR, "ok")
    site.world.at = at("2026-08-11 00:00")
    site.told()

    def made():
        derive.catch_up(site.context)
        return scorecards.scorecard(site.context, "2026-07")

    def line():
        lines = made().scorecard.lines
        return next(one for one in lines if one.id == "incidents" and one.unit == "centre")

    # Nobody watched the rest of the month, and nobody scanned: 20 at best.
    assert (line().points, line().high, line().state) == (None, 20, "not_proven")
    site.say(
        "force_majeure_claimed", fault="portal@2026-07-14T02:00:00Z", reason="挖断光缆", paper=b"%PDF-1.7"
    )
    # What ran out is suspended; whether the response was kept nobody has stated: 20 or 30.
    assert (line().points, line().high) == (None, 30)
    gaps = {one.reason for one in made().facts.gaps if one.kind == "fault" and one.facts}
    assert gaps == {"no_statement"}  # one deduction a fault, so one gap


def test_a_rebuild_gives_the_same_rows_and_the_verifiers_way_the_same_findings(site):
    for monday, state in (
        ("2026-07-13", "crit"),
        ("2026-07-20", "warn"),
        ("2026-07-27", "ok"),
        ("2026-08-03", "crit"),
    ):
        site.inspect(monday, state)

    def rows():
        with site.context.read() as conn:
            return [tuple(row) for row in conn.execute(select(notice_table))]

    before, account = rows(), site.told().account
    assert [row[4] for row in before] == ["bad", "bad", "good", "bad"]
    derive.rebuild(site.context)
    assert rows() == before
    assert site.told().account == account
    with site.context.read() as conn:
        read = [(row.idx, rounds.read_record(conn, row)) for row in records(conn)]
        assert inspected(read) == store.inspected(conn, site.world.at, 10**6)


def test_a_scan_opens_a_flaw_that_a_later_scan_closes(site):
    site.world.at = BAD
    for n, found in enumerate((True, False)):
        flaws = (Finding("CVE-2026-1", "10.0.0.5", "443", "x", Severity.CRITICAL),) if found else ()
        scan = Scan("nessus", "1", ("net",), ("10.0.0.5",), site.world.at - HOUR, site.world.at, flaws)
        scans.add(site.context, scan, scans.Source(f"{n}".encode(), "a.nessus", "wang", ("web-01",), "net"))
        site.world.at += 2 * DAY
    (flaw,) = site.told().account.vulnerabilities
    assert (flaw.system, flaw.ended_by, flaw.clocks[0].state) == ("portal", "rescan", "late")
    kinds = {
        item.kind: item.facts["severity"] for item in site.told("2026-07").items if "severity" in item.facts
    }
    assert kinds == {"vulnerability_late": "critical"}
