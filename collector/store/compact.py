"""Entries as they stand in a row: deflated one by one, against a dictionary of what every header repeats.

    row.data    the entry itself (first byte 1), or, whichever is shorter, its zlib stream (RFC 1950, first
                byte 0x38) with the preset dictionary `DICTIONARY`; rows of before 2026-11-22 may hold a zstd
                frame with the dictionary `OLD` instead (first byte 0x28)

zlib opens a short row in a third of zstd's time: a new zstd context asks the processor what it is, and a
virtual machine answers that slowly. What is no good stream is given as it stands: it is then no entry of
the tree, and fsck says which. This form is no evidence: signatures and leaves are over the entry.
"""

import sys
import zlib
from base64 import b64decode
from typing import Any

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from checks.wire.numbers import MAX_ENTRY

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# The stream names its dictionary by checksum: rows hold streams that only these bytes open, for ever.
# The text is a header as docs/evidence.md orders it, without what differs from batch to batch.
DICTIONARY = (
    b'\x01\x01\x00\x00\x01\xa0{"v":1,"log":"log.example/2026","agent":"web-01","epoch":1,"seq":1,"prev":"",'
    b'"kind":"results","n":50,"bytes":20000,"root":"","from":179,"to":179,"clock":{"wall":179,"mono":1,'
    b'"boot":"boot-1","offset_us":0,"sync":true},"seen":{"size":1,"note":""},"plan":"","code":"",'
    b'"machine":""}\x01\x01\x00@'
)
_WINDOW = 11  # 2 KiB: the dictionary and an ordinary batch entry together
_MEMORY = 4  # small tables are quicker to prepare than large ones are to use
_FIRST = b"\x38"
_OLD_MAGIC = b"\x28\xb5\x2f\xfd"
_OLD = (
    "N6Qw7AEAAAAlENiSDAcsaBiGYSgKgWpBiIMlUkops+ColFJKKaWUWgEkgWibBOMAAAAWFgAA6R4AAAQAAA0Ql5aoHczAQhoOoEQM"
    "0lgAAAAMAABQAgAAAAAAAAAARCaBIoSihyTDcMAMQgAAAAAAAAAACzDUAQAAAAEAAAAEAAAACAAAACJoYWQiOiJyZWFzb24iOiJs"
    "b3NzIjp7ImEiOiJraW5kIjoibG9zcyIiYWxnIjoxLCJwdWJsaWMiOiIyMDI2IjAxMjM0NTY3eyJ2IjoxLCJsb2ciOiIuZXhhbXBs"
    "ZSJ3ZWItZGItIiwiYWdlbnQiOiIiLCJlcG9jaCI6MSwic2VxIjowLCJwcmV2IjoiIiwia2luZCI6InJlc3VsdHMiLCJuIjo1MCwi"
    "Ynl0ZXMiOjIwMDAwLCJyb290IjoiIiwiZnJvbSI6MTciLCJ0byI6MTcsImNsb2NrIjp7IndhbGwiOjE3LCJtb25vIjoxLCJib290"
    "IjoiYm9vdC0xIiwib2Zmc2V0X3VzIjowLCJzeW5jIjp0cnVlfSwic2VlbiI6bnVsbCwicGxhbiI6IiIsImNvZGUiOiIiLCJtYWNo"
    "aW5lIjoiAQEAAAGgAu57InYiOjEsImxvZyI6IiIsImFnZW50IjoiIiwiZXBvY2giOjEsInNlcSI6MCwicHJldiI6IiIsImtpbmQi"
    "OiJyZXN1bHRzIiwibiI6NTAsImJ5dGVzIjoyMDAwMCwicm9vdCI6IiIsImZyb20iOjE3OSwidG8iOjE3OSwiY2xvY2siOnsid2Fs"
    "bCI6MTc5LCJtb25vIjoxLCJib290IjoiIiwib2Zmc2V0X3VzIjowLCJzeW5jIjp0cnVlfSwic2VlbiI6eyJzaXplIjoxLCJub3Rl"
    "IjoiIn0sInBsYW4iOiIiLCJjb2RlIjoiIiwibWFjaGluZSI6IiJ9AQEAQA=="
)
OLD = zstd.ZstdDict(b64decode(_OLD))


def pack(data: bytes) -> bytes:
    """The form for the row: a stream where that is shorter."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    stream = packer.compress(data) + packer.flush()
    return stream if len(stream) < len(data) else data


def unpack(data: bytes) -> bytes:
    """The entry of a row."""
    unpacker: Any
    if data.startswith(_FIRST):
        unpacker = zlib.decompressobj(_WINDOW, DICTIONARY)
    elif data.startswith(_OLD_MAGIC):
        unpacker = zstd.ZstdDecompressor(zstd_dict=OLD)
    else:
        return data
    try:
        entry: bytes = unpacker.decompress(data, MAX_ENTRY + 1)  # one more: the end is only seen behind it
    except (zlib.error, zstd.ZstdError):
        return data
    whole = unpacker.eof and not unpacker.unused_data and len(entry) <= MAX_ENTRY
    return entry if whole else data


class EntryBytes(TypeDecorator[bytes]):
    """A column of entries: whoever selects it through SQLAlchemy gets the entry itself."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Python to row."""
        return None if value is None else pack(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Row to Python."""
        return None if value is None else unpack(bytes(value))
