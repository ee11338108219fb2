"""Plain values of a YAML file into frozen dataclasses, strictly, every mistake with its path.

The types are those of `checks.codec`. A number is whole, or a text such as `99.9`, `5%` or `1/3`; a single
value stands for a list of one; `true` is no number and `1` no text. A text may stand in one line `{zh, en}`.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

Path = tuple[str | int, ...]
Note = Callable[[Path, str], None]


class _Wrong(Exception):
    """The value could not be read; why has been noted."""


def shaped(kind: Any, value: Any, path: Path, note: Note) -> Any:
    """`value` as a `kind`; None after mistakes, which `note` was told."""
    try:
        return _read(kind, value, path, note)
    except _Wrong:
        return None


def _read(kind: Any, value: Any, path: Path, note: Note) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(get_args(kind), value, path, note)
    if is_dataclass(kind):
        return _dataclass(kind, value, path, note)
    if origin in (tuple, list, frozenset):
        return origin(_members(get_args(kind)[0], value, path, note))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(get_args(kind), value, path, note)
    return _scalar(kind, value, path, note)


def _wrong(path: Path, reason: str, note: Note) -> _Wrong:
    note(path, reason)
    return _Wrong()


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """Types of a dataclass's fields by name."""
    return get_type_hints(kind)


def _dataclass(kind: Any, value: Any, path: Path, note: Note) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(path, "a mapping is wanted here", note)
    hints = hints_of(kind)
    good = not any([_unknown(key, hints, path, note) for key in value if key not in hints])
    made = {}
    for spec in fields(kind):
        if spec.name in value:
            try:
                made[spec.name] = _read(hints[spec.name], value[spec.name], (*path, spec.name), note)
            except _Wrong:
                good = False
        elif spec.default is MISSING and spec.default_factory is MISSING:
            note((*path, spec.name), "missing")
            good = False
    if not good:
        raise _Wrong
    try:
        return kind(**made)
    except ValueError as error:
        raise _wrong(path, str(error), note) from None


def _unknown(key: str, known: Mapping[str, Any], path: Path, note: Note) -> bool:
    near = get_close_matches(key, list(known), n=1)
    note((*path, key), f"unknown key; did you mean {near[0]}?" if near else "unknown key")
    return True


def _members(kind: Any, value: Any, path: Path, note: Note) -> list[Any]:
    if isinstance(value, Mapping) or (value is None and not _takes_none(kind)):
        raise _wrong(path, "a list is wanted here", note)
    if not isinstance(value, list):
        return [_read(kind, value, path, note)]
    made, good = [], True
    for i, item in enumerate(value):
        try:
            made.append(_read(kind, item, (*path, i), note))
        except _Wrong:
            good = False
    if not good:
        raise _Wrong
    return made


def _takes_none(kind: Any) -> bool:
    return kind is type(None) or type(None) in get_args(kind)


def _mapping(args: tuple[Any, ...], value: Any, path: Path, note: Note) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(path, "a mapping is wanted here", note)
    made, good = {}, True
    for key, item in value.items():
        try:
            made[_read(args[0], key, path, note)] = _read(args[1], item, (*path, key), note)
        except _Wrong:
            good = False
    if not good:
        raise _Wrong
    return made


def _union(options: tuple[Any, ...], value: Any, path: Path, note: Note) -> Any:
    if value is None and type(None) in options:
        return None
    rest = [option for option in options if option is not type(None)]
    chosen = [option for option in rest if _fits(option, value)]
    if len(chosen) != 1:
        # Say what the first one misses: it is the usual kind.
        chosen = [next((one for one in chosen if one in (str, int, bool)), rest[0])]
    return _read(chosen[0], value, path, note)


def _fits(option: Any, value: Any) -> bool:
    if is_dataclass(option):
        return isinstance(value, Mapping)
    origin = get_origin(option)
    if origin in (tuple, list, frozenset):
        return not isinstance(value, Mapping)
    if origin is not None:
        return isinstance(value, Mapping)
    if option is Fraction:
        return isinstance(value, str | int) and not isinstance(value, bool)
    if issubclass(option, Enum):
        return isinstance(value, str)
    return type(value) is option


_NAMES = {int: "a whole number", str: "a text", bool: "true or false"}


def _scalar(kind: Any, value: Any, path: Path, note: Note) -> Any:
    if kind is Any:
        return value
    if kind is Fraction:
        return _fraction(value, path, note)
    if issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            allowed = ", ".join(str(member.value) for member in kind)
            raise _wrong(path, f"{value!r} is none of: {allowed}", note) from None
    if type(value) is not kind:
        raise _wrong(path, f"{_NAMES.get(kind, kind.__name__)} is wanted here, not {value!r}", note)
    return value


def _fraction(value: Any, path: Path, note: Note) -> Fraction:
    try:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        text = str(value)
        return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise _wrong(path, f"a number is wanted here, not {value!r}", note) from None
