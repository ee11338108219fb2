"""One request of a script: redirects followed, cookies kept, the answer bounded and decoded."""

import re
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from agent import http1
from agent.sources import net_page, net_tls, protocols_digest
from agent.sources.net_connect import Clock, Failed, open_tcp
from agent.sources.protocols_wire import Peer
from checks.protocols import Script

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_SAFE = "/%:@!$&'()*+,;=-._~?"
_MOST_COOKIES = 50


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    login: Mapping[str, str] | None = (
        None  # what a server that asks for digest authentication is answered with
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, decoded."""

    headers: Mapping[str, str]
    body: bytes
    text: str


@dataclass(slots=True)
class Hop:
    """What the request has shown so far; a failure keeps what came before it."""

    address: str | None = None
    status: int | None = None
    redirects: int = 0
    proof: str = ""  # the Authorization headers that were made


@dataclass(slots=True)
class Jar:
    """Cookies of a script by (host, name). Path, domain and age are left out: a script is short."""

    held: dict[tuple[str, str], str] = field(default_factory=dict)

    def keep(self, host: str, lines: str) -> None:
        """Keep what `Set-Cookie` lines say; an empty value or Max-Age=0 drops the cookie."""
        for line in lines.split("\n"):
            pair, _, attributes = line.partition(";")
            name, equals, value = pair.strip().partition("=")
            if not equals or not name or any(c < " " or c > "~" for c in name + value):
                continue
            gone = not value or re.search(r"max-age\s*=\s*-?0*\s*(;|$)", attributes, re.IGNORECASE)
            if gone:
                self.held.pop((host, name), None)
            elif len(self.held) < _MOST_COOKIES:
                self.held[host, name] = value

    def header(self, host: str) -> str:
        """The Cookie header for this host; empty where there is none."""
        return "; ".join(f"{name}={value}" for (where, name), value in self.held.items() if where == host)


def ask(request: Request, script: Script, jar: Jar, clock: Clock, hop: Hop) -> Answer:
    """The answer at the end of the redirects."""
    login, place_of_login = request.login, _origin(request.url)
    while True:
        response = _once(request, script, jar, clock, hop)
        if response.status == 401 and request.login is not None:
            # Asked once: a second refusal is the answer.
            request = _signed(request, request.login, response.headers.get("www-authenticate", ""))
            hop.proof += request.headers["Authorization"]
            continue
        place = response.headers.get("location", "")
        if response.status not in _REDIRECTS or not place or not script.max_redirects:
            break
        if hop.redirects == script.max_redirects:
            raise Failed("redirect_loop")
        hop.redirects += 1
        request = _next(request, response.status, place)
        if login is not None and _origin(request.url) == place_of_login:
            # A proof is of one address: the next is asked for its own.
            headers = {name: text for name, text in request.headers.items() if name != "Authorization"}
            request = replace(request, headers=headers, login=login)
    body = response.body
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    unpacked = net_page.unpack(body, coding, script.max_bytes)
    if unpacked is None or len(unpacked) > script.max_bytes:
        raise Failed("garbled" if unpacked is None else "too_long")
    _, text = net_page.decode(unpacked, response.headers.get("content-type", ""))
    return Answer(response.headers, unpacked, text)


def _signed(request: Request, login: Mapping[str, str], challenges: str) -> Request:
    target = _target(urlsplit(request.url))
    proof = protocols_digest.answer(challenges.split("\n"), login, request.method, target)
    return replace(request, headers={**request.headers, "Authorization": proof}, login=None)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _next(request: Request, status: int, place: str) -> Request:
    raw = place.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        url = quote(urljoin(request.url, raw), safe=_SAFE + "#[]")
        parts, before = urlsplit(url), urlsplit(request.url)
    except ValueError:
        raise Failed("redirect_bad") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise Failed("redirect_bad")
    if status in _KEEP_METHOD:
        if parts.netloc != before.netloc or (before.scheme, parts.scheme) == ("https", "http"):
            raise Failed("redirect_bad")  # a form with a password goes nowhere else, nor in the clear
        return Request(request.method, url, request.headers, request.body)
    # Headers of the script (tickets among them) stay with the host they were written for.
    kept = request.headers if (parts.scheme, parts.netloc) == (before.scheme, before.netloc) else {}
    return Request("GET", url, {k: v for k, v in kept.items() if k.lower() != "content-type"}, None)


def _once(request: Request, script: Script, jar: Jar, clock: Clock, hop: Hop) -> http1.Response:
    parts = urlsplit(request.url)
    try:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Failed("redirect_bad") from None
    made = None
    if parts.scheme == "https":
        made = net_tls.context(verify=script.verify, ca=script.ca if script.verify else "")
    opened = open_tcp(host, port, clock)
    hop.address = opened.address
    sock: socket.socket = opened.sock
    if made is not None:
        sock = net_tls.handshake(sock, made, host, clock)
    with closing(sock):
        # Headers and what the chunks cost come on top of the body.
        peer = Peer(sock, clock, opened.address, script.max_bytes + 4 * http1.MAX_HEAD)
        try:
            response = http1.exchange(
                cast(socket.socket, peer),
                request.method,
                _target(parts),
                _headers(request, parts, jar.header(host)),
                request.body,
                script.max_bytes,
            )
        except (ValueError, UnicodeError) as error:
            raise Failed("too_long" if "beyond" in str(error) else "garbled") from None
    hop.status = response.status
    jar.keep(host, response.headers.get("set-cookie", ""))
    return response


def _target(parts: SplitResult) -> str:
    target = quote(parts.path or "/", safe=_SAFE)
    return f"{target}?{quote(parts.query, safe=_SAFE + '[]')}" if parts.query else target


def _headers(request: Request, parts: SplitResult, cookies: str) -> dict[str, str]:
    made = {
        "Host": parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc,
        "User-Agent": "roundseal-probe",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if cookies:
        made["Cookie"] = cookies
    return {**made, **request.headers}
