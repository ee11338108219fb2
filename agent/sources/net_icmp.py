"""Echo requests over a raw (or else a datagram) ICMP socket, timed by the kernel's receive stamps."""

import errno
import select
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import randbits, token_bytes
from time import perf_counter_ns, time_ns

from agent.sources.net_connect import Clock, Failed, addresses, outcome_of
from checks.api import ErrorKind, ObservationError
from checks.probes import Echoes

_RESOLVE_MS = 5000
_TIMESTAMPNS = 35  # SO_TIMESTAMPNS of <asm-generic/socket.h>; the socket module has no name for it
_ANSWERS: dict[int, int] = {socket.AF_INET: 0, socket.AF_INET6: 129}
_REQUESTS: dict[int, int] = {socket.AF_INET: 8, socket.AF_INET6: 128}
# Destination unreachable and time exceeded: someone on the way (or the host) gives the request back.
_RETURNED: dict[int, tuple[int, int]] = {socket.AF_INET: (3, 11), socket.AF_INET6: (1, 3)}


@dataclass(slots=True)
class _Run:
    """One row of echo requests: what was sent when, and what came of it, by sequence number."""

    family: int
    address: str
    raw: bool
    id: int = field(default_factory=lambda: randbits(16))
    token: bytes = field(default_factory=lambda: token_bytes(24))
    sent_ns: dict[int, int] = field(default_factory=dict)
    rtts_us: dict[int, int] = field(default_factory=dict)
    returned: set[int] = field(default_factory=set)

    @property
    def settled(self) -> int:
        return len(self.rtts_us.keys() | self.returned)


def ping(host: str, count: int, gap_ms: int, timeout_ms: int) -> Echoes:
    """Send `count` echo requests `gap_ms` apart; wait `timeout_ms` for what is still out after the last."""
    try:
        family, address = addresses(host, 0, Clock(_RESOLVE_MS))[0]
    except Failed as failed:
        return Echoes(failed.outcome, None, 0, 0, ())
    sock, raw = _open(family)
    with sock:
        run = _Run(family, str(address[0]), raw)
        begun = perf_counter_ns()
        for sequence in range(count):
            _send(sock, run, sequence, address)
            _collect(sock, run, begun + (sequence + 1) * gap_ms * 1_000_000 if sequence < count - 1 else None)
        _collect(sock, run, perf_counter_ns() + timeout_ms * 1_000_000, until_settled=count)
    return Echoes(
        outcome="sent",
        address=run.address,
        sent=count,
        unreachable=len(run.returned - run.rtts_us.keys()),
        rtts_us=tuple(run.rtts_us[sequence] for sequence in sorted(run.rtts_us)),
    )


def _open(family: int) -> tuple[socket.socket, bool]:
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
        try:
            sock = socket.socket(family, kind, protocol)
        except PermissionError:
            continue
        except OSError as error:
            outcome_of(error)
            raise ObservationError(ErrorKind.UNSUPPORTED, f"no ICMP socket: {error}") from error
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        if kind == socket.SOCK_RAW and family == socket.AF_INET:
            # ICMP_FILTER: other hosts' pings must not fill our buffer.
            wanted = sum(1 << number for number in (_ANSWERS[family], *_RETURNED[family]))
            sock.setsockopt(255, 1, struct.pack("=I", ~wanted & 0xFFFFFFFF))
        return sock, kind == socket.SOCK_RAW
    raise ObservationError(ErrorKind.DENIED, "ICMP needs CAP_NET_RAW or net.ipv4.ping_group_range")


def _send(sock: socket.socket, run: _Run, sequence: int, address: tuple[object, ...]) -> None:
    # type | code 0 | checksum | id | sequence | token
    kind = _REQUESTS[run.family]
    rest = struct.pack("!HH", run.id, sequence) + run.token
    checksum = _checksum(bytes([kind, 0, 0, 0]) + rest) if run.family == socket.AF_INET else 0
    packet = struct.pack("!BBH", kind, 0, checksum) + rest
    run.sent_ns[sequence] = perf_counter_ns()
    try:
        sock.sendto(packet, address)
    except OSError as error:
        if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            raise ObservationError(ErrorKind.UNREACHABLE, f"no route to {run.address}") from error
        outcome_of(error)
        # Whatever else the kernel says now is about an earlier request: this one counts as lost.


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def _collect(sock: socket.socket, run: _Run, until_ns: int | None, until_settled: int = 0) -> None:
    """Take answers until `until_ns`, or until as many requests are settled; without a time, not at all."""
    if until_ns is None:
        return
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    while not until_settled or run.settled < until_settled:
        left = (until_ns - perf_counter_ns()) / 1e6
        if left <= 0 or not poll.poll(left):
            return
        for packet, source, delay_ns in _arrived(sock):
            _settle(run, packet, source, perf_counter_ns() - delay_ns)


def _arrived(sock: socket.socket) -> Iterator[tuple[bytes, str, int]]:
    """Packets that wait, with their source and the nanoseconds they have waited."""
    while True:
        try:
            packet, extra, _, source = sock.recvmsg(2048, 64)
        except OSError:
            return  # nothing (more) waits; or an error about an earlier request, taken with this call
        delay = 0
        for _level, _kind, stamp in extra:
            if len(stamp) == 16:
                seconds, part = struct.unpack("=qq", stamp)
                delay = max(0, time_ns() - seconds * 1_000_000_000 - part)
        # A clock that was set within these microseconds must not spoil the time.
        yield packet, str(source[0]), delay if delay < 1_000_000_000 else 0


def _settle(run: _Run, packet: bytes, source: str, at_ns: int) -> None:
    if run.raw and run.family == socket.AF_INET:
        packet = packet[(packet[0] & 15) * 4 :] if packet else b""
    if len(packet) < 8:
        return
    kind = packet[0]
    if kind == _ANSWERS[run.family] and source == run.address:
        sequence = _ours(run, packet)
        if sequence is not None and sequence not in run.rtts_us:
            run.rtts_us[sequence] = max(at_ns - run.sent_ns[sequence], 0) // 1000
    elif kind in _RETURNED[run.family]:
        # Behind eight bytes stands the IP header of what came back, then its first bytes.
        inner = packet[8:]
        size = 40 if run.family == socket.AF_INET6 else (inner[0] & 15) * 4 if inner else 0
        sequence = _ours(run, inner[size:], whole=False)
        if sequence is not None:
            run.returned.add(sequence)


def _ours(run: _Run, packet: bytes, *, whole: bool = True) -> int | None:
    """Sequence number of one of our requests or its answer; None if it's somebody else's."""
    if len(packet) < 8:
        return None
    number, sequence = struct.unpack("!HH", packet[4:8])
    # On a datagram socket the kernel puts its own id in, and sorts by it.
    if (run.raw and number != run.id) or sequence not in run.sent_ns:
        return None
    return None if whole and packet[8:] != run.token else int(sequence)
