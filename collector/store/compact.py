"""Entries in a row: as they are; rows of earlier data directories may hold a zstd frame.

    row.data    the entry itself (first byte 1), or a zstd frame of it (first byte 0x28)

Frames were written until November 2026. They saved 7 bytes a result until the day is packed, and cost a
quarter of the time of reading the tree (a new decompressor each) and a tenth of the intake's.

A frame names the dictionary it was made with (1). What is no good frame is given as it stands: it is then
no entry of the tree, and fsck says which. This form is no evidence: signatures and leaves are over the entry.
"""

import sys
from base64 import b64decode
from typing import Any

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from checks.wire.numbers import MAX_ENTRY

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MAGIC = b"\x28\xb5\x2f\xfd"
# Made once by zstd.finalize_dict from a header without values and 4000 made-up batch entries. Databases hold
# frames that only these bytes open: another dictionary gets another number and stands beside this one.
_FIRST = (
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
DICTIONARY = zstd.ZstdDict(b64decode(_FIRST))


def unpack(data: bytes) -> bytes:
    """The entry of a row."""
    if not data.startswith(_MAGIC):
        return data
    unpacker: Any = zstd.ZstdDecompressor(zstd_dict=DICTIONARY)
    try:
        entry: bytes = unpacker.decompress(data, max_length=MAX_ENTRY)
    except zstd.ZstdError:
        return data
    return entry if unpacker.eof and not unpacker.unused_data else data


class EntryBytes(TypeDecorator[bytes]):
    """A column of entries: whoever selects it through SQLAlchemy gets the entry itself."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Row to Python."""
        return None if value is None else unpack(bytes(value))
