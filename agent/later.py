"""Modules that others import and an agent hardly ever uses: loaded when something of them is first asked for.

`dataclasses` imports `inspect`, and with it the parser's tables, to describe a class without a docstring;
`logging` imports `traceback`; `urllib.parse`, which `pathlib` wants, `ipaddress` for addresses in brackets;
`socket` imports `selectors` for `sendfile`; `schedule` imports `random`. A resident agent would hold all that
for good. Only for modules that are imported whole at the top and used in functions: a name taken
from one (`from inspect import …`) loads it at once.
"""

import sys
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what imports it loads it for good
    from importlib.machinery import ModuleSpec

PUT_OFF = ("inspect", "ipaddress", "random", "selectors", "traceback")
_lock = Lock()


class Later(ModuleType):
    """Stands where its module would, until that is wanted."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = _spec(name)  # importlib.util.find_spec answers with that of what stands here

    def __getattr__(self, name: str) -> Any:
        found = getattr(_load(self.__name__), name)
        setattr(self, name, found)  # who holds this keeps asking it: the next time at no cost
        return found


def put_off() -> None:
    """From now on an import of these loads nothing; those that are loaded already stay as they are."""
    for name in PUT_OFF:
        if name not in sys.modules:
            sys.modules[name] = Later(name)


def _spec(name: str) -> "ModuleSpec | None":
    """Where the module is, as an import would find it; nothing of it is loaded."""
    return next((found for one in sys.meta_path if (found := one.find_spec(name, None))), None)


def _load(name: str) -> ModuleType:
    from importlib import import_module

    with _lock:  # whoever comes second gets what the first one loads
        if isinstance(sys.modules.get(name), Later):
            del sys.modules[name]
    return import_module(name)
