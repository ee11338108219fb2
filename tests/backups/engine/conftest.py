"""The small world of backups, loaded as a file: there are no packages below tests."""

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def kit():
    spec = importlib.util.spec_from_file_location("backupworld", HERE / "backupworld.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
