"""Facts and parameters between dataclasses and plain JSON values, strictly both ways.

Facts hold integers, strings, booleans, None, and tuples or mappings of those (no floats in signed
bytes). A ratio is `[num, den]`; what the collector logs may also hold days (ISO), decimals and the parts
of ratios beyond 2^53, as texts.
Unknown keys, missing keys and wrong types are `FieldError`s that name the path, e.g. `params.used.warn`.
"""

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
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
    kind = type(value)
    return value if kind in _PLAIN else _writer(kind)(value)  # type: ignore[arg-type]  # classes are hashable


_PLAIN = frozenset({type(None), bool, int, str})


@cache
def _writer(kind: type) -> Callable[[Any], JsonValue]:
    """How values of `kind` are written, found out once."""
    if issubclass(kind, int | str):
        return (lambda value: value.value) if issubclass(kind, Enum) else (lambda value: value)
    if issubclass(kind, Fraction):
        return lambda value: [value.numerator, value.denominator]
    if kind in (date, Decimal):
        return str
    if is_dataclass(kind):
        return _dataclass_writer(tuple(f.name for f in fields(kind)))
    if issubclass(kind, frozenset | set):
        return lambda value: sorted(to_json(item) for item in value)
    if issubclass(kind, tuple | list):
        return lambda value: [to_json(item) for item in value]
    if issubclass(kind, Mapping):
        return lambda value: {str(key): to_json(item) for key, item in value.items()}
    raise TypeError(f"{kind.__name__} cannot be signed")


def _dataclass_writer(names: tuple[str, ...]) -> Callable[[Any], JsonValue]:
    def write(value: Any) -> JsonValue:
        made = {}
        for name in names:
            item = getattr(value, name)
            made[name] = item if type(item) in _PLAIN else to_json(item)
        return made

    return write


def from_json(kind: type[T], value: JsonValue, path: str = "") -> T:
    """Instance of `kind` (a dataclass, scalar, tuple, mapping …) made from a plain JSON value."""
    made: T
    try:
        made = _quick(kind)(value)  # type: ignore[arg-type]  # classes are hashable
    except _Odd:
        # Read again with care: it says what is wrong and where, or knows what the quick way does not.
        made = _read(kind, value, path or getattr(kind, "__name__", "value"))
    return made


class _Odd(Exception):
    """The quick way does not know this value: a wrong one, or one with parts left out."""


_Reader = Callable[[JsonValue], Any]


@cache
def _quick(kind: Any) -> _Reader:
    """Reader of well-formed values of `kind`, put together once: most values are well-formed."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _quick_dataclass(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _quick_union(args)
    if origin in (tuple, frozenset, list):
        every = origin is not tuple or args[1:] == (Ellipsis,)
        return _quick_sequence(origin, _quick(args[0])) if every else _quick_fixed(tuple(map(_quick, args)))
    if origin is not None and issubclass(origin, Mapping):
        return _quick_mapping(_quick(args[0]), _quick(args[1]))
    if kind in _QUICK_SCALARS:
        return _QUICK_SCALARS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _quick_enum(kind)
    return _no_quick_way if kind is not Any else lambda value: value


def _no_quick_way(value: JsonValue) -> Any:
    raise _Odd


def _quick_int(value: JsonValue) -> int:
    if type(value) is not int:
        raise _Odd
    return value


def _quick_str(value: JsonValue) -> str:
    if type(value) is not str:
        raise _Odd
    return value


def _quick_bool(value: JsonValue) -> bool:
    if type(value) is not bool:
        raise _Odd
    return value


def _quick_ratio(value: JsonValue) -> Fraction:
    return Fraction(_quick_number(value))


def _quick_date(value: JsonValue) -> date:
    try:
        made = date.fromisoformat(_quick_str(value))
    except ValueError:
        raise _Odd from None
    if str(made) != value:
        raise _Odd
    return made


def _quick_decimal(value: JsonValue) -> Decimal:
    try:
        made = Decimal(_quick_str(value))
    except InvalidOperation:
        raise _Odd from None
    if str(made) != value:
        raise _Odd
    return made


_QUICK_SCALARS: dict[Any, _Reader] = {
    int: _quick_int,
    str: _quick_str,
    bool: _quick_bool,
    Fraction: _quick_ratio,
    date: _quick_date,
    Decimal: _quick_decimal,
}


def _quick_dataclass(kind: Any) -> _Reader:
    hints, parts = _hints(kind), fields(kind)
    reads = {f.name: _quick(hints[f.name]) for f in parts}
    needed = {f.name for f in parts if f.default is MISSING and f.default_factory is MISSING}
    count = len(reads)
    if not all(f.init and not f.kw_only for f in parts):
        return _no_quick_way

    def read(value: JsonValue) -> Any:
        if type(value) is not dict:
            raise _Odd
        try:
            if len(value) == count:
                return kind(*[reader(value[name]) for name, reader in reads.items()])
            if needed <= value.keys():
                return kind(**{name: reads[name](item) for name, item in value.items()})
        except (KeyError, ValueError):
            raise _Odd from None
        raise _Odd

    return read


def _quick_union(args: tuple[Any, ...]) -> _Reader:
    """Told apart by what a plain value is; options that could be taken for each other are read with care."""
    options = [arg for arg in args if arg is not type(None)]
    if options == [int, Fraction]:
        by_kind: dict[type, _Reader] = {int: _quick_number, list: _quick_number}
    else:
        pairs = [(plain, _quick(option)) for option in options for plain in _plain_kinds(option)]
        by_kind = dict(pairs)
        if len(by_kind) < len(pairs):
            return _no_quick_way
    if type(None) in args:
        by_kind[type(None)] = lambda value: None

    def read(value: JsonValue) -> Any:
        reader = by_kind.get(type(value))
        if reader is None:
            raise _Odd
        return reader(value)

    return read


def _plain_kinds(kind: Any) -> tuple[type, ...]:
    """What plain values of `kind` can be."""
    origin = get_origin(kind) or kind
    if not isinstance(origin, type):
        return (int, str, bool, list, dict)
    if is_dataclass(origin) or issubclass(origin, Mapping):
        return (dict,)
    if origin in (tuple, frozenset, list):
        return (list,)
    if issubclass(origin, Enum):
        return (int, str)
    return {Fraction: (int, list), date: (str,), Decimal: (str,)}.get(origin, (origin,))


def _quick_number(value: JsonValue) -> int | Fraction:
    """A reading's number: whole, or `[num, den]`."""
    if type(value) is int:
        return value
    if type(value) is list and len(value) == 2 and type(value[0]) is type(value[1]) is int and value[1] > 0:
        return Fraction(value[0], value[1])
    raise _Odd


def _quick_sequence(origin: Any, inner: _Reader) -> _Reader:
    def read(value: JsonValue) -> Any:
        if type(value) is not list:
            raise _Odd
        return origin([inner(item) for item in value])

    return read


def _quick_fixed(inner: tuple[_Reader, ...]) -> _Reader:
    def read(value: JsonValue) -> Any:
        if type(value) is not list or len(value) != len(inner):
            raise _Odd
        return tuple([reader(item) for reader, item in zip(inner, value, strict=True)])

    return read


def _quick_mapping(key: _Reader, inner: _Reader) -> _Reader:
    def read(value: JsonValue) -> Any:
        if type(value) is not dict:
            raise _Odd
        return {key(k): inner(v) for k, v in value.items()}

    return read


def _quick_enum(kind: type[Enum]) -> _Reader:
    members = {member.value: member for member in kind}

    def read(value: JsonValue) -> Any:
        if type(value) not in (str, int) or value not in members:
            raise _Odd
        return members[value]

    return read


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
    if kind in (date, Decimal):
        return _text_of(kind, value, path)
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


def _text_of(kind: Any, value: JsonValue, path: str) -> Any:
    """A day or a decimal from the one text that is written for it."""
    try:
        made = (date.fromisoformat if kind is date else Decimal)(value)
    except (InvalidOperation, TypeError, ValueError):
        made = None
    if made is None or str(made) != value:
        raise FieldError(path, "a day is wanted here" if kind is date else "a decimal is wanted here")
    return made


_WHOLE = re.compile(r"(0|-?[1-9][0-9]{0,999})\Z")


def texts_for_big(value: JsonValue) -> JsonValue:
    """The same with ratios beyond 2^53, which strict JSON cannot hold, as pairs of decimal texts: what the
    collector logs may have them, readings of agents never."""
    if isinstance(value, dict):
        return {key: texts_for_big(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) == 2 and all(type(one) is int for one in value) and max(map(abs, value)) >= 2**53:
        return [str(one) for one in value]
    return [texts_for_big(item) for item in value]


def _fraction(value: JsonValue, path: str) -> Fraction:
    if type(value) is int:
        return Fraction(value)
    if isinstance(value, list) and len(value) == 2 and all(type(v) is str and _WHOLE.match(v) for v in value):
        value = [int(one) for one in value]
    if isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value):
        if value[1] <= 0:
            raise FieldError(path, "the denominator must be positive")
        return Fraction(value[0], value[1])
    raise FieldError(path, "a ratio [num, den] is wanted here")
