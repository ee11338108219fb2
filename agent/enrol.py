"""Enrolment: from a one-time token to a key that the collector knows and a person has approved.

1  GET /v1/log         the log's key must hash to what the token says
2  key and statement are made and stored: if the answer to 3 is lost, the same one is sent again
3  POST /v1/enrol      statement, HMAC with the token's secret, signature by the new key
4  a person compares the code and approves; we ask GET /v1/agents/self until then
"""

import hmac
import os
import socket
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from secrets import token_hex
from typing import Any

from agent import transport
from agent.clock import boot_id
from agent.errors import AgentError, UnreachableError
from agent.machine import code_digest, read_machine
from agent.state import Identity, State, write_file
from agent.transport import Answer, Transport
from checks.wire import note, strict_json
from checks.wire.entry import sign_statement
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer, new_seed
from checks.wire.token import Token, approval_code, parse_token

_POLL_S = 2.0
# Our own files; an enrolment by force moves them aside, never over.
_OLD = ("agent.key", "agent.json", "outbox.db", "outbox.db-wal", "outbox.db-shm")


def start(state: State, url_text: str, token_text: str, *, force: bool) -> Identity:
    """Steps 1 to 3; the identity is then pending (or approved already)."""
    try:
        token = parse_token(token_text)
    except WireError as error:
        raise AgentError("bad_token", error.detail) from None
    url = transport.parse_url(url_text, token.spki_pin is not None)
    state.make()
    with state.locked():
        line = Transport(url, token.spki_pin)
        try:
            identity = _prepared(state, str(url), token, line, force=force)
            return _send(state, token, line, identity)
        finally:
            line.close()


def _prepared(state: State, url: str, token: Token, line: Transport, *, force: bool) -> Identity:
    """The identity to enrol: the one this token began with, or a new one."""
    if state.path("agent.json").exists():
        found = None if force else state.identity()
        if found is not None and found.token == token.id and found.status == "asked":
            return found
        if not force:
            raise AgentError(
                "already_enrolled", f"{state.root} holds an enrolment already; --force moves it aside"
            )
    vkey = _log_key(line, token)
    _set_aside(state)
    return _new(state, url, token, vkey)


def _log_key(line: Transport, token: Token) -> note.Vkey:
    value = _object(line.request("GET", "/v1/log"), "/v1/log")
    try:
        vkey = note.parse_vkey(str(value.get("vkey", "")))
    except WireError as error:
        raise AgentError("bad_log", f"the collector's log key cannot be read: {error.detail}") from None
    if not hmac.compare_digest(vkey.digest, token.vkey_hash):
        raise AgentError("bad_log", "the collector's log key is not the one this token was made for")
    return vkey


def _set_aside(state: State) -> None:
    """An old enrolment's key and outbox are evidence: they are moved, not deleted."""
    found = [name for name in _OLD if state.path(name).exists()]
    if not found:
        return
    for number in range(1, 1000):
        place = state.path(f"old-{number}")
        if not place.exists():
            break
    place.mkdir(mode=0o700)
    for name in found:
        state.path(name).rename(place / name)


def _new(state: State, url: str, token: Token, vkey: note.Vkey) -> Identity:
    seed = new_seed()
    signer = Signer(seed)
    machine = read_machine(signer.public)
    statement = strict_json.dumps(
        {
            "v": 1,
            "log": vkey.name,
            "token": token.id,
            "public": signer.public.hex(),
            "alg": signer.alg,
            "machine": machine.fingerprint,
            "hostname": socket.gethostname()[:253],
            "boot": boot_id(),
            "wall": time.time_ns() // 1_000_000,
            "versions": _versions(),
            "key_protection": "file",
            "nonce": token_hex(16),
        }
    )
    identity = Identity(
        status="asked",
        url=url,
        tls_pin=token.spki_pin.hex() if token.spki_pin else "",
        origin=vkey.name,
        vkey=str(vkey),
        agent="",
        epoch=0,
        public=signer.public.hex(),
        token=token.id,
        statement=b64encode(statement).decode(),
        machine=machine,
    )
    write_file(state.path("agent.key"), seed.hex().encode() + b"\n")
    state.write_identity(identity)
    return identity


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        mine = version("roundseal")
    except PackageNotFoundError:
        mine = "unknown"
    return {"roundseal": mine, "code": code_digest(), "kernel": os.uname().release}


def _send(state: State, token: Token, line: Transport, identity: Identity) -> Identity:
    statement = b64decode(identity.statement)
    (signature,) = sign_statement(EntryKind.ENROL, statement, state.signer())
    body = strict_json.dumps(
        {
            "statement": identity.statement,
            "mac": hmac.new(token.secret, statement, sha256).hexdigest(),
            "signature": b64encode(signature.sig).decode(),
        }
    )
    answer = line.request("POST", "/v1/enrol", body, {"Content-Type": "application/json"})
    value = _object(answer, "/v1/enrol", good=(200, 202))
    agent, epoch = value.get("agent"), value.get("epoch")
    if not isinstance(agent, str) or not agent or type(epoch) is not int or epoch < 1:
        raise AgentError("bad_answer", "the collector's answer names no agent and epoch")
    made = replace(identity, status="pending", agent=agent, epoch=epoch)
    state.write_identity(made)
    return made


def _object(answer: Answer, path: str, good: tuple[int, ...] = (200,)) -> dict[str, Any]:
    try:
        value = strict_json.loads(answer.body)
    except WireError:
        value = None
    if not isinstance(value, dict):
        raise AgentError("bad_answer", f"{path}: HTTP {answer.status}, and not from a Roundseal collector")
    if answer.status not in good:
        word, detail = value.get("status", answer.status), value.get("detail", "")
        raise AgentError(str(word), f"{path}: refused as {word}{f' ({detail})' if detail else ''}")
    return value


def code_of(identity: Identity) -> str:
    """What the two people compare."""
    return approval_code(bytes.fromhex(identity.public))


def poll(state: State, identity: Identity) -> Identity:
    """Ask once whether somebody approved; the identity as it is now."""
    pin = bytes.fromhex(identity.tls_pin) if identity.tls_pin else None
    line = Transport(transport.parse_url(identity.url, pin is not None), pin)
    try:
        answer = transport.signed_get(
            line,
            state.signer(),
            identity.agent,
            identity.epoch,
            "/v1/agents/self",
            time.time_ns() // 1_000_000,
        )
    finally:
        line.close()
    value = _object(answer, "/v1/agents/self", good=(200, 202))
    if answer.status == 202 or value.get("status") != "approved":
        return identity
    if (value.get("agent"), value.get("epoch")) != (identity.agent, identity.epoch):
        raise AgentError("bad_answer", "the collector approved another agent than it had told us")
    approved = replace(identity, status="approved")
    state.write_identity(approved)
    return approved


def wait(state: State, identity: Identity, until: Callable[[], bool]) -> Identity:
    """Ask until approved, or until `until()` says stop; an unreachable collector is only waited for."""
    while identity.status != "approved" and not until():
        time.sleep(_POLL_S)
        try:
            identity = poll(state, identity)
        except UnreachableError:
            continue
    return identity
