"""What the tests of cadences share."""

from functools import partial
from types import SimpleNamespace

import pytest
from luohe_site import UNPROBED, opened, worlds
from parts import loaded

from collector.availability.calendar_cn import shipped
from collector.inspection.deadlines import Workdays, shanghai
from collector.jobs import statements


@pytest.fixture(scope="session")
def naive():
    return loaded("cadence/naive_deadlines.py")


@pytest.fixture(scope="session")
def days():
    return Workdays(shipped(), shanghai(), ((510, 720), (840, 1050)))


@pytest.fixture(scope="session")
def luohe():
    """A Luohe collector (support/luohe_site.py) under the estate of these tests."""
    return SimpleNamespace(ESTATE=UNPROBED, opened=partial(opened, estate=UNPROBED), worlds=worlds)


@pytest.fixture(scope="session")
def driving():
    return loaded("cadence/driving.py")


@pytest.fixture(scope="session")
def drivers(driving):
    return loaded("cadence/drivers.py")


@pytest.fixture
def site(tmp_path):
    with opened(tmp_path / "collector", estate=UNPROBED) as made:
        yield made


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """Every weekly round of a Luohe month done, one system scanned, one unit visited; the month is over.

    Tests of a module share it and only read.
    """
    with opened(tmp_path_factory.mktemp("month") / "collector", estate=UNPROBED) as made:
        made.apply()
        for monday in ("2026-07-13", "2026-07-20", "2026-07-27"):
            made.inspect(monday)
        made.go("2026-08-01T10:00")
        made.scan("web-01")
        made.inspect("2026-08-03")
        made.go("2026-08-05T10:00")
        visit = {"unit": "centre", "at": "2026-08-05T09:00"}
        statements.add(made.context, "visit", visit, by="cli")
        made.go("2026-08-10T02:00")
        yield made
