"""Facts and parameters between dataclasses and plain JSON values, strictly both ways.

Facts hold integers, strings, booleans, None, and tuples or mappings of those (no floats in signed
bytes). A ratio is `[num, den]`. Unknown keys, missing keys and wrong types are `FieldError`s that
name the path, e.g. `params.used.warn`.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
JsonValue = Any  # None | bool | int | str | list[JsonValue] | dict[str, JsonValue]


class FieldError(ValueError):
    """A value does not fit its declared type; `path` names the place, `problem` says what is wrong."""

    code = "bad_field"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


def to_json(value: Any) -> JsonValue:
    """Plain JSON value of a dataclass, enum, fraction, tuple, set or mapping."""
    if value is None or isinstance(value, bool | int | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Fraction):
        return [value.numerator, value.denominator]
    if is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, frozenset | set):
        return sorted(to_json(item) for item in value)
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} cannot be signed")


def from_json(kind: type[T], value: JsonValue, path: str = "") -> T:
    """Instance of `kind` (a dataclass, scalar, tuple, mapping …) made from a plain JSON value."""
    made: T = _read(kind, value, path or getattr(kind, "__name__", "value"))
    return made


def _read(kind: Any, value: JsonValue, path: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, value, path)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(kind, value, path)
    if origin is not None:
        return _container(origin, get_args(kind), value, path)
    return _scalar(kind, value, path)


def _dataclass(kind: Any, value: JsonValue, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise FieldError(path, "a mapping is wanted here")
    hints = _hints(kind)
    known = {f.name: f for f in fields(kind)}
    if unknown := [key for key in value if key not in known]:
        raise FieldError(f"{path}.{unknown[0]}", "unknown key")
    made = {}
    for name, spec in known.items():
        if name in value:
            made[name] = _read(hints[name], value[name], f"{path}.{name}")
        elif spec.default is MISSING and spec.default_factory is MISSING:
            raise FieldError(f"{path}.{name}", "missing")
    try:
        return kind(**made)
    except ValueError as error:
        raise FieldError(path, str(error)) from error


@cache
def _hints(kind: Any) -> dict[str, Any]:
    # Reading annotations costs more than all the rest of a small dataclass.
    return get_type_hints(kind)


def _union(kind: Any, value: JsonValue, path: str) -> Any:
    options = get_args(kind)
    if value is None and type(None) in options:
        return None
    problems = []
    for option in options:
        if option is type(None):
            continue
        try:
            return _read(option, value, path)
        except FieldError as error:
            problems.append(error)
    raise problems[0] if len(problems) == 1 else FieldError(path, "fits none of its types")


def _container(origin: Any, args: tuple[Any, ...], value: JsonValue, path: str) -> Any:
    if origin in (tuple, frozenset, list):
        if not isinstance(value, list | tuple):
            raise FieldError(path, "a list is wanted here")
        if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):
            if len(value) != len(args):
                raise FieldError(path, f"{len(args)} items are wanted here")
            pairs = zip(args, value, strict=True)
            return tuple(_read(arg, item, f"{path}.{i}") for i, (arg, item) in enumerate(pairs))
        return origin(_read(args[0], item, f"{path}.{i}") for i, item in enumerate(value))
    if not isinstance(value, Mapping):
        raise FieldError(path, "a mapping is wanted here")
    return {_read(args[0], k, path): _read(args[1], v, f"{path}.{k}") for k, v in value.items()}


def _scalar(kind: Any, value: JsonValue, path: str) -> Any:
    if kind is Any:
        return value
    if kind is Fraction:
        return _fraction(value, path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            allowed = ", ".join(str(member.value) for member in kind)
            raise FieldError(path, f"{value!r} is none of: {allowed}") from None
    if kind in (int, str, bool) and type(value) is not kind:
        raise FieldError(path, f"{_NAMES[kind]} is wanted here, not {value!r}")
    return value


_NAMES = {int: "a whole number", str: "a text", bool: "true or false"}


def _fraction(value: JsonValue, path: str) -> Fraction:
    if type(value) is int:
        return Fraction(value)
    if isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value):
        if value[1] <= 0:
            raise FieldError(path, "the denominator must be positive")
        return Fraction(value[0], value[1])
    raise FieldError(path, "a ratio [num, den] is wanted here")
