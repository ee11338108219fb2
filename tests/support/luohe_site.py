"""A Luohe collector on a clock that the test moves: rounds, scans and statements through the real intake."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from parts import loaded

from checks import registry
from checks.api import Seen, worst
from checks.codec import from_json, to_json
from checks.host import load
from checks.sources import Load
from collector.cli_server import make
from collector.context import open_context
from collector.evidence.bundle import Period
from collector.evidence.policy import parse_policy
from collector.jobs import bundles, derive, estates, rounds, scans, statements
from collector.jobs.checkpoints import Publisher
from collector.scans.model import Finding, Scan
from collector.store import plans
from collector.verify.verify import Options, verify_bundle

worlds = loaded("derive/conftest.py")

HOUR = 3_600_000
DAY = 24 * HOUR
MINUTE = 60_000
CONNECTED = {"outcome": "connected", "address": "192.0.2.17", "resolve_us": 240, "connect_us": 900}
REFUSED = {**CONNECTED, "outcome": "refused", "connect_us": None}
AGENTS = ("web-01", "web-02", "mail-01")
PARAMS = to_json(load.Params())
UNPROBED = """\
estate: luohe-trading
timezone: Asia/Shanghai
contract: {pack: luohe-2026, start: 2026-06-10}
units:
  - {id: centre, name: 交易中心}
  - {id: county, name: 县级中心}
systems:
  - {id: portal, unit: centre, name: 门户网站, core: true, owner: ops-1}
  - {id: mail, unit: county, name: 邮件}
assets:
  - {id: web-01, kind: server, system: portal, agent: web-01}
  - {id: web-02, kind: server, system: portal, agent: web-02}
  - {id: mail-01, kind: server, system: mail, agent: mail-01}
rounds:
  - {id: weekly, every: week, on: monday, window: "09:00-17:00", assets: all, checks: [host.load]}
"""
PROBES = """\
probes:
  - {id: portal-web, check: service.tcp, from: [web-02], every: 5m, params: {host: portal.example, port: 443}}
"""
ESTATE = UNPROBED.replace("rounds:", f"{PROBES}rounds:")
ESTATE = ESTATE.replace("ops-1}", "ops-1, service: portal-web, target: 99.9%}")


def at(text: str) -> int:
    """UTC ms of a local instant in China."""
    return int(datetime.fromisoformat(text + "+08:00").timestamp() * 1000)


BEGIN = at("2026-07-01T00:00")


class Site:
    """What tests do with the collector."""

    def __init__(self, world: Any, estate: str = ESTATE) -> None:
        self.world = world
        self.context = world.context
        self.estate = estate

    def apply(self, text: str = "") -> None:
        """An estate; its own without one."""
        estates.apply(self.context, self.world.estate(text or self.estate), by="test")

    def go(self, text: str) -> int:
        self.world.at = at(text)
        return self.world.at

    def look(self, target: str, window: str, t: int, state: str = "ok") -> Any:
        if state == "error":
            return worlds.Sight(
                target, t, "error", check="host.load", round=window, asset=target, params=PARAMS
            )
        heavy = 50 if state == "ok" else 5_000
        facts = load.Facts(Load(heavy, heavy, heavy, 1))
        readings = tuple(load.judge(Seen(facts, t), load.Params()))
        return worlds.Sight(
            target,
            t,
            str(worst(one.state for one in readings)),
            check="host.load",
            round=window,
            asset=target,
            params=PARAMS,
            facts=to_json(facts),
            readings=readings,
        )

    def inspect(
        self, monday: str, agents: tuple[str, ...] = AGENTS, hour: str = "09:30", **state: str
    ) -> None:
        """The weekly round of that Monday, by these agents; closed at once where all have answered."""
        self.go(f"{monday}T{hour}")
        for name in agents:
            word = state.get(name.replace("-", "_"), "ok")
            self.send(name, self.look(name, f"weekly/{monday}", self.world.at, word))
        self.settle()

    def probe(self, *times: tuple[str, bool], every: int = 5 * MINUTE) -> None:
        """Looks at the portal's port every five minutes (ms) from each time on, up to the next one."""
        check = registry.get("service.tcp")
        params = {"host": "portal.example", "port": 443}
        edges = [(at(text), good) for text, good in times]
        for (begin, good), (end, _) in pairwise(edges):
            found = []
            for t in range(begin, end, every):
                facts = {"connection": CONNECTED if good else REFUSED}
                seen = Seen(from_json(check.facts, facts, "facts"), t)
                whole = from_json(check.params, params, "params")
                readings = tuple(check.judge(seen, whole))
                found.append(
                    worlds.Sight(
                        "portal-web",
                        t,
                        str(worst(one.state for one in readings)),
                        params=to_json(whole),
                        facts=facts,
                        readings=readings,
                    )
                )
            self.world.at = max(self.world.at, end)
            self.send("web-02", *found)
        self.settle()

    def send(self, name: str, *sights: Any) -> Any:
        """A batch under the agent's plan in force."""
        with self.context.read() as conn:
            found = plans.current(conn, name)
        agent = self.world.agent(name)
        agent.plan = found[2] if found else ""
        return agent.send(*sights)

    def say(self, kind: str, by: str = "buyer", **fields: str) -> int:
        """A statement through a session; `from_` is the field from."""
        late = bool(fields.pop("amendment", ""))
        given = {name.rstrip("_"): value for name, value in fields.items()}
        document = b"paper" if kind in ("document_filed", "defect_report") else None
        made = statements.add(self.context, kind, given, by=by, document=document, amendment=late)
        derive.catch_up(self.context)
        return made

    def verdict(self, target: Path) -> Any:
        """What the offline verifier says of everything up to now."""
        Publisher(self.context).publish()
        bundles.make_bundle(self.context, Period("all", 0, self.context.now()), target)
        policy = parse_policy(f"log {self.context.vkey}\nquorum none\n")
        return verify_bundle(target, policy, Options(None, True, 1))

    def settle(self) -> list[str]:
        derive.catch_up(self.context)
        closed = rounds.close_due(self.context)
        derive.catch_up(self.context)
        return closed

    def scan(
        self,
        *assets: str,
        complete: bool = True,
        ended: int | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> int:
        at_ms = self.world.at if ended is None else ended
        made = Scan(
            tool="nessus",
            version="10",
            begun=at_ms - HOUR,
            ended=at_ms,
            complete=complete,
            scope=("10.0.0.0/24",),
            examined=assets,
            findings=findings,
        )
        data = f"{self.world.at}{assets}".encode()
        return scans.add(self.context, made, scans.Source(data, "scan.nessus", "test", assets))


@contextmanager
def opened(
    place: Path, begin: int | None = None, database: str | None = None, estate: str = ESTATE
) -> Iterator[Site]:
    """A collector in this directory from an instant on; from 1 July 2026 with three agents."""
    agents = AGENTS if begin is None else ()
    begin = BEGIN if begin is None else begin
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "collector.cli_server.open_context", lambda at_place: open_context(at_place, lambda: begin)
        )
        make(place, worlds.ORIGIN, "127.0.0.1:0", "http://127.0.0.1:1", database)
    world = worlds.World(place, begin)
    world.open()
    for name in agents:
        world.agent(name)
    try:
        yield Site(world, estate)
    finally:
        world.context.close()
