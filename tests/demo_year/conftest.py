"""The modules of the demonstration, which are beside the tests and import one another by name."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent
NAMES = (
    *(
        "clerk",
        "year_tale",
        "year_truth",
        "year_estate",
        "year_play",
        "year_people",
        "year_habits",
        "year_life",
    ),
    "demo_year",
)


@pytest.fixture(scope="module")
def year() -> Iterator[dict[str, ModuleType]]:
    """They, as the command has them; what had their names has them again afterwards."""
    before = {name: sys.modules.pop(name, None) for name in NAMES}
    made: dict[str, ModuleType] = {}
    for name in NAMES:
        spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
        assert spec is not None and spec.loader is not None
        made[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made[name])
    yield made
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module
