"""What only the start needs is given back, so that a resident agent keeps no megabyte for it.

`dataclasses` brings `inspect` along, and that the parser's and the disassembler's tables, to write the
docstrings of classes that have none. Whoever imports them again gets them again.
"""

import dataclasses
import gc
import sys
from importlib import import_module
from typing import Any

_FOR_INSPECT = ("inspect", "ast", "dis", "opcode", "_opcode", "importlib.machinery")


class _Inspect:
    """Stands for `inspect` in `dataclasses`: what that wants of it for a docstring, else the real one."""

    @staticmethod
    def signature(_: type) -> str:
        """Of a class without a docstring; nobody reads it here."""
        return "(...)"

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("inspect"), name)


def release_inspect() -> None:
    """Forget `inspect` and what it alone needs; called before the bulk of the program is loaded, which
    takes the room that it leaves."""
    if getattr(dataclasses, "inspect", None) is not sys.modules.get("inspect"):
        return
    dataclasses.inspect = _Inspect()  # type: ignore[attr-defined]
    for name in _FOR_INSPECT:
        sys.modules.pop(name, None)
    gc.collect()
