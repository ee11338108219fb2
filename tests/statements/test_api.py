"""POST /v1/statements: the signature says who it is; nothing else gets anything into the log."""

import json
from base64 import b64encode

import pytest
from flask.testing import FlaskClient

from collector.web.app import create_app


@pytest.fixture
def client(office) -> FlaskClient:
    office.everybody()
    return create_app(office.context, pages=False).test_client()


def body(file: bytes, document: bytes | None = None) -> dict:
    more = {} if document is None else {"document": b64encode(document).decode()}
    return {"signed": json.loads(file), **more}


def test_a_signed_statement_is_logged_without_a_session(office, client):
    file = office.signed("zhao", "defect_report", b"the report", period="2026-10")
    answer = client.post("/v1/statements", json=body(file, b"the report"))
    assert answer.status_code == 200 and answer.json["status"] == "ok"
    assert client.post("/v1/statements", json=body(file, b"the report")).status_code == 409


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 413, "too_large"),
        (b"[]", 400, "bad_text"),
        (b"{}", 400, "bad_text"),
        (b'{"signed":{}}', 400, "bad_text"),
        (b'{"signed":{},"signed":{}}', 400, "bad_text"),
        (b'{"signed":{"v":1,"text":"{}","signatures":[]}}', 400, "bad_text"),
        (b'{"signed":{"v":1,"text":"x","signatures":[[1,"00000000","00"]]}}', 400, "bad_json"),
        (b'{"signed":"' + b"x" * 70_000 + b'"}', 413, "too_large"),
        (b"\xff\xfe", 400, "bad_text"),
    ],
)
def test_anything_else_is_refused_with_a_code(client, data, status, code):
    answer = client.post("/v1/statements", data=data)
    assert (answer.status_code, answer.json["status"]) == (status, code)


def test_refusals_have_their_http_status(office, client):
    mine = office.signed("zhao", "reprimand", day="2026-11-15", text="x")
    assert client.post("/v1/statements", json=body(mine)).status_code == 403
    other = office.signed("jia", "reprimand", day="2026-11-15", text="x", log="other/log")
    assert client.post("/v1/statements", json=body(other)).status_code == 421
    late = office.signed("jia", "reprimand", day="2026-11-30", text="x")
    assert client.post("/v1/statements", json=body(late)).json["status"] == "in_future"
