"""Samples and vectors for the wire tests."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"roundseal_tests_wire_{name}", HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """Loader of the modules beside the tests."""
    return _load


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    """samples.py: fixed keys, lines, headers, frames."""
    return _load("samples")


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Path:
    """The folder of public conformance vectors."""
    place = shared / "vectors"
    if not place.is_dir():
        pytest.skip("NOT TESTED: ../shared/vectors is not present")
    return place
