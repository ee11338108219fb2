"""Every installed check, found by its place: the module `checks/host/cpu.py` is the check `host.cpu`."""

import importlib
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import checks
from checks.api import Check

# Packages of the kernel that hold no checks.
_NOT_CHECKS = frozenset({"artefacts", "wire"})


class UnknownCheckError(KeyError):
    """No such check is installed."""

    code = "unknown_check"


@cache
def ids() -> tuple[str, ...]:
    """Ids of all installed checks, sorted; nothing is imported."""
    return tuple(sorted(found for place in checks.__path__ for found in _below(place)))


def _below(place: str) -> Iterator[str]:
    # Not through pkgutil: it brings `inspect` and the parser's tables along, a megabyte in an agent.
    for package in os.scandir(place):
        if package.name in _NOT_CHECKS or not os.path.isfile(f"{package.path}/__init__.py"):
            continue
        for module in os.listdir(package.path):
            name = module.removesuffix(".py")
            if name != module and not name.startswith("_"):
                yield f"{package.name}.{name}"


def get(check_id: str) -> Check[Any, Any]:
    """The check with this id (its module is imported now); UnknownCheckError if not installed."""
    if check_id not in ids():
        raise UnknownCheckError(check_id)
    # Not from sys.modules: there a module stands while another thread is still half through it.
    check: Check[Any, Any] = importlib.import_module(f"checks.{check_id}").CHECK
    return check


def matching(pattern: str) -> tuple[str, ...]:
    """Ids that match `pattern`: an id, `host.*`, or `all`."""
    if pattern == "all":
        return ids()
    return tuple(check_id for check_id in ids() if fnmatchcase(check_id, pattern))
