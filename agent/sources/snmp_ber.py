"""The bytes of SNMP v1 and v2c: requests out, answers in; every read is bounded, OIDs stay encoded.

    30 L  02 1 V  04 n COMMUNITY  Ax L [ 02 n ID  02 1 STATUS  02 1 INDEX
                                         30 L [ 30 L [ 06 n OID  T n VALUE ] … ] ]

A datagram that is not exactly that is Garbled: nothing of it is used. pysnmp's decoder says the same of the
same bytes (tests/sources/test_snmp_ber.py compares them), but for what this one refuses outright:
lengths of more than four bytes, and bytes left over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from checks.snmp import Value

GET, NEXT, RESPONSE, BULK = 0xA0, 0xA1, 0xA2, 0xA5
INTEGER, OCTETS, NULL, OID, ADDRESS = 0x02, 0x04, 0x05, 0x06, 0x40
COUNTER, GAUGE, TICKS, OPAQUE, COUNTER64 = 0x41, 0x42, 0x43, 0x44, 0x46
NO_OBJECT, NO_INSTANCE, END = 0x80, 0x81, 0x82
GONE = frozenset({NULL, NO_OBJECT, NO_INSTANCE, END})
_UNSIGNED = frozenset({COUNTER, GAUGE, TICKS, COUNTER64})
TAGS = _UNSIGNED | GONE | {INTEGER, OCTETS, OID, ADDRESS, OPAQUE}

# For each tag and size below 0x80 whether such a value needs no second look.
_FREE, _OF_NUMBERS, _OF_ADDRESSES = (
    b"\1" * 128,
    b"\0" + b"\1" * 9 + b"\0" * 118,
    b"\0" * 4 + b"\1" + b"\0" * 123,
)
_SIZES = dict.fromkeys(GONE | {OCTETS, OPAQUE}, _FREE)
_SIZES |= dict.fromkeys(_UNSIGNED | {INTEGER}, _OF_NUMBERS) | {ADDRESS: _OF_ADDRESSES}
_PLAIN = tuple(_SIZES.get(tag, bytes(128)) for tag in range(256))

Bound = tuple[bytes, int, bytes]  # encoded OID, tag, content


class Garbled(ValueError):
    """These bytes are no answer of this protocol."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its request's number, the error status with its index, and what it binds."""

    number: int
    status: int
    index: int
    bound: list[Bound]


@lru_cache(maxsize=4096)
def encode_oid(text: str) -> bytes:
    """Content bytes of a dotted OID (a leading dot is allowed)."""
    arcs = [int(arc) for arc in text.strip(".").split(".")]
    if len(arcs) == 1:
        arcs.append(0)
    made = bytearray()
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        made += _arc(arc)
    return bytes(made)


def _arc(arc: int) -> bytes:
    if arc < 0x80:
        return bytes((arc,))
    parts = [arc & 0x7F]
    while arc := arc >> 7:
        parts.append(arc & 0x7F | 0x80)
    return bytes(reversed(parts))


def arcs_of(content: bytes) -> tuple[int, ...]:
    """The numbers of an encoded tail of an OID (whole OIDs: `oid_text`); Garbled where it breaks off."""
    arcs, arc = [], 0
    for byte in content:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    if content and content[-1] & 0x80:
        raise Garbled("an OID breaks off")
    return tuple(arcs)


@lru_cache(maxsize=1024)  # rows of a table have the same index in each of its columns
def arcs_text(content: bytes) -> str:
    """Dotted text of an encoded tail of an OID."""
    if content.isascii():  # no arc of more than a byte
        return ".".join(map(str, content))
    return ".".join(map(str, arcs_of(content)))


def follows(later: bytes, earlier: bytes) -> bool:
    """Whether an encoded OID comes behind another."""
    if later[: len(earlier)] == earlier:
        return len(later) > len(earlier)
    if later.isascii() and earlier.isascii():
        return later > earlier
    return order(later) > order(earlier)


@lru_cache(maxsize=1024)  # where one answer ended the next request begins
def order(content: bytes) -> tuple[int, ...]:
    """What encoded OIDs are sorted by."""
    return arcs_of(content)


def oid_text(content: bytes) -> str:
    """Dotted text of a whole encoded OID."""
    arcs = arcs_of(content)
    if not arcs:
        return ""
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def value_of(tag: int, content: bytes) -> Value:
    """What the content means: a whole number, octets, dotted text; None where there is nothing."""
    if tag in (OCTETS, OPAQUE):
        return content
    if tag == INTEGER:
        return int.from_bytes(content, "big", signed=True)
    if tag in _UNSIGNED:
        return int.from_bytes(content, "big")
    if tag == OID:
        return oid_text(content)
    if tag == ADDRESS:
        return ".".join(map(str, content))
    return None


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def whole_number(value: int) -> bytes:
    """An INTEGER with its tag."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def message(
    version: int, community: bytes, kind: int, number: int, first: int, second: int, bound: Sequence[Bound]
) -> bytes:
    """One whole datagram: `version` 1 or 2; `first`, `second`: status and index, or GETBULK's two numbers."""
    bindings = b"".join(tlv(0x30, tlv(OID, oid) + tlv(tag, content)) for oid, tag, content in bound)
    pdu = whole_number(number) + whole_number(first) + whole_number(second) + tlv(0x30, bindings)
    return tlv(0x30, whole_number(version - 1) + tlv(OCTETS, community) + tlv(kind, pdu))


def request(
    version: int, community: bytes, kind: int, number: int, heads: Sequence[bytes], repeat: int = 0
) -> bytes:
    """A GET, GETNEXT or GETBULK for these encoded OIDs."""
    asked = b"".join(_asked(head) for head in heads)
    pdu = whole_number(number) + whole_number(0) + whole_number(repeat) + tlv(0x30, asked)
    return tlv(0x30, whole_number(version - 1) + tlv(OCTETS, community) + tlv(kind, pdu))


def _asked(head: bytes) -> bytes:
    size = len(head)
    if size < 0x7C:
        return bytes((0x30, size + 4, OID, size)) + head + b"\x05\x00"
    return tlv(0x30, tlv(OID, head) + tlv(NULL, b""))


def opened(at: bytes, begin: int, end: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of the TLV at `begin`; it must lie within `end`."""
    if begin + 2 > end:
        raise Garbled("breaks off")
    tag, size = at[begin], at[begin + 1]
    begin += 2
    if size & 0x80:
        width = size & 0x7F
        if not 1 <= width <= 4 or begin + width > end:
            raise Garbled("a length of no use")
        size = int.from_bytes(at[begin : begin + width], "big")
        begin += width
    if begin + size > end:
        raise Garbled("longer than its datagram")
    return tag, begin, begin + size


def taken(at: bytes, begin: int, end: int, want: int, widest: int) -> tuple[bytes, int]:
    tag, begin, stop = opened(at, begin, end)
    if tag != want or stop - begin > widest:
        raise Garbled(f"tag {tag:#x} instead of {want:#x}")
    return at[begin:stop], stop


def number_at(at: bytes, begin: int, end: int) -> tuple[int, int]:
    content, stop = taken(at, begin, end, INTEGER, 8)
    if not content:
        raise Garbled("an empty number")
    return int.from_bytes(content, "big", signed=True), stop


def inside(at: bytes, begin: int, end: int, want: int) -> tuple[int, int]:
    """Content of a structure that must fill everything up to `end`."""
    tag, begin, stop = opened(at, begin, end)
    if tag != want or stop != end:
        raise Garbled(f"tag {tag:#x}, or bytes left over")
    return begin, stop


def parse(datagram: bytes) -> tuple[int, bytes, int, tuple[int, int, int], list[Bound]]:
    """Version (1, 2), community, kind of PDU, its three numbers, what it binds; Garbled otherwise."""
    begin, end = inside(datagram, 0, len(datagram), 0x30)
    version, begin = number_at(datagram, begin, end)
    community, begin = taken(datagram, begin, end, OCTETS, 0xFFFF)
    if version not in (0, 1) or begin >= end:
        raise Garbled("neither v1 nor v2c")
    kind = datagram[begin]
    begin, end = inside(datagram, begin, end, kind)
    number, begin = number_at(datagram, begin, end)
    first, begin = number_at(datagram, begin, end)
    second, begin = number_at(datagram, begin, end)
    begin, end = inside(datagram, begin, end, 0x30)
    return version + 1, community, kind, (number, first, second), bindings(datagram, begin, end)


def bindings(at: bytes, begin: int, end: int) -> list[Bound]:
    """What the list of bindings between these places binds."""
    bound: list[Bound] = []
    add = bound.append
    while begin < end:
        # Most are short and of a plain form, and taken at once; whatever is not goes the careful way.
        #   30 L  06 n OID  T m VALUE      L, n, m below 0x80, and m fills L
        if begin + 7 <= end and at[begin] == 0x30 and at[begin + 2] == OID:
            stop, value = begin + 2 + at[begin + 1], begin + 6 + at[begin + 3]
            size = stop - value
            if 0 <= size < 0x80 and stop <= end and at[value - 1] == size and at[begin + 1] < 0x80:
                tag = at[value - 2]
                if _PLAIN[tag][size] and at[value - 3] < 0x80 and at[begin + 3]:
                    add((at[begin + 4 : value - 2], tag, at[value:stop]))
                    begin = stop
                    continue
        one, begin = _binding(at, begin, end)
        add(one)
    return bound


def _binding(at: bytes, begin: int, end: int) -> tuple[Bound, int]:
    tag, begin, stop = opened(at, begin, end)
    if tag != 0x30:
        raise Garbled("no binding")
    oid, begin = taken(at, begin, stop, OID, 640)
    tag, begin, last = opened(at, begin, stop)
    if tag not in TAGS or last != stop or not oid or oid[-1] & 0x80:
        raise Garbled(f"no value of this protocol: tag {tag:#x}")
    return (oid, tag, _checked(tag, at[begin:last])), stop


def _checked(tag: int, content: bytes) -> bytes:
    if (tag == INTEGER or tag in _UNSIGNED) and not 1 <= len(content) <= 9:
        raise Garbled("a number of no size")
    if tag == ADDRESS and len(content) != 4:
        raise Garbled("an address of no size")
    if tag == OID and (not content or content[-1] & 0x80 or len(content) > 640):
        raise Garbled("an OID breaks off")
    return content


def response(datagram: bytes) -> tuple[bytes, Answer]:
    """Community and content of a response; Garbled where it is none."""
    _, community, kind, (number, status, index), bound = parse(datagram)
    if kind != RESPONSE:
        raise Garbled("no response")
    return community, Answer(number, status, index, bound)
