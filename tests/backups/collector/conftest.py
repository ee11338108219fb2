"""One site of backups for all tests here: they read it; what they add, they add behind everything."""

from collections.abc import Iterator
from typing import Any

import pytest
from parts import loaded

backupsite = loaded("backups/collector/backupsite.py")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with backupsite.site(tmp_path_factory.mktemp("backups") / "collector") as made:
        yield made


@pytest.fixture
def backups() -> Any:
    """The module with the estate, its days and its clock."""
    return backupsite
