"""How facts of one type look in bytes when our own writer wrote them, as a pattern, and how they are made.

A text that fits the pattern is strict JSON of that very type: keys in order and once each, integers below
10^15, strings without escapes, no white space. So the C parser may read it unwatched and every value has its
declared type already. What does not fit is not wrong: it is read with care by checks.codec.
"""

import json
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, make_dataclass
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

Maker = Callable[[Any], Any] | None  # None: the value stays as it is

_INTEGER = rb"(?:-?[1-9][0-9]{0,14}+|0)"
_STRING = rb'"[^\x00-\x1f"\\]*+"'
_BOOLEAN = rb"(?:true|false)"
_SCALARS = {int: _INTEGER, str: _STRING, bool: _BOOLEAN}
_PLAIN = re.compile(r"[A-Za-z0-9_.:/ -]*")
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # missing in typeshed
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Misfit(Exception):
    """Not in the form our own writer gives it, or of a type that has no pattern."""


class _Part(NamedTuple):
    """A type: its pattern, its maker, whether it has keys that no pattern can keep from being doubled."""

    pattern: bytes
    make: Maker = None
    free_keys: bool = False


class Shape:
    """Reads values of one type."""

    __slots__ = ("_free_keys", "_make", "_match")

    def __init__(self, part: _Part) -> None:
        self._match = re.compile(part.pattern).match
        self._make, self._free_keys = part.make, part.free_keys

    def read(self, data: bytes, at: int) -> tuple[Any, int]:
        """The value that begins at `at`, and where it ends; Misfit, ValueError or TypeError if unknown."""
        found = self._match(data, at)
        if found is None:
            raise Misfit
        text = found[0].decode("utf-8")
        value, _ = _scan(text, 0)
        if self._free_keys and _encode(value) != text:
            raise Misfit
        return (value if self._make is None else self._make(value)), found.end()


@cache
def shape_of(kind: Any) -> Shape | None:
    """The shape of a type, None for one that has none."""
    try:
        return Shape(_part(kind))
    except Misfit:
        return None


def _part(kind: Any) -> _Part:
    if kind in _SCALARS:
        return _Part(_SCALARS[kind])
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional(args)
    if origin in (tuple, frozenset, list) and (origin is not tuple or args[1:] == (Ellipsis,)):
        return _sequence(origin, _part(args[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping) and args[0] is str:
        return _mapping(_part(args[1]))
    raise Misfit


def _dataclass(kind: Any) -> _Part:
    own, hints = fields(kind), get_type_hints(kind)
    if not all(f.init and _PLAIN.fullmatch(f.name) for f in own):
        raise Misfit
    parts = {f.name: _part(hints[f.name]) for f in own}
    pattern = b",".join(b'"' + name.encode() + b'":' + part.pattern for name, part in parts.items())
    makers = [(name, part.make) for name, part in parts.items() if part.make is not None]

    twin, free = _twin(kind), any(part.free_keys for part in parts.values())
    if twin is kind:
        return _Part(rb"\{" + pattern + rb"\}", _frozen(kind, makers), free)

    def flat(value: dict[str, Any]) -> Any:
        one = twin(**value)
        one.__class__ = kind
        return one

    def nested(value: dict[str, Any]) -> Any:
        for name, make in makers:
            value[name] = make(value[name])
        one = twin(**value)
        one.__class__ = kind
        return one

    return _Part(rb"\{" + pattern + rb"\}", nested if makers else flat, free)


def _frozen(kind: Any, makers: list[tuple[str, Callable[[Any], Any]]]) -> Callable[[Any], Any]:
    def made(value: dict[str, Any]) -> Any:
        for name, make in makers:
            value[name] = make(value[name])
        return kind(**value)

    return made


def _twin(kind: Any) -> Any:
    """A class whose instances may become instances of `kind`.

    A frozen dataclass sets its fields with some ceremony; a twin that is not frozen has the same slots and
    takes half the time. What is not just slots and fields is its own twin.
    """
    own = kind.__dict__
    if "__slots__" not in own or "__post_init__" in own or kind.__mro__ != (kind, object):
        return kind
    names = [(f.name, Any) for f in fields(kind)]
    twin = make_dataclass(kind.__name__, names, slots=True, eq=False, repr=False)
    try:
        twin(*[None for _ in names]).__class__ = kind
    except TypeError:
        return kind
    return twin


def _enum(kind: type[Enum]) -> _Part:
    members = {member.value: member for member in kind}
    if not all(type(value) is str and _PLAIN.fullmatch(value) for value in members):
        raise Misfit
    words = b"|".join(re.escape(value).encode() for value in members)
    return _Part(b'"(?:' + words + b')"', members.__getitem__)


def _optional(args: tuple[Any, ...]) -> _Part:
    options = [arg for arg in args if arg is not type(None)]
    if len(options) != 1 or len(args) != 2:
        raise Misfit
    inner = _part(options[0])
    make = inner.make

    def maybe(value: Any) -> Any:
        return None if value is None else make(value)  # type: ignore[misc]  # used only where it is callable

    return _Part(b"(?:null|" + inner.pattern + b")", None if make is None else maybe, inner.free_keys)


def _sequence(origin: Any, inner: _Part) -> _Part:
    make = inner.make

    def made(value: list[Any]) -> Any:
        return origin(value if make is None else [make(one) for one in value])

    pattern = rb"\[(?:" + inner.pattern + rb"(?:," + inner.pattern + rb")*+)?+\]"
    return _Part(pattern, made, inner.free_keys)


def _mapping(inner: _Part) -> _Part:
    make = inner.make

    def made(value: dict[str, Any]) -> Any:
        return {key: make(one) for key, one in value.items()}  # type: ignore[misc]  # as in maybe

    pair = _STRING + b":" + inner.pattern
    pattern = rb"\{(?:" + pair + rb"(?:," + pair + rb")*+)?+\}"
    return _Part(pattern, None if make is None else made, free_keys=True)
