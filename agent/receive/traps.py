"""A trap of SNMP v1, v2c or v3: which notification it is, and a line of what it binds."""

from collections.abc import Collection

from agent.receive.engine import Engine
from agent.receive.usm import TRAP, Opener, RefusedError, wants_answer
from agent.sources.snmp_ber import (
    ADDRESS,
    INTEGER,
    OCTETS,
    OID,
    RESPONSE,
    TICKS,
    Bound,
    Garbled,
    bindings,
    inside,
    message,
    number_at,
    oid_text,
    parse,
    taken,
    value_of,
)

V1, INFORM, V2 = 0xA4, 0xA6, TRAP
_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_GENERIC = "1.3.6.1.6.3.1.1.5"  # coldStart is .1 … egpNeighborLoss .6
_SKIPPED = ("1.3.6.1.2.1.1.3.0", _TRAP_OID, "1.3.6.1.6.3.18.1.")
_MOST_SHOWN = 4


def read(
    datagram: bytes, communities: Collection[bytes], opener: Opener, engine: Engine
) -> tuple[str, str, bytes | None]:
    """(OID of the notification, text, answer to send back or None); Garbled, RefusedError.

    Nothing but an answer: somebody who asks who we are before he sends an inform of v3.
    """
    version = _version(datagram)
    if version == 3:
        return _third(datagram, opener, engine)
    if version == 0 and _kind(datagram) == V1:
        return *_first(datagram, communities), None
    _, community, kind, (number, _, _), bound = parse(datagram)
    if kind not in (V2, INFORM):
        raise Garbled("no trap")
    _known(community, communities)
    answer = message(2, community, RESPONSE, number, 0, 0, bound) if kind == INFORM else None
    return *_told(bound), answer


def _third(datagram: bytes, opener: Opener, engine: Engine) -> tuple[str, str, bytes | None]:
    """A trap stands for itself, also where its flag says otherwise; an inform goes through our own engine."""
    if not wants_answer(datagram):
        kind, bound = opener.open(datagram)
        if kind != V2:
            raise Garbled("no trap")
        return *_told(bound), None
    answer, heard = opener.addressed(datagram, engine)
    if heard is None:
        return "", "", answer
    if heard.kind == V2 and heard.message.engine != engine.id:
        return *_told(heard.bound), None
    if heard.kind != INFORM:
        raise Garbled("no inform")
    told = _told(heard.bound)
    return *told, engine.response(heard.message, heard.user, heard.number, heard.bound)


def _known(community: bytes, communities: Collection[bytes]) -> None:
    if community not in communities:
        raise RefusedError("community")


def _version(datagram: bytes) -> int:
    begin, end = inside(datagram, 0, len(datagram), 0x30)
    return number_at(datagram, begin, end)[0]


def _kind(datagram: bytes) -> int:
    begin, end = inside(datagram, 0, len(datagram), 0x30)
    _, begin = number_at(datagram, begin, end)
    _, begin = taken(datagram, begin, end, OCTETS, 0xFFFF)
    if begin >= end:
        raise Garbled("breaks off")
    return datagram[begin]


def _first(datagram: bytes, communities: Collection[bytes]) -> tuple[str, str]:
    """Version 1 has a trap of its own: enterprise, address, generic and specific number, time."""
    begin, end = inside(datagram, 0, len(datagram), 0x30)
    _, begin = number_at(datagram, begin, end)
    community, begin = taken(datagram, begin, end, OCTETS, 0xFFFF)
    _known(community, communities)
    begin, end = inside(datagram, begin, end, V1)
    enterprise, begin = taken(datagram, begin, end, OID, 640)
    _, begin = taken(datagram, begin, end, ADDRESS, 4)
    generic, begin = number_at(datagram, begin, end)
    specific, begin = number_at(datagram, begin, end)
    _, begin = taken(datagram, begin, end, TICKS, 9)
    begin, end = inside(datagram, begin, end, 0x30)
    bound = bindings(datagram, begin, end)
    # RFC 3584 section 3.1: what the same notification is called in version 2.
    name = f"{_GENERIC}.{generic + 1}" if 0 <= generic < 6 else f"{oid_text(enterprise)}.0.{specific}"
    return name, _shown(bound)


def _told(bound: list[Bound]) -> tuple[str, str]:
    for oid, tag, content in bound[:8]:
        if tag == OID and oid_text(oid) == _TRAP_OID:
            return oid_text(content), _shown(bound)
    raise Garbled("names no notification")


def _shown(bound: list[Bound]) -> str:
    shown: list[str] = []
    for oid, tag, content in bound:
        name = oid_text(oid)
        if not name.startswith(_SKIPPED) and len(shown) < _MOST_SHOWN:
            shown.append(f"{name} {_value(tag, content)}")
    return "; ".join(shown)


def _value(tag: int, content: bytes) -> str:
    value = value_of(tag, content)
    if tag in (INTEGER, OCTETS) and isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        return text if text.isprintable() else value.hex()
    return "" if value is None else value.hex() if isinstance(value, bytes) else str(value)
