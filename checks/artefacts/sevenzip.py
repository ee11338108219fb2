"""The end header of a 7z archive: which codecs it names, whether its content is encrypted.

After the format's description (7zFormat.txt of the LZMA SDK); sizes are bounded, nothing is unpacked but a
header of 16 MiB at most.
"""

import lzma
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"7z\xbc\xaf\x27\x1c"
AES = bytes.fromhex("06f10701")
_LZMA, _LZMA2 = bytes.fromhex("030101"), b"\x21"
_MOST = 16 << 20
_HEADER, _PACKED_HEADER = 1, 0x17
_END, _PACK_INFO, _UNPACK_INFO, _SIZE, _CRC, _FOLDER, _UNPACK_SIZE = 0, 6, 7, 9, 10, 11, 12


@dataclass(frozen=True, slots=True)
class Archive:
    """`encrypted`: content is; `names_hidden`: the list of names is as well. `body`: offset and length of the
    packed streams. `extra`: bytes after the end header. `damage`: truncated, damaged, "" none."""

    encrypted: bool = False
    names_hidden: bool = False
    body: tuple[int, int] = (32, 0)
    extra: int = 0
    damage: str = ""


class _OddError(Exception):
    """The header is not formed as described."""


@dataclass
class _Reader:
    raw: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.raw) - self.at:
            raise _OddError
        self.at += count
        return self.raw[self.at - count : self.at]

    def number(self) -> int:
        # Leading one bits of the first byte count the bytes that follow; the rest of it is the top.
        first, value, mask = self.take(1)[0], 0, 0x80
        for index in range(8):
            if not first & mask:
                return value + ((first & (mask - 1)) << (8 * index))
            value |= self.take(1)[0] << (8 * index)
            mask >>= 1
        return value

    def expect(self, wanted: int) -> None:
        if self.number() != wanted:
            raise _OddError


@dataclass(frozen=True, slots=True)
class _Streams:
    position: int
    packed: int
    codecs: tuple[tuple[bytes, bytes], ...]  # id, properties
    unpacked: int


def look(file: BinaryIO, size: int) -> Archive:
    """What the archive's headers say. `file` must seek; raises OSError as it does."""
    file.seek(0)
    start = file.read(32)
    if len(start) < 32 or not start.startswith(MAGIC):
        return Archive(damage="truncated")
    offset, length, mark = struct.unpack("<QQL", start[12:32])
    if zlib.crc32(start[12:32]) != struct.unpack("<L", start[8:12])[0] or length > _MOST:
        return Archive(damage="damaged")
    extra = size - 32 - offset - length
    if extra < 0 or not length:
        return Archive(body=(32, max(size - 32, 0)), damage="truncated" if extra < 0 else "")
    file.seek(32 + offset)
    raw = file.read(length)
    body = (32, offset)
    if zlib.crc32(raw) != mark:
        return Archive(body=body, extra=extra, damage="damaged")
    try:
        return _judged(file, raw, body, extra)
    except (_OddError, lzma.LZMAError):
        return Archive(body=body, extra=extra, damage="damaged")


def _judged(file: BinaryIO, raw: bytes, body: tuple[int, int], extra: int) -> Archive:
    hidden = False
    for _ in range(4):  # a header may be packed, and that one again
        reader = _Reader(raw)
        kind = reader.number()
        if kind == _HEADER:
            break
        if kind != _PACKED_HEADER:
            raise _OddError
        streams = _streams(reader)
        hidden = any(codec == AES for codec, _ in streams.codecs)
        if hidden:
            return Archive(True, True, body, extra)
        raw = _unpacked(file, streams)
    # 4 bytes of codec id with properties: so the codec stands in any list of coders.
    return Archive(b"\x24" + AES in raw, hidden, body, extra)


def _streams(reader: _Reader) -> _Streams:
    reader.expect(_PACK_INFO)
    position, count = reader.number(), reader.number()
    if count != 1:
        raise _OddError
    reader.expect(_SIZE)
    packed = reader.number()
    kind = reader.number()
    if kind == _CRC:
        _skip_marks(reader)
        kind = reader.number()
    if kind != _END:
        raise _OddError
    reader.expect(_UNPACK_INFO)
    reader.expect(_FOLDER)
    if reader.number() != 1 or reader.take(1) != b"\0":
        raise _OddError
    codecs = _codecs(reader)
    reader.expect(_UNPACK_SIZE)
    return _Streams(position, packed, codecs, next(reader.number() for _ in codecs))


def _skip_marks(reader: _Reader) -> None:
    if reader.take(1) == b"\0":
        raise _OddError
    reader.take(4)


def _codecs(reader: _Reader) -> tuple[tuple[bytes, bytes], ...]:
    count = reader.number()
    if not 1 <= count <= 8:
        raise _OddError
    found = []
    for _ in range(count):
        flags = reader.take(1)[0]
        codec = reader.take(flags & 15)
        if flags & 0x10:  # more than one stream in or out
            reader.number()
            reader.number()
        found.append((codec, reader.take(reader.number()) if flags & 0x20 else b""))
    for _ in range(count - 1):  # which coder feeds which
        reader.number()
        reader.number()
    return tuple(found)


def _unpacked(file: BinaryIO, streams: _Streams) -> bytes:
    if len(streams.codecs) != 1 or max(streams.packed, streams.unpacked) > _MOST:
        raise _OddError
    codec, settings = streams.codecs[0]
    if codec == _LZMA and len(settings) == 5:
        first = settings[0]
        chain = {
            **{"id": lzma.FILTER_LZMA1, "lc": first % 9, "lp": first // 9 % 5, "pb": first // 45},
            "dict_size": min(struct.unpack("<L", settings[1:])[0], _MOST),
        }
    elif codec == _LZMA2:
        chain = {"id": lzma.FILTER_LZMA2, "dict_size": _MOST}
    else:
        raise _OddError
    file.seek(32 + streams.position)
    reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain])
    return reader.decompress(file.read(streams.packed), streams.unpacked)
