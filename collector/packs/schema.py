"""JSON Schema of a pack's YAML for editors, made from the classes that read it (see `shape`)."""

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Union, get_args, get_origin

from collector.packs.model import Pack
from collector.packs.shape import hints_of

Schema = dict[str, Any]
_NUMBER = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d+(\.\d+|/[1-9]\d*)?%?$"}],
    "description": "A number, or a text such as 99.9, 5% or 1/3: never rounded.",
}
_PLAIN = {str: "string", int: "integer", bool: "boolean", type(None): "null"}


def schema() -> Schema:
    """The schema as a JSON object."""
    known: dict[str, Schema] = {}
    made = _dataclass(Pack, known)
    made["properties"]["include"] = {"type": "array", "items": {"type": "string"}}
    # What an included file gives need not stand in the main one.
    made.pop("required")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Roundseal contract pack",
        **made,
        "$defs": dict(sorted(known.items())),
    }


def text() -> str:
    """The schema as it is printed."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def _of(kind: Any, known: dict[str, Schema]) -> Schema:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(one, known) for one in args]}
    if origin in (tuple, list, frozenset):
        inner = _of(args[0], known)
        return {"anyOf": [{"type": "array", "items": inner}, inner]}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(args[1], known)}
    if is_dataclass(kind):
        return _reference(kind, known)
    return _scalar(kind)


def _scalar(kind: Any) -> Schema:
    if kind is Fraction:
        return dict(_NUMBER)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    return {"type": _PLAIN[kind]} if kind in _PLAIN else {}


def _reference(kind: Any, known: dict[str, Schema]) -> Schema:
    # Two parts may have a class of the same name.
    name = f"{kind.__module__.removeprefix('collector.')}.{kind.__name__}"
    if name not in known:
        known[name] = {}
        known[name] = _dataclass(kind, known)
    return {"$ref": f"#/$defs/{name}"}


def _dataclass(kind: Any, known: dict[str, Schema]) -> Schema:
    hints = hints_of(kind)
    needed = [
        spec.name for spec in fields(kind) if spec.default is MISSING and spec.default_factory is MISSING
    ]
    return {
        "type": "object",
        "description": (kind.__doc__ or "").strip().partition("\n")[0],
        "properties": {spec.name: _of(hints[spec.name], known) for spec in fields(kind)},
        "required": needed,
        "additionalProperties": False,
    }
