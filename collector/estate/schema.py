"""JSON Schema of the estate file for editors, made from the model."""

import json
from typing import Any

from pydantic import TypeAdapter

from checks.artefacts.levels import Level
from collector.backups.policy import Pick
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


_WORD = {"type": "string", "minLength": 1}
_WORDS = {"anyOf": [_WORD, {"type": "array", "items": _WORD}]}
_SPAN = {"type": "string", "pattern": r"^\d{1,6} ?(s|seconds?|min|minutes?|h|hours?|d|days?|weeks?)$"}
_KEEP = {"type": "string", "pattern": r"^\d{1,6} ?(d|days?|weeks?|months?|years?)$"}
_PERIODS = {"enum": ["day", "week", "fortnight", "month", "quarter", "year"]}


def _keys(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_SOURCE = _keys(kind=_WORD, path=_WORD, reader=_WORD)
_TIMES: dict[str, Any] = {
    "every": _PERIODS,
    "on": {"type": ["string", "integer"]},
    "window": {"type": "string", "pattern": r"^\d\d:\d\d-\d\d:\d\d$"},
    "grace": _SPAN,
    "keep": _KEEP,
    "source": _SOURCE,
    "before": _WORD,
    "within": _SPAN,
    "fulls_kept": {"type": "integer", "minimum": 0},
}
_FULL = _keys(**_TIMES)
_INCREMENTAL = _keys(**_TIMES, to={"enum": ["last", "full"]}, base=_FULL)


def _several(of: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [of, {"type": "array", "items": of}]}


_ALLOWED = _keys(("up_to", "within"), up_to=_WORD, within=_SPAN)
_BACKUP = _keys(
    ("object",),
    object={"type": "string", "description": "An id of objects, or a pattern such as county/*/oa-db."},
    clause=_WORDS,
    kind={"enum": ["database", "files", "uploads", "log", "package"]},
    **{"since": {"type": "string", "format": "date"}, "from": {"type": "string", "format": "date"}},
    place=_WORD,
    level={"enum": [level.word for level in Level]},
    believe=_SPAN,
    full=_several(_FULL),
    incremental=_several(_INCREMENTAL),
    source=_SOURCE,
    copy=_keys(
        ("to", "within"),
        to=_WORD,
        within=_SPAN,
        equal={"enum": ["sha256", "tree"]},
        keep=_KEEP,
        first_keep=_KEEP,
    ),
    sealed=_keys(("scheme",), **{"scheme": _WORD, "for": _WORDS}),
    access=_keys(owner=_WORD, mode={"type": "string", "pattern": "^[0-7]{3,5}$"}, refused=_WORDS),
    drill=_keys(
        ("every", "restore_within"),
        every=_PERIODS,
        pick={"enum": [str(one) for one in Pick]},
        restore_within=_SPAN,
        compare={"enum": ["exact", "bounded", "sampled"]},
        questions=_WORD,
        reaction=_SPAN,
        needs_approval={"type": "boolean"},
        approval=_WORD,
        allowed=_several(_ALLOWED),
    ),
    aliases=_several(_keys(("name", "until"), name=_WORD, until=_WORD, entry={"type": "integer"})),
    systems=_WORDS,
    sources=_WORDS,
)
_QUESTIONS: dict[str, Any] = {
    "type": "object",
    "description": "What the application would ask of a restored database or tree, by name.",
    "additionalProperties": {
        "type": "array",
        "minItems": 1,
        "items": _keys(("id",), id=_WORD, sql=_WORD, path=_WORD, expected={"type": "string"}),
    },
}
_SUCCESS = _keys(
    ("at_least",),
    at_least={"type": "string", "pattern": r"^\d{1,3}(\.\d{1,6})?%$"},
    over={"enum": ["month", "quarter", "year"]},
    unit={"enum": ["drill"]},
    count={"enum": ["first_attempt"]},
)


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
    replaced["properties"]["backups"] = {"type": "array", "items": _BACKUP}
    replaced["properties"]["backup_success"] = _SUCCESS
    replaced["properties"]["backup_questions"] = _QUESTIONS
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
