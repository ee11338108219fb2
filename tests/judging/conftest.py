"""A Luohe collector with people's accounts, made once and copied for each test (support/luohe_site.py)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from luohe_site import AGENTS, BEGIN, ESTATE, Site, worlds

from collector.cli_server import make
from collector.context import open_context
from collector.store import accounts


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collector with agents and accounts, as on the first of July; tests get copies."""
    place = tmp_path_factory.mktemp("judging") / "collector"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("collector.cli_server.open_context", lambda at: open_context(at, lambda: BEGIN))
        make(place, worlds.ORIGIN, "127.0.0.1:0", "http://127.0.0.1:1", None)
    with open_context(place, lambda: BEGIN) as context, context.write() as conn:
        account = accounts.account_table
        for name in ("operator", "manager", "buyer"):
            row = {"name": name, "hash": "-", "role": name, "must_change": False, "disabled": False}
            conn.execute(account.insert().values(row))
    return place


@pytest.fixture
def site(fresh: Path, tmp_path: Path) -> Iterator[Site]:
    shutil.copytree(fresh, tmp_path / "collector")
    world = worlds.World(tmp_path / "collector", BEGIN)
    world.open()
    for name in AGENTS:
        world.agent(name)
    yield Site(world)
    world.context.close()


@pytest.fixture
def estate() -> str:
    """The estate file."""
    return ESTATE
