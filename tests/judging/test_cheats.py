"""Every cheat (cheating.py) against a real data directory and the verifier, as docs/verifier.md tells it."""

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from luohe_site import AGENTS, BEGIN, Site, worlds
from parts import loaded

from collector.jobs import scorecards as jobs
from collector.verify.report import as_text

ROOT = Path(__file__).resolve().parents[2]
PERIOD = "2026-07"


cheating = loaded("judging/cheating.py")
CHEATS = cheating.CHEATS


@pytest.fixture(scope="module")
def month(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """July is over and not sealed: rounds, one bad, one with an error, one with gaps; an outage; words."""
    place = tmp_path_factory.mktemp("cheats") / "collector"
    shutil.copytree(fresh, place)
    world = worlds.World(place, BEGIN)
    world.open()
    for name in AGENTS:
        world.agent(name)
    site = Site(world)
    site.apply()
    site.inspect("2026-07-06")
    site.inspect("2026-07-13", web_01="crit")
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.probe(("2026-07-14T13:00", True), ("2026-07-14T15:00", True))
    site.go("2026-07-15T12:00")
    site.say("visit", "operator", unit="centre", at="2026-07-15T11:00+08:00")
    site.inspect("2026-07-20", web_01="error")
    site.say("complaint", at="2026-07-19T09:00+08:00", justified="true", points="5", text="x")
    site.inspect("2026-07-27", ("web-01",))
    site.go("2026-08-10T01:00")
    site.settle()
    world.context.close()
    return world


@pytest.fixture
def hand(month: Any, tmp_path: Path, estate: str) -> Iterator[Any]:
    shutil.copytree(month.directory, tmp_path / "collector")
    world = worlds.World(tmp_path / "collector", month.at)
    world.open()
    for name, agent in month.agents.items():
        world.agents[name] = copy.copy(agent)
        world.agents[name].world = world
    yield cheating.Hand(Site(world), tmp_path / "b.zip", estate)
    world.context.close()


def test_the_honest_month_is_verified(hand):
    jobs.seal(hand.context, PERIOD, by="manager")
    hand.site.settle()
    verdict = hand.site.verdict(hand.place)
    assert verdict.exit == 0, verdict.findings.problems


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_ends_as_the_page_says(hand, name):
    one = CHEATS[name]
    verdict = one.run(hand) or hand.site.verdict(hand.place)
    text = as_text(verdict)
    lacking = [words for words in one.words if words not in text]
    assert not lacking and (verdict.exit != 0) == (one.end == "found"), (
        lacking,
        verdict.findings,
        verdict.claims,
    )


def test_the_page_has_every_cheat_with_its_end():
    page = (ROOT / "docs" / "verifier.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    told = {row[1].strip().strip("`"): row[2].strip() for row in rows if len(row) > 3}
    wanted = {name: one.end for name, one in CHEATS.items()}
    assert {name: told.get(name) for name in wanted} == wanted
    assert len(CHEATS) > 25
