"""Modbus TCP: reading coils, discrete inputs and registers."""

import struct
from collections.abc import Mapping

from agent.sources.net_connect import Clock, Failed
from agent.sources.protocols_wire import Course, Peer
from checks.protocols import Endpoint, Kind, Register, RegistersSeen

_FUNCTIONS = {Kind.COIL: 1, Kind.DISCRETE: 2, Kind.HOLDING: 3, Kind.INPUT: 4}


def read(end: Endpoint, unit: int, registers: Mapping[str, Register]) -> RegistersSeen:
    """One request a value: devices differ in which ranges they hold."""
    course = Course(Clock(end.timeout_ms))
    values: dict[str, int] = {}
    exceptions: dict[str, int] = {}
    with course.guard(), course.connected(end) as peer:
        for number, (name, register) in enumerate(registers.items(), 1):
            code, body = _ask(peer, number, unit, register)
            if code:
                exceptions[name] = code
            else:
                values[name] = _value(body, register)
    return RegistersSeen(course.talk(), values, exceptions)


def _ask(peer: Peer, number: int, unit: int, register: Register) -> tuple[int, bytes]:
    """Exception code (0: none) and the bytes of the value."""
    function = _FUNCTIONS[register.kind]
    # transaction | protocol 0 | length | unit | function | first register | count
    peer.send(struct.pack(">HHHBBHH", number, 0, 6, unit, function, register.at, register.words))
    answered, protocol, size, from_unit, got = struct.unpack(">HHHBB", peer.exactly(8))
    if (answered, protocol, from_unit) != (number, 0, unit) or not 3 <= size <= 254:
        raise Failed("garbled")
    body = peer.exactly(size - 2)
    if got == function | 0x80:
        return body[0] or 255, b""
    wanted = 1 if register.kind in (Kind.COIL, Kind.DISCRETE) else 2 * register.words
    if got != function or body[0] != wanted or len(body) != wanted + 1:
        raise Failed("garbled")
    return 0, body[1:]


def _value(body: bytes, register: Register) -> int:
    if register.kind in (Kind.COIL, Kind.DISCRETE):
        return body[0] & 1
    return int.from_bytes(body, "big", signed=register.signed)
