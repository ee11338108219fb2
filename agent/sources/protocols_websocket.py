"""WebSocket (RFC 6455): the opening handshake, one ping, the closing one."""

import base64
import secrets
from hashlib import sha1
from urllib.parse import urlsplit

from agent.sources.net_connect import Clock, Failed
from agent.sources.protocols_wire import Course, Peer
from checks.protocols import Endpoint, SocketSeen, Tls

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PING, _PONG, _CLOSE = 0x9, 0xA, 0x8
_MOST_FRAMES = 100


def greet(url: str, verify: bool, ca: str, timeout_ms: int) -> SocketSeen:
    """Shake hands, ping, close."""
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    end = Endpoint(
        parts.hostname or "",
        parts.port or (443 if secure else 80),
        Tls.TLS if secure else Tls.NONE,
        verify=verify,
        ca=ca,
        timeout_ms=timeout_ms,
    )
    course = Course(Clock(timeout_ms))
    status: int | None = None
    accepted: bool | None = None
    pong: bool | None = None
    with course.guard(), course.connected(end) as peer:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        key = base64.b64encode(secrets.token_bytes(16))
        status, answer = _handshake(peer, path, parts.netloc, key)
        accepted = status == 101 and answer == _accept(key)
        if accepted:
            word = secrets.token_bytes(8)
            peer.send(_frame(_PING, word))
            pong = _echoed(peer, word)
            peer.send(_frame(_CLOSE, (1000).to_bytes(2, "big")))
    return SocketSeen(course.talk(), status, accepted, pong)


def _accept(key: bytes) -> str:
    return base64.b64encode(sha1(key + _MAGIC, usedforsecurity=False).digest()).decode()


def _handshake(peer: Peer, path: str, host: str, key: bytes) -> tuple[int, str]:
    peer.send(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode("ascii")
    )
    first, *lines = peer.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if (
        not words[0].startswith("HTTP/1.")
        or not (words[1].isascii() and words[1].isdigit())
        or len(words[1]) != 3
    ):
        raise Failed("garbled")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): text.strip() for name, _, text in pairs}
    return int(words[1]), headers.get("sec-websocket-accept", "")


def _frame(code: int, body: bytes) -> bytes:
    mask = secrets.token_bytes(4)
    coded = bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))
    return bytes([0x80 | code, 0x80 | len(body)]) + mask + coded


def _echoed(peer: Peer, word: bytes) -> bool:
    for _ in range(_MOST_FRAMES):
        first, size = peer.exactly(2)
        if size & 0x80 or first & 0x70:
            raise Failed("garbled")  # a server masks nothing, and no extension was agreed
        if size >= 126:
            size = int.from_bytes(peer.exactly(2 if size == 126 else 8), "big")
        if size > 1 << 20:
            raise Failed("too_long")
        body = peer.exactly(size)
        if first & 0x0F == _PONG and body == word:
            return True
        if first & 0x0F == _CLOSE:
            return False
    return False
