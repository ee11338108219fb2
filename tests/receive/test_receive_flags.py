"""Traps of SNMP v3 with the flag of those that want an answer: counted or refused, never passed over."""

import hashlib
import hmac

import pytest

from agent.receive import traps
from agent.receive.engine import Engine
from agent.receive.usm import Message, Opener, RefusedError, sealed, user
from agent.sources.snmp_ber import INTEGER, OCTETS, OID, TICKS, encode_oid, tlv, whole_number

OURS = Engine(b"\x80\0\0\0\x05ours", 1)
THEIRS = b"\x80\0\0\0\x05theirs"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
GET, INFORM, TRAP = 0xA0, 0xA6, 0xA7
_SIGNED = {"auth": "sha", "auth_password": "authpass12"}
USERS = {
    one.name: one
    for one in (
        user({"user": "plain"}),
        user({"user": "signed", **_SIGNED}),
        user({"user": "hidden", **_SIGNED, "privacy": "aes128", "privacy_password": "privpass12"}),
    )
}
STRANGER = user({"user": "stranger"})


def scoped(kind=TRAP):
    """A link that went down, not yet sealed."""
    rows = tlv(0x30, tlv(OID, encode_oid("1.3.6.1.2.1.1.3.0")) + tlv(TICKS, b"\1"))
    rows += tlv(0x30, tlv(OID, encode_oid("1.3.6.1.6.3.1.1.4.1.0")) + tlv(OID, encode_oid(LINK_DOWN)))
    pdu = whole_number(7) + tlv(INTEGER, b"\0") * 2 + tlv(0x30, rows)
    return tlv(0x30, tlv(OCTETS, THEIRS) + tlv(OCTETS, b"") + tlv(kind, pdu))


def flagged(known, kind=TRAP, engine=THEIRS, seconds=100):
    """That message under a sender's own engine, its flag set."""
    shown = Message(5, True, True, engine, 3, seconds, known.name)
    made = sealed(shown, known, engine, (3, seconds), scoped(kind), private=True)
    at = made.index(b"\x04\x01") + 2
    made = made[:at] + bytes((made[at] | 4,)) + made[at + 1 :]
    if not known.auth:
        return made
    spoken = tlv(OCTETS, known.name) + bytes((OCTETS, known.width))
    at = made.index(spoken) + len(spoken)
    blank = made[:at] + bytes(known.width) + made[at + known.width :]
    key = hashlib.new(known.digest, known.auth + engine + known.auth).digest()
    return made[:at] + hmac.digest(key, blank, known.digest)[: known.width] + made[at + known.width :]


def read(datagram, opener=None):
    return traps.read(datagram, (), opener or Opener(USERS), OURS)


@pytest.mark.parametrize("name", USERS, ids=bytes.decode)
def test_a_trap_with_the_flag_is_believed_as_one_without_is(name):
    said, _, answer = read(flagged(USERS[name]))
    assert (said, answer) == (LINK_DOWN, None)


@pytest.mark.parametrize(
    "wrong",
    [
        flagged(STRANGER),
        flagged(user({"user": "signed"})),  # without the key that this user has
        flagged(user({"user": "signed", "auth": "sha", "auth_password": "wrongpass1"})),
        flagged(USERS[b"signed"])[:-1] + b"\4",
    ],
)
def test_one_that_is_not_believed_is_refused_not_answered(wrong):
    with pytest.raises(RefusedError):
        read(wrong)


def test_one_that_is_played_again_is_refused():
    opener = Opener(USERS)
    read(flagged(USERS[b"signed"], seconds=1000), opener)
    with pytest.raises(RefusedError):
        read(flagged(USERS[b"signed"], seconds=100), opener)


@pytest.mark.parametrize("name", USERS, ids=bytes.decode)
def test_an_inform_for_another_engine_is_told_ours_and_moves_no_clock(name):
    opener = Opener(USERS)
    said, _, answer = read(flagged(USERS[name], INFORM, seconds=1000), opener)
    assert not said and OURS.id in answer
    assert read(flagged(USERS[name]), opener)[0] == LINK_DOWN


@pytest.mark.parametrize("known", [user({"user": ""}), STRANGER, user({"user": "signed"})])
def test_who_asks_who_we_are_is_told_whoever_he_is(known):
    for kind in (GET, INFORM):
        said, _, answer = read(flagged(known, kind, b""))
        assert not said and OURS.id in answer
