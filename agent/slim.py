"""What only the start needs is given back, so that a resident agent keeps no megabytes for it.

- `dataclasses` brings `inspect` along, and that the parser's and the disassembler's tables, to write the
  docstrings of classes that have none. Whoever imports them again gets them again.
- A frozen dataclass with slots keeps the class it was made from alive, which nobody can reach.
- Pages of program text that were run once (reading modules, setting up TLS) stay mapped until the machine is
  short of memory. Unmapped they are still the file's; what is run again is mapped again at no more than the
  price of a minor fault.

ROUNDSEAL_KEEP_PAGES=1 leaves everything as it is: for comparison.
"""

import dataclasses
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

SETTLED_S = 90  # after the start: plan fetched, first looks taken, first batches sent and proven
ENVIRONMENT = "ROUNDSEAL_KEEP_PAGES"
_FOR_INSPECT = ("inspect", "ast", "dis", "opcode", "_opcode", "importlib.machinery")
_MADV_DONTNEED = 4


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
    if ENVIRONMENT in os.environ or getattr(dataclasses, "inspect", None) is not sys.modules.get("inspect"):
        return
    dataclasses.inspect = _Inspect()  # type: ignore[attr-defined]
    for name in _FOR_INSPECT:
        sys.modules.pop(name, None)
    gc.collect()


def settle() -> None:
    """When the agent has done all that it does: unmap text that was run at the start, free what is unused."""
    if ENVIRONMENT in os.environ:
        return
    _release_twins()
    gc.collect()
    try:
        import ctypes

        library = ctypes.CDLL(None)
        advise = library.madvise
        advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        for begin, end in text_pages():
            advise(begin, end - begin, _MADV_DONTNEED)
        library.malloc_trim(0)
    except (ImportError, OSError, AttributeError):
        return  # another C library: it keeps its pages
    finally:
        # What lives now lives for good: the collector need not walk over it again.
        gc.freeze()


def _release_twins() -> None:
    """Let methods of frozen classes with slots know their own class instead of the one it was made from."""
    for kind in [each for each in gc.get_objects() if isinstance(each, type)]:
        for name in ("__setattr__", "__delattr__"):
            for cell in getattr(vars(kind).get(name), "__closure__", None) or ():
                with suppress(ValueError):  # an empty cell
                    twin = cell.cell_contents
                    if isinstance(twin, type) and twin is not kind and _same(twin, kind):
                        cell.cell_contents = kind


def _same(twin: type, kind: type) -> bool:
    slotted = "__slots__" in vars(kind) and "__slots__" not in vars(twin)
    return slotted and (twin.__module__, twin.__qualname__) == (kind.__module__, kind.__qualname__)


def text_pages() -> Iterator[tuple[int, int]]:
    """Begin and end of program text mapped from files: read and run, never written, so the file has it."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            words = line.split(None, 5)
            if words[1] == "r-xp" and len(words) == 6 and words[5].startswith("/"):
                begin, _, end = words[0].partition("-")
                yield int(begin, 16), int(end, 16)
