"""The application that describes `/api/v1` of itself (OpenAPI 3.1), and what all its answers have in common.

There is no page to try it out on: that would want scripts from elsewhere.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, current_app, make_response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from checks.codec import texts_for_big
from checks.wire import strict_json
from collector.availability.errors import AvailabilityError
from collector.estate.errors import EstateError
from collector.jobs.cadence import NoLedger
from collector.judging.judge import NoScorecard
from collector.packs.model import PackDataError
from collector.packs.options import OptionError
from collector.statements.fields import FieldsError
from collector.web import api_models as models

P = ParamSpec("P")
_WORDS = {400: "bad_request", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
_FAILED: dict[Any, Any] = dict.fromkeys(("400", "401", "403", "404", "409"), models.Failed)
_SESSION: dict[str, Any] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "roundseal",
        "description": "The cookie of a login (`__Host-roundseal` over TLS).",
    }
}


def application(name: str) -> OpenAPI:
    """Flask that follows what is asked and answered by its routes."""
    return OpenAPI(
        name,
        info=Info(title="Roundseal", version="1"),
        security_schemes=_SESSION,
        validation_error_status=400,
        validation_error_model=models.Failed,
        validation_error_callback=_invalid,
        doc_ui=False,
    )


def blueprint() -> APIBlueprint:
    """Routes under `/api/v1`, read only, each for whoever is logged in."""
    made = APIBlueprint(
        "api",
        "collector.web",
        url_prefix="/api/v1",
        abp_security=[{"session": []}],
        abp_responses=dict(_FAILED),
    )

    @made.before_request
    def guard() -> BaseResponse | None:
        answered: BaseResponse | None = current_app.extensions["roundseal_guard"]()
        return answered

    return made


def described(app: OpenAPI) -> Response:
    """The description; its cookie is named as this server names it."""
    spec: dict[str, Any] = app.api_doc
    spec["components"]["securitySchemes"]["session"]["name"] = app.extensions["roundseal_cookie"]
    return Response(json.dumps(spec, ensure_ascii=False), mimetype="application/json")


def said(value: Any, status: int = 200) -> Response:
    """An answer."""
    return Response(strict_json.dumps(texts_for_big(value)), status=status, mimetype="application/json")


def failed(status: int, code: str, detail: str) -> Response:
    """An answer that is none."""
    return said({"status": code, "detail": detail}, status)


def refused(error: HTTPException) -> Response:
    """What Flask refuses under `/api/`, in our form and with its headers (Allow)."""
    made = make_response(error.get_response())
    status = error.code or 500
    made.set_data(strict_json.dumps({"status": _WORDS.get(status, "failed"), "detail": error.name}))
    made.mimetype = "application/json"
    return made


def _invalid(error: ValidationError) -> Response:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    return failed(400, "bad_request", f"{name}: {first['msg']}")


def answers(view: Any) -> Any:
    """Mistakes of the asker, and what cannot be read or calculated, as answers."""

    @wraps(view)
    def made(**asked: Any) -> Response:
        try:
            found: Response = view(**asked)
        except tuple(_TOLD) as error:
            return next(tell(error) for kind, tell in _TOLD.items() if isinstance(error, kind))
        return found

    return made


def _unjudged(error: Any) -> Response:
    if error.code == "future":
        return failed(400, error.code, f"as_of: {error}")
    return failed(404, error.code, str(error))


def _unread(error: Any) -> Response:
    return failed(409, "unread_estate", f"the estate in force cannot be read: {error.problems[0]}")


# The first that an error is one of: a ValueError last, for others are ValueErrors too.
_TOLD: dict[type[Exception], Callable[[Any], Response]] = {
    NoScorecard: _unjudged,
    NoLedger: _unjudged,
    OptionError: lambda error: failed(400, "bad_option", f"option: {error}"),
    FieldsError: lambda error: failed(400, error.code, f"what_if: {error}"),
    AvailabilityError: lambda error: failed(409, "no_figure", str(error)),
    EstateError: _unread,
    PackDataError: lambda error: failed(
        409, "unread_pack", f"the pack of the estate in force cannot be read: {error}"
    ),
    ValueError: lambda error: failed(400, "bad_request", str(error)),
}
