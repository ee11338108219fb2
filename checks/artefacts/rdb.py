"""Redis dumps: header, end mark and CRC-64 of an RDB file, as a stream; parts of an append-only directory.

The file ends with 0xFF and 8 bytes: CRC-64 (Jones, reflected, little-endian) of all before, or zeros where
the server was told to write none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

POLYNOMIAL = 0x95AC9329AC4BC9B5
_CHUNK = 1 << 20
_HEAD = 4096
_EOF = 0xFF
_AUX, _SELECT, _SIZES = 0xFA, 0xFE, 0xFB


def _table() -> tuple[int, ...]:
    made = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        made.append(value)
    return tuple(made)


TABLE = _table()


@dataclass(frozen=True, slots=True)
class Dump:
    """`version` of the format (None: no RDB file). `checksum`: right, wrong, none (switched off), unread (too
    large to be computed here). `ended`: the end mark stands where it must; `trailing`: bytes behind an end
    found earlier (-1 not looked for). `server`: its version; `made`: UTC epoch ms; `keys`, `expires`: of the
    first database as the header says, or of all where the tool counted them (None not told)."""

    version: int | None = None
    bytes: int = 0
    checksum: str = ""
    ended: bool = False
    trailing: int = -1
    server: str = ""
    made: int | None = None
    keys: int | None = None
    expires: int | None = None


def crc64(data: bytes, mark: int = 0) -> int:
    """CRC-64 of these bytes, about 8 MB/s."""
    table = TABLE
    for byte in data:
        mark = table[(mark ^ byte) & 255] ^ mark >> 8
    return mark


def read(stream: BinaryIO, most: int) -> Dump:
    """Read to the end; the checksum is computed of dumps of `most` bytes at most."""
    head, tail, size, mark, parts = b"", b"", 0, 0, 0
    while block := stream.read(_CHUNK):
        if len(head) < _HEAD:
            head += block[: _HEAD - len(head)]
        size += len(block)
        if size <= most:
            # The last 8 bytes are not their own: they wait until it is known whether more follows.
            held = tail + block
            mark = crc64(held[:-8], mark)
            tail = held[-8:]
            parts = held[-9] if len(held) > 8 else parts
        else:
            held = (bytes([parts]) + tail + block)[-9:]
            parts, tail = held[0], held[1:]
    version, fields = _header(head)
    if version is None:
        return Dump(bytes=size)
    return Dump(
        version,
        size,
        _checked(tail, mark if size <= most else None),
        ended=parts == _EOF,
        server=fields.get("redis-ver", ""),
        made=_number(fields.get("ctime", ""), 1000),
        keys=_number(fields.get("keys", "")),
        expires=_number(fields.get("expires", "")),
    )


def _checked(tail: bytes, mark: int | None) -> str:
    if tail == bytes(8):
        return "none"
    if mark is None:
        return "unread"
    return "right" if int.from_bytes(tail, "little") == mark else "wrong"


def behind(stream: BinaryIO) -> int:
    """Bytes behind an end mark whose checksum is right; -1 where there is none such. As slow as crc64."""
    held, mark, at, found = b"", 0, 0, -1
    table = TABLE
    while block := stream.read(_CHUNK):
        held += block
        for index in range(len(held) - 8):
            byte = held[index]
            mark = table[(mark ^ byte) & 255] ^ mark >> 8
            if byte == _EOF and int.from_bytes(held[index + 1 : index + 9], "little") == mark:
                found = at + index + 9
        at += max(len(held) - 8, 0)
        held = held[-8:]
    return at + len(held) - found if found >= 0 else -1


def _number(text: str, times: int = 1) -> int | None:
    return int(text) * times if text.isascii() and text.isdigit() and len(text) < 13 else None


def _header(head: bytes) -> tuple[int | None, dict[str, str]]:
    if not re.match(rb"REDIS[0-9]{4}", head):
        return None, {}
    fields: dict[str, str] = {}
    at = 9
    try:
        while head[at] == _AUX:
            name, at = _text(head, at + 1)
            fields[name], at = _text(head, at)
        if head[at] == _SELECT:
            _, at = _length(head, at + 1)
        if head[at] == _SIZES:
            keys, at = _length(head, at + 1)
            expires, at = _length(head, at)
            fields |= {"keys": str(keys), "expires": str(expires)}
    except (IndexError, ValueError):
        pass  # told as far as it goes
    return int(head[5:9]), fields


def _length(head: bytes, at: int) -> tuple[int, int]:
    kind = head[at] >> 6
    if kind == 0:
        return head[at] & 63, at + 1
    if kind == 1:
        return (head[at] & 63) << 8 | head[at + 1], at + 2
    if head[at] in (0x80, 0x81):
        width = 4 if head[at] == 0x80 else 8
        return int.from_bytes(head[at + 1 : at + 1 + width], "big"), at + 1 + width
    raise ValueError


def _text(head: bytes, at: int) -> tuple[str, int]:
    if head[at] in (0xC0, 0xC1, 0xC2):  # a number of 1, 2 or 4 bytes
        width = 1 << (head[at] & 3)
        return str(int.from_bytes(head[at + 1 : at + 1 + width], "little", signed=True)), at + 1 + width
    size, at = _length(head, at)
    return head[at : at + size].decode("utf-8", "replace"), at + size


_PART = re.compile(rb"file ([^\s]+) seq \d+ type [bih]")


def parts(manifest: Iterable[bytes]) -> list[str]:
    """Files that a manifest of an append-only directory (Redis 7) names; history is not needed."""
    found = []
    for line in manifest:
        match = _PART.match(line.strip())
        if match and not line.rstrip().endswith(b"type h"):
            found.append(match[1].decode("utf-8", "replace"))
    return found
