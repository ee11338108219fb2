"""Enrolment, approval and signed GETs over HTTP: who is let in, and who is not."""

import json
import os
from base64 import b64decode

import pytest

from checks.plan import Plan, encode
from checks.wire import entry, note, signing, token
from checks.wire.numbers import EntryKind, pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer
from collector.jobs import lifecycle, projection
from collector.store import evidence, packs


@pytest.fixture
def server(serve):
    return serve()


@pytest.fixture
def agent(enrol, context):
    made = enrol(context, "other")
    made.name, made.signer, made.epoch = "web-09", Signer(os.urandom(32)), 1
    return made


def create(context, **more):
    return lifecycle.create_token(context, "web-09", "web-09", by="test", **more)


def enrol_at(server, body):
    code, _, answer = server.request("POST", "/v1/enrol", body)
    return code, json.loads(answer)


def get(server, agent, path="/v1/agents/self", **more):
    code, headers, body = server.request(
        "GET", path, None, {"Authorization": agent.authorization(path, **more)}
    )
    return code, headers, body


def test_the_whole_way_from_token_to_approval_is_logged(server, context, agent):
    text = create(context)
    raw, body = agent.statement_for(text)
    code, told = enrol_at(server, body)
    assert (code, told["status"], told["agent"], told["epoch"]) == (202, "pending", "web-09", 1)
    assert told["code"] == token.approval_code(agent.signer.public)
    assert enrol_at(server, body) == (code, told)  # the answer was lost: the same again
    assert get(server, agent)[0] == 202
    assert get(server, agent, "/v1/plan")[0] == 403
    done = lifecycle.approve(context, told["code"], by="boss")
    code, _, answer = get(server, agent)
    known = json.loads(answer)
    assert (code, known["status"], known["idx"]) == (200, "approved", done.approve_idx)
    assert note.parse_vkey(known["vkey"]) == context.vkey
    with context.read() as conn:
        enrolled = entry.parse(packs.entry(conn, done.enrol_idx).data)
        approved = entry.parse(packs.entry(conn, done.approve_idx).data)
    assert enrolled.header == raw
    assert entry.verify_statement(EntryKind.ENROL, raw, enrolled.signatures, agent.signer.public)
    assert json.loads(approved.header)["by"] == "boss"
    assert json.loads(approved.header)["enrol"] == done.enrol_idx
    agent.enrolled(raw)
    assert server.send(agent.batch())[1]["status"] == "ok"


def test_a_token_works_once(server, context, agent):
    text = create(context)
    assert enrol_at(server, agent.statement_for(text)[1])[0] == 202
    code, told = enrol_at(server, agent.statement_for(text)[1])
    assert (code, told["status"]) == (401, "bad_token")


def test_an_expired_an_unknown_and_a_forged_token_are_refused(server, context, agent):
    text = create(context, seconds=60)
    with context.write() as conn:
        conn.exec_driver_sql("UPDATE token SET expires = 1")
    assert enrol_at(server, agent.statement_for(text)[1])[1]["status"] == "bad_token"
    parsed = token.parse_token(create(context))
    unknown = token.make_token(token.Token("nosuch", parsed.secret, None, parsed.vkey_hash))
    forged = token.make_token(token.Token(parsed.id, b"0" * 16, None, parsed.vkey_hash))
    for bad in (unknown, forged):
        assert enrol_at(server, agent.statement_for(bad)[1])[0] == 401


def test_a_statement_that_its_key_has_not_signed_is_refused(server, context, agent):
    _raw, body = agent.statement_for(create(context))
    value = json.loads(body)
    value["signature"] = value["signature"][:-8] + "AAAAAA=="
    assert enrol_at(server, json.dumps(value).encode())[1]["status"] == "bad_statement"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"statement":"!"}', b'{"statement":"e30="}', b"x" * 20_000]
)
def test_what_is_no_statement_is_refused_in_words(server, body):
    code, told = enrol_at(server, body)
    assert (code, told["status"]) in ((400, "bad_statement"), (413, "bad_statement"))


def test_nobody_is_approved_twice_or_by_a_wrong_code(server, context, agent):
    _, told = enrol_at(server, agent.statement_for(create(context))[1])
    with pytest.raises(lifecycle.LifecycleError, match="nobody waits"):
        lifecycle.approve(context, "0000-0000", by="test")
    lifecycle.approve(context, told["code"], by="test")
    with pytest.raises(lifecycle.LifecycleError, match="nobody waits"):
        lifecycle.approve(context, told["code"], by="test")


def test_a_get_that_is_not_signed_by_the_agent_or_is_a_day_old_is_refused(server, context, enrol):
    agent = enrol(context, "web-01")
    assert server.request("GET", "/v1/plan")[0] == 401
    assert get(server, agent, at=context.now() - 25 * 3600 * 1000)[0] == 401
    assert get(server, agent, at=context.now() + 20 * 3600 * 1000)[0] == 200
    agent.signer = Signer(b"z" * 32)
    assert get(server, agent)[0] == 401
    agent.name = "nobody"
    assert json.loads(get(server, agent)[2])["status"] == "unknown_key"


def test_a_signature_for_one_path_is_no_signature_for_another(server, context, enrol):
    agent = enrol(context, "web-01")
    stolen = {"Authorization": agent.authorization("/v1/agents/self")}
    assert server.request("GET", "/v1/plan", None, stolen)[0] == 401


def test_the_plan_is_served_signed_with_its_digest_and_announced_with_batches(
    server, context, enrol, eventually
):
    from hashlib import sha256

    agent = enrol(context, "web-01")
    assert get(server, agent, "/v1/plan")[0] == 404
    assert "roundseal-plan" not in server.request("POST", "/v1/batches", agent.batch())[1]
    made = Plan(1, context.origin, "web-01", 1, context.now(), "00" * 32, "Asia/Shanghai", 300)
    header = {"agent": "web-01", "epoch": 1, "estate": made.estate, "by": "test"}
    plan = encode(made)
    (idx,) = projection.log(context, [(EntryKind.PLAN, header, plan)])
    code, headers, body = get(server, agent, "/v1/plan")
    assert (code, body, headers["etag"]) == (200, plan, f'"{sha256(plan).hexdigest()}"')
    signature = b64decode(headers["roundseal-signature"])
    assert signing.verify(context.signer.public, pae(pae_type("plan"), plan), signature)
    again = {"Authorization": agent.authorization("/v1/plan"), "If-None-Match": headers["etag"]}
    assert server.request("GET", "/v1/plan", None, again)[0] == 304

    def announced():  # what is said is at most two seconds old
        headers = server.request("POST", "/v1/batches", agent.batch())[1]
        return headers if headers.get("roundseal-plan") == sha256(plan).hexdigest() else None

    headers = eventually(announced, 30)
    assert len(headers["roundseal-time"].split(",")) == 2
    with context.read() as conn:
        assert evidence.newest(conn, "web-01", 1, EntryKind.PLAN).idx == idx


def test_a_pending_agent_can_be_turned_away(server, context, enrol):
    agent = enrol(context, "web-02", approve=False)
    lifecycle.revoke(context, "web-02", reason="unknown machine", by="test")
    assert get(server, agent)[0] == 403
    assert server.send(agent.batch())[1]["status"] == "revoked"
