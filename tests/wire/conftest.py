"""Samples and vectors for the wire tests."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from parts import loaded


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """Loader of the modules beside the tests."""
    return lambda name: loaded(f"wire/{name}.py")


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    """samples.py: fixed keys, lines, headers, frames."""
    return loaded("wire/samples.py")


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Path:
    """The folder of public conformance vectors."""
    place = shared / "vectors"
    if not place.is_dir():
        pytest.skip("NOT TESTED: ../shared/vectors is not present")
    return place
