"""The bundle's container: a ZIP of STORED members in a fixed layout, so its bytes follow from its members.

Every field that a ZIP lets a writer choose has one value here: version 20, UTF-8 names, method 0, time 0,
date 1980-01-01, no extra fields, no comments, no attributes, members back to back from byte 0, then the
central directory, then its end record. A reader rebuilds these bytes and compares: whatever differs is
damage (rulings, Bundle and verifier). Sizes stay below 4 GiB (no ZIP64).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_UTF8 = 0x0800
_DATE = 0x0021
LIMIT = 0xFFFFFFFF
_MAX_MEMBERS = 0xFFFE


class ContainerError(Exception):
    """The container is not what its members make of it; `code` is stable, `detail` names the place."""

    code = "bad_container"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the container: where its bytes start, how many they are, their CRC-32."""

    name: str
    offset: int
    size: int
    crc: int


def _local(name: bytes, crc: int, size: int) -> bytes:
    head = _LOCAL.pack(b"PK\x03\x04", 20, _UTF8, 0, 0, _DATE, crc, size, size, len(name), 0)
    return head + name


def _central(name: bytes, crc: int, size: int, start: int) -> bytes:
    head = _CENTRAL.pack(
        b"PK\x01\x02", 20, 20, _UTF8, 0, 0, _DATE, crc, size, size, len(name), 0, 0, 0, 0, 0, start
    )
    return head + name


class Writer:
    """Writes members one after the other; `close` writes the directory."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = 0
        self._central: list[bytes] = []
        self._names: set[str] = set()

    def add(self, name: str, data: bytes) -> None:
        """Add one member; ContainerError for a doubled name or a container beyond 4 GiB."""
        raw = name.encode("utf-8")
        if name in self._names or len(self._names) >= _MAX_MEMBERS:
            raise ContainerError(f"{name}: doubled, or too many members")
        crc = zlib.crc32(data)
        local = _local(raw, crc, len(data))
        if self._at + len(local) + len(data) > LIMIT:
            raise ContainerError(f"{name}: the bundle would exceed 4 GiB; choose a shorter period")
        self._central.append(_central(raw, crc, len(data), self._at))
        self._names.add(name)
        self._out.write(local)
        self._out.write(data)
        self._at += len(local) + len(data)

    def close(self) -> None:
        """Write the central directory and its end record."""
        directory = b"".join(self._central)
        count = len(self._central)
        self._out.write(directory)
        self._out.write(_END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), self._at, 0))


def _exactly(source: BinaryIO, size: int, what: str) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise ContainerError(f"{what}: the file ends too early")
    return data


def members(source: BinaryIO) -> tuple[Member, ...]:
    """The members in order, after every byte outside their data was rebuilt and compared.

    ContainerError when anything differs. The members' own bytes are not read here: `read` checks them.
    """
    total = source.seek(0, 2)
    if total < _END.size:
        raise ContainerError("too short to be a bundle")
    source.seek(total - _END.size)
    magic, *_, count, size, start, _ = _END.unpack(_exactly(source, _END.size, "end record"))
    if magic != b"PK\x05\x06" or start + size + _END.size != total:
        raise ContainerError("end record: not where a bundle has it")
    source.seek(start)
    directory = _exactly(source, size, "directory")
    found = tuple(_parse(directory))
    _compare(source, found, directory, start)
    source.seek(total - _END.size)
    wanted = _END.pack(b"PK\x05\x06", 0, 0, len(found), len(found), size, start, 0)
    if count != len(found) or source.read() != wanted:
        raise ContainerError("end record: differs from what the members make of it")
    return found


def _parse(directory: bytes) -> Iterator[Member]:
    at = 0
    while at < len(directory):
        if len(directory) - at < _CENTRAL.size:
            raise ContainerError("directory: cut off")
        fields = _CENTRAL.unpack_from(directory, at)
        crc, size, length, start = fields[7], fields[9], fields[10], fields[16]
        raw = directory[at + _CENTRAL.size : at + _CENTRAL.size + length]
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise ContainerError("directory: a name is not UTF-8") from None
        yield Member(name, start + _LOCAL.size + length, size, crc)
        at += _CENTRAL.size + length


def _compare(source: BinaryIO, found: tuple[Member, ...], directory: bytes, end: int) -> None:
    at = 0
    rebuilt = []
    for member in found:
        raw = member.name.encode("utf-8")
        local = _local(raw, member.crc, member.size)
        source.seek(at)
        if source.read(len(local)) != local:
            raise ContainerError(f"{member.name}: its header differs")
        rebuilt.append(_central(raw, member.crc, member.size, at))
        at += len(local) + member.size
    if at != end or b"".join(rebuilt) != directory:
        raise ContainerError("directory: differs from what the members make of it")
    if len({member.name for member in found}) != len(found):
        raise ContainerError("directory: a name is doubled")


def read(source: BinaryIO, member: Member) -> bytes:
    """The member's bytes; ContainerError when they do not fit their CRC."""
    source.seek(member.offset)
    data = _exactly(source, member.size, member.name)
    if zlib.crc32(data) != member.crc:
        raise ContainerError(f"{member.name}: its bytes do not fit their checksum")
    return data
