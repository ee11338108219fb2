"""The kernel's clock discipline (adjtimex), and time servers asked by SNTP (RFC 4330)."""

import os
import socket
import struct
import time
from collections.abc import Callable
from functools import cache

from checks.sources import ClockOffset, KernelClock

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
# struct timex on 64-bit Linux: modes, offset, freq, maxerror, esterror, status; the rest is not read.
_TIMEX = struct.Struct("@I4xqqqqi")
_TIMEX_SPACE = 512

_PACKET = struct.Struct("!BBBbII4sQQQQ")
_EPOCH_1900 = 2_208_988_800


def kernel_clock() -> KernelClock:
    """adjtimex with nothing to change; chrony, ntpd and timesyncd all report to it."""
    state, code, timex = _adjtimex()()
    if state < 0:
        raise OSError(code, os.strerror(code))
    _, _, _, maximum, estimated, status = _TIMEX.unpack_from(timex)
    return KernelClock(not status & _STA_UNSYNC and state != _TIME_ERROR, estimated, maximum)


_Adjtimex = Callable[[], tuple[int, int, bytes]]  # what it returned, errno, the struct


@cache
def _adjtimex() -> _Adjtimex:
    try:
        return by_cffi()
    except ImportError:
        return by_ctypes()


def by_cffi() -> _Adjtimex:
    """By the part of cffi that PyNaCl has loaded already: `ctypes` would cost an agent 0.3 MB for good."""
    from _cffi_backend import FFI  # type: ignore[import-untyped]  # compiled, without a stub

    # What cffi's set_source("…", None) writes for `int adjtimex(char *);`; a test compares.
    ffi = FFI("agent.sources.host_clock", _version=TIMEX_VERSION, _types=TIMEX_TYPES, _globals=TIMEX_GLOBALS)
    libc = ffi.dlopen(None)

    def call() -> tuple[int, int, bytes]:
        space = ffi.new("char[]", _TIMEX_SPACE)
        return libc.adjtimex(space), ffi.errno, bytes(ffi.buffer(space))

    return call


TIMEX_VERSION = 0x2601
TIMEX_TYPES = b"\x00\x00\x04\x0d\x00\x00\x03\x03\x00\x00\x00\x0f\x00\x00\x02\x01\x00\x00\x07\x01"
TIMEX_GLOBALS = (b"\x00\x00\x00\x23adjtimex", 0)


def by_ctypes() -> _Adjtimex:
    """Where PyNaCl is not installed."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)

    def call() -> tuple[int, int, bytes]:
        space = ctypes.create_string_buffer(_TIMEX_SPACE)
        return libc.adjtimex(space), ctypes.get_errno(), space.raw

    return call


def clock_offset(server: str, timeout_ms: int) -> ClockOffset:
    """Ask `server` once; whatever goes wrong is this server's trouble, not ours."""
    try:
        return _asked(server, timeout_ms / 1000)
    except TimeoutError:
        return ClockOffset(server, trouble="timeout")
    except socket.gaierror:
        return ClockOffset(server, trouble="unknown_name")
    except ConnectionRefusedError:
        return ClockOffset(server, trouble="refused")
    except (OSError, ValueError):
        return ClockOffset(server, trouble="unreachable")


def _asked(server: str, timeout_s: float) -> ClockOffset:
    host, port = address_of(server)
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    until = time.monotonic() + timeout_s
    with socket.socket(family, kind, protocol) as out:
        out.connect(address)
        # A random transmit time, kept here: only who saw the question can answer with it (RFC 9109).
        cookie = int.from_bytes(os.urandom(8), "big")
        sent = time.time_ns()
        out.send(_PACKET.pack(0x23, 0, 0, 0, 0, 0, b"", 0, 0, 0, cookie))
        while (left := until - time.monotonic()) > 0:
            out.settimeout(left)
            answer, received = out.recv(1024), time.time_ns()
            if len(answer) >= _PACKET.size and _PACKET.unpack_from(answer)[8] == cookie:
                return read_answer(server, answer, sent, received)
    raise TimeoutError


def address_of(server: str) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port` or a bare IPv6 address."""
    if server.startswith("["):
        host, _, rest = server[1:].partition("]")
        return host, int(rest.removeprefix(":") or 123)
    host, _, port = server.partition(":")
    return (server, 123) if ":" in port else (host, int(port or 123))


def read_answer(server: str, answer: bytes, sent: int, received: int) -> ClockOffset:
    """Offset and delay (RFC 4330, 5); a server that says it has no time gives a trouble instead."""
    first, stratum, _, _, _, _, code, _, _, arrived, left = _PACKET.unpack_from(answer)
    if first & 0x07 != 4:
        return ClockOffset(server, trouble="garbled")
    # Stratum 0 with a code is a refusal (RFC 5905, 7.4); without one it is a server that has no time itself.
    if stratum == 0 and code.isalpha():
        return ClockOffset(server, trouble="kiss_of_death")
    if first >> 6 == 3 or not 1 <= stratum <= 15 or not left:
        return ClockOffset(server, stratum=stratum, trouble="unsynchronised")
    t2, t3 = _unix_ns(arrived, received), _unix_ns(left, received)
    offset, delay = ((t2 - sent) + (t3 - received)) // 2, (received - sent) - (t3 - t2)
    return ClockOffset(server, round(offset / 1000), round(max(delay, 0) / 1000), stratum)


def _unix_ns(stamp: int, near: int) -> int:
    """An NTP timestamp as UTC nanoseconds, in the 136-year era that is nearest to `near`."""
    ns = ((stamp >> 32) - _EPOCH_1900) * 10**9 + ((stamp & 0xFFFFFFFF) * 10**9 >> 32)
    era = 2**32 * 10**9
    return ns + era * round((near - ns) / era)
