"""What cffi itself writes down of a C function."""

from pathlib import Path
from typing import Any

import cffi


def described(declaration: str, place: Path) -> tuple[Any, Any, Any]:
    """Version, types and globals by which cffi's own module, made in `place`, describes this function."""
    ffi = cffi.FFI()
    ffi.cdef(declaration)
    ffi.set_source("made", None)
    given: dict[str, Any] = {}
    text = Path(ffi.compile(tmpdir=str(place))).read_text("utf-8").replace("_cffi_backend.FFI", "dict")
    exec(text.replace("'made',", "name='made',"), given)
    made = given["ffi"]
    return made["_version"], made["_types"], made["_globals"]
