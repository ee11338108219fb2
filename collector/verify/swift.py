"""Reads facts with msgspec where it is installed: what shapes.py reads, in a third of the time.

msgspec decodes into the very classes of the check; if encoding that again gives the same bytes, then these
are strict JSON of that type as our own writer makes it: keys in order and once each, no white space, no part
left out, nothing converted. Only the length of integers is looked at besides. Whatever is not exactly that is
left to the careful way, so this may only ever read what that reads, and the same.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from checks.wire import header as headers
from checks.wire.header import Header
from collector.verify.shapes import Misfit, shape_of

try:
    import msgspec

    from collector.evidence import fast_header
except ImportError:  # the buyer's machine needs no package: the standard library reads
    LIBRARY = ""
else:
    LIBRARY = "msgspec"

_END = b',"readings":['
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_INTEGER = b"0" * 16


class Reads(Protocol):
    """Reads values of one type."""

    def read(self, data: bytes, at: int) -> tuple[Any, int]:
        """The value that begins at `at`, and where it ends; Misfit, ValueError or TypeError if unknown."""


class _Swift:
    """The facts of one check, which end where the readings begin."""

    __slots__ = ("_decode",)

    def __init__(self, decode: Callable[[bytes], Any]) -> None:
        self._decode = decode

    def read(self, data: bytes, at: int) -> tuple[Any, int]:
        """As `Reads` says. Facts that hold the very text of the end are cut there, which is no JSON."""
        end = data.find(_END, at)
        if end < 0:
            raise Misfit
        text = data[at:end]
        try:
            value = self._decode(text)
            again = _encode(value)
        except msgspec.MsgspecError:
            raise Misfit from None
        if again != text or _LONG_INTEGER in text.translate(_DIGITS_TO_ZERO):
            raise Misfit
        return value, end


if LIBRARY:
    _encode = msgspec.json.Encoder().encode

read_header: Callable[[bytes], Header] = fast_header.read_header if LIBRARY else headers.parse


@cache
def reads_of(kind: Any) -> Reads | None:
    """The quickest reader for a type; None for one that shapes.py does not know either."""
    shape = shape_of(kind)
    if shape is None or not LIBRARY:
        return shape
    try:
        return _Swift(msgspec.json.Decoder(kind).decode)
    except TypeError:  # a type that msgspec does not know
        return shape
