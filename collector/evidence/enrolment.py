"""Enrolment statements and signed GETs: what an agent says of itself, checked before it is believed."""

import hmac
import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from checks.wire import signing, strict_json
from checks.wire.entry import Signature, verify_statement
from checks.wire.errors import WireError
from checks.wire.numbers import ALG_ED25519, MAX_HEADER, EntryKind, pae_type
from checks.wire.pae import pae

MAX_SKEW_MS = 24 * 3600 * 1000


class Refused(Exception):
    """An enrolment or signed request that is not accepted: HTTP status, stable word, detail."""

    def __init__(self, http: int, status: str, detail: str = "") -> None:
        super().__init__(f"{status}: {detail}")
        self.http = http
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Statement:
    """An enrolment statement, its bytes and the new key's signature over them; not yet authorised."""

    raw: bytes
    mac: str
    signature: bytes
    log: str
    token: str
    public: bytes
    machine: str
    hostname: str


_HEX64 = re.compile(r"[0-9a-f]{64}")
_FIELDS = ("log", "token", "public", "machine", "hostname", "boot", "nonce", "key_protection")


def read_statement(request: bytes) -> Statement:
    """The statement in the body of POST /v1/enrol; Refused `bad_statement`."""
    try:
        outer = strict_json.loads(request)
        raw = _base64(outer, "statement")
        inner = strict_json.loads(raw)
    except WireError as error:
        raise Refused(400, "bad_statement", error.detail) from None
    if len(raw) > MAX_HEADER or not isinstance(inner, dict):
        raise Refused(400, "bad_statement", f"an object of at most {MAX_HEADER} bytes is wanted")
    for name in _FIELDS:
        if not isinstance(inner.get(name), str) or len(inner[name]) > 255:
            raise Refused(400, "bad_statement", f"{name}: a text is wanted")
    if inner.get("v") != 1 or inner.get("alg") != ALG_ED25519:
        raise Refused(400, "bad_statement", "v 1 and alg 1 are wanted")
    if not _HEX64.fullmatch(inner["public"]) or not _HEX64.fullmatch(inner["machine"]):
        raise Refused(400, "bad_statement", "public and machine: 64 hex digits are wanted")
    mac = outer.get("mac") if isinstance(outer, dict) else None
    return Statement(
        raw,
        mac if isinstance(mac, str) and mac.isascii() else "",
        _base64(outer, "signature"),
        inner["log"],
        inner["token"],
        bytes.fromhex(inner["public"]),
        inner["machine"],
        inner["hostname"],
    )


def _base64(value: Any, name: str) -> bytes:
    text = value.get(name) if isinstance(value, dict) else None
    try:
        return b64decode(text, validate=True) if isinstance(text, str) else b64decode("!", validate=True)
    except (Base64Error, ValueError):
        raise Refused(400, "bad_statement", f"{name}: base64 is wanted") from None


def check_statement(statement: Statement, origin: str, secret: bytes) -> None:
    """Refuse unless the token's holder made it and the new key signed it, for this log."""
    wanted = hmac.new(secret, statement.raw, sha256).hexdigest()
    if not hmac.compare_digest(wanted, statement.mac):
        raise Refused(401, "bad_token", "no such token, or the statement was not made with it")
    if statement.log != origin:
        raise Refused(421, "wrong_log", f"this log is {origin}")
    try:
        signing.check_public(statement.public)
    except WireError as error:
        raise Refused(400, "bad_statement", error.detail) from None
    signature = Signature(ALG_ED25519, signing.key_id(statement.public), statement.signature)
    if not verify_statement(EntryKind.ENROL, statement.raw, [signature], statement.public):
        raise Refused(400, "bad_statement", "the key in it has not signed it")


@dataclass(frozen=True, slots=True)
class SignedGet:
    """The Authorization of a signed GET, not yet believed."""

    agent: str
    epoch: int
    time: int
    nonce: str
    signature: bytes


_PAIR = re.compile(r'([a-z]+)="([^"\\]*)"')
_NONCE = re.compile(r"[0-9a-f]{32}")


def read_authorization(text: str) -> SignedGet:
    """Parse `Roundseal agent="A",epoch="1",key="…",time="…",nonce="…",signature="…"`; Refused 401."""
    scheme, _, rest = text.partition(" ")
    found = dict(_PAIR.findall(rest))
    bad = Refused(401, "bad_authorization", "a signed GET is wanted")
    if scheme != "Roundseal" or not {"agent", "epoch", "time", "nonce", "signature"} <= found.keys():
        raise bad
    numbers = (found["epoch"], found["time"])
    if not all(n.isascii() and n.isdigit() and len(n) < 17 for n in numbers):
        raise bad
    if not _NONCE.fullmatch(found["nonce"]):
        raise bad
    try:
        signature = b64decode(found["signature"], validate=True)
    except (Base64Error, ValueError):
        raise bad from None
    return SignedGet(found["agent"], int(found["epoch"]), int(found["time"]), found["nonce"], signature)


def check_get(asked: SignedGet, target: str, public: bytes, now_ms: int) -> None:
    """Refuse unless `public` signed exactly this request, at most a day ago by its clock."""
    message = pae(pae_type("get"), f"GET|{target}|{asked.nonce}|{asked.time}".encode())
    if not signing.verify(public, message, asked.signature):
        raise Refused(401, "bad_signature", "not signed by the agent's key")
    if abs(asked.time - now_ms) > MAX_SKEW_MS:
        raise Refused(401, "clock", "more than a day away from the collector's clock")
