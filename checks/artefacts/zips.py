"""Records of a zip archive: the central directory, and the local headers that must say the same.

Python's own reader believes the central directory alone. Names are bytes as they stand there.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_CENTRAL, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_MOST = 512 << 20  # of central directory that we read at once: some millions of entries
_FULL = 0xFFFFFFFF


class ZipError(Exception):
    """The archive is not formed as a zip is. `reason`: truncated, damaged; unsupported where it is the last
    of several volumes (`x.z01`, …, `x.zip`)."""

    code = "bad_zip"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of it. `aes`: strength byte of WinZip's encryption (1, 2, 3: AES-128, -192, -256), 0 none."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    at: int
    aes: int
    mode: int

    @property
    def encrypted(self) -> str:
        """`aes-256` and so on, `zipcrypto`, `strong` (PKWARE's own), "" not at all."""
        if not self.flags & 1:
            return ""
        if self.method == 99:
            return {1: "aes-128", 2: "aes-192", 3: "aes-256"}.get(self.aes, "unknown")
        return "strong" if self.flags & 0x40 else "zipcrypto"


@dataclass(frozen=True, slots=True)
class Directory:
    """Entries in the directory's order; `at`: where it begins; `extra`: bytes after the end record and its
    comment; `shift`: bytes before the first record that the offsets do not count."""

    entries: tuple[Entry, ...]
    at: int
    extra: int
    shift: int


def directory(file: BinaryIO, size: int) -> Directory:
    """Read the central directory; ZipError where there is none or it does not fit."""
    at, tail = _end(file, size)
    if tail[4:6] not in (b"\0\0", b"\xff\xff"):  # number of this volume
        raise ZipError("unsupported")
    count, length, offset, comment = struct.unpack("<HLLH", tail[10:22])
    end = at
    if _FULL in (length, offset) or count == 0xFFFF:
        end, count, length, offset = _end64(file, at, (count, length, offset))
    if length > _MOST or length > end:
        raise ZipError("damaged")
    shift = end - length - offset
    file.seek(end - length)
    entries = tuple(_entries(file.read(length), shift))
    # Some writers wrap the count at 65536 instead of using the larger record.
    if shift < 0 or len(entries) & 0xFFFF != count & 0xFFFF:
        raise ZipError("damaged")
    return Directory(entries, end - length, size - at - 22 - comment, shift)


def _end(file: BinaryIO, size: int) -> tuple[int, bytes]:
    begin = max(size - 22 - 65536 - 65536, 0)  # a comment, and as much again of bytes appended
    file.seek(begin)
    raw = file.read(size - begin)
    found = raw.rfind(_END)
    while found >= 0:
        if len(raw) - found >= 22 and raw[found + 20 : found + 22] <= b"\xff\xff":
            return begin + found, raw[found : found + 22]
        found = raw.rfind(_END, 0, found)
    raise ZipError("truncated")


def _end64(file: BinaryIO, at: int, said: tuple[int, int, int]) -> tuple[int, int, int, int]:
    file.seek(max(at - 20, 0))
    locator = file.read(20)
    if not locator.startswith(_LOCATOR):
        return (at, *said)  # the numbers are what they are by chance
    where = struct.unpack("<Q", locator[8:16])[0]
    for place in (where, at - 20 - 56):
        file.seek(max(place, 0))
        record = file.read(56)
        if len(record) == 56 and record.startswith(_END64):
            count, length, offset = struct.unpack("<QQQ", record[32:56])
            return max(place, 0), count, length, offset
    raise ZipError("damaged")


def _entries(raw: bytes, shift: int) -> Iterator[Entry]:
    at = 0
    while raw[at : at + 4] == _CENTRAL and len(raw) >= at + 46:
        flags, method, crc, packed, size = struct.unpack("<HH4xLLL", raw[at + 8 : at + 28])
        names, extras, comments = struct.unpack("<HHH", raw[at + 28 : at + 34])
        attributes, offset = struct.unpack("<LL", raw[at + 38 : at + 46])
        name = raw[at + 46 : at + 46 + names]
        fields = _fields(raw[at + 46 + names : at + 46 + names + extras])
        size, packed, offset = _large(fields.get(1, b""), [size, packed, offset])
        aes = fields.get(0x9901, b"")
        yield Entry(
            *(name, flags, method, crc, packed, size, offset + shift),
            aes=aes[4] if len(aes) >= 7 else 0,
            mode=attributes >> 16,
        )
        at += 46 + names + extras + comments
    if at != len(raw) and raw[at : at + 4] != b"PK\x05\x05":  # a signature may follow
        raise ZipError("damaged")


def _fields(raw: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(raw):
        kind, length = struct.unpack("<HH", raw[at : at + 4])
        found.setdefault(kind, raw[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _large(field: bytes, small: list[int]) -> list[int]:
    # Only what is full in the small record stands in the large one, in this order.
    for index, value in enumerate(small):
        if value == _FULL and len(field) >= 8:
            small[index] = struct.unpack("<Q", field[:8])[0]
            field = field[8:]
    return small


def local(file: BinaryIO, entry: Entry) -> tuple[bool, int]:
    """Whether the local header says what the directory says, and where the entry's bytes begin."""
    file.seek(entry.at)
    head = file.read(30)
    if len(head) < 30 or not head.startswith(_LOCAL):
        return False, entry.at
    flags, method, crc, packed, size, names, extras = struct.unpack("<HH4xLLLHH", head[6:30])
    name = file.read(names)
    fields = _fields(file.read(extras))
    size, packed = _large(fields.get(1, b""), [size, packed])
    same = name == entry.name and method == entry.method and (flags ^ entry.flags) & 0x41 == 0
    if not flags & 8:  # with bit 3 the figures stand after the data
        same = same and (crc, packed, size) == (entry.crc, entry.packed, entry.size)
    return same, entry.at + 30 + names + extras
