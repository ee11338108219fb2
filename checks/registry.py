"""Every installed check, found by its place: the module `checks/host/cpu.py` is the check `host.cpu`."""

import importlib
import pkgutil
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import checks
from checks.api import Check

# Packages of the kernel that hold no checks.
_NOT_CHECKS = frozenset({"wire"})


class UnknownCheckError(KeyError):
    """No such check is installed."""

    code = "unknown_check"


@cache
def ids() -> tuple[str, ...]:
    """Ids of all installed checks, sorted; nothing is imported."""
    found = []
    for package in pkgutil.iter_modules(checks.__path__):
        if package.ispkg and package.name not in _NOT_CHECKS:
            path = [f"{checks.__path__[0]}/{package.name}"]
            found += [
                f"{package.name}.{module.name}"
                for module in pkgutil.iter_modules(path)
                if not module.name.startswith("_")
            ]
    return tuple(sorted(found))


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
