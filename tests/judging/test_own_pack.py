"""A contract that the program doesn't ship: its YAML in a directory of the operator's is enough."""

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from collector.estate.errors import EstateError
from collector.jobs import scorecards as jobs
from collector.packs.loading import OURS, SCHEMES, names, packaged
from collector.store import estates as applied_estates
from collector.store import plans
from collector.web.app import create_app

PACKS = Path(__file__).resolve().parents[1] / "packs"


@pytest.fixture
def ours(monkeypatch, tmp_path):
    folder = tmp_path / "packs"
    folder.mkdir()
    shutil.copy(PACKS / "town.yaml", folder / "town-2027.yaml")
    monkeypatch.setenv(OURS, str(folder))


def test_without_the_directory_there_is_no_such_pack_and_with_it_the_shipped_ones_stay(monkeypatch, tmp_path):
    shipped = names()
    assert "town" not in shipped
    (tmp_path / "luohe-2026.yaml").write_text("pack: luohe-2026\n")
    monkeypatch.setenv(OURS, f"{tmp_path}:{PACKS}")
    assert names() == tuple(sorted({*shipped, "town", "county", "harbour"}))
    # A name that the program ships is never another's.
    assert (SCHEMES / "luohe-2026.yaml").exists() and packaged("luohe-2026").pack.scoring.full == 100


def test_a_half_year_of_a_contract_of_ones_own_is_scored_from_the_estate(site, estate, ours):
    text = estate.replace("luohe-2026, start: 2026-06-10", "town-2027, start: 2026-01-01")
    site.apply(text)
    site.go("2026-07-20T09:00")
    site.settle()
    card = jobs.scorecard(site.context, "half-1").scorecard
    assert (card.pack, card.period.name) == ("town-2027", "half-1")
    lines = {line.id: (line.low, line.high) for line in card.lines if line.unit is None}
    # Nobody looked in that half-year: what only looks could tell is open, nothing is taken as good.
    assert lines["uptime"] == (0, 60) and lines["opinion"] == (0, 30)
    assert lines["classes"] == (0, 6)
    assert card.total is None and card.low < card.high <= 200
    assert {one.id for one in card.money} == {"fee_after_grade", "fines", "net"}
    running = jobs.scorecard(site.context, "half-2").scorecard
    assert running.total is None and running.period.share == Fraction(1)


def test_a_pack_that_is_gone_stands_in_the_log_and_is_asked_of_no_file(
    site, estate, ours, monkeypatch, tmp_path
):
    text = estate.replace("luohe-2026, start: 2026-06-10", "town-2027, start: 2026-01-01")
    site.apply(text)
    shutil.rmtree(tmp_path / "packs")
    monkeypatch.delenv(OURS)
    applied_estates.loaded_of.cache_clear()  # as in the process of another command, or after a restart
    assert "town-2027" not in names()
    # Agents are let in and get their plan.
    site.world.agent("late-01")
    with site.context.read() as conn:
        assert "late-01" in {agent for agent, _, _ in plans.current_plans(conn)}
    site.go("2026-07-20T09:00")
    site.settle()
    assert jobs.scorecard(site.context, "half-1").scorecard.pack == "town-2027"
    client = create_app(site.context).test_client()
    assert client.get("/login").status_code == 200
    # What is applied anew needs it: its text is a mistake then, not a traceback.
    with pytest.raises(EstateError, match="no pack town-2027"):
        site.apply(text)
