"""The small world of backups, loaded as a file: there are no packages below tests."""

import pytest
from parts import loaded


@pytest.fixture(scope="session")
def kit():
    return loaded("backups/engine/backupworld.py")
