"""A built yard, and the modules beside the tests."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


def _load(name: str) -> ModuleType:
    full = f"roundseal_tests_verify_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[full]


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """Loader of the modules beside the tests."""
    return _load


@pytest.fixture(scope="session")
def yard_module() -> ModuleType:
    return _load("yard")


@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Two days of a collector, read only."""
    built = _load("yard").build(tmp_path_factory.mktemp("yard") / "collector")
    yield built
    built.context.close()
