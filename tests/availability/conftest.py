"""The second implementation and the case generator, loaded as files: there are no packages below tests."""

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def naive():
    return _load("naive_availability")


@pytest.fixture(scope="session")
def generator():
    return _load("random_cases")
