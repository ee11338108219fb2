"""A device that answers SNMP v1 and v2c from a recording: for tests and demonstrations.

A recording (.snmprec) has lines `OID|TAG|VALUE`: TAG is the number of the type, `x` behind it says that the
value is written in hexadecimal. Lines with other types (variation modules) are left out. It only ever
answers; it never changes what it holds.
"""

import bisect
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.sources.snmp_ber import (
    BULK,
    END,
    GET,
    INTEGER,
    NEXT,
    NO_INSTANCE,
    NULL,
    OCTETS,
    OID,
    RESPONSE,
    TAGS,
    Bound,
    Garbled,
    arcs_of,
    encode_oid,
    message,
    parse,
)

LARGEST = 1400  # bytes of one answer: what fits an Ethernet frame
_NO_SUCH_NAME = 2


@dataclass(frozen=True, slots=True)
class Recording:
    """What a device holds, sorted."""

    keys: list[tuple[int, ...]]
    bound: list[Bound]

    def exact(self, oid: bytes) -> Bound | None:
        """What is bound to this OID."""
        key = arcs_of(oid)
        at = bisect.bisect_left(self.keys, key)
        return self.bound[at] if at < len(self.keys) and self.keys[at] == key else None

    def following(self, oid: bytes) -> int:
        """Position of what comes after this OID."""
        return bisect.bisect_right(self.keys, arcs_of(oid))


def read(path: Path) -> Recording:
    """A recording; lines that are none are left out."""
    return recording(path.read_bytes().splitlines())


def recording(lines: Iterable[bytes]) -> Recording:
    """A recording from its lines."""
    held: dict[tuple[int, ...], Bound] = {}
    for line in lines:
        oid, _, rest = line.partition(b"|")
        tag, _, text = rest.partition(b"|")
        try:
            made = _bound(oid.decode(), tag.decode(), text)
        except ValueError:
            continue
        held.setdefault(arcs_of(made[0]), made)
    keys = sorted(held)
    return Recording(keys, [held[key] for key in keys])


def _bound(oid: str, tag: str, text: bytes) -> Bound:
    if tag.endswith("x"):
        kind, raw = int(tag[:-1]), bytes.fromhex(text.decode())
        return encode_oid(oid), kind, raw
    kind = int(tag)
    if kind not in TAGS:
        raise ValueError(f"no type {kind}")
    if kind in (OCTETS, 0x44):
        return encode_oid(oid), kind, text
    if kind == OID:
        return encode_oid(oid), kind, encode_oid(text.decode())
    if kind == 0x40:
        return encode_oid(oid), kind, bytes(int(part) for part in text.split(b"."))
    if kind == NULL:
        return encode_oid(oid), kind, b""
    value = int(text)
    return encode_oid(oid), kind, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=kind == INTEGER)


class Responder:
    """Listens on a port of 127.0.0.1 until closed; answers any of `held` by community."""

    def __init__(self, held: dict[bytes, Recording], port: int = 0, address: str = "127.0.0.1") -> None:
        self._held = held
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Responder":
        return self

    def __exit__(self, *_: object) -> None:
        # An empty datagram of our own wakes the thread: closing the socket would not.
        self._held = {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def replace(self, held: dict[bytes, Recording]) -> None:
        """Hold something else from now on."""
        self._held = held

    def _serve(self) -> None:
        while True:
            datagram, address = self._socket.recvfrom(65535)
            if not self._held:
                return
            answer = respond(self._held, datagram)
            if answer:
                self._socket.sendto(answer, address)


def respond(held: dict[bytes, Recording], datagram: bytes) -> bytes:
    """The answer to one datagram; empty where an agent would stay silent."""
    try:
        version, community, kind, (number, first, second), asked = parse(datagram)
    except Garbled:
        return b""
    device = held.get(community)
    if device is None or kind not in (GET, NEXT, BULK):
        return b""
    heads = [oid for oid, _, _ in asked]
    bound = _bulk(device, heads, first, second) if kind == BULK else _each(device, heads, kind)
    missing = [at for at, (_, tag, _) in enumerate(bound) if tag in (NO_INSTANCE, END)]
    if version == 1 and missing:
        return message(1, community, RESPONSE, number, _NO_SUCH_NAME, missing[0] + 1, asked)
    return message(version, community, RESPONSE, number, 0, 0, bound)


def _each(device: Recording, heads: list[bytes], kind: int) -> list[Bound]:
    if kind == GET:
        return [device.exact(oid) or (oid, NO_INSTANCE, b"") for oid in heads]
    return [_at(device, device.following(oid), oid) for oid in heads]


def _at(device: Recording, at: int, oid: bytes) -> Bound:
    return device.bound[at] if at < len(device.bound) else (oid, END, b"")


def _bulk(device: Recording, heads: list[bytes], once: int, repeat: int) -> list[Bound]:
    made = _each(device, heads[:once], NEXT)
    places = [(device.following(oid), oid) for oid in heads[once:]]
    room = LARGEST
    for turn in range(max(repeat, 0) if places else 0):
        row = [_at(device, place + turn, oid) for place, oid in places]
        room -= sum(len(oid) + len(content) + 8 for oid, _, content in row)
        if made and room < 0:
            break
        made += row
    return made
