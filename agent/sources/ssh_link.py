"""One SSH connection: reaching a target, comparing its host key, logging in. Everything has a deadline."""

import base64
import contextlib
import errno
import hashlib
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paramiko

from agent.secrets import Secret
from agent.sources.ssh_pins import Pin
from checks.api import ErrorKind, ObservationError

# Its log lines hold what peers send; ours say what matters, without that.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

_MOST_GREETING = 16 * 1024
# Spoken only where the target says `legacy: true`.
_OLD = {
    "kex": (
        "diffie-hellman-group1-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group-exchange-sha1",
    ),
    "ciphers": ("aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"),
    "macs": ("hmac-sha1", "hmac-sha1-96", "hmac-md5", "hmac-md5-96"),
    "keys": ("ssh-rsa",),
    "pubkeys": ("ssh-rsa",),
}
_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
_REFUSED = frozenset({errno.ECONNREFUSED, errno.ECONNRESET})


class Deadline:
    """The end of a look."""

    def __init__(self, timeout_ms: int, peer: str) -> None:
        self.at = time.monotonic() + timeout_ms / 1000
        self._peer = peer

    def left(self, most: float = 3600.0) -> float:
        """Seconds that are left, `most` at most; ObservationError `timeout` when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise ObservationError(ErrorKind.TIMEOUT, self._peer)
        return min(left, most)

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self.at


class Wire:
    """A socket (or a bastion's channel) as paramiko wants it, which ends a peer that greets for ever."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.head = b""
        self.greeted = False
        self._closed = False  # paramiko asks for it

    def recv(self, size: int) -> bytes:
        """As of a socket."""
        data: bytes = self.inner.recv(size)
        if not self.greeted:
            self.head += data
            self.greeted = b"SSH-" in self.head
            if len(self.head) > _MOST_GREETING:
                return b""
        return data

    def send(self, data: bytes) -> int:
        """As of a socket."""
        sent: int = self.inner.send(data)
        return sent

    def settimeout(self, seconds: float | None) -> None:
        """As of a socket."""
        self.inner.settimeout(seconds)

    def close(self) -> None:
        """As of a socket."""
        self._closed = True
        self.inner.close()


def fingerprint(key: bytes) -> str:
    """`SHA256:…`, as `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def dial(address: str, port: int, deadline: Deadline, peer: str) -> socket.socket:
    """A TCP connection without Nagle's wait: without it a command takes 40 ms longer."""
    try:
        made = socket.create_connection((address, port), timeout=deadline.left())
    except TimeoutError:
        raise ObservationError(ErrorKind.TIMEOUT, f"{peer}: no connection in time") from None
    except (socket.gaierror, ValueError):
        # UnicodeError, a ValueError: a label that is empty, longer than 63 bytes or no text.
        raise ObservationError(ErrorKind.UNREACHABLE, f"{peer}: no such name") from None
    except OSError as error:
        kind = ErrorKind.REFUSED if error.errno in _REFUSED else ErrorKind.UNREACHABLE
        raise ObservationError(kind, f"{peer}: {os.strerror(error.errno or 0)}") from None
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


@contextmanager
def errors(peer: str, deadline: Deadline, wire: Wire | None = None) -> Iterator[None]:
    """What paramiko raises, as ObservationError: past the deadline a timeout, whatever it was."""
    try:
        yield
    except ObservationError:
        raise
    except (paramiko.SSHException, OSError, EOFError, ValueError, ArithmeticError, LookupError) as problem:
        raise _told(problem, peer, deadline, wire) from None


def _told(problem: Exception, peer: str, deadline: Deadline, wire: Wire | None) -> ObservationError:
    if deadline.over or isinstance(problem, TimeoutError):
        return ObservationError(ErrorKind.TIMEOUT, peer)
    if isinstance(problem, paramiko.ssh_exception.IncompatiblePeer):
        return ObservationError(
            ErrorKind.UNSUPPORTED, f"{peer}: no algorithm in common; an old device wants legacy: true"
        )
    if isinstance(problem, paramiko.BadAuthenticationType):
        return ObservationError(
            ErrorKind.DENIED, f"{peer}: lets in by {', '.join(sorted(problem.allowed_types))} only"
        )
    if isinstance(problem, paramiko.AuthenticationException):
        return ObservationError(ErrorKind.DENIED, f"{peer}: login refused")
    if wire is not None and not wire.head:
        return ObservationError(ErrorKind.REFUSED, f"{peer}: closed before its greeting")
    if wire is not None and not wire.greeted:
        return ObservationError(ErrorKind.GARBLED, f"{peer}: no SSH greeting")
    if isinstance(problem, EOFError | OSError) or "not active" in str(problem).lower():
        return ObservationError(ErrorKind.UNREACHABLE, f"{peer}: connection lost")
    return ObservationError(ErrorKind.GARBLED, f"{peer}: {type(problem).__name__}")


def greet(inner: Any, peer: str, *, legacy: bool, pin: Pin | None, deadline: Deadline) -> paramiko.Transport:
    """Shake hands; the pinned kind of key is asked for first, as a machine has several."""
    wire = Wire(inner)
    try:
        transport = paramiko.Transport(wire, disabled_algorithms=None if legacy else _OLD)
    except BaseException:
        wire.close()
        raise
    transport.daemon = True
    try:
        if pin is not None:
            _prefer(transport, pin.kind)
        transport.banner_timeout = transport.handshake_timeout = deadline.left()
        with errors(peer, deadline, wire):
            transport.start_client(timeout=deadline.left())
            if not transport.initial_kex_done:
                raise ObservationError(ErrorKind.TIMEOUT, f"{peer}: no handshake in time")
    except BaseException:
        hang_up(transport)
        raise
    return transport


def _prefer(transport: paramiko.Transport, kind: str) -> None:
    options = transport.get_security_options()
    wanted = _RSA if kind == "ssh-rsa" else (kind,)
    first = [one for one in wanted if one in options.key_types]
    options.key_types = (*first, *(one for one in options.key_types if one not in first))


def hang_up(transport: paramiko.Transport) -> None:
    """Close it and its socket; what a dead peer answers to that is not waited for."""
    with contextlib.suppress(Exception):
        transport.close()
    with contextlib.suppress(Exception):
        transport.sock.close()


def presented(transport: paramiko.Transport) -> Pin:
    """The host key that the peer has proven to hold."""
    key = transport.get_remote_server_key()
    return Pin(key.get_name(), fingerprint(key.asbytes()))


def log_in(transport: paramiko.Transport, secret: Secret, peer: str, deadline: Deadline) -> None:
    """By key, agent or password, in this order, as far as the secret has them; nothing at all is `none`."""
    user = secret["user"]
    refused: ObservationError | None = None
    tried = False
    for key in _keys(secret, peer):
        tried = True
        try:
            return _attempt(transport, peer, deadline, lambda key=key: transport.auth_publickey(user, key))
        except ObservationError as problem:
            refused = _unless_denied(problem)
    if secret.get("password"):
        return _attempt(transport, peer, deadline, lambda: transport.auth_password(user, secret["password"]))
    if not tried:
        return _attempt(transport, peer, deadline, lambda: transport.auth_none(user))
    raise refused or ObservationError(ErrorKind.DENIED, f"{peer}: login refused")


def _unless_denied(problem: ObservationError) -> ObservationError:
    if problem.kind is not ErrorKind.DENIED:
        raise problem
    return problem


def _attempt(transport: paramiko.Transport, peer: str, deadline: Deadline, ask: Any) -> None:
    transport.auth_timeout = deadline.left()
    with errors(peer, deadline):
        missing = ask()
    if missing:
        raise ObservationError(ErrorKind.DENIED, f"{peer}: wants besides: {', '.join(missing)}")


def _keys(secret: Secret, peer: str) -> Iterator[paramiko.PKey]:
    path = secret.get("key")
    if path:
        passphrase = secret.get("passphrase")
        try:
            yield paramiko.PKey.from_path(path, passphrase.encode() if passphrase else None)
        except (OSError, paramiko.SSHException, ValueError, TypeError) as problem:
            # Its text may quote the file.
            raise ObservationError(
                ErrorKind.DENIED, f"{peer}: the key file {path} cannot be used ({type(problem).__name__})"
            ) from None
    if secret.get("agent").lower() in ("yes", "true"):
        agent = paramiko.Agent()
        try:
            yield from agent.get_keys()
        finally:
            agent.close()
