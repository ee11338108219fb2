"""JSON for signed bytes: one meaning per text, or an error.

Refused: doubled keys, NaN and Infinity, floats, integers beyond ±2^53, lone surrogates, invalid
UTF-8, a byte order mark, deep nesting, anything after the value but JSON white space.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from checks.wire.errors import Code, WireError
from checks.wire.numbers import MAX_INT

JsonValue = Any  # None | bool | int | str | list[JsonValue] | dict[str, JsonValue]

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_INTEGER = b"0" * 16
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _refuse(detail: str) -> NoReturn:
    raise WireError(Code.BAD_JSON, detail)


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # the idiom: add returns None
        _refuse(f"key {twice[:64]!r} appears twice")
    return made


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INT:
        _refuse(f"integer {digits[:24]} is outside ±2^53")
    return int(digits)


def _float(digits: str) -> float:
    _refuse(f"{digits[:24]} is not an integer")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        _refuse(f"{digits[:24]} is not a finite number")
    return value


def _constant(word: str) -> NoReturn:
    _refuse(f"{word} is not JSON")


_QUICK = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)
_CAREFUL = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_integer, parse_constant=_constant
)
_FLOATS = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_finite, parse_int=_integer, parse_constant=_constant
)


def loads(data: bytes, max_depth: int = 32, *, allow_floats: bool = False) -> JsonValue:
    """The value that `data` stands for; WireError `bad_json` for anything doubtful."""
    # Without 16 digits in a row no integer can pass 2^53, and the C parser may take them all.
    decoder = _CAREFUL if _LONG_INTEGER in data.translate(_DIGITS_TO_ZERO) else _QUICK
    if allow_floats:
        decoder = _FLOATS
    try:
        value = decoder.decode(data.decode("utf-8"))
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise WireError(Code.BAD_JSON, "a lone surrogate") from None
    except UnicodeDecodeError as error:
        raise WireError(Code.BAD_JSON, f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise WireError(Code.BAD_JSON, f"nested deeper than {max_depth}") from None
    except ValueError as error:
        raise WireError(Code.BAD_JSON, str(error)[:200]) from None
    if data.count(b"[") + data.count(b"{") > max_depth:
        _depth(value, max_depth)
    return value


def _depth(value: JsonValue, max_depth: int) -> None:
    level = [value]
    for _ in range(max_depth):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    if any(type(item) in (dict, list) for item in level):
        _refuse(f"nested deeper than {max_depth}")


def _inside(value: JsonValue) -> Iterable[JsonValue]:
    if type(value) is dict:
        return value.values()
    return value if type(value) is list else ()


def dumps(value: JsonValue) -> bytes:
    """Compact UTF-8 JSON of `value`, keys in the order given; refuses what `loads` would refuse."""
    try:
        # First, for it finds what holds itself; `_plain` then walks what is known to end.
        data = _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        raise WireError(Code.BAD_JSON, "a lone surrogate") from None
    except (RecursionError, TypeError, ValueError) as error:
        raise WireError(Code.BAD_JSON, str(error)[:200]) from None
    _plain(value)
    return data


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _plain(value: JsonValue) -> None:
    waiting = [value]
    for item in waiting:  # grows while it is walked
        kind = type(item)
        if kind is str:
            continue
        if kind is int:
            if not -MAX_INT <= item <= MAX_INT:
                _refuse(f"integer {item} is outside ±2^53")
        elif kind is dict:
            _texts(item)
            waiting += item.values()
        elif kind is list or kind is tuple:
            waiting += item
        else:
            _special(item)


def _texts(keys: dict[Any, JsonValue]) -> None:
    try:
        "".join(keys)
    except TypeError:
        _refuse("a key is not a text")


def _special(value: JsonValue) -> None:
    """Enumerations are their texts and numbers; mappings and floats in disguise do not pass."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        _plain(int(value))
    elif not isinstance(value, str):
        _refuse(f"{type(value).__name__} cannot be signed")
