"""The receiver's one loop: datagrams and streams in, counts into the ledger, answers to the agent's looks.

What is not taken in time waits in the kernel's buffer, which is bounded; what does not fit there the kernel
drops and counts (SO_RXQ_OVFL), and that count is signed. Nothing is ever forwarded or executed.
"""

import contextlib
import ipaddress
import json
import os
import selectors
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.receive import syslog, traps
from agent.receive.engine import Engine
from agent.receive.ledger import Ledger
from agent.receive.streams import RefusedError as HandRefusedError
from agent.receive.streams import Stream
from agent.receive.usm import Opener, RefusedError
from agent.sources.snmp_ber import Garbled

if TYPE_CHECKING:
    import ssl

MOST_STREAMS = 128
MOST_OF_ONE = 8
BUFFER = 4 * 1024 * 1024
_MOST_DATAGRAM = 65_535
_AT_ONCE = 256  # datagrams of one socket before the others get their turn
_SO_RXQ_OVFL = 40
_COUNT = struct.Struct("I")
_ASK_S = 2.0
Taker = Callable[[bytes, str], bytes | None]


class Server:
    """Sockets of one receiver. `closing` is the agent's end of a pipe: when that closes, so do we."""

    def __init__(self, ledger: Ledger, communities: frozenset[bytes], opener: Opener, engine: Engine) -> None:
        self._ledger = ledger
        self._communities = communities
        self._opener = opener
        self._engine = engine
        self._selector = selectors.DefaultSelector()
        self._streams: dict[socket.socket, Stream] = {}
        self._of_one: Counter[str] = Counter()
        self._dropped: dict[socket.socket, int] = {}
        self.places: list[str] = []

    # setting up

    def syslog_udp(self, address: str, port: int) -> int:
        """Listen for datagrams; the port."""
        return self._udp("syslog", address, port, self._syslog)

    def traps_udp(self, address: str, port: int) -> int:
        """Listen for traps; the port."""
        return self._udp("traps", address, port, self._trap)

    def syslog_tcp(self, address: str, port: int) -> int:
        """Listen for streams; the port."""
        sock = socket.create_server((address, port), family=_family(address), backlog=64)
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, self._accept)
        return self._named("syslog tcp", sock)

    def syslog_tls(self, address: str, port: int, context: "ssl.SSLContext") -> int:
        """Listen for streams under TLS; the port."""
        sock = socket.create_server((address, port), family=_family(address), backlog=64)
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, lambda one: self._accept(one, context))
        return self._named("syslog tls", sock)

    def looks(self, path: Path) -> None:
        """Answer the agent's own looks at this socket."""
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        sock = socket.socket(socket.AF_UNIX)
        old = os.umask(0o177)
        try:
            sock.bind(str(path))
        finally:
            os.umask(old)
        sock.listen(16)
        self._selector.register(sock, selectors.EVENT_READ, self._answer)

    def _udp(self, what: str, address: str, port: int, take: Taker) -> int:
        sock = socket.socket(_family(address), socket.SOCK_DGRAM)
        sock.bind((address, port))
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        self._selector.register(sock, selectors.EVENT_READ, lambda one: self._datagrams(one, take))
        return self._named(f"{what} udp", sock)

    def _named(self, kind: str, sock: socket.socket) -> int:
        host, port = sock.getsockname()[:2]
        self.places.append(f"{kind} [{host}]:{port}" if ":" in host else f"{kind} {host}:{port}")
        return int(port)

    # the loop

    def run(self, closing: int) -> None:
        """Until `closing` (a descriptor) is readable or at its end."""
        self._selector.register(closing, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._selector.select(60):
                if key.data is None:
                    return
                key.data(key.fileobj)
            self._close_idle()

    def close(self) -> None:
        """Close all sockets."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def _datagrams(self, sock: socket.socket, take: Taker) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, told, _, peer = sock.recvmsg(_MOST_DATAGRAM, socket.CMSG_SPACE(_COUNT.size))
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier answer
                continue
            for level, kind, content in told:
                if level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL:
                    self._overflowed(sock, _COUNT.unpack(content)[0])
            answer = take(data, _plain(peer[0]))
            if answer is not None:
                with contextlib.suppress(OSError):
                    sock.sendto(answer, peer)

    def _overflowed(self, sock: socket.socket, dropped: int) -> None:
        """The kernel counts modulo 2^32 since the socket was made."""
        grown = (dropped - self._dropped.get(sock, 0)) & 0xFFFF_FFFF
        self._dropped[sock] = dropped
        place = str(sock.fileno())
        self._ledger.lost[place] = self._ledger.lost.get(place, 0) + grown

    # what is taken

    def _syslog(self, message: bytes, address: str) -> None:
        sender = self._ledger.sender("syslog", address)
        if not sender.may(time.monotonic()):
            return
        try:
            severity, text = syslog.parse(message)
        except ValueError:
            sender.garbled += 1
        else:
            sender.count(severity, text)

    def _trap(self, datagram: bytes, address: str) -> bytes | None:
        sender = self._ledger.sender("traps", address)
        if not sender.may(time.monotonic()):
            return None
        try:
            name, text, answer = traps.read(datagram, self._communities, self._opener, self._engine)
        except (Garbled, ValueError, OverflowError):
            sender.garbled += 1
        except RefusedError:
            sender.refused += 1
        else:
            if name:
                sender.count(name, text)
            return answer
        return None

    # streams

    def _accept(self, listener: socket.socket, context: "ssl.SSLContext | None" = None) -> None:
        try:
            sock, peer = listener.accept()
        except OSError:
            return
        address = _plain(peer[0])
        if len(self._streams) >= MOST_STREAMS or self._of_one[address] >= MOST_OF_ONE:
            self._ledger.sender("syslog", address).limited += 1
            sock.close()
            return
        sock.setblocking(False)
        if context is not None:
            try:
                # Asked first: wrap_socket would take the descriptor of one that was reset and leave it open.
                sock.getpeername()
                sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            except OSError:  # reset before it was taken
                self._ledger.sender("syslog", address).refused += 1
                sock.close()
                return
        self._of_one[address] += 1
        self._streams[sock] = Stream(sock, address, shaken=context is None)
        self._selector.register(sock, selectors.EVENT_READ, self._more)

    def _more(self, sock: socket.socket) -> None:
        stream = self._streams[sock]
        try:
            if not stream.shaken and not stream.shake():
                return
        except HandRefusedError:
            self._ledger.sender("syslog", stream.address).refused += 1
            self._end(stream)
            return
        data = stream.take()
        if data is not None:
            self._taken(stream, data)

    def _taken(self, stream: Stream, data: bytes) -> None:
        try:
            found, stream.held = syslog.frames(stream.held + data)
        except ValueError:
            self._ledger.sender("syslog", stream.address).garbled += 1
            self._end(stream)
            return
        for message in found:
            self._syslog(message, stream.address)
        if not data:
            if stream.held.strip():
                self._syslog(stream.held, stream.address)
            self._end(stream)

    def _end(self, stream: Stream) -> None:
        self._selector.unregister(stream.sock)
        stream.sock.close()
        del self._streams[stream.sock]
        self._of_one[stream.address] -= 1

    def _close_idle(self) -> None:
        now = time.monotonic()
        for stream in [one for one in self._streams.values() if one.idle(now)]:
            self._end(stream)

    # the agent's looks

    def _answer(self, listener: socket.socket) -> None:
        """One line asked, one line answered; who is slow is not waited for."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            sock, _ = listener.accept()
            with sock:
                sock.settimeout(_ASK_S)
                asked = json.loads(sock.recv(4096))
                sock.sendall(json.dumps(self._said(asked), ensure_ascii=False).encode() + b"\n")

    def _said(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["what"] == "receiver":
            return {**self._ledger.whole(), "places": self.places}
        return self._ledger.of(asked["what"], [_plain(one) for one in asked["addresses"]])


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _plain(address: str) -> str:
    """One text for one address: without a zone, IPv4 never inside IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
