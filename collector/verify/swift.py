"""Reads lines with msgspec where it is installed: what tails.py reads, in half the time.

msgspec decodes facts into what passes for the classes of the check (structs.py); if encoding them again, with
what the check says of them, gives the same bytes, then these are strict JSON of that type as our own writer
makes it: keys in order and once each, no white space, no part left out, nothing converted. Only the length of
integers is looked at besides. Whatever is not exactly that is left to the careful way, so this may only ever
accept what that accepts, and the same.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from checks.api import State
from checks.wire import header as headers
from checks.wire.header import Header
from checks.wire.numbers import MAX_INT
from collector.verify.shapes import Misfit, shape_of
from collector.verify.structs import like
from collector.verify.tails import Judging, Plain, Tails, Taken, listed

try:
    import msgspec

    from collector.evidence import fast_header
except ImportError:  # the buyer's machine needs no package: the standard library reads
    LIBRARY = ""
else:
    LIBRARY = "msgspec"

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_INTEGER = b"0" * 16
_LONG = re.compile(rb"[\[:,]-?([0-9]{16,})")


class Swift:
    """Tails decoded and encoded by the library."""

    __slots__ = ("_decode", "_seen")

    def __init__(self, decode: Callable[[bytes], Any]) -> None:
        self._decode = decode
        self._seen = Taken(None, 0)  # one for all: a judge keeps nothing

    def state(self, tail: bytes, at: int, judge: Judging, params: Any) -> tuple[State, bool]:
        """As `Tails` says."""
        whole = b"{" + tail
        made = self._decode(whole)
        seen = self._seen
        seen.facts, seen.at, seen.asked = made.facts, at, False
        made.readings, made.state = listed(judge(seen, params))
        if _encode(made) != whole or (_LONG_INTEGER in whole.translate(_DIGITS_TO_ZERO) and not small(whole)):
            raise Misfit
        return made.state, seen.asked


def small(text: bytes) -> bool:
    """Whether no integer in this compact JSON is beyond ±2^53; what looks like one in a string counts."""
    return all(len(digits) < 18 and int(digits) <= MAX_INT for digits in _LONG.findall(text))


if LIBRARY:
    _encode = msgspec.json.Encoder().encode

read_header: Callable[[bytes], Header] = fast_header.read_header if LIBRARY else headers.parse


@cache
def tails_of(kind: Any) -> Tails | None:
    """The quickest reader for tails with facts of this type; None where shapes.py knows none either."""
    shape = shape_of(kind)
    if shape is None:
        return None
    if not LIBRARY:
        return Plain(shape)
    try:
        own: list[Any] = [("facts", like(kind, msgspec.defstruct)), ("readings", msgspec.Raw), ("state", str)]
        tail = msgspec.defstruct("Tail", own, forbid_unknown_fields=True, gc=False)
        return Swift(msgspec.json.Decoder(tail).decode)
    except TypeError:  # a type that msgspec does not know
        return Plain(shape)
