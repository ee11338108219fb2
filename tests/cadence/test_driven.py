"""Obligations driven from signed results and statements, through the real intake, to their ledger lines.

One estate, looked at by a round every day for a few days under each contract; a fault that was probed,
answered and reported; people's statements. It is the test that docs/packs/obligations.md names for these ids.
"""

from datetime import datetime, timedelta

import pytest

from collector.availability.calendar_cn import shipped
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.inspection.cadence_terms import Tag
from collector.jobs import cadence, derive, estates, faults, rounds, statements
from collector.packs.loading import packaged
from collector.scans.model import Finding, Severity
from collector.store import accounts

FIRST = {"luohe-2026": "2026-06-10", "pingdingshan-2025": "2026-06-10", "huaian-2025": "2025-08-29"}
DAYS = 2
ESTATE = """\
estate: driven
contract: {{pack: {pack}, start: {start}}}
units: [{{id: u, name: 单位}}]
systems: [{{id: s, unit: u, name: 系统, owner: zhang, core: true, service: p, target: 90%}}]
assets:
  - {{id: h1, kind: server, system: s, agent: h1, redfish: {{address: 10.0.0.9}},
      sql: {{address: 10.0.0.1, platform: postgresql}}}}
  - {{id: rd, kind: cache, system: s, via: h1, sql: {{address: 10.0.0.2, platform: redis}}}}
  - {{id: sw, kind: switch, system: s, via: h1, snmp: {{address: 10.0.0.3}},
      ssh: {{address: 10.0.0.3, platform: huawei_vrp}}}}
probes:
  - {{id: p, check: service.tcp, from: h1, every: 60s, params: {{host: x, port: 1}}}}
rounds:
  - {{id: daily, every: day, window: "08:00-20:00", assets: all, checks: all}}
"""
# Checks that only a site can give parameters to: their lines are signed as regular looks.
REGULAR = (
    "application.camera",
    "application.conversion",
    "application.interface",
    "application.meeting",
    "application.sms",
    "application.transaction",
    "database.log",
    "database.query",
    "file.config",
    "file.log",
    "middleware.haproxy",
    "middleware.instance",
    "middleware.tomcat",
    "security.exposed",
    "service.http",
)
# Driven by tests/cadence/test_driven_backups.py from the account of backups, and (HA-14) from its calendar.
ELSEWHERE = {
    *("LH-15", "LH-32", "PD-05", "HA-05", "HA-06", "HA-07", "HA-08", "HA-09", "HA-10", "HA-11", "HA-12"),
    *("HA-14", "LH-34", "LH-41", "LH-44", "PD-28"),
}


def at(day, clock):
    return int(datetime.fromisoformat(f"{day.isoformat()}T{clock}+08:00").timestamp() * 1000)


class Driven:
    """A collector under one contract, from its start on."""

    def __init__(self, site, pack):
        self.site, self.world = site, site.world
        self.first = datetime.fromisoformat(FIRST[pack]).date()
        text = ESTATE.format(pack=pack, start=FIRST[pack])
        self.world.at = at(self.first, "00:10")
        self.loaded = read_estate("estate.yaml", lambda _: text.encode(), installed())
        estates.apply(site.context, self.loaded, by="test")
        self.agent = self.world.agent("h1")
        with site.context.write() as conn:
            accounts.create(conn, "buyer-1", "Cold-harbour-42", "buyer")

    def day(self, day):
        self.world.at = at(day, "09:00")
        self.agent.send(*(self.sight(check, self.world.at - 500, check=check) for check in REGULAR))
        self.day_lines(f"daily/{day.isoformat()}")

    def day_lines(self, window):
        """Every look that the round owes, signed, and the round closed."""
        lines = [
            self.sight(
                look.target,
                self.world.at - 1000,
                check=look.check.id,
                round=window,
                asset=look.asset,
                params=dict(look.params),
            )
            for look in self.loaded.rounds["daily"]
        ]
        self.agent.send(*lines)
        derive.catch_up(self.site.context)
        rounds.close_due(self.site.context)
        derive.catch_up(self.site.context)

    def term(self):
        """The whole term, as of its end."""
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            told = cadence.ledger(conn, at(self.first + timedelta(days=370), "00:00"), whole_term=True)
        return {line.obligation.id: line for line in told.lines}

    def say(self, kind, **fields):
        text = {name: str(value) for name, value in fields.items()}
        document = (
            b"%PDF" if kind in ("document_filed", "fault_report_filed", "defect_report", "plan") else None
        )
        try:
            return statements.add(self.site.context, kind, text, by="cli", document=document)
        except statements.StatementError as error:
            if error.code != "no_right":  # of that kind, or under that contract
                raise
            return statements.add(self.site.context, kind, text, by="buyer-1", document=document)

    def fail_and_answer(self, day):
        """Half an hour of failing probes; whoever is on duty answers, comes, and hands in a report."""
        self.day(day)
        self.world.at = at(day, "11:30")
        times = range(at(day, "09:30"), self.world.at, 60_000)
        down = (at(day, "10:00"), at(day, "10:30"))
        self.agent.send(
            *(self.sight("p", t, "crit" if down[0] <= t < down[1] else "ok", asset="h1") for t in times)
        )
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            self.fault = faults.told(conn, self.world.at).account.faults[0].id
        self.say("fault_acknowledged", fault=self.fault, at=f"{day}T10:04")
        self.say("team_support", fault=self.fault, at=f"{day}T10:10")
        for grade in ("technician", "engineer", "expert", "manager"):
            self.say("arrived", fault=self.fault, at=f"{day}T10:20", grade=grade)
        self.say("level", fault=self.fault, level=1, **{"class": "larger"})
        self.say("escalated", fault=self.fault, at=f"{day}T10:08")
        self.say("fault_report_filed", fault=self.fault)
        change = self.say("change_requested", change="C-1", system="s", what="升级")
        self.say("change_approved", entry=change, approved="true")
        if self.pack == "huaian-2025":
            self.say("migration", **{"system": "s", "from": f"{day}T09:35", "to": f"{day}T09:55"})
        warned = self.say("warning_received", at=f"{day}T10:00", from_whom="city", text="预警")
        self.say("warning_acted", entry=warned, at=f"{day}T11:00")
        flaw = Finding("nessus:1", "h1", "443/tcp", "旧版 OpenSSL", Severity.CRITICAL)
        self.site.scan("h1", "rd", "sw", findings=(flaw,))
        self.world.at = at(day, "15:00")
        self.site.scan("h1", "rd", "sw")
        for kind, more in (
            ("security_event", {"severity": "hazard", "found_by": "vendor"}),
            ("emergency", {}),
        ):
            entry = self.say(kind, at=f"{day}T14:00", text="事件", **more)
            self.say("event_responded", entry=entry, at=f"{day}T14:05")
            self.say("event_closed", entry=entry, at=f"{day}T14:30")
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            known = faults.told(conn, self.world.at).account.vulnerabilities
        for flaw in known:
            plan = self.say("fix_plan", finding=flaw.id, at=f"{day}T14:40", plan="升级")
            self.say("fix_plan_approved", entry=plan, approved="true")

    def fail_at_night(self):
        """On the next rest day, five hours from eight in the evening; it goes up every two of them."""
        day = self.first + timedelta(days=DAYS + 2)
        while shipped().is_workday(day):
            day += timedelta(days=1)
        self.world.at = at(day + timedelta(days=1), "02:00")
        begins = at(day, "20:00")
        times = range(at(day, "19:30"), self.world.at, 120_000)
        state = {t: "crit" if begins <= t < begins + 5 * 3_600_000 else "ok" for t in times}
        self.agent.send(*(self.sight("p", t, state[t], asset="h1") for t in times))
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            fault = faults.told(conn, self.world.at).account.faults[-1].id
        self.say("level", fault=fault, level=3, **{"class": "largest"})
        self.say("fault_acknowledged", fault=fault, at=f"{day}T20:05")
        self.say("arrived", fault=fault, at=f"{day}T20:40", grade="engineer")
        self.say("team_support", fault=fault, at=f"{day}T20:50")
        for clock in ("20:09", "22:05"):
            self.say("escalated", fault=fault, at=f"{day}T{clock}")
        self.say("fault_report_filed", fault=fault)

    def special(self, day):
        """A round by hand before a key moment; everything that people hand in, once."""
        self.day(day)
        start = self.first + timedelta(days=DAYS + (3 if self.pack == "luohe-2026" else 8))
        self.say("key_moment", **{"id": "m", "from": start, "to": start + timedelta(days=1)})
        window, _, _ = estates.run_round(self.site.context, "daily", by="test")
        self.world.at += 60_000
        self.day_lines(window.id)
        self.say("roster", **{"from": self.first, "to": self.first + timedelta(days=300), "people": 12})
        for kind in ("visit", "site_check"):
            self.say(kind, unit="u", at=f"{day}T08:00")
        self.say("training", at=f"{day}T08:00", topic="运维")
        self.say("emergency_drill", at=f"{day}T08:00")
        self.say("plan", scenario="outage")
        self.say("defect_report", period=f"{self.first}/{self.first + timedelta(days=80)}")
        for word in sorted(self.words()):
            kind, _, item = word.partition(":")
            if kind == "document":
                period = {"period": f"{self.first:%Y-%m}"} if item == "monthly-inspection" else {}
                self.say("document_filed", item=item, system="s", **period)
            elif kind == "signed":
                self.say("report_signed", item=item, period=f"{self.first:%Y-%m}")
            elif kind == "activity":
                self.say("activity", activity=item, at=f"{day}T08:00")
        self.world.at = at(day, "18:00")

    def words(self):
        terms = packaged(self.pack).pack.obligations
        return {word for one in terms.obligations for cadence in one.cadences for word in cadence.what}


@pytest.fixture(scope="module", params=tuple(FIRST))
def driven(request, luohe, tmp_path_factory):
    place = tmp_path_factory.mktemp("driven") / "collector"
    with luohe.opened(place, at(datetime.fromisoformat(FIRST[request.param]).date(), "00:00")) as site:
        made = Driven(site, request.param)
        made.sight, made.pack = luohe.worlds.Sight, request.param
        made.before = made.term()
        for number in range(DAYS):
            made.day(made.first + timedelta(days=number))
        made.fail_and_answer(made.first + timedelta(days=DAYS))
        made.special(made.first + timedelta(days=DAYS + 1))
        made.fail_at_night()
        made.ended = made.term()
        yield made


def test_every_obligation_that_a_machine_has_a_part_in_reaches_its_line_with_its_evidence(driven):
    """AUTO and SEMI: some row of it is done, by entries of the log; what is always owed was never broken."""
    bare = [
        name
        for name, line in driven.ended.items()
        if line.obligation.tag != Tag.MANUAL and name not in ELSEWHERE and not _proven(line)
    ]
    assert bare == []


def _proven(line):
    return any(row.state == "done" and (row.entries or row.turn.needed == 0) for row in line.rows)


def test_manual_ones_have_a_form_and_who_files_it_and_show_what_was_filed(driven):
    lines = [line for line in driven.ended.values() if line.obligation.tag == Tag.MANUAL]
    assert [line.obligation.id for line in lines if not (line.obligation.form and line.obligation.who)] == []
    filed = {item.kind: item for line in lines for item in line.filed}
    assert filed and all(item.by and item.received_ms for item in filed.values())
    assert all(len(item.digest) == 64 for kind, item in filed.items() if kind == "document_filed")


def test_what_nobody_did_is_missed_or_not_proven_and_never_kept(driven):
    empty = {name for name, line in driven.before.items() if line.standing.value == "kept"}
    assert empty <= {"LH-23", "PD-49"}  # what the estate itself says: intervals of service, owners
