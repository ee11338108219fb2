"""Obligations driven from signed results and statements, through the real intake, to their ledger lines.

One estate, looked at by a round every day for five days under each contract; a fault that was probed,
answered and reported; people's statements. `KEPT` stands in docs/packs/obligations.md as the test of each id.
"""

from datetime import datetime, timedelta

import pytest

from checks import registry
from checks.codec import to_json
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import cadence, derive, estates, rounds, statements

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

    def look(self, check, target, t, window=None, **more):
        params = more.pop("params", None)
        params = to_json(registry.get(check).params()) if params is None and window else params or {}
        return self.sight(
            target, t, more.pop("state", "ok"), check=check, round=window, params=params, **more
        )

    def day(self, day, state="ok"):
        self.world.at = at(day, "09:00")
        window = f"daily/{day.isoformat()}"
        lines = [
            self.sight(
                look.target,
                self.world.at - 1000,
                state,
                check=look.check.id,
                round=window,
                asset=look.asset,
                params=dict(look.params),
            )
            for look in self.loaded.rounds["daily"]
        ]
        lines += [self.sight(check, self.world.at - 500, check=check) for check in REGULAR]
        self.agent.send(*lines)
        derive.catch_up(self.site.context)
        rounds.close_due(self.site.context)
        derive.catch_up(self.site.context)

    def lines(self):
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            told = cadence.ledger(conn, self.world.at)
        return {line.obligation.id: line for line in told.lines}

    def say(self, kind, **fields):
        text = {name: str(value) for name, value in fields.items()}
        document = (
            b"%PDF" if kind in ("document_filed", "fault_report_filed", "defect_report", "plan") else None
        )
        return statements.add(self.site.context, kind, text, by="cli", document=document)


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
