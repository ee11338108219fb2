"""A built yard, and the modules beside the tests."""

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from parts import loaded


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """Loader of the modules beside the tests."""
    return lambda name: loaded(f"verify/{name}.py")


@pytest.fixture(scope="session")
def yard_module() -> ModuleType:
    return loaded("verify/yard.py")


@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Two days of a collector, read only."""
    built = loaded("verify/yard.py").build(tmp_path_factory.mktemp("yard") / "collector")
    yield built
    built.context.close()
