"""This receiver as an SNMP engine of its own (RFC 3414): what an inform of v3 is sent to and answered by.

Who sends a trap speaks for itself; who sends an inform speaks to us, under our engine id and our clock. The
number of our starts is kept in a file and grows with each: an inform heard before a start is none after it.
"""

import json
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from agent.receive.usm import Message, User, sealed
from agent.sources.snmp_ber import COUNTER, INTEGER, OCTETS, OID, Bound, encode_oid, tlv, whole_number
from agent.state import write_file

REPORT, RESPONSE = 0xA8, 0xA2
WINDOW_S = 150
_STATS = "1.3.6.1.6.3.15.1.1"
_UNKNOWN_ENGINE, _NOT_IN_TIME = f"{_STATS}.4.0", f"{_STATS}.2.0"
_MOST_STARTS = (1 << 31) - 2
# Enterprise 0 (none), then octets of our own: RFC 3411, SnmpEngineID.
_PREFIX = bytes.fromhex("8000000005")


class Engine:
    """`id`: the same as long as its file lives; `starts`: how often it began."""

    def __init__(self, identity: bytes, starts: int) -> None:
        self.id = identity
        self.starts = starts
        self._began = time.monotonic()
        self._unknown = self._late = 0

    @property
    def seconds(self) -> int:
        """Since it began."""
        return int(time.monotonic() - self._began)

    def timely(self, message: Message) -> bool:
        """Whether it was made for this start, within the window."""
        return message.starts == self.starts and abs(message.seconds - self.seconds) <= WINDOW_S

    def introduced(self, message: Message) -> bytes:
        """Our id, for somebody who does not know it yet: the first step of every inform."""
        self._unknown += 1
        return self._report(message, None, _UNKNOWN_ENGINE, self._unknown)

    def clock(self, message: Message, known: User) -> bytes:
        """Our clock, authenticated, for somebody who has another."""
        self._late += 1
        return self._report(message, known, _NOT_IN_TIME, self._late)

    def response(self, message: Message, known: User, number: int, bound: Sequence[Bound]) -> bytes:
        """What an inform is acknowledged with."""
        scoped = self._scoped(message, RESPONSE, number, bound)
        return sealed(message, known, self.id, (self.starts, self.seconds), scoped, private=message.private)

    def _report(self, message: Message, known: User | None, oid: str, count: int) -> bytes:
        octets = count.to_bytes(5, "big").lstrip(b"\0")
        scoped = self._scoped(message, REPORT, 0, [(encode_oid(oid), COUNTER, octets or b"\0")])
        return sealed(message, known, self.id, (self.starts, self.seconds), scoped, private=False)

    def _scoped(self, message: Message, kind: int, number: int, bound: Sequence[Bound]) -> bytes:
        rows = b"".join(tlv(0x30, tlv(OID, oid) + tlv(tag, content)) for oid, tag, content in bound)
        pdu = whole_number(number) + tlv(INTEGER, b"\0") * 2 + tlv(0x30, rows)
        engine, name = message.context
        return tlv(0x30, tlv(OCTETS, engine or self.id) + tlv(OCTETS, name) + tlv(kind, pdu))


def begun(path: Path) -> Engine:
    """The engine of this file, begun once more; a file that cannot be read makes another engine of it."""
    identity, starts = _read(path)
    if not identity or starts >= _MOST_STARTS:
        identity, starts = _PREFIX + secrets.token_bytes(12), 0
    # Written before the first answer: a start that was answered in is never counted again.
    write_file(path, json.dumps({"id": identity.hex(), "starts": starts + 1}).encode())
    return Engine(identity, starts + 1)


def _read(path: Path) -> tuple[bytes, int]:
    try:
        held = json.loads(path.read_bytes())
        identity, starts = bytes.fromhex(held["id"]), held["starts"]
    except (OSError, ValueError, KeyError, TypeError):
        return b"", 0
    sound = 5 <= len(identity) <= 32 and isinstance(starts, int) and starts >= 0
    return (identity, starts) if sound else (b"", 0)
