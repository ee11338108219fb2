"""JSON Schema of the estate file for editors, made from the model."""

import json
from typing import Any

from pydantic import TypeAdapter

from collector.estate.model import Estate

_NODE = {"$ref": "#/$defs/ServiceTree"}
_NODES = {"type": "array", "items": _NODE, "minItems": 1}
_COUNT = {"type": "integer", "minimum": 1}
_NAME = {"type": "string"}


def _group(operator: str, inner: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {operator: inner, "name": _NAME},
        "required": [operator],
        "additionalProperties": False,
    }


def _of(of: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"up": _COUNT, "degraded": _COUNT, "of": of},
        "required": ["up", "of"],
        "additionalProperties": False,
    }


_TREE = {
    "description": "A probe, CHECK@ASSET or a system; or a group of them.",
    "anyOf": [
        _NAME,
        _group("all", _NODES),
        _group("any", _NODES),
        _group("quorum", _of(_NODES)),
        _group("weighted", _of({"type": "object", "additionalProperties": _COUNT})),
    ],
}


def schema() -> dict[str, Any]:
    """The schema as a JSON object."""
    made: dict[str, Any] = TypeAdapter(Estate).json_schema(by_alias=True)
    made["$defs"]["ServiceTree"] = _TREE
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "Roundseal estate file"
    replaced: dict[str, Any] = _references(made)
    replaced["properties"]["include"] = {
        "anyOf": [_NAME, {"type": "array", "items": _NAME}],
        "description": "Files beside or below this one.",
    }
    return replaced


def _references(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("title") in ("ServiceTree", "Service") and "anyOf" not in value:
            return dict(_NODE)
        # Defaults are milliseconds and fractions inside; the file knows them with their units only.
        dropped = {"default"} if "pattern" in value or value.get("default", 0) in (None, []) else set()
        return {key: _references(item) for key, item in value.items() if key not in dropped}
    return [_references(item) for item in value] if isinstance(value, list) else value


def text() -> str:
    """The schema as it stands in deploy/schema/estate.schema.json."""
    return json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
