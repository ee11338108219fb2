"""Streams of syslog, plain and under TLS (RFC 5425), as the receiver's one loop reads them.

A stream under TLS shakes hands first, without being waited for; who does not in time is hung up on. The
library of TLS is loaded only where such a stream is listened for.
"""

import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agent.settings import ListenTls
from agent.state import check_private

if TYPE_CHECKING:
    import ssl

IDLE_S = 1800.0
SHAKE_S = 30.0
_AT_ONCE = 64 * 1024  # more than a record of TLS: nothing decrypted is left behind where no selector sees it
_WANTS = (2, 3)  # SSL_ERROR_WANT_READ and _WRITE


class RefusedError(Exception):
    """No handshake: another protocol, no certificate, or one that nobody vouches for."""


@dataclass(slots=True)
class Stream:
    """One sender's connection. `shaken`: it may be read."""

    sock: socket.socket
    address: str
    shaken: bool = True
    held: bytes = b""
    used: float = field(default_factory=time.monotonic)

    def idle(self, now: float) -> bool:
        """Whether it has been silent for longer than it may be."""
        return now - self.used > (IDLE_S if self.shaken else SHAKE_S)

    def shake(self) -> bool:
        """One step of the handshake: whether it is done; RefusedError."""
        try:
            cast(Any, self.sock).do_handshake()
        except OSError as error:
            if _waits(error):
                return False
            raise RefusedError(str(error)) from None
        self.shaken = True
        self.used = time.monotonic()
        return True

    def take(self) -> bytes | None:
        """What came; nothing at its end, None where nothing came yet."""
        self.used = time.monotonic()
        try:
            return self.sock.recv(_AT_ONCE)
        except OSError as error:
            return None if _waits(error) else b""


def _waits(error: OSError) -> bool:
    return isinstance(error, BlockingIOError) or error.errno in _WANTS


def context(wanted: ListenTls) -> "ssl.SSLContext":
    """TLS 1.2 and later under our certificate; OSError, AgentError where its files are no use."""
    import ssl

    check_private(Path(wanted.key))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(wanted.certificate, wanted.key)
    if wanted.ca:
        made.load_verify_locations(wanted.ca)
        made.verify_mode = ssl.CERT_REQUIRED
    return made
