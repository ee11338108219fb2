"""Enrolment token and approval code.

    enrol1.<id>.<secret>.<SPKI pin>.<log vkey hash>

id: 1 to 32 of a-z 0-9; secret: 16 bytes; pin and hash: SHA-256; all three base64url without
padding. The pin is `-` where the collector is reached over loopback HTTP. The token carries both
pins, so nothing is trusted on first use; the secret never travels.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from hashlib import sha256

from checks.wire.errors import Code, WireError
from checks.wire.numbers import ALG_ED25519

_ID = re.compile(r"[a-z0-9]{1,32}")
_PREFIX = "enrol1"
_GROUPS = 6


@dataclass(frozen=True, slots=True)
class Token:
    """What an enrolment token says."""

    id: str
    secret: bytes = field(repr=False)
    spki_pin: bytes | None
    vkey_hash: bytes


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str, size: int, what: str) -> bytes:
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        data = b""
    if len(data) != size or _text(data) != text:
        raise WireError(Code.BAD_TOKEN, f"its {what} is not {size} bytes of base64url")
    return data


def make_token(token: Token) -> str:
    """Text of a token."""
    if not _ID.fullmatch(token.id) or len(token.secret) != 16 or len(token.vkey_hash) != 32:
        raise WireError(Code.BAD_TOKEN, "id, secret or key hash cannot be")
    pin = _text(token.spki_pin) if token.spki_pin is not None else "-"
    return ".".join((_PREFIX, token.id, _text(token.secret), pin, _text(token.vkey_hash)))


def parse_token(text: str) -> Token:
    """The token in this text; WireError `bad_token`."""
    parts = text.strip().split(".")
    if len(parts) != 5 or parts[0] != _PREFIX or not _ID.fullmatch(parts[1]):
        raise WireError(Code.BAD_TOKEN, "an enrolment token is enrol1.<id>.<secret>.<pin>.<hash>")
    pin = None if parts[3] == "-" else _bytes(parts[3], 32, "pin")
    return Token(parts[1], _bytes(parts[2], 16, "secret"), pin, _bytes(parts[4], 32, "key hash"))


def approval_code(public: bytes, alg: int = ALG_ED25519) -> str:
    """What two people compare before an agent is let in, e.g. `0412-7733-…`: 24 digits, 79 bits.

    SHA-256( "roundseal/code/v1\\n" || alg || public key ) as a number, modulo 10^24.
    """
    digest = sha256(b"roundseal/code/v1\n" + bytes((alg,)) + public).digest()
    digits = f"{int.from_bytes(digest, 'big') % 10 ** (4 * _GROUPS):0{4 * _GROUPS}d}"
    return "-".join(digits[i : i + 4] for i in range(0, len(digits), 4))
