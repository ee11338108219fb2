"""Reads strict JSON faster than checks.wire.strict_json where it can prove that the two agree.

The C parser keeps the last of doubled keys. With no white space behind any quotation mark, every key in the
text is followed by `":`; so if that pair occurs as often as there are keys in the value, no key was lost.
"""

import json
import re
from typing import Any, NoReturn

from checks.wire import strict_json

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_INTEGER = b"0" * 16
_DOUBTFUL = re.compile(rb'"[ \t\r\n]|\\u[dD][89a-fA-F]')
_MAX_DEPTH = 32


def _refuse(_text: str) -> NoReturn:
    raise ValueError


_scan = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse).scan_once  # type: ignore[attr-defined]  # missing in typeshed


def loads(data: bytes) -> Any:
    """The value that strict_json.loads gives; its WireError where that refuses."""
    if _LONG_INTEGER in data.translate(_DIGITS_TO_ZERO) or _DOUBTFUL.search(data) is not None:
        return strict_json.loads(data)
    try:
        text = data.decode("utf-8")
        value, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return strict_json.loads(data)
    if end != len(text) or data.count(b'":') != _keys(value):
        return strict_json.loads(data)
    return value


def _keys(value: Any) -> int:
    """How many keys a value holds; -1 where it is nested too deep."""
    count = depth = 0
    level = [value]
    while level:
        below: list[Any] = []
        for one in level:
            if type(one) is dict:
                count += len(one)
                below += one.values()
            elif type(one) is list:
                below += one
        depth += 1
        level = below
    return count if depth <= _MAX_DEPTH else -1
