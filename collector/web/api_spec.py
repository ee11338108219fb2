"""`/api/v1/openapi.json`: what `pages/api.py` answers, in OpenAPI 3.1."""

from typing import Any

_PERIOD = {"name": "period", "in": "path", "required": True, "schema": {"type": "string"}}
_AS_OF = {
    "name": "as_of",
    "in": "query",
    "schema": {"type": "string"},
    "description": "As the log stood then: ISO 8601, in the contract's zone where it names none.",
}
_UNIT = {"name": "unit", "in": "query", "schema": {"type": "string"}}
_LINE = {"name": "line", "in": "path", "required": True, "schema": {"type": "string"}}
_WHAT_IF = {
    "name": "what_if",
    "in": "query",
    "schema": {"type": "array", "items": {"type": "string"}},
    "description": "KIND:field=value,… as if it had been stated now; may be given several times.",
}
_ERROR = {
    "type": "object",
    "required": ["status", "detail"],
    "properties": {"status": {"type": "string"}, "detail": {"type": "string"}},
}


def _get(summary: str, answer: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    failed = {"description": "no", "content": {"application/json": {"schema": _ERROR}}}
    given = {"description": "found", "content": {"application/json": {"schema": {"type": answer}}}}
    return {
        "get": {
            "summary": summary,
            "parameters": list(parameters),
            "responses": {"200": given, **dict.fromkeys(("400", "401", "403", "404", "409"), failed)},
        }
    }


SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Roundseal", "version": "1"},
    "components": {"securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "roundseal"}}},
    "security": [{"session": []}],
    "paths": {
        "/api/v1/openapi.json": _get("This description", "object"),
        "/api/v1/periods": _get("Periods of the contract", "array"),
        "/api/v1/scorecards/{period}": _get("A scorecard", "object", _PERIOD, _AS_OF, _WHAT_IF),
        "/api/v1/scorecards/{period}/lines/{line}": _get(
            "A line with its evidence", "array", _PERIOD, _LINE, _UNIT, _AS_OF
        ),
        "/api/v1/scorecards/{period}/sealed": _get("Its seal and amendments", "array", _PERIOD),
    },
}
