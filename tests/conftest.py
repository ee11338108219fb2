"""What every test may ask for."""

import os
from glob import glob
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Cores shared by everything: a slow example says nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What must pass before anything lands tries the same examples each time; `make explore` tries new ones.
settings.register_profile("same", settings.get_profile("shared"), derandomize=True, database=None)
settings.load_profile("shared" if os.environ.get("ROUNDSEAL_EXPLORE") else "same")

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the long runs."""
    group = parser.getgroup("roundseal")
    group.addoption("--run-fuzz", action="store_true", help="run tests/fuzz, which takes long")
    group.addoption("--kill-rounds", type=int, default=200, help="rounds of kill -9 in tests/fuzz")
    group.addoption("--mutations", type=int, default=100_000, help="hostile batches in tests/fuzz")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """tests/fuzz belongs to `make fuzz`."""
    if collection_path == ROOT / "tests" / "fuzz" and not config.getoption("--run-fuzz"):
        return True
    return None


# Of several processes (pytest-xdist) each takes a whole folder at a time: its servers start once. The
# long ones go first, so that no process is left alone with one of them at the end.
LONG = (
    "e2e",
    "intake",
    "house",
    "backups/physical",
    "backups/drills",
    "deploy",
    "web",
    "backups/repositories",
    "agent",
    "checks",
)


def folder_of(nodeid: str) -> str:
    """The folder of a test's file below tests/, with slashes."""
    return nodeid.split("::", 1)[0].rsplit("/", 1)[0].removeprefix("tests/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long folders first."""
    rank = {folder: place for place, folder in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(folder_of(item.nodeid), len(rank)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """By folder, in the order they were collected in."""
    from xdist.scheduler import LoadScopeScheduling

    class Folders(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return folder_of(nodeid)

    config.option.loadscopereorder = False
    return Folders(config, log)


# Commands that tests call in this process set the umask for good, as a command may.
def pytest_runtest_setup() -> None:
    """Each test begins with the usual umask."""
    os.umask(0o022)


def pytest_fixture_setup() -> None:
    """So does each of its fixtures."""
    os.umask(0o022)


def pytest_runtest_call() -> None:
    """So does the test itself."""
    os.umask(0o022)


@pytest.fixture(scope="session")
def libfaketime() -> str:
    """For LD_PRELOAD: another clock, by FAKETIME or FAKETIME_TIMESTAMP_FILE.

    Not by its program `faketime`: it fails where one of its number, killed before, left its memory.
    """
    found = sorted(glob("/usr/lib/*/faketime/libfaketime.so.1"))
    if not found:
        pytest.skip("NOT TESTED: faketime is not installed")
    return found[0]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public vectors and recordings beside the project; its absence is said loudly."""
    place = ROOT.parent / "shared"
    if not place.is_dir():
        pytest.skip("NOT TESTED: the folder ../shared with public vectors and recordings is not present")
    return place
