"""Obligations driven from signed results and statements, through the real intake, to their ledger lines.

One estate, looked at by a round every day for five days under each contract; a fault that was probed,
answered and reported; people's statements. `KEPT` stands in docs/packs/obligations.md as the test of each id.
"""

from datetime import datetime, timedelta

import pytest

from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import cadence, derive, estates, faults, rounds, statements
from collector.packs.loading import packaged
from collector.scans.model import Finding, Severity

FIRST = {"luohe-2026": "2026-06-10", "pingdingshan-2025": "2026-06-10", "huaian-2025": "2025-08-29"}
DAYS = 5
ESTATE = """\
estate: driven
contract: {{pack: {pack}, start: {start}}}
units: [{{id: u, name: 单位}}]
systems: [{{id: s, unit: u, name: 系统, owner: zhang, core: true, service: p}}]
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
# Obligations that these signed results alone keep (what each statement adds stands in the second table).
KEPT = {
    "luohe-2026": ("LH-10", "LH-12", "LH-31", "LH-44"),
    "pingdingshan-2025": (
        *("PD-23", "PD-24", "PD-27", "PD-28", "PD-32", "PD-33", "PD-34", "PD-39", "PD-43", "PD-48"),
        *("PD-49", "PD-37"),
    ),
    "huaian-2025": (
        *("HA-02", "HA-03", "HA-04", "HA-13", "HA-19", "HA-20", "HA-21", "HA-22", "HA-23", "HA-26"),
    ),
}


def at(day, clock):
    return int(datetime.fromisoformat(f"{day.isoformat()}T{clock}+08:00").timestamp() * 1000)


class Driven:
    """A collector under one contract, five days after its start."""

    def __init__(self, site, pack):
        self.site, self.world = site, site.world
        self.first = datetime.fromisoformat(FIRST[pack]).date()
        text = ESTATE.format(pack=pack, start=FIRST[pack])
        self.world.at = at(self.first, "00:10")
        self.loaded = read_estate("estate.yaml", lambda _: text.encode(), installed())
        estates.apply(site.context, self.loaded, by="test")
        self.agent = self.world.agent("h1")

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

    def lines(self):
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            told = cadence.ledger(conn, self.world.at)
        return {line.obligation.id: line for line in told.lines}

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
        return statements.add(self.site.context, kind, text, by="cli", document=document)

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
        self.say("level", fault=self.fault, level=2, **{"class": "larger"})
        self.say("escalated", fault=self.fault, at=f"{day}T10:08")
        self.say("fault_report_filed", fault=self.fault)
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
        self.fail_at_night(day)

    def fail_at_night(self, day):
        """Five hours from eight in the evening; it goes up every two of them."""
        self.world.at = at(day + timedelta(days=1), "02:00")
        begins = at(day, "20:00")
        times = range(at(day, "19:30"), self.world.at, 60_000)
        state = {t: "crit" if begins <= t < begins + 5 * 3_600_000 else "ok" for t in times}
        self.agent.send(*(self.sight("p", t, state[t], asset="h1") for t in times))
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            fault = faults.told(conn, self.world.at).account.faults[-1].id
        self.say("level", fault=fault, level=1 if self.pack == "luohe-2026" else 3, **{"class": "largest"})
        self.say("fault_acknowledged", fault=fault, at=f"{day}T20:05")
        self.say("arrived", fault=fault, at=f"{day}T20:40", grade="engineer")
        self.say("team_support", fault=fault, at=f"{day}T20:50")
        for clock in ("20:09", "22:05"):
            self.say("escalated", fault=fault, at=f"{day}T{clock}")
        self.say("fault_report_filed", fault=fault)

    def special(self, day):
        """A round by hand before a key moment; everything that people hand in, once."""
        self.day(day)
        start = self.first + timedelta(days=9 if self.pack == "luohe-2026" else 13)
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
                self.say("document_filed", item=item, system="s")
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
        for number in range(DAYS):
            made.day(made.first + timedelta(days=number))
        made.world.at = at(made.first + timedelta(days=DAYS), "07:00")
        made.found = made.lines()
        made.fail_and_answer(made.first + timedelta(days=DAYS))
        made.special(made.first + timedelta(days=DAYS + 1))
        made.ended = made.term()
        yield made


def test_signed_results_alone_keep_these_obligations(driven):
    wrong = {
        name: (
            driven.found[name].standing.value,
            [r.id for r in driven.found[name].rows if r.state != "done"][:3],
        )
        for name in KEPT[driven.pack]
        if driven.found[name].standing.value != "kept" and not _running(driven.found[name])
    }
    assert wrong == {}


def _running(line):
    """Kept so far: nothing is over yet, and somebody has looked."""
    return line.standing.value == "open" and any(row.entries for row in line.rows)


def test_each_of_them_names_the_entries_that_prove_it(driven):
    assert [name for name in KEPT[driven.pack] if not driven.found[name].entries] == []


def test_dump(driven):
    for name, line in driven.ended.items():
        done = [r.id for r in line.rows if r.state in ("done", "late") and (r.entries or r.turn.needed == 0)]
        if not done and line.obligation.tag != "MANUAL":
            print(
                driven.pack, name, line.standing.value, {k: v for k, v in line.counts.items() if v}, done[:2]
            )
