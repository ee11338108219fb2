"""One conversation over TCP: every wait bounded by the deadline of the look, every read by a length."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

from agent.sources import net_tls
from agent.sources.net_connect import Clock, Failed, open_tcp
from checks.protocols import Endpoint, Talk, Tls

MOST = 1 << 20


class Peer:
    """A connected service. Whatever it does wrong is Failed with a code word."""

    def __init__(self, sock: socket.socket, clock: Clock, address: str, most: int = MOST) -> None:
        self.sock = sock
        self.clock = clock
        self.address = address
        self.tls = ""
        self._left = most
        self._held = b""

    def send(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self.sock.settimeout(self.clock.left())
            self.sock.sendall(data)
        except OSError as error:
            raise net_tls.failed_by(error) from error

    sendall = send

    def recv(self, most: int) -> bytes:
        """What has come, at most so much of it; empty at the end."""
        if self._held:
            found, self._held = self._held[:most], self._held[most:]
            return found
        try:
            self.sock.settimeout(self.clock.left())
            found = self.sock.recv(most)
        except OSError as error:
            raise net_tls.failed_by(error) from error
        self._left -= len(found)
        if self._left < 0:
            raise Failed("too_long")
        return found

    def allow(self, most: int) -> None:
        """Take so many bytes from now on."""
        self._left = most

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        parts: list[bytes] = []
        while count:
            part = self.recv(min(count, 65536))
            if not part:
                raise Failed("closed" if not parts else "cut_short")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def until(self, end: bytes, most: int = 65536) -> bytes:
        """What comes before `end`, which is read and dropped."""
        data = b""
        while (at := data.find(end)) < 0:
            if len(data) > most:
                raise Failed("garbled")
            part = self.recv(4096)
            if not part:
                raise Failed("cut_short" if data else "closed")
            data += part
        self._held = data[at + len(end) :] + self._held
        return data[:at]

    def line(self, most: int = 8192) -> str:
        """One line without its end. Bytes are kept one to one, whatever they mean."""
        return self.until(b"\n", most).rstrip(b"\r").decode("latin-1")

    def secure(self, end: Endpoint) -> None:
        """Go on over TLS. What was said before it in the clear and not yet read is no answer."""
        if self._held:
            raise Failed("garbled")
        made = net_tls.context(verify=end.verify, ca=end.ca if end.verify else "")
        self.sock = net_tls.handshake(self.sock, made, end.name or end.address, self.clock)
        self.tls = self.sock.version() or ""


def connect(end: Endpoint, clock: Clock) -> Peer:
    """A connection, secured at once where the endpoint says so."""
    opened = open_tcp(end.address, end.port, clock)
    peer = Peer(opened.sock, clock, opened.address)
    if end.tls is Tls.TLS:
        try:
            peer.secure(end)
        except BaseException as error:
            peer.sock.close()
            if isinstance(error, Failed):
                error.address = opened.address
            raise
    return peer


class Course:
    """How the conversation goes; `talk()` tells it at the end."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.outcome = "answered"
        self.address: str | None = None
        self.tls = ""
        self.verify_code: int | None = None

    def talk(self) -> Talk:
        """Outcome, address and time until now."""
        return Talk(self.outcome, self.address, self.clock.us(), self.tls, self.verify_code)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """What the target does wrong inside ends the conversation and is kept."""
        try:
            yield
        except net_tls.Untrusted as failed:
            self.outcome, self.verify_code = failed.outcome, failed.code
            self.address = failed.address or self.address
        except Failed as failed:
            self.outcome = failed.outcome
            self.address = failed.address or self.address
        except (ValueError, IndexError, KeyError, RecursionError):
            # Our parsers are small: what they trip over is no answer in the protocol.
            self.outcome = "garbled"

    @contextmanager
    def connected(self, end: Endpoint) -> Iterator[Peer]:
        """The peer; it is closed at the end."""
        peer = connect(end, self.clock)
        self.address, self.tls = peer.address, peer.tls
        with closing(_Last(peer)):
            yield peer
            self.tls = peer.tls


class _Last:
    """Closes the socket that a peer has at the end, which STARTTLS may have replaced."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def close(self) -> None:
        self._peer.sock.close()


def printable(text: str, most: int = 200) -> str:
    """Bytes kept as Latin-1, as text: UTF-8, or GB18030, or what can be shown of it."""
    raw = text.encode("latin-1", "replace")
    for charset in ("utf-8", "gb18030"):
        try:
            text = raw.decode(charset)
            break
        except UnicodeDecodeError:
            continue
    return "".join(c for c in text[:most] if c.isprintable())
