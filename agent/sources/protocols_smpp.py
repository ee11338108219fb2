"""SMPP 3.4: bind as transmitter, enquire_link, unbind. No message is submitted."""

import struct
from collections.abc import Mapping

from agent.sources.net_connect import Clock, Failed
from agent.sources.protocols_wire import Course, Peer
from checks.api import ErrorKind, ObservationError
from checks.protocols import Endpoint, GatewaySeen

_BIND_TRANSMITTER, _UNBIND, _ENQUIRE_LINK = 0x2, 0x6, 0x15
_MOST_PDUS = 100


def bind(end: Endpoint, secret: Mapping[str, str]) -> GatewaySeen:
    """Bind, enquire, unbind."""
    user, password = secret.get("user", "").encode(), secret.get("password", "").encode()
    if not user or b"\0" in user + password or len(user) > 15 or len(password) > 8:
        raise ObservationError(
            ErrorKind.DENIED, "SMPP needs user (15 bytes at most) and password (8 at most)"
        )
    course = Course(Clock(end.timeout_ms))
    bound: int | None = None
    enquired: int | None = None
    with course.guard(), course.connected(end) as peer:
        # system_id | password | system_type | interface_version | addr_ton | addr_npi | address_range
        bound = _ask(peer, _BIND_TRANSMITTER, 1, user + b"\0" + password + b"\0" + b"\0" + b"\x34\0\0\0")
        if bound == 0:
            enquired = _ask(peer, _ENQUIRE_LINK, 2, b"")
            peer.send(_pdu(_UNBIND, 0, 3, b""))
    return GatewaySeen(course.talk(), bound, enquired)


def _pdu(command: int, status: int, number: int, body: bytes) -> bytes:
    # command_length | command_id | command_status | sequence_number
    return struct.pack(">IIII", 16 + len(body), command, status, number) + body


def _ask(peer: Peer, command: int, number: int, body: bytes) -> int:
    peer.send(_pdu(command, 0, number, body))
    for _ in range(_MOST_PDUS):
        size, got, status, answered = struct.unpack(">IIII", peer.exactly(16))
        if not 16 <= size <= 65536:
            raise Failed("garbled")
        peer.exactly(size - 16)
        if got == _ENQUIRE_LINK:
            peer.send(_pdu(0x80000000 | _ENQUIRE_LINK, 0, answered, b""))
        elif got == 0x80000000 or (got, answered) == (0x80000000 | command, number):  # generic_nack
            return int(status)
    raise Failed("garbled")
