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
_SPACE = b" \t\r\n"
_DOUBTFUL = re.compile(rb'"[ \t\r\n]|\\u[dD][89a-fA-F]')
_MAX_DEPTH = 32


def _refuse(_text: str) -> NoReturn:
    raise ValueError


_scan = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse).scan_once  # type: ignore[attr-defined]  # missing in typeshed


def loads(data: bytes) -> Any:
    """The value that strict_json.loads gives; its WireError where that refuses."""
    plain = data.translate(_DIGITS_TO_ZERO, _SPACE)
    if _LONG_INTEGER in plain:
        return strict_json.loads(data)
    if (len(plain) != len(data) or b"\\" in data) and _DOUBTFUL.search(data) is not None:
        return strict_json.loads(data)
    try:
        text = data.decode("utf-8")
        value, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return strict_json.loads(data)
    if end != len(text) or data.count(b'":') != _keys(value):
        return strict_json.loads(data)
    if data.count(b"[") + data.count(b"{") > _MAX_DEPTH and not _shallow(value):
        return strict_json.loads(data)
    return value


def _keys(value: Any) -> int:
    """How many keys a value holds."""
    count = 0
    waiting = [value]
    for one in waiting:  # grows while it is walked
        kind = type(one)
        if kind is dict:
            count += len(one)
            waiting += one.values()
        elif kind is list:
            waiting += one
    return count


def _shallow(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            one
            for outer in level
            if type(outer) in (dict, list)
            for one in (outer.values() if type(outer) is dict else outer)
        ]
        if not level:
            return True
    return False
