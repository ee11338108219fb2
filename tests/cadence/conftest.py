"""What the tests of cadences share."""

import importlib.util
from pathlib import Path

import pytest

from collector.availability.calendar_cn import shipped
from collector.inspection.deadlines import Workdays, shanghai

HERE = Path(__file__).resolve().parent


def _load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def naive():
    return _load("naive_deadlines")


@pytest.fixture(scope="session")
def days():
    return Workdays(shipped(), shanghai(), ((510, 720), (840, 1050)))


site = _load("luohe_site").site
