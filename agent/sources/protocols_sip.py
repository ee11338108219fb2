"""SIP (RFC 3261): one OPTIONS, over UDP or TCP."""

import re
import secrets
import select
import socket

from agent.sources.net_connect import Clock, Failed, addresses, outcome_of, wait
from agent.sources.protocols_wire import Course, printable
from checks.protocols import Endpoint, SipSeen

_FIRST = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ?.*")
_AGAIN_S = 0.5


def options(end: Endpoint, udp: bool) -> SipSeen:
    """Ask; provisional answers are waited out. Over UDP the request is sent again (RFC 3261 17.1.2.1)."""
    course = Course(Clock(end.timeout_ms))
    status: int | None = None
    product = ""
    branch = secrets.token_hex(8)
    with course.guard():
        if udp:
            status, product = _datagram(course, end, branch)
        else:
            with course.connected(end) as peer:
                peer.send(_request(end, "TCP", branch))
                while status is None or status < 200:
                    head = peer.until(b"\r\n\r\n").decode("latin-1")
                    status, product, size = _read(head, branch)
                    peer.exactly(min(size, 65536))
    return SipSeen(course.talk(), status, product)


def _request(end: Endpoint, transport: str, branch: str) -> bytes:
    return (
        f"OPTIONS sip:{end.address}:{end.port} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} roundseal.invalid;branch=z9hG4bK{branch};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:probe@roundseal.invalid>;tag={branch}\r\n"
        f"To: <sip:{end.address}:{end.port}>\r\nCall-ID: {branch}@roundseal.invalid\r\n"
        "CSeq: 1 OPTIONS\r\nContact: <sip:probe@roundseal.invalid>\r\nAccept: application/sdp\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode("ascii")


def _datagram(course: Course, end: Endpoint, branch: str) -> tuple[int, str]:
    family, address = addresses(end.address, end.port, course.clock)[0]
    course.address = str(address[0])
    request = _request(end, "UDP", branch)
    gap = _AGAIN_S
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(address)
            while True:
                sock.send(request)
                if found := _heard(sock, course.clock, min(gap, course.clock.left()), branch):
                    return found
                gap = min(gap * 2, 4.0)
        except OSError as error:
            raise Failed(outcome_of(error)) from error


def _heard(sock: socket.socket, clock: Clock, seconds: float, branch: str) -> tuple[int, str] | None:
    """A final answer to our request, within so many seconds."""
    until = clock.us() + int(seconds * 1e6)
    while (left := (until - clock.us()) / 1e6) > 0 and wait(sock, select.POLLIN, left):
        head = sock.recv(65536).partition(b"\r\n\r\n")[0].decode("latin-1")
        status, product, _ = _read(head, branch)
        if status >= 200:
            return status, product
    return None


def _read(head: str, branch: str) -> tuple[int, str, int]:
    """Status, what the peer calls itself, and the length of its body."""
    first, *lines = head.strip().split("\r\n")
    found = _FIRST.fullmatch(first)
    headers = {
        name.strip().lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)
    }
    ours = headers.get("call-id", headers.get("i", "")).startswith(branch)
    if found is None or not ours:
        raise Failed("garbled")
    product = headers.get("server") or headers.get("user-agent") or ""
    size = headers.get("content-length", headers.get("l", "0"))
    return int(found[1]), printable(product, 100), int(size[:8]) if size.isascii() and size.isdigit() else 0
