"""Real dumps of real PostgreSQL 15 and 18 with their fingerprints, made once; each test works on copies."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from parts import loaded

from agent.cli import main

HERE = Path(__file__).parent


SERVER = loaded("backups/logical/server.py")
FORMS = ("custom", "directory", "tar", "plain")
DATABASE = "oa_db"


@pytest.fixture(scope="session")
def schema() -> Any:
    """What is in the databases."""
    return SERVER.schema


def _source(major: int) -> Iterator[Any]:
    with SERVER.running(major, "max_prepared_transactions=2") as made:
        made.create(DATABASE, rows=600)
        yield made


@pytest.fixture(scope="session")
def pg15() -> Iterator[Any]:
    """PostgreSQL 15 with everything in it."""
    yield from _source(15)


@pytest.fixture(scope="session")
def pg18() -> Iterator[Any]:
    """PostgreSQL 18 with everything in it."""
    yield from _source(18)


@dataclass
class Taker:
    """`roundseal-agent fingerprint …` against one server."""

    server: Any
    state: Path
    capture: Any = field(repr=False, default=None)

    def __call__(self, verb: str, *words: str | Path, database: str = DATABASE, **more: str) -> Any:
        """Run it: exit code, JSON, complaint."""
        given = {"host": "127.0.0.1", "port": str(self.server.port), "user": "postgres", **more}
        options = [part for name, value in given.items() if value for part in (f"--{name}", value)]
        argv = ["fingerprint", verb, "--json", "--database", database, "--state", str(self.state), *options]
        argv += ["--programs", str(self.server.programs), *map(str, words)]
        self.capture.readouterr()
        code = main(argv)
        said = self.capture.readouterr()
        return SimpleNamespace(code=code, value=json.loads(said.out) if said.out else {}, error=said.err)


@pytest.fixture
def taker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Any], Taker]:
    """`taker(pg15)("wrap", "--out", path)`."""

    def make(server: Any) -> Taker:
        state = tmp_path / "agent"
        state.mkdir(mode=0o700, exist_ok=True)
        return Taker(server, state, capsys)

    return make


@dataclass
class Shelf:
    """Dumps in `place`, one a format, each with its fingerprint beside it."""

    place: Path
    major: int

    def path(self, form: str) -> Path:
        """Of one dump."""
        return self.place / f"oa-{form}"


def _made(server: Any, place: Path) -> Shelf:
    from agent.fingerprints import wrap
    from agent.fingerprints.login import Login
    from agent.fingerprints.take import Pace
    from checks.artefacts.copyrows import SHA256

    login = Login(DATABASE, "127.0.0.1", server.port, "postgres", programs=str(server.programs))
    for form in FORMS:
        wrap.wrap(wrap.Wish(login, Pace(), SHA256, place), place / f"oa-{form}", form, [], None)
    server.tool("pg_dumpall", "--globals-only", "-f", place / "globals.sql")
    return Shelf(place, server.major)


@pytest.fixture(scope="session")
def made15(pg15: Any, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Dumps of PostgreSQL 15."""
    return _made(pg15, tmp_path_factory.mktemp("made15"))


@pytest.fixture(scope="session")
def made18(pg18: Any, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Dumps of PostgreSQL 18."""
    return _made(pg18, tmp_path_factory.mktemp("made18"))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Where the backups of one test lie."""
    place = tmp_path / "backup"
    place.mkdir(mode=0o750)
    return place


@pytest.fixture
def lay(backup: Path) -> Callable[..., Path]:
    """`lay(shelf, "custom")`: a copy of a dump and its fingerprint at the place."""

    def run(shelf: Shelf, form: str, name: str = "", *, noted: bool = True) -> Path:
        source, to = shelf.path(form), backup / (name or f"oa-{form}")
        if source.is_dir():
            shutil.copytree(source, to)
            for one in to.iterdir():
                one.chmod(0o640)
            to.chmod(0o750)
        else:
            shutil.copyfile(source, to)
            to.chmod(0o640)
        if noted:
            raw = json.loads(Path(f"{source}.fingerprint.json").read_text("utf-8"))
            raw["artefact"]["name"] = to.name
            beside = Path(f"{to}.fingerprint.json")
            beside.write_text(json.dumps(raw, ensure_ascii=False), "utf-8")
            beside.chmod(0o640)
        return to

    return run


@pytest.fixture
def now_ms() -> int:
    """This moment."""
    return time.time_ns() // 1_000_000
