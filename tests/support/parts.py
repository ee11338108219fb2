"""Modules of the tests for one another: no folder below tests/ is a package, each is loaded by its path."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

TESTS = Path(__file__).resolve().parents[1]


def loaded(path: str) -> ModuleType:
    """The module in a file below tests/ (`web/judged_site.py`), or beside it (`../deploy/local/run.py`).

    Whoever asks gets the same one, loaded once. FileNotFoundError where there is none.
    """
    name = "tests/" + path.removesuffix(".py")  # a slash: no module of a package is called so
    if name not in sys.modules:
        spec = spec_from_file_location(name, TESTS / path)
        assert spec is not None and spec.loader is not None
        module = sys.modules[name] = module_from_spec(spec)  # dataclasses look themselves up there
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
