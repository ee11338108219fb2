"""Digests of what is in files: SHA-256, or BLAKE3 where a manifest says so (about half the CPU time for small
files). BLAKE3 is the package `blake3`, which need not be there; roots over lines are SHA-256 always.
"""

import hashlib
import importlib
from functools import cache
from typing import Any, Protocol

from checks.api import ErrorKind, ObservationError

HOWS = ("sha256", "blake3")


class Hasher(Protocol):
    """A digest being made."""

    def update(self, data: Any, /) -> Any:
        """The next piece."""

    def digest(self) -> bytes:
        """32 bytes."""

    def hexdigest(self) -> str:
        """64 characters."""

    def copy(self) -> Any:
        """Another one of the same pieces so far."""


@cache
def _empty(how: str) -> Hasher:
    # To be copied: OpenSSL takes its time to look a hash up by name.
    if how == "sha256":
        return hashlib.sha256()
    if how not in HOWS:
        raise ValueError(f"digest is of {HOWS}")
    try:
        made: Hasher = importlib.import_module("blake3").blake3()
    except ImportError:
        raise ObservationError(ErrorKind.UNSUPPORTED, "BLAKE3 needs the Python package blake3") from None
    return made


def hasher(how: str) -> Hasher:
    """A new one; ObservationError `unsupported` where BLAKE3 is asked for and not here."""
    made: Hasher = _empty(how).copy()
    return made
