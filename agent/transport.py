"""Talking to the collector: one kept connection, its server known by the pin of its public key.

The pin is the SHA-256 of the certificate's SubjectPublicKeyInfo and came with the enrolment token. No
certificate authority is asked and no date is looked at: the TLS handshake proves that the server holds
the private half of exactly that key, which is more than a name would say. Plain `http://` is allowed to
loopback addresses only.
"""

import os
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from agent.errors import AgentError, UnreachableError
from agent.http1 import exchange
from checks.wire.numbers import pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer

TIMEOUT_S = 20.0
MAX_ANSWER = 4 * 1024 * 1024
_GET = pae_type("get")


class Url(NamedTuple):
    """Where the collector listens."""

    secure: bool
    host: str
    port: int
    prefix: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.prefix}"


class Answer(NamedTuple):
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def parse_url(text: str, pinned: bool) -> Url:
    """The collector's URL; AgentError where it is none, or names no server we could know."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AgentError("bad_url", f"{text!r} is not a URL") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise AgentError("bad_url", f"{text!r} is not like https://HOST:PORT")
    secure = parts.scheme == "https"
    if not secure and not _loopback(parts.hostname):
        raise AgentError("bad_url", f"{text!r}: plain http is for loopback addresses only, use https")
    if secure and not pinned:
        raise AgentError("bad_token", "this token carries no TLS pin, so it is for http://127.0.0.1 only")
    return Url(secure, parts.hostname, port or (443 if secure else 80), parts.path.rstrip("/"))


def _loopback(host: str) -> bool:
    return host in ("localhost", "::1") or (_packed(host, socket.AF_INET) or b"")[:1] == b"\x7f"


def _is_address(host: str) -> bool:
    return any(_packed(host, family) is not None for family in (socket.AF_INET, socket.AF_INET6))


def _packed(host: str, family: int) -> bytes | None:
    try:
        return socket.inet_pton(family, host)
    except (OSError, ValueError):
        return None


def _ascii(host: str) -> Any:
    return host.encode("ascii") if host.isascii() else host


def spki_of(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo inside a DER certificate; ValueError where there is none."""
    _, at, _ = _der(certificate, 0)  # Certificate
    _, at, end = _der(certificate, at)  # TBSCertificate
    fields: list[tuple[int, bytes]] = []
    while at < end and len(fields) < 8:
        tag, _, after = _der(certificate, at)
        fields.append((tag, certificate[at:after]))
        at = after
    # [0] version is optional; then serial, algorithm, issuer, validity, subject, key.
    index = 6 if fields and fields[0][0] == 0xA0 else 5
    if len(fields) <= index or fields[index][0] != 0x30:
        raise ValueError("no public key in this certificate")
    return fields[index][1]


def _der(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of the content of the value at `at`."""
    if at + 2 > len(data):
        raise ValueError("a certificate that is cut short")
    tag, size, begin = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("a certificate with a length that cannot be")
        size, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
    if begin + size > len(data):
        raise ValueError("a certificate that is cut short")
    return tag, begin, begin + size


class Transport:
    """One connection to one collector. Not shared between threads."""

    def __init__(self, url: Url, pin: bytes | None, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._pin = pin
        self._timeout = timeout_s
        self._kept: socket.socket | None = None
        self._context = _context() if url.secure else None
        self._host = str(url).partition("://")[2].removesuffix(url.prefix)

    def hurry(self, seconds: float) -> None:
        """From now on wait no longer than this for the other side."""
        self.close()
        self._timeout = seconds

    def close(self) -> None:
        """Hang up."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One exchange; UnreachableError says whether the request may have arrived."""
        fresh = self._kept is None
        try:
            return self._exchange(method, path, body, headers or {})
        except UnreachableError as error:
            # A kept connection may have been closed by the other side: everything we send may be repeated.
            if fresh or not error.sent:
                raise
            return self._exchange(method, path, body, headers or {})

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        sock = self._connection()
        told = {"Host": self._host, **headers}
        try:
            found = exchange(sock, method, self._url.prefix + path, told, body, MAX_ANSWER)
        except (OSError, ValueError) as error:
            self.close()
            raise UnreachableError(f"{self._url}: {_why(error)}", sent=True) from None
        if not found.lasts:
            self.close()
        return Answer(found.status, found.headers, found.body)

    def _connection(self) -> socket.socket:
        if self._kept is None:
            try:
                self._kept = self._socket()
            except OSError as error:
                raise UnreachableError(f"{self._url}: {_why(error)}") from None
        return self._kept

    def _socket(self) -> socket.socket:
        """Connected, and over TLS only after the pin was compared."""
        host = self._url.host
        # As bytes: a text would load the tables for international names, half a megabyte for good.
        plain = socket.create_connection((_ascii(host), self._url.port), self._timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is None:
                return plain
            secure = self._context.wrap_socket(plain, server_hostname=None if _is_address(host) else host)
        except BaseException:
            plain.close()
            raise
        try:
            self._check_pin(secure)
        except BaseException:
            secure.close()
            raise
        return secure

    def _check_pin(self, sock: ssl.SSLSocket) -> None:
        try:
            seen = sha256(spki_of(sock.getpeercert(binary_form=True) or b"")).digest()
        except ValueError as error:
            raise UnreachableError(f"{self._url}: {error}", code="bad_pin") from None
        if seen != self._pin:
            raise UnreachableError(
                f"{self._url}: the server's key is not the one pinned at enrolment "
                f"(sha256 {seen.hex()[:16]}…): somebody else answers there, or its key was replaced",
                code="bad_pin",
            )


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The pin is the identity: it is compared in _check_pin before a byte is sent.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def signed_get(
    transport: Transport,
    signer: Signer,
    agent: str,
    epoch: int,
    path: str,
    wall: int,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """GET `path` with our signature over method, path, nonce and time."""
    nonce, time = os.urandom(16).hex(), str(wall)
    message = pae(_GET, f"GET|{path}|{nonce}|{time}".encode())
    signature = b64encode(signer.sign(message)).decode()
    authorization = (
        f'Roundseal agent="{agent}",epoch="{epoch}",key="{signer.key_id.hex()}",'
        f'time="{time}",nonce="{nonce}",signature="{signature}"'
    )
    return transport.request("GET", path, headers={**(headers or {}), "Authorization": authorization})
