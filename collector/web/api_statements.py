"""POST /v1/statements: a statement that a person signed himself; the signature says who it is, no session.

Body: {"signed": the file of `statement sign`, "document": base64, if one belongs to it}. Answers:
200 {"status":"ok","entry"}; else `status` is a code of docs/statements.md, with `detail`.
"""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from checks.wire import strict_json
from checks.wire.errors import WireError
from collector.context import Context
from collector.jobs import statements
from collector.jobs.statements import StatementError

blueprint = Blueprint("api_statements", __name__, url_prefix="/v1")
_MOST = 6 * 1024 * 1024  # a body of the log as base64
_MOST_SIGNED = 64 * 1024
_FORBIDDEN = frozenset(
    {"no_right", "no_such_account", "bad_signature", "unvouched_key", "role_changed", "other_account"}
)
_CONFLICT = frozenset({"twice", "sealed", "same_person", "bad_correction", "key_known"})


@blueprint.errorhandler(StatementError)
def refused(error: StatementError) -> tuple[Response, int]:
    """A refusal with its code."""
    http = 403 if error.code in _FORBIDDEN else 409 if error.code in _CONFLICT else 400
    http = {"too_large": 413, "wrong_log": 421}.get(error.code, http)
    return jsonify({"status": error.code, "detail": str(error)}), http


@blueprint.post("/statements")
def add() -> Response:
    """Log it, if everything is right with it."""
    if (request.content_length or _MOST + 1) > _MOST:
        raise StatementError("too_large", f"at most {_MOST} bytes, and its length said before")
    signed, document = _parts(request.get_data())
    context: Context = current_app.extensions["roundseal"]
    idx = statements.add_signed(context, signed, document=document)
    return jsonify({"status": "ok", "entry": idx})


def _parts(body: bytes) -> tuple[bytes, bytes | None]:
    """The signed file and the document."""
    try:
        whole: Any = strict_json.loads(body, 6)
        if type(whole) is not dict or not {"signed"} <= whole.keys() <= {"signed", "document"}:
            raise ValueError("signed, and document where there is one, are wanted")
        signed = json.dumps(whole["signed"], ensure_ascii=False).encode()
        given = whole.get("document")
        document = None if given is None else b64decode(given, validate=True)
    except (WireError, Base64Error, ValueError, TypeError) as error:
        raise StatementError("bad_text", f"no statement: {error}") from None
    if len(signed) > _MOST_SIGNED:
        raise StatementError("too_large", f"a signed statement has at most {_MOST_SIGNED} bytes")
    return signed, document
