"""Names, connections and deadlines: the part every probe of the network shares.

Whatever the target does (refuses, stays silent, resets) is `Failed` with a code word, a fact. Whatever
keeps the probe itself from working is an ObservationError.
"""

import errno
import select
import socket
import threading
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter_ns

from checks.api import ErrorKind, ObservationError


class Failed(Exception):
    """The target failed: its code word becomes the fact's outcome."""

    def __init__(self, outcome: str, address: str | None = None) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.address = address


class Clock:
    """Microseconds since the probe began, and what is left until its deadline."""

    __slots__ = ("_end", "_start")

    def __init__(self, timeout_ms: int) -> None:
        self._start = perf_counter_ns()
        self._end = self._start + timeout_ms * 1_000_000

    def us(self) -> int:
        """Microseconds since the start."""
        return (perf_counter_ns() - self._start) // 1000

    def left(self) -> float:
        """Seconds left; Failed timeout when there are none."""
        left = (self._end - perf_counter_ns()) / 1e9
        if left <= 0:
            raise Failed("timeout")
        return left


# Ours, not the target's: no descriptors, no memory, no local port, forbidden by this host.
_OWN_LIMIT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM}
)
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EAFNOSUPPORT, errno.ENETDOWN})
_WORDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTDOWN: "unreachable",
}


def outcome_of(error: OSError) -> str:
    """Code word for what the target did; ObservationError when the cause is on this side."""
    if error.errno in _OWN_LIMIT:
        raise ObservationError(ErrorKind.DENIED, str(error)) from error
    if isinstance(error, TimeoutError):
        return "timeout"
    return _WORDS.get(error.errno or 0, "io_error")


def no_route(error: OSError, where: str) -> None:
    """ObservationError if `error`, met before a packet left, is this host's own routing."""
    if error.errno in _NO_ROUTE:
        raise ObservationError(ErrorKind.UNREACHABLE, f"no route to {where}") from error


Address = tuple[int, tuple[object, ...]]


def addresses(host: str, port: int, clock: Clock) -> list[Address]:
    """Addresses of `host` with their families; Failed dns_nxdomain if a working resolver knows none."""
    try:
        return _numeric(host, port)
    except UnicodeError:
        raise Failed("dns_nxdomain") from None  # no name in the sense of DNS: it can't exist
    except socket.gaierror:
        pass
    found: list[Address] | OSError | None = None

    def ask() -> None:
        nonlocal found
        try:
            found = _resolve(host, port, socket.AI_ADDRCONFIG)
        except OSError as error:
            found = error

    # The C library's resolver knows no deadline, so it gets a thread that we stop waiting for.
    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise ObservationError(ErrorKind.DENIED, str(error)) from error
    thread.join(clock.left())
    if found is None:
        raise ObservationError(ErrorKind.TIMEOUT, f"the resolver of this host is silent about {host}")
    if isinstance(found, OSError):
        raise _unresolved(found)
    return found


@lru_cache(maxsize=512)
def _numeric(host: str, port: int) -> list[Address]:
    """An address written in numbers is the same for ever; gaierror for a name."""
    return _resolve(host, port, socket.AI_NUMERICHOST)


def _resolve(host: str, port: int, flags: int) -> list[Address]:
    # As bytes a name goes straight to the C library; as text it would first need a codec.
    name = host.encode("ascii" if host.isascii() else "idna")
    rows = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return [(int(family), address) for family, _, _, _, address in rows]


def _unresolved(error: OSError) -> Exception:
    if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
        return Failed("dns_nxdomain")
    return ObservationError(ErrorKind.UNREACHABLE, f"the resolver of this host does not work: {error}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A connected socket (non-blocking) and how it came about."""

    sock: socket.socket
    address: str
    resolve_us: int
    connect_us: int


def open_tcp(host: str, port: int, clock: Clock) -> Opened:
    """Connect to the first of the host's addresses that takes it, sharing the time left among them."""
    begun = clock.us()
    found = addresses(host, port, clock)
    resolved = clock.us() - begun
    failed: Failed | None = None
    ours: ObservationError | None = None
    for i, (family, address) in enumerate(found):
        share = clock.left() / (len(found) - i)
        start = perf_counter_ns()
        try:
            sock = _connect(family, address, share)
        except Failed as error:
            failed = error
        except ObservationError as error:
            ours = error
        else:
            return Opened(sock, str(address[0]), resolved, (perf_counter_ns() - start) // 1000)
    # A target that failed says more than an address family that this host has no route for.
    raise failed or ours or Failed("dns_nxdomain")


def _connect(family: int, address: tuple[object, ...], seconds: float) -> socket.socket:
    where = str(address[0])
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ObservationError(ErrorKind.DENIED, str(error)) from error
    try:
        sock.setblocking(False)
        # Small writes must leave at once, or the times would hold Nagle's delay.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            if not wait(sock, select.POLLOUT, seconds):
                raise Failed("timeout", where)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        elif code:
            no_route(OSError(code, "connect"), where)
        if code:
            raise Failed(outcome_of(OSError(code, "connect")), where)
    except BaseException:
        sock.close()
        raise
    return sock


def wait(sock: socket.socket, event: int, seconds: float) -> bool:
    """Wait until `event` (POLLIN, POLLOUT) or an error is pending on `sock`; False after `seconds`."""
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(max(seconds * 1000, 1)))
