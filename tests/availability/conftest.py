"""The second implementation and the case generator, loaded as files: there are no packages below tests."""

import pytest
from parts import loaded


@pytest.fixture(scope="session")
def naive():
    return loaded("availability/naive_availability.py")


@pytest.fixture(scope="session")
def generator():
    return loaded("availability/random_cases.py")
