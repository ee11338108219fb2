"""Our decoder beside pysnmp's: the same bytes are the same message to both, or ours refuses them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api

from agent.sources import snmp_ber
from agent.sources.snmp_ber import Garbled, arcs_of, encode_oid, oid_text, parse, value_of

V2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
OIDS = st.lists(st.integers(0, 2**32 - 1), min_size=0, max_size=12).map(
    lambda arcs: ".".join(map(str, (1, 3, 6, *arcs)))
)
VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(V2.Integer32),
    st.binary(max_size=60).map(V2.OctetString),
    OIDS.map(V2.ObjectIdentifier),
    st.integers(0, 2**32 - 1).map(V2.Counter32),
    st.integers(0, 2**32 - 1).map(V2.Gauge32),
    st.integers(0, 2**32 - 1).map(V2.TimeTicks),
    st.integers(0, 2**64 - 1).map(V2.Counter64),
    st.binary(min_size=4, max_size=4).map(V2.IpAddress),
    st.binary(max_size=9).map(V2.Opaque),
)


def theirs(datagram):
    message, rest = decoder.decode(datagram, asn1Spec=V2.Message())
    if rest:
        raise PyAsn1Error("bytes left over")
    pdu = V2.apiMessage.get_pdu(message)
    bound = []
    for name, value in V2.apiPDU.get_varbinds(pdu):
        kind = type(value).__name__
        if kind in ("OctetString", "Opaque"):
            plain = value.asOctets()
        elif kind in ("ObjectIdentifier", "IpAddress"):
            plain = value.prettyPrint()
        elif kind in ("Null", "NoSuchObject", "NoSuchInstance", "EndOfMibView"):
            plain = None
        else:
            plain = int(value)
        bound.append((name.prettyPrint(), plain))
    community = V2.apiMessage.get_community(message).asOctets()
    number = int(V2.apiPDU.get_request_id(pdu))
    return community, number, int(V2.apiPDU.get_error_status(pdu)), bound


def ours(datagram):
    _, community, kind, (number, status, _), bound = parse(datagram)
    assert kind == snmp_ber.RESPONSE
    return community, number, status, [(oid_text(oid), value_of(tag, raw)) for oid, tag, raw in bound]


def made(community, number, bound):
    pdu = V2.ResponsePDU()
    V2.apiPDU.set_defaults(pdu)
    V2.apiPDU.set_request_id(pdu, number)
    V2.apiPDU.set_varbinds(pdu, bound)
    message = V2.Message()
    V2.apiMessage.set_defaults(message)
    V2.apiMessage.set_community(message, community)
    V2.apiMessage.set_pdu(message, pdu)
    return encoder.encode(message)


BOUND = st.lists(st.tuples(OIDS, VALUES), max_size=4)


@given(st.binary(max_size=20), st.integers(0, 2**31 - 1), BOUND)
def test_every_message_that_pysnmp_makes_is_read_as_pysnmp_reads_it(community, number, bound):
    datagram = made(community, number, bound)
    assert ours(datagram) == theirs(datagram)


@given(BOUND, st.data())
def test_a_changed_byte_is_read_alike_or_refused(bound, data):
    datagram = bytearray(made(b"public", 77, bound))
    at = data.draw(st.integers(0, len(datagram) - 1))
    datagram[at] = data.draw(st.integers(0, 255))
    try:
        read = parse(bytes(datagram))
    except Garbled:
        return
    if read[0] != 2 or read[2] != snmp_ber.RESPONSE:
        return
    try:
        expected = theirs(bytes(datagram))
    except Exception:
        return  # pysnmp checks constraints of the MIB types besides; what it refuses nobody relies on
    assert ours(bytes(datagram)) == expected


@given(st.binary(max_size=300))
def test_garbage_is_refused_with_the_documented_error(datagram):
    with pytest.raises(Garbled):
        parse(datagram)


@given(st.binary(min_size=1, max_size=60))
def test_a_datagram_cut_short_is_refused(tail):
    whole = made(b"public", 1, [("1.3.6.1.2.1.1.1.0", V2.OctetString(tail))])
    for end in range(len(whole)):
        with pytest.raises(Garbled):
            parse(whole[:end])


@given(st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_an_oid_survives_both_ways(arcs):
    text = ".".join(map(str, (1, 3, *arcs)))
    assert oid_text(encode_oid(text)) == text
    assert arcs_of(encode_oid(text))[1:] == tuple(arcs)


def carefully(at):
    """Bindings without the quick way."""
    bound, begin = [], 0
    while begin < len(at):
        one, begin = snmp_ber._binding(at, begin, len(at))
        bound.append(one)
    return bound


def outcome(read, at):
    try:
        return read(at)
    except Garbled:
        return "garbled"


PIECES = st.lists(
    st.tuples(st.binary(max_size=14), st.sampled_from([*snmp_ber.TAGS, 0x24, 0x03]), st.binary(max_size=12)),
    max_size=4,
).map(lambda rows: b"".join(snmp_ber.tlv(0x30, snmp_ber.tlv(6, o) + snmp_ber.tlv(t, c)) for o, t, c in rows))


@given(PIECES, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=3))
def test_the_quick_way_through_bindings_reads_what_the_careful_one_does(raw, flips):
    broken = bytearray(raw)
    for at, value in flips:
        if at < len(broken):
            broken[at] = value
    for given_bytes in (raw, bytes(broken)):
        quick = outcome(lambda at: snmp_ber.bindings(at, 0, len(at)), given_bytes)
        assert quick == outcome(carefully, given_bytes)


ARCS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=6)


@given(ARCS, ARCS)
def test_encoded_oids_are_put_in_the_order_of_their_numbers(first, second):
    one, other = (b"".join(map(snmp_ber._arc, arcs)) for arcs in (first, second))
    assert snmp_ber.follows(one, other) == (first > second)
    assert snmp_ber.arcs_text(one) == ".".join(map(str, first))


@given(st.lists(st.binary(min_size=1, max_size=140), max_size=4), st.integers(0, 50))
def test_a_request_is_the_message_of_its_heads(heads, repeat):
    asked = [(head, snmp_ber.NULL, b"") for head in heads]
    whole = snmp_ber.message(2, b"public", snmp_ber.BULK, 7, 0, repeat, asked)
    assert snmp_ber.request(2, b"public", snmp_ber.BULK, 7, heads, repeat) == whole
