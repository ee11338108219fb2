"""One site of backups for all tests here: they read it; what they add, they add behind everything."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_SPEC = importlib.util.spec_from_file_location("backupsite", Path(__file__).with_name("backupsite.py"))
backupsite = importlib.util.module_from_spec(_SPEC)
sys.modules.setdefault("backupsite", backupsite)
_SPEC.loader.exec_module(backupsite)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with backupsite.site(tmp_path_factory.mktemp("backups") / "collector") as made:
        yield made


@pytest.fixture
def backups() -> Any:
    """The module with the estate, its days and its clock."""
    return backupsite
