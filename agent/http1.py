"""One HTTP/1.1 exchange over a connected socket: what an agent needs of it, strictly read.

`http.client` would bring the e-mail package along, 1.3 MiB for good, and takes 0.3 ms more for each answer.
Answers come with a length, in chunks, or end with the connection; anything doubtful is a ValueError.
"""

import re
import socket
from collections.abc import Mapping
from typing import NamedTuple

MAX_HEAD = 64 * 1024
_SEVERAL = ("set-cookie", "www-authenticate")
_CHUNK = 64 * 1024
_MOST_INTERIM = 8
_FIRST = re.compile(r"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: .*)?")


class Response(NamedTuple):
    """Status, headers (names in lower case), body, and whether the connection may be used again."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    lasts: bool


def exchange(
    sock: socket.socket, method: str, target: str, headers: Mapping[str, str], body: bytes | None, most: int
) -> Response:
    """Send one request and read its answer; ValueError for one that is malformed or beyond `most` bytes."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join((*lines, "\r\n")).encode("ascii")
    # Exactly one line for each: a value of ours that held a line end would be a header of somebody else.
    if head.count(b"\n") != len(lines) + 1:
        raise ValueError("a header holds a line end")
    sock.sendall(head + body if body else head)
    return _Reader(sock, most).response()


class _Reader:
    """What has come in, and how far it is read."""

    def __init__(self, sock: socket.socket, most: int) -> None:
        self._sock = sock
        self._most = most
        self._data = b""

    def response(self) -> Response:
        for _ in range(_MOST_INTERIM):
            status, keeps, headers = self._head()
            if status >= 200:
                break
        else:
            raise ValueError("nothing but interim answers")
        body, lasts = self._body(status, headers)
        keeps = keeps and "close" not in headers.get("connection", "").lower()
        return Response(status, headers, body, lasts and keeps and not self._data)

    def _head(self) -> tuple[int, bool, dict[str, str]]:
        first, *lines = self._until(b"\r\n\r\n", MAX_HEAD).decode("latin-1").split("\r\n")
        found = _FIRST.fullmatch(first)
        if found is None:
            raise ValueError("this is no HTTP answer")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, text = line.partition(":")
            if not colon or not name or name != name.strip():
                raise ValueError("a header that cannot be read")
            name, text = name.lower(), text.strip()
            if name == "content-length" and headers.get(name, text) != text:
                raise ValueError("two lengths")
            # These may come in several lines, which cannot be joined by commas.
            before = headers.get(name) if name in _SEVERAL else None
            headers[name] = text if before is None else f"{before}\n{text}"
        return int(found[2]), found[1] == "1", headers

    def _body(self, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
        """The body, and whether its end was told."""
        if status in (204, 304):
            return b"", True
        coding = headers.get("transfer-encoding")
        if coding is not None:
            if coding.lower() != "chunked":
                raise ValueError(f"transfer encoding {coding[:40]!r}")
            return self._chunks(), True
        length = headers.get("content-length")
        if length is not None:
            return self._exactly(_number(length, 10)), True
        while len(self._data) <= self._most and self._more():
            pass
        return self._exactly(len(self._data)), False

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while count := _number(self._until(b"\r\n", 1024).decode("latin-1").partition(";")[0].strip(), 16):
            size += count
            if size > self._most:
                raise ValueError(f"an answer beyond {self._most} bytes")
            parts.append(self._exactly(count))
            if self._until(b"\r\n", 2):
                raise ValueError("a chunk of another length")
        while self._until(b"\r\n", MAX_HEAD):  # trailers say nothing to us
            pass
        return b"".join(parts)

    def _until(self, end: bytes, most: int) -> bytes:
        while (at := self._data.find(end)) < 0:
            if len(self._data) > most:
                raise ValueError("a head without end")
            if not self._more():
                raise ValueError("the answer was cut short")
        found, self._data = self._data[:at], self._data[at + len(end) :]
        return found

    def _exactly(self, count: int) -> bytes:
        if count > self._most:
            raise ValueError(f"an answer beyond {self._most} bytes")
        if len(self._data) < count:
            parts, have = [self._data], len(self._data)
            while have < count:
                piece = self._sock.recv(min(_CHUNK, count - have))
                if not piece:
                    raise ValueError("the answer was cut short")
                parts.append(piece)
                have += len(piece)
            self._data = b"".join(parts)
        found, self._data = self._data[:count], self._data[count:]
        return found

    def _more(self) -> bool:
        piece = self._sock.recv(_CHUNK)
        self._data += piece
        return bool(piece)


def _number(text: str, base: int) -> int:
    if not text or len(text) > 16 or not all(c in "0123456789abcdefABCDEF" for c in text):
        raise ValueError("a length that is no number")
    return int(text, base)
