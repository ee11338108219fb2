"""Traps and informs of SNMP v3: the user-based security model (RFC 3414, RFC 3826, RFC 7860).

    30 L  02 1 03  30 L [ 02 n ID  02 n SIZE  04 1 FLAGS  02 1 03 ]
          04 n [ 30 L [ 04 n ENGINE  02 n BOOTS  02 n TIME  04 n USER  04 n AUTH  04 n SALT ] ]
          30 L SCOPED | 04 n ENCRYPTED

A user that has an authentication key is believed only with it, one that has a privacy key only encrypted.
A message older than 150 s by its sender's own clock is refused: somebody plays it again.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Protocol

from agent.sources.snmp_ber import (
    INTEGER,
    OCTETS,
    Bound,
    Garbled,
    bindings,
    inside,
    number_at,
    opened,
    taken,
    tlv,
    whole_number,
)

AUTH = {
    "md5": ("md5", 12),
    "sha": ("sha1", 12),
    "sha224": ("sha224", 16),
    "sha256": ("sha256", 24),
    "sha384": ("sha384", 32),
    "sha512": ("sha512", 48),
}
_KEY_BYTES = {"des": 16, "aes128": 16, "aes192": 24, "aes256": 32, "aes192c": 24, "aes256c": 32}
TRAP = 0xA7
_WINDOW_S = 150
_MOST_BYTES = 65_507
_MOST_ENGINES = 1024
_MEGABYTE = 1 << 20


class RefusedError(Exception):
    """Nobody we know, not his key, too weak, or played again."""


@dataclass(frozen=True, slots=True)
class User:
    """Keys of one user before they are bound to an engine."""

    name: bytes
    digest: str
    width: int
    auth: bytes
    privacy: str
    private: bytes


def user(secret: Mapping[str, str]) -> User:
    """The user of a secret as the source snmp knows them; ValueError on a kind that nobody knows."""
    name, auth, privacy = secret["user"].encode(), secret.get("auth", ""), secret.get("privacy", "")
    if (auth and auth not in AUTH) or (privacy and (privacy not in _KEY_BYTES or not auth)):
        raise ValueError("auth or privacy is of an unknown kind")
    digest, width = AUTH.get(auth, ("", 0))
    made = _stretched(digest, secret.get("auth_password", "")) if auth else b""
    private = _stretched(digest, secret.get("privacy_password", "")) if privacy else b""
    return User(name, digest, width, made, privacy, private)


def _stretched(digest: str, password: str) -> bytes:
    word = password.encode()
    if not word:
        raise ValueError("a password is missing")
    repeated = (word * (_MEGABYTE // len(word) + 1))[:_MEGABYTE]
    return hashlib.new(digest, repeated, usedforsecurity=False).digest()


def _bound(digest: str, key: bytes, engine: bytes) -> bytes:
    return hashlib.new(digest, key + engine + key, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class Message:
    """What stands outside of what is encrypted, as far as it is wanted for an answer.

    `asks`: the sender wants a report where we cannot take it, as all do that send informs. `context`: engine
    and name that it speaks of, which a response repeats.
    """

    number: int
    asks: bool
    private: bool
    engine: bytes
    starts: int
    seconds: int
    user: bytes
    context: tuple[bytes, bytes] = (b"", b"")


class Opener:
    """Opens messages of these users; remembers how far each engine's clock was."""

    def __init__(self, users: Mapping[bytes, User]) -> None:
        self._users = users
        self._clocks: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def open(self, datagram: bytes) -> tuple[int, list[Bound]]:
        """Kind of PDU and what it binds, of one whose sender's clock counts; Garbled, RefusedError."""
        part, flags, stop, end = _outside(datagram)
        known = self._believed(datagram, part, flags)
        if known.auth:
            self._timely(part)
        kind, _, _, bound = _scoped(datagram, stop, end, part, known, encrypted=bool(flags & 2))
        return kind, bound

    def addressed(self, datagram: bytes, ours: "Clock") -> "tuple[bytes | None, Heard | None]":
        """A message that wants an answer: the answer, or what it says where it is believed.

        Nobody but a user we know is told our clock; anybody is told our engine id, but for who sends a trap:
        that stands for itself, whatever its flag says. Garbled, RefusedError.
        """
        part, flags, stop, end = _outside(datagram)
        message = Message(
            part.number, bool(flags & 4), bool(flags & 2), part.engine, part.boots, part.time, part.user
        )
        if part.engine != ours.id:
            trap = self._trap(datagram, message)
            return (None, trap) if trap else (ours.introduced(message), None)
        known = self._believed(datagram, part, flags)
        if known.auth and not ours.timely(message):
            return ours.clock(message, known), None
        kind, number, context, bound = _scoped(datagram, stop, end, part, known, encrypted=message.private)
        return None, Heard(kind, number, bound, replace(message, context=context), known)

    def _trap(self, datagram: bytes, message: Message) -> "Heard | None":
        """What a trap says that has the flag of those that want an answer, against RFC 3412 section 6.4.

        None for an inform, and for who asks who we are, as he does without any key. Garbled, RefusedError.
        """
        part, flags, stop, end = _outside(datagram)
        if not flags & 3 and _plain_kind(datagram, stop, end) != TRAP:
            return None
        known = self._believed(datagram, part, flags)
        kind, number, _, bound = _scoped(datagram, stop, end, part, known, encrypted=bool(flags & 2))
        if kind != TRAP:
            return None
        if known.auth:
            self._timely(part)
        return Heard(kind, number, bound, message, known)

    def _believed(self, datagram: bytes, part: "_Parameters", flags: int) -> User:
        known = self._users.get(part.user)
        if known is None:
            raise RefusedError("user")
        if (known.auth and not flags & 1) or (known.privacy and not flags & 2):
            raise RefusedError("level")
        if known.auth:
            _authentic(datagram, part, known)
        return known

    def _timely(self, part: "_Parameters") -> None:
        newest = self._clocks.get(part.engine, (0, 0))
        now = (part.boots, part.time)
        if now[0] < newest[0] or (now[0] == newest[0] and now[1] + _WINDOW_S < newest[1]):
            raise RefusedError("played again")
        self._clocks[part.engine] = max(newest, now)
        self._clocks.move_to_end(part.engine)
        if len(self._clocks) > _MOST_ENGINES:
            self._clocks.popitem(last=False)


class Clock(Protocol):
    """The engine that is spoken to: agent.receive.engine.Engine."""

    id: bytes

    def timely(self, message: Message) -> bool:
        """Whether a message was made for our clock."""

    def introduced(self, message: Message) -> bytes:
        """An answer with our id."""

    def clock(self, message: Message, known: User) -> bytes:
        """An answer with our clock."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an addressed message says: `number` of its request."""

    kind: int
    number: int
    bound: list[Bound]
    message: Message
    user: User


def wants_answer(datagram: bytes) -> bool:
    """Whether a message of v3 asks to be reported on: what a trap never does."""
    _, flags, _, _ = _outside(datagram)
    return bool(flags & 4)


def _outside(datagram: bytes) -> "tuple[_Parameters, int, int, int]":
    """Parameters, flags, and where the scoped part begins and ends."""
    begin, end = inside(datagram, 0, len(datagram), 0x30)
    _, begin = number_at(datagram, begin, end)
    number, flags, begin = _flags(datagram, begin, end)
    tag, at, stop = opened(datagram, begin, end)
    if tag != OCTETS:
        raise Garbled("no security parameters")
    return replace(_Parameters.read(datagram, at, stop), number=number), flags, stop, end


@dataclass(frozen=True, slots=True)
class _Parameters:
    engine: bytes
    boots: int
    time: int
    user: bytes
    auth: bytes
    auth_at: int
    salt: bytes
    number: int = 0

    @classmethod
    def read(cls, at: bytes, begin: int, end: int) -> "_Parameters":
        begin, end = inside(at, begin, end, 0x30)
        engine, begin = taken(at, begin, end, OCTETS, 32)
        boots, begin = number_at(at, begin, end)
        time, begin = number_at(at, begin, end)
        name, begin = taken(at, begin, end, OCTETS, 32)
        auth, begin = taken(at, begin, end, OCTETS, 64)
        auth_at = begin - len(auth)
        salt, begin = taken(at, begin, end, OCTETS, 16)
        if begin != end:
            raise Garbled("bytes left over")
        return cls(engine, boots, time, name, auth, auth_at, salt)


def _flags(at: bytes, begin: int, end: int) -> tuple[int, int, int]:
    """Number and flags of the header, and where it ends."""
    tag, inner, stop = opened(at, begin, end)
    if tag != 0x30:
        raise Garbled("no header")
    number, inner = number_at(at, inner, stop)
    _, inner = number_at(at, inner, stop)
    flags, inner = taken(at, inner, stop, OCTETS, 1)
    model, inner = taken(at, inner, stop, INTEGER, 4)
    if inner != stop or len(flags) != 1 or model != b"\x03":
        raise Garbled("another security model")
    return number, flags[0], stop


def _authentic(datagram: bytes, part: _Parameters, known: User) -> None:
    if len(part.auth) != known.width:
        raise RefusedError("digest")
    blank = datagram[: part.auth_at] + bytes(known.width) + datagram[part.auth_at + known.width :]
    key = _bound(known.digest, known.auth, part.engine)
    if not hmac.compare_digest(hmac.digest(key, blank, known.digest)[: known.width], part.auth):
        raise RefusedError("digest")


def _plain_kind(at: bytes, begin: int, end: int) -> int:
    """Kind of PDU of what is not encrypted; 0 where it has none that can be read."""
    try:
        begin, end = inside(at, begin, end, 0x30)
        _, begin = taken(at, begin, end, OCTETS, 32)
        _, begin = taken(at, begin, end, OCTETS, 255)
    except Garbled:
        return 0
    return at[begin] if begin < end else 0


def _scoped(
    at: bytes, begin: int, end: int, part: _Parameters, known: User, *, encrypted: bool
) -> tuple[int, int, tuple[bytes, bytes], list[Bound]]:
    """Kind of PDU, number of its request, engine and name of the context, what it binds."""
    if encrypted:
        if not known.privacy:
            raise RefusedError("level")
        content, stop = taken(at, begin, end, OCTETS, 0xFFFF)
        if stop != end:
            raise Garbled("bytes left over")
        at, begin = _decrypted(content, part, known), 0
        end = len(at)
        # A block cipher's padding may follow.
        tag, begin, end = opened(at, begin, end)
    else:
        tag, begin, end = opened(at, begin, end)
    if tag != 0x30:
        raise RefusedError("privacy key") if encrypted else Garbled("no scoped message")
    engine, begin = taken(at, begin, end, OCTETS, 32)
    name, begin = taken(at, begin, end, OCTETS, 255)
    if begin >= end:
        raise Garbled("breaks off")
    kind = at[begin]
    begin, end = inside(at, begin, end, kind)
    number, begin = number_at(at, begin, end)
    for _ in range(2):
        _, begin = number_at(at, begin, end)
    begin, end = inside(at, begin, end, 0x30)
    return kind, number, (engine, name), bindings(at, begin, end)


def _decrypted(content: bytes, part: _Parameters, known: User) -> bytes:
    if len(part.salt) != 8:
        raise Garbled("no salt")
    if known.privacy == "des" and len(content) % 8:
        raise Garbled("no whole blocks")
    made = _cipher(part, known).decryptor()
    plain: bytes = made.update(content) + made.finalize()
    return plain


def _cipher(part: _Parameters, known: User) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = _privacy_key(part, known)
    if known.privacy == "des":
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

        vector = bytes(a ^ b for a, b in zip(key[8:16], part.salt, strict=True))
        # Single DES is triple DES with one key thrice.
        return Cipher(TripleDES(key[:8] * 3), modes.CBC(vector))
    clock = part.boots.to_bytes(4, "big") + part.time.to_bytes(4, "big")
    return Cipher(algorithms.AES(key), _cfb()(clock + part.salt))


def sealed(
    message: Message,
    known: User | None,
    engine: bytes,
    clock: tuple[int, int],
    scoped: bytes,
    *,
    private: bool,
) -> bytes:
    """An answer to this message under our engine and clock; not authenticated where no user is known."""
    flags, width, salt = 0, 0, b""
    name = known.name if known else message.user
    if known is not None and known.auth:
        flags, width = 1, known.width
        if private and known.privacy:
            flags, salt = 3, secrets.token_bytes(8)
            part = _Parameters(engine, *clock, name, b"", 0, salt)
            block = scoped + bytes(-len(scoped) % 8) if known.privacy == "des" else scoped
            made = _cipher(part, known).encryptor()
            scoped = tlv(OCTETS, made.update(block) + made.finalize())
    rest = tlv(OCTETS, salt)
    spoken = tlv(OCTETS, engine) + whole_number(clock[0]) + whole_number(clock[1]) + tlv(OCTETS, name)
    head = whole_number(message.number) + whole_number(_MOST_BYTES) + tlv(OCTETS, bytes((flags,)))
    parameters = tlv(OCTETS, tlv(0x30, spoken + tlv(OCTETS, bytes(width)) + rest))
    whole = tlv(0x30, whole_number(3) + tlv(0x30, head + whole_number(3)) + parameters + scoped)
    if known is None or not width:
        return whole
    key = _bound(known.digest, known.auth, engine)
    at = len(whole) - len(scoped) - len(rest) - width
    return whole[:at] + hmac.digest(key, whole, known.digest)[:width] + whole[at + width :]


def _cfb() -> Any:
    """The mode of AES: moved in release 47 of its library."""
    try:
        return import_module("cryptography.hazmat.decrepit.ciphers.modes").CFB
    except ImportError:
        return import_module("cryptography.hazmat.primitives.ciphers.modes").CFB


def _privacy_key(part: _Parameters, known: User) -> bytes:
    key, wanted = _bound(known.digest, known.private, part.engine), _KEY_BYTES[known.privacy]
    while len(key) < wanted:
        if known.privacy.endswith("c"):  # Reeder's way: stretch again, as if the key were a password
            again = (key * (_MEGABYTE // len(key) + 1))[:_MEGABYTE]
            more = hashlib.new(known.digest, again, usedforsecurity=False).digest()
            key += _bound(known.digest, more, part.engine)
        else:  # Blumenthal's
            key += hashlib.new(known.digest, key, usedforsecurity=False).digest()
    return key[:wanted]
