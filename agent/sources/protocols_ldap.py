"""LDAP v3 (RFC 4511): bind, read one entry, unbind. The few BER forms that this takes."""

from collections.abc import Mapping

from agent.sources.net_connect import Clock, Failed
from agent.sources.protocols_wire import Course, Peer
from checks.api import ErrorKind, ObservationError
from checks.protocols import DirectorySeen, Endpoint, Tls

_STARTTLS = b"1.3.6.1.4.1.1466.20037"
_BIND, _ENTRY, _DONE, _REFERENCE, _EXTENDED = 0x61, 0x64, 0x65, 0x73, 0x78
_MOST_MESSAGES = 100


def search(end: Endpoint, base: str, secret: Mapping[str, str]) -> DirectorySeen:
    """Bind, read `base` (no attributes), unbind."""
    course = Course(Clock(end.timeout_ms))
    bind: int | None = None
    code: int | None = None
    entries: int | None = None
    with course.guard(), course.connected(end) as peer:
        if end.tls is Tls.STARTTLS:
            peer.send(_message(1, _tlv(0x77, _tlv(0x80, _STARTTLS))))
            if _result(_answer(peer, 1, _EXTENDED)[1]) != 0:
                raise Failed("no_starttls")
            peer.secure(end)
        user, password = secret.get("user", ""), secret.get("password", "")
        if password and not peer.tls and not peer.address.startswith(("127.", "::1")):
            raise ObservationError(ErrorKind.UNSUPPORTED, "a password is not sent in the clear: set tls")
        words = _tlv(2, b"\3") + _tlv(4, user.encode()) + _tlv(0x80, password.encode())
        peer.send(_message(2, _tlv(0x60, words)))
        bind = _result(_answer(peer, 2, _BIND)[1])
        if bind == 0:
            code, entries = _read(peer, base)
        peer.send(_message(4, b"\x42\x00"))
    return DirectorySeen(course.talk(), bind, code, entries)


def _read(peer: Peer, base: str) -> tuple[int, int]:
    # baseObject, scope 0, never dereference, at most 1 entry, no time limit, (objectClass=*), attribute "1.1"
    words = _tlv(4, base.encode()) + b"\x0a\1\0" + b"\x0a\1\0" + b"\2\1\1" + b"\2\1\0" + b"\1\1\0"
    words += _tlv(0x87, b"objectClass") + _tlv(0x30, _tlv(4, b"1.1"))
    peer.send(_message(3, _tlv(0x63, words)))
    entries = 0
    for _ in range(_MOST_MESSAGES):
        tag, body = _answer(peer, 3, _ENTRY, _DONE, _REFERENCE)
        if tag == _DONE:
            return _result(body), entries
        entries += tag == _ENTRY
    raise Failed("garbled")


def _message(number: int, operation: bytes) -> bytes:
    return _tlv(0x30, _tlv(2, bytes([number])) + operation)


def _tlv(tag: int, body: bytes) -> bytes:
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + body


def _answer(peer: Peer, number: int, *tags: int) -> tuple[int, bytes]:
    """Tag and body of the operation in the next message; Failed where it is none of `tags`."""
    head = peer.exactly(2)
    if head[0] != 0x30:
        raise Failed("garbled")
    size = head[1]
    if size >= 0x80:
        if not 1 <= size - 0x80 <= 4:
            raise Failed("garbled")
        size = int.from_bytes(peer.exactly(size - 0x80), "big")
    if size > 1 << 20:
        raise Failed("too_long")
    _, ident, rest = _cut(peer.exactly(size))
    tag, body, _ = _cut(rest)
    # An unsolicited notice has the number 0: the server says good-bye.
    if int.from_bytes(ident, "big") != number:
        raise Failed("closed" if tag == _EXTENDED else "garbled")
    if tag not in tags:
        raise Failed("garbled")
    return tag, body


def _cut(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, body and what follows of the first element; IndexError or ValueError where there is none."""
    tag, size, at = data[0], data[1], 2
    if size >= 0x80:
        count = size - 0x80
        if not 1 <= count <= 4:
            raise ValueError("length")
        size, at = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if at + size > len(data):
        raise ValueError("short")
    return tag, data[at : at + size], data[at + size :]


def _result(body: bytes) -> int:
    tag, code, _ = _cut(body)
    if tag != 0x0A or not code:
        raise Failed("garbled")
    return int.from_bytes(code, "big")
