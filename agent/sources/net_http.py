"""One page over HTTP: every phase timed apart, every byte bounded, one deadline over all of it."""

import io
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from ssl import SSLContext
from time import perf_counter_ns
from typing import Any, cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from agent.sources import net_head, net_page, net_tls
from agent.sources.net_connect import Clock, Failed, open_tcp
from checks.probes import HttpAnswer, HttpAsk

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class _Hop:
    """What one request and its answer have shown so far; a failure keeps what came before it."""

    url: str
    address: str | None = None
    resolve_us: int | None = None
    connect_us: int | None = None
    tls_us: int | None = None
    first_byte_us: int | None = None
    protocol: str = ""
    status: int | None = None
    location: str = ""
    content_type: str = ""
    page: net_page.Page = field(default_factory=net_page.Page)


class _Wire(io.RawIOBase):
    """A socket to read from, each wait bounded by what is left of the probe: a dripping server ends it."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock
        self._ahead = b""
        self.first_ns: int | None = None

    def take(self, most: int) -> bytes:
        """What came next, so much at most; nothing at the end."""
        self._sock.settimeout(self._clock.left())
        data = self._sock.recv(most)
        if self.first_ns is None:
            self.first_ns = perf_counter_ns()
        return data

    def put_back(self, data: bytes) -> None:
        """To be read once more."""
        self._ahead = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._ahead:
            count = min(len(buffer), len(self._ahead))
            buffer[:count], self._ahead = self._ahead[:count], self._ahead[count:]
            return count
        self._sock.settimeout(self._clock.left())
        count = self._sock.recv_into(buffer)
        if self.first_ns is None:
            self.first_ns = perf_counter_ns()
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """What http.client asks its socket for."""
        return _Lines(self, 16384)


class _Lines(io.BufferedReader):
    """http.client takes the end of the connection for the end of the headers; it is a cut answer."""

    begun = False

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if line and not line.endswith(b"\n") and len(line) < 65536:
            raise Failed("cut_short" if self.begun or line.startswith(b"HTTP/") else "garbled")
        self.begun = True
        return line


def ask(wanted: HttpAsk) -> HttpAnswer:
    """Ask for the page, following redirects as far as allowed."""
    clock = Clock(wanted.timeout_ms)
    hop = _Hop(wanted.url)
    outcome, redirects, code = "answered", 0, None
    try:
        while True:
            _visit(hop, wanted, clock, first=redirects == 0)
            if not wanted.max_redirects or hop.status not in _REDIRECTS or not hop.location:
                break
            if redirects == wanted.max_redirects:
                raise Failed("redirect_loop")
            redirects += 1
            hop = _Hop(_followable(hop.location))
    except net_tls.Untrusted as failed:
        outcome, code = failed.outcome, failed.code
    except Failed as failed:
        outcome = failed.outcome
        hop.address = failed.address or hop.address
    return _answer(hop, outcome, redirects, code, clock.us())


def _answer(hop: _Hop, outcome: str, redirects: int, code: int | None, total: int) -> HttpAnswer:
    page = hop.page
    return HttpAnswer(
        outcome=outcome,
        url=hop.url,
        address=hop.address,
        redirects=redirects,
        status=hop.status,
        location=hop.location or (hop.url if redirects else ""),
        resolve_us=hop.resolve_us,
        connect_us=hop.connect_us,
        tls_us=hop.tls_us,
        first_byte_us=hop.first_byte_us,
        total_us=total,
        protocol=hop.protocol,
        verify_code=code,
        content_type=hop.content_type,
        charset=page.charset,
        body_bytes=page.size,
        cut=page.cut,
        digest=page.digest,
        text_found=page.text_found,
    )


def _followable(location: str) -> str:
    parts = urlsplit(location)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise Failed("redirect_bad")
    return location


def _visit(hop: _Hop, wanted: HttpAsk, clock: Clock, *, first: bool) -> None:
    # A name given by hand belongs to the first address only; a redirect names its own host.
    try:
        target, request = _prepared(hop.url, wanted.method, wanted.host if first else "")
    except ValueError:
        raise Failed("redirect_bad") from None
    made = None
    if target.secure:
        made = net_tls.context(verify=wanted.verify, ca=wanted.ca if wanted.verify else "")
    opened = open_tcp(target.host, target.port, clock)
    hop.address, hop.resolve_us, hop.connect_us = opened.address, opened.resolve_us, opened.connect_us
    with closing(opened.sock if made is None else _secure(hop, target, opened.sock, made, clock)) as sock:
        _exchange(hop, wanted, sock, request, clock)


@lru_cache(maxsize=512)
def _prepared(url: str, method: str, named: str) -> tuple["_Target", bytes]:
    """Whom to connect to and what to send; the same each minute. ValueError for what is no address."""
    parts = urlsplit(url)
    host = named or parts.netloc
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    name = _ascii(urlsplit(f"//{host}").hostname or "")
    return _Target(_ascii(parts.hostname or ""), port, name, secure), _request(method, parts, host)


@dataclass(frozen=True, slots=True)
class _Target:
    host: str
    port: int
    name: str
    secure: bool


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _request(method: str, parts: SplitResult, host: str) -> bytes:
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=-._~?[]{}|\\^`\"<>")
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: {_netloc(host)}\r\nUser-Agent: roundseal-probe\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii")


def _netloc(host: str) -> str:
    return host if host.isascii() else ":".join(_ascii(part) for part in host.rsplit(":", 1))


def _secure(hop: _Hop, target: _Target, sock: socket.socket, made: SSLContext, clock: Clock) -> socket.socket:
    start = perf_counter_ns()
    try:
        wrapped = net_tls.handshake(sock, made, target.name, clock)
    except Failed as failed:
        if failed.outcome in net_tls.MAYBE_TLCP:
            net_tls.refuse_tlcp(target.host, target.port, clock)
        raise
    hop.tls_us = (perf_counter_ns() - start) // 1000
    hop.protocol = wrapped.version() or ""
    return wrapped


def _exchange(hop: _Hop, wanted: HttpAsk, sock: socket.socket, request: bytes, clock: Clock) -> None:
    wire = _Wire(sock, clock)
    start = perf_counter_ns()
    try:
        sock.settimeout(clock.left())
        sock.sendall(request)
        first = wire.take(_FIRST)
        head = net_head.quick(first) if wanted.method == "GET" else None
        if head is not None:
            hop.status = head.status
            hop.content_type = _printable(head.getheader("Content-Type"), 200)
            hop.page = net_page.read(_plain_body(wire, head, first, wanted.max_bytes), head, wanted)
            return
        wire.put_back(first)
        # http.client needs only makefile() of what it is given.
        with closing(HTTPResponse(cast(socket.socket, wire), method=wanted.method)) as response:
            response.begin()
            _head(hop, response)
            hop.page = net_page.read(_body(response, wanted.max_bytes), response, wanted)
    except RemoteDisconnected:
        raise Failed("closed") from None
    except IncompleteRead:
        raise Failed("cut_short") from None
    except (HTTPException, ValueError):
        raise Failed("garbled") from None
    except OSError as error:
        raise net_tls.failed_by(error) from error
    finally:
        if wire.first_ns is not None:
            hop.first_byte_us = (wire.first_ns - start) // 1000


def _head(hop: _Hop, response: HTTPResponse) -> None:
    hop.status = response.status
    hop.content_type = _printable(response.getheader("Content-Type", ""), 200)
    location = response.getheader("Location", "")
    if location:
        # Header bytes reach us as Latin-1; servers mean UTF-8, or else percent signs.
        raw = location.encode("latin-1", "replace")
        hop.location = quote(urljoin(hop.url, raw.decode("utf-8", "replace")), safe=_URL_SAFE)[:2000]


def _plain_body(wire: _Wire, head: net_head.Head, first: bytes, most: int) -> Iterator[bytes]:
    """As much of the body as is wanted, and one byte more where there is more."""
    left = min(head.length, most + 1)
    part = first[head.begin : head.begin + left]
    while True:
        left -= len(part)
        yield part
        if left <= 0:
            return
        part = wire.take(min(left, 65536))
        if not part:
            raise IncompleteRead(b"")


_FIRST = 16384
_URL_SAFE = "/%:@!$&'()*+,;=-._~?#[]"


def _printable(text: str, longest: int) -> str:
    return "".join(c for c in text[:longest] if c.isprintable())


def _body(response: HTTPResponse, most: int) -> Iterator[bytes]:
    left = most + 1
    while left > 0 and (part := response.read(min(left, 65536))):
        left -= len(part)
        yield part
    if left > 0 and response.length:
        raise IncompleteRead(b"")
