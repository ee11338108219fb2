"""One Redfish session for each controller, kept between looks: controllers offer few of them.

Everything read is bounded, and a look's deadline closes the line under whatever waits on it. A certificate
is accepted when it is the pinned one or when the system (or the secret's `ca`) vouches for it.
"""

import atexit
import hashlib
import ipaddress
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from checks.api import ErrorKind, ObservationError
from checks.bmc import Reach

Document = Mapping[str, Any]

_MOST_BYTES = 4 << 20
_MOST_REQUESTS = 1500
_IDLE_S = 240.0  # most controllers end a session after five minutes or more
_END_S = 1.5  # to end sessions: who waits for us does not wait longer
_SESSIONS = "/redfish/v1/SessionService/Sessions"
_BY_CODE = {401: ErrorKind.DENIED, 403: ErrorKind.DENIED, 429: ErrorKind.REFUSED, 503: ErrorKind.REFUSED}
_MISSING = (404, 405, 410, 501)

_kept: dict[tuple[object, ...], "Line"] = {}
_guard = threading.Lock()


class _Wire:
    """The sockets of one line, so that a deadline can shut them."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def add(self, made: socket.socket) -> None:
        self.drop()
        self._sockets.append(made.dup())

    def cut(self) -> None:
        for one in list(self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        while self._sockets:
            self._sockets.pop().close()


class _Adapter(HTTPAdapter):
    """One connection, its socket known to the wire; the certificate is compared with a pin."""

    def __init__(self, wire: _Wire, pin: str) -> None:
        self._wire = wire
        self._pin = pin
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._pin:
            kwargs["assert_fingerprint"] = self._pin
        super().init_poolmanager(*args, **kwargs)
        wire = self._wire

        class _Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                made = super()._new_conn()
                wire.add(made)
                return made

        class _Tls(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                made = super()._new_conn()
                wire.add(made)
                return made

        plain = type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": _Plain})
        tls = type("_TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": _Tls})
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": tls}


class Line:
    """A logged-in way to one controller."""

    def __init__(self, at: Reach, secret: Mapping[str, str]) -> None:
        self._at = at
        self._wire = _Wire()
        self._base = _base(at)
        self._web = requests.Session()
        self._web.trust_env = False  # no proxy, no .netrc
        self._web.mount("https://", _Adapter(self._wire, at.pin.replace(":", "").lower()))
        self._web.mount("http://", _Adapter(self._wire, ""))
        # With a pin the adapter compares the certificate itself.
        self._web.verify = False if at.pin else (secret.get("ca", "") or True)
        self._web.headers.update({"Accept": "application/json", "OData-Version": "4.0"})
        self._user, self._password = secret["user"], secret["password"]
        self._own = ""
        self._left = 0
        self._until = 0.0
        self.used = time.monotonic()

    def begin(self, timeout_ms: int) -> None:
        """A look begins: its deadline counts from here."""
        self._left = _MOST_REQUESTS
        self._until = time.monotonic() + timeout_ms / 1000

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Whatever waits on this line when the look's time is over is ended."""
        timer = threading.Timer(max(self._until - time.monotonic(), 0), self._wire.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def log_in(self) -> None:
        """A session of our own; basic authentication where the controller has none."""
        given = {"UserName": self._user, "Password": self._password}
        status, headers, _ = self._ask("POST", _SESSIONS, given)
        token = headers.get("X-Auth-Token", "")
        if status in _MISSING or (status in (200, 201, 204) and not token):
            self._web.auth = (self._user, self._password)
        elif status in (200, 201, 204):
            self._web.headers["X-Auth-Token"] = token
            self._own = _path(headers.get("Location", ""))
        else:
            raise self._refusal(status, _SESSIONS)

    def get(self, path: str) -> Document | None:
        """The document at `path`; None where the controller has none there."""
        status, _, body = self._ask("GET", path)
        if status == 401 and "X-Auth-Token" in self._web.headers:
            # The session ended: once more with a new one.
            del self._web.headers["X-Auth-Token"]
            self._own = ""
            self.log_in()
            status, _, body = self._ask("GET", path)
        if status in _MISSING:
            return None
        if status != 200:
            raise self._refusal(status, path)
        return self._document(body, path)

    def _document(self, body: bytes, path: str) -> Document:
        try:
            made = json.loads(body, parse_float=Decimal)
        except (ValueError, RecursionError):
            made = None
        if not isinstance(made, dict):
            raise ObservationError(ErrorKind.GARBLED, f"{self._at.address}{path}: no JSON object")
        return made

    def _refusal(self, status: int, path: str) -> ObservationError:
        kind = _BY_CODE.get(status, ErrorKind.GARBLED)
        return ObservationError(kind, f"{self._at.address}{path}: HTTP {status}")

    def _ask(self, method: str, path: str, body: object = None) -> tuple[int, Mapping[str, str], bytes]:
        left = self._until - time.monotonic()
        if left <= 0:
            raise ObservationError(ErrorKind.TIMEOUT, f"{self._at.address}{path}")
        self._left -= 1
        if self._left < 0:
            raise ObservationError(ErrorKind.GARBLED, f"{self._at.address}: too many documents")
        try:
            return self._answer(method, self._base + path, body, left)
        except (requests.RequestException, OSError, ValueError) as error:
            raise self._trouble(error, path) from None

    def _answer(
        self, method: str, url: str, body: object, left: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        with self._web.request(
            method, url, json=body, timeout=left, stream=True, allow_redirects=False
        ) as answer:
            read = bytearray()
            for piece in answer.iter_content(65536):
                read += piece
                if len(read) > _MOST_BYTES:
                    raise ObservationError(ErrorKind.GARBLED, f"{self._at.address}: an answer without end")
            if time.monotonic() >= self._until:
                # The line was cut: what came through before looks like a short answer.
                raise TimeoutError
            return answer.status_code, answer.headers, bytes(read)

    def _trouble(self, error: Exception, path: str) -> ObservationError:
        where = f"{self._at.address}{path}"
        text = repr(error)
        if time.monotonic() >= self._until or isinstance(error, requests.Timeout):
            return ObservationError(ErrorKind.TIMEOUT, where)
        if isinstance(error, requests.exceptions.SSLError):
            return self._untrusted(where, text)
        if "Connection refused" in text:
            return ObservationError(ErrorKind.REFUSED, where)
        if isinstance(error, requests.ConnectionError) and "NewConnectionError" in text:
            return ObservationError(ErrorKind.UNREACHABLE, where)
        if "NameResolutionError" in text:
            return ObservationError(ErrorKind.UNREACHABLE, f"{where}: name could not be resolved")
        return ObservationError(ErrorKind.GARBLED, f"{where}: {type(error).__name__}")

    def _untrusted(self, where: str, said: str) -> ObservationError:
        """A certificate that nobody vouches for, or no handshake at all."""
        if re.search(r"CERTIFICATE|[Cc]ertificate|[Ff]ingerprint|[Hh]ostname", said):
            return ObservationError(ErrorKind.DENIED, f"{where}: certificate not accepted ({self._shown()})")
        if re.search(r"UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE|NO_PROTOCOLS|TOO_SMALL", said):
            return ObservationError(ErrorKind.UNSUPPORTED, f"{where}: no version or cipher of TLS in common")
        return ObservationError(ErrorKind.GARBLED, f"{where}: no TLS")

    def _shown(self) -> str:
        """What the controller presents: for the operator to compare and pin."""
        left = max(min(self._until - time.monotonic(), 5.0), 0.1)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with (
                socket.create_connection((self._at.address, self._at.port or 443), left) as raw,
                context.wrap_socket(raw) as line,
            ):
                shown = line.getpeercert(binary_form=True) or b""
            return f"it shows {hashlib.sha256(shown).hexdigest()}: compare, then set it as pin"
        except OSError:
            return "it could not be read"

    def close(self) -> None:
        """End our session on the controller, and the connection."""
        if self._own:
            self._left, self._until = 1, time.monotonic() + _END_S
            with suppress(ObservationError), self.watched():
                self._ask("DELETE", self._own)
            self._own = ""
        self._web.close()
        self._wire.drop()


def _path(location: str) -> str:
    """Path of a URL that may come with or without its origin; only a session's is taken."""
    path = "/" + location.split("://", 1)[-1].partition("/")[2] if "://" in location else location
    return path if path.startswith("/redfish/v1/Session") else ""


def _base(at: Reach) -> str:
    host = f"[{at.address}]" if ":" in at.address else at.address
    if at.tls:
        return f"https://{host}:{at.port or 443}"
    if not _is_loopback(at.address):
        raise ObservationError(ErrorKind.DENIED, f"{at.address}: without TLS the password would be readable")
    return f"http://{host}:{at.port or 80}"


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


@contextmanager
def session(at: Reach, secret: Mapping[str, str]) -> Iterator[Line]:
    """The kept line to this controller, or a new one, for one look."""
    mark = hashlib.sha256("\0".join((secret["user"], secret["password"])).encode()).digest()
    key = (at.address, at.port, at.tls, at.pin, secret.get("ca", ""), mark)
    kept = _take(key)
    line = kept or Line(at, secret)
    sound = False
    try:
        line.begin(at.timeout_ms)
        with line.watched():
            if kept is None:
                line.log_in()
            yield line
        sound = True
    except ObservationError as problem:
        # What was asked for is not to be had: the line is none the worse for it.
        sound = problem.kind is ErrorKind.UNSUPPORTED
        raise
    finally:
        if not sound or not _keep(key, line):
            line.close()


def _take(key: tuple[object, ...]) -> Line | None:
    """The line kept for `key`, now its taker's; those long unused are ended."""
    now = time.monotonic()
    with _guard:
        ended = [_kept.pop(k) for k, one in list(_kept.items()) if now - one.used > _IDLE_S]
        found = _kept.pop(key, None)
    for one in ended:
        one.close()
    return found


def _keep(key: tuple[object, ...], line: Line) -> bool:
    """Keep the line for the next look; False where another was kept meanwhile."""
    line.used = time.monotonic()
    with _guard:
        return _kept.setdefault(key, line) is line


def close_all() -> None:
    """End all sessions."""
    with _guard:
        lines = list(_kept.values())
        _kept.clear()
    ending = [threading.Thread(target=line.close, daemon=True) for line in lines]
    for one in ending:
        one.start()
    until = time.monotonic() + _END_S
    for one in ending:
        one.join(max(until - time.monotonic(), 0))


atexit.register(close_all)
