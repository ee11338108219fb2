"""A small reader of Redis' protocol (RESP 2): commands out, bounded answers in."""

import ssl
import time
from typing import Any

from agent.sources.sql_session import Watch, dial
from checks.api import ErrorKind, ObservationError
from checks.sql import PORTS, Reach

_MOST_BYTES = 4 << 20
_MOST_DEPTH = 4
_MOST_ITEMS = 100_000


class Refusal(str):
    """An error that the server answered; its first word is its code."""

    __slots__ = ()


class Redis:
    """One connection. Every call raises ObservationError."""

    def __init__(self, at: Reach) -> None:
        deadline = time.monotonic() + at.timeout_ms / 1000
        port = at.port or PORTS["redis"]
        self.peer = f"{at.address}:{port}"
        self._sock = dial(at.address, port, deadline)
        self._watch = Watch(self._sock.fileno(), deadline)
        self._file: Any = None
        try:
            self._sock.settimeout(at.timeout_ms / 1000)
            if at.tls in ("require", "verify"):  # there is no way to ask a Redis whether it would
                self._sock = _context(at).wrap_socket(self._sock, server_hostname=at.address)
            self._file = self._sock.makefile("rb")
        except OSError as error:
            self.close()
            raise self._error(error) from None

    def ask(self, *words: str) -> Any:
        """The answer: text, int, list, None, or a Refusal."""
        parts = [word.encode() for word in words]
        head = b"*%d\r\n" % len(parts)
        try:
            self._sock.sendall(head + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
            return self._answer(0, [_MOST_BYTES, _MOST_ITEMS])
        except (OSError, ValueError) as error:
            raise self._error(error) from None

    def close(self) -> None:
        """End it."""
        self._watch.close()
        if self._file is not None:
            self._file.close()
        self._sock.close()

    def _error(self, error: Exception) -> ObservationError:
        if self._watch.cut or isinstance(error, TimeoutError):
            return ObservationError(ErrorKind.TIMEOUT, self.peer)
        if isinstance(error, ssl.SSLError):
            return ObservationError(ErrorKind.REFUSED, f"TLS: {self.peer}")
        if isinstance(error, ConnectionError):
            return ObservationError(ErrorKind.REFUSED, f"closed: {self.peer}")
        return ObservationError(ErrorKind.GARBLED, f"{self.peer}: not what a Redis answers")

    def _answer(self, depth: int, left: list[int]) -> Any:
        line = self._line(left)
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return _text(rest)
        if kind == b"-":
            return Refusal(_text(rest))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self._bulk(int(rest), left)
        if kind == b"*" and depth < _MOST_DEPTH:
            return self._array(int(rest), depth, left)
        raise ValueError("unknown kind of answer")

    def _line(self, left: list[int]) -> bytes:
        line: bytes = self._file.readline(min(left[0], 65_536))
        left[0] -= len(line)
        if not line:
            raise ConnectionResetError
        if not line.endswith(b"\r\n") or left[0] <= 0:
            raise ValueError("no line")
        return line[:-2]

    def _bulk(self, size: int, left: list[int]) -> str | None:
        if size < 0:
            return None
        left[0] -= size + 2
        if left[0] < 0:
            raise ValueError("too long")
        raw: bytes = self._file.read(size + 2)
        if len(raw) < size + 2:
            raise ConnectionResetError
        return _text(raw[:-2])

    def _array(self, size: int, depth: int, left: list[int]) -> list[Any] | None:
        if size < 0:
            return None
        left[1] -= size
        if left[1] < 0:
            raise ValueError("too many")
        return [self._answer(depth + 1, left) for _ in range(size)]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _context(at: Reach) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=at.ca or None)
    if at.tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
