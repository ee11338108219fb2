"""Free pages inside the C library's heap, given back to the system.

What starting takes and frees again lies between what stays, where no threshold of `malloc` gives it back.
The library gives it back when it is asked.
"""

import sys

# What cffi's set_source("…", None) writes for `int malloc_trim(size_t);`; a test compares.
TRIM_VERSION = 0x2601
TRIM_TYPES = b"\x00\x00\x03\x0d\x00\x00\x1c\x01\x00\x00\x00\x0f\x00\x00\x07\x01"
TRIM_GLOBALS = (b"\x00\x00\x00\x23malloc_trim", 0)


def give_back() -> bool:
    """Whether anything was given back; False where the library knows no such call, as musl does not."""
    # By the part of cffi that PyNaCl has loaded: to load that, or `ctypes`, would take what there is to win.
    if "_cffi_backend" not in sys.modules:
        return False
    from _cffi_backend import FFI  # type: ignore[import-untyped]  # compiled, without a stub

    ffi = FFI("agent.heap", _version=TRIM_VERSION, _types=TRIM_TYPES, _globals=TRIM_GLOBALS)
    library = ffi.dlopen(None)
    try:
        return bool(library.malloc_trim(0))
    except AttributeError:
        return False
