"""For the ledgers: a Luohe collector on a clock that the test moves, fed through the real intake."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from parts import loaded

from checks.api import Seen
from checks.codec import to_json
from checks.host import load
from checks.sources import Load
from collector.cli_server import make
from collector.context import open_context
from collector.jobs import derive, estates, rounds, scans
from collector.scans.model import Scan

worlds = loaded("derive/conftest.py")

HOUR = 3_600_000
DAY = 24 * HOUR
PARAMS = to_json(load.Params())
ESTATE = """\
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


def at(text: str) -> int:
    """UTC ms of a local instant in China."""
    return int(datetime.fromisoformat(text + "+08:00").timestamp() * 1000)


class Site:
    """What tests do with the collector."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.context = world.context

    def apply(self, text: str = ESTATE) -> None:
        estates.apply(self.context, self.world.estate(text), by="test")

    def go(self, text: str) -> int:
        self.world.at = at(text)
        return self.world.at

    def look(self, target: str, window: str, t: int, state: str = "ok") -> Any:
        if state == "error":
            return worlds.Sight(
                target, t, "error", check="host.load", round=window, asset=target, params=PARAMS
            )
        facts = load.Facts(Load(50, 50, 50, 1))
        readings = tuple(load.judge(Seen(facts, t), load.Params()))
        return worlds.Sight(
            target,
            t,
            "ok",
            check="host.load",
            round=window,
            asset=target,
            params=PARAMS,
            facts=to_json(facts),
            readings=readings,
        )

    def inspect(
        self, monday: str, agents: tuple[str, ...] = ("web-01", "web-02", "mail-01"), **state: str
    ) -> None:
        """The weekly round of that Monday, by these agents; closed at once where all have answered."""
        self.go(f"{monday}T09:30")
        for name in agents:
            window = f"weekly/{monday}"
            self.world.agent(name).send(
                self.look(name, window, self.world.at, state.get(name.replace("-", "_"), "ok"))
            )
        self.settle()

    def settle(self) -> list[str]:
        derive.catch_up(self.context)
        closed = rounds.close_due(self.context)
        derive.catch_up(self.context)
        return closed

    def scan(self, *assets: str, complete: bool = True, findings: tuple[Any, ...] = ()) -> int:
        made = Scan(
            tool="nessus",
            version="10",
            begun=self.world.at - HOUR,
            ended=self.world.at,
            complete=complete,
            scope=("10.0.0.0/24",),
            examined=assets,
            findings=findings,
        )
        data = f"{self.world.at}{assets}".encode()
        return scans.add(self.context, made, scans.Source(data, "scan.nessus", "test", assets))


@contextmanager
def opened(place: Path, begin: int | None = None, database: str | None = None) -> Iterator[Site]:
    """A collector in this directory from an instant on; from 1 July 2026 with three agents."""
    agents = ("web-01", "web-02", "mail-01") if begin is None else ()
    begin = at("2026-07-01T00:00") if begin is None else begin
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
        yield Site(world)
    finally:
        world.context.close()
