"""Archives of pg_dump (custom, tar, directory): what their header and table of contents say, without a tool.

header                 "PGDMP", version (major, minor, revision: a byte each), size of an int, size of an
                       offset, format (1 custom, 3 tar), compression, the seven ints of the time it was
                       begun (of the clock on the wall there), database, server's version, pg_dump's
table of contents      an int of how many, then entries; those with data name a file (tar, directory) or
                       an offset (custom)
int                    a byte of sign, then so many bytes, the lowest first; text: an int of length (-1:
                       none), then bytes
"""

import io
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"PGDMP"
FORMATS = {1: "custom", 3: "tar", 5: "directory"}
MOST_ENTRIES = 5_000_000
MOST_TEXT = 256 * 1024 * 1024
OLDEST, NEWEST = (1, 10), (1, 16)
# The first major version whose pg_restore reads archives of this version.
SINCE = {(1, 10): 8, (1, 11): 8, (1, 12): 9, (1, 13): 10, (1, 14): 12, (1, 15): 16, (1, 16): 17}
_COMPRESSIONS = {0: "none", 1: "gzip", 2: "lz4", 3: "zstd"}


class ArchiveError(Exception):
    """No archive can be read from these bytes. `reason`: unknown_format, truncated, damaged, too_new."""

    code = "bad_archive"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `kind`: TABLE, TABLE DATA, BLOBS, ACL …; `file` of its data ("" none, or custom format);
    `offset` in an archive of custom format (None: no data, or not noted)."""

    number: int
    tag: str
    kind: str
    schema: str
    has_data: bool
    file: str = ""
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """`made`: when it was begun by the clock on the wall of the machine that made it, as if it stood in UTC,
    epoch milliseconds; None where the figures are no time. `int_size`, `offset_size`: in bytes."""

    version: tuple[int, int, int]
    format: str
    compression: str
    made: int | None
    database: str
    server: str
    tool: str
    int_size: int = 4
    offset_size: int = 8

    @property
    def since(self) -> int:
        """The first major version that reads it; 0 where it is a later one than any we know."""
        return SINCE.get(self.version[:2], 0)


class _Cursor:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.int_size = 4
        self.offset_size = 8

    def raw(self, size: int) -> bytes:
        made = self._source.read(size)
        while len(made) < size:
            more = self._source.read(size - len(made))
            if not more:
                raise ArchiveError("truncated")
            made += more
        return made

    def byte(self) -> int:
        return self.raw(1)[0]

    def number(self) -> int:
        sign = self.byte()
        value = int.from_bytes(self.raw(self.int_size), "little")
        if sign > 1:
            raise ArchiveError("damaged", "sign of a number")
        return -value if sign else value

    def text(self) -> str | None:
        size = self.number()
        if size < 0:
            return None
        if size > MOST_TEXT:
            raise ArchiveError("damaged", "length of a text")
        return self.raw(size).decode("utf-8", "backslashreplace")


def header(source: BinaryIO) -> Header:
    """The header; the stream stands at the table of contents afterwards."""
    return _header(_Cursor(source))


def _header(at: _Cursor) -> Header:
    if at.raw(5) != MAGIC:
        raise ArchiveError("unknown_format")
    major, minor, revision = at.raw(3)
    if (major, minor) < OLDEST:
        raise ArchiveError("unknown_format", f"version {major}.{minor}")
    at.int_size, at.offset_size, form = at.raw(3)
    if not 1 <= at.int_size <= 8 or not 1 <= at.offset_size <= 8:
        raise ArchiveError("damaged", "sizes of numbers")
    compression = _compression(at, (major, minor))
    made = _time([at.number() for _ in range(7)])
    database, server, tool = (at.text() or "" for _ in range(3))
    form_name = FORMATS.get(form, "")
    return Header(
        (major, minor, revision), form_name, compression, made, database, server, tool,
        at.int_size, at.offset_size,
    )  # fmt: skip


def _compression(at: _Cursor, version: tuple[int, int]) -> str:
    if version >= (1, 15):
        return _COMPRESSIONS.get(at.byte(), "unknown")
    return "none" if at.number() == 0 else "gzip"


def _time(parts: list[int]) -> int | None:
    second, minute, hour, day, month, year, _ = parts
    fits = 0 <= second <= 60 and 0 <= minute < 60 and 0 <= hour < 24
    if not fits or not 1 <= day <= 31 or not 0 <= month < 12 or not 70 <= year < 400:
        return None
    return timegm((year + 1900, month + 1, day, hour, minute, second)) * 1000


def contents(source: BinaryIO, head: Header) -> Iterator[Entry]:
    """The table of contents; the stream stands behind the header. ArchiveError where it breaks off."""
    if head.version[:2] > NEWEST:
        raise ArchiveError("too_new", f"{head.version[0]}.{head.version[1]}")
    at = _Cursor(source)
    at.int_size, at.offset_size = head.int_size, head.offset_size
    count = at.number()
    if not 0 <= count <= MOST_ENTRIES:
        raise ArchiveError("damaged", "count of entries")
    for _ in range(count):
        yield _entry(at, head)


def _entry(at: _Cursor, head: Header) -> Entry:
    version = head.version[:2]
    number = at.number()
    has_data = at.number() != 0
    at.text(), at.text()  # catalogue ids
    tag, kind = at.text() or "", at.text() or ""
    if version >= (1, 11):
        at.number()  # section
    at.text(), at.text(), at.text()  # definition, drop and copy statements
    schema = at.text() or ""
    at.text()  # tablespace
    if version >= (1, 14):
        at.text()  # access method
    if version >= (1, 16):
        at.number()  # kind of relation
    at.text(), at.text()  # owner, with oids
    while at.text() is not None:
        pass  # dependencies
    if head.format != "custom":
        return Entry(number, tag, kind, schema, has_data, at.text() or "")
    flag, raw = at.byte(), at.raw(head.offset_size)
    offset = int.from_bytes(raw, "little") if flag == 2 else None
    return Entry(number, tag, kind, schema, has_data and flag != 3, offset=offset)


def end_of_data(source: BinaryIO, head: Header) -> int:
    """Where the last block of a custom archive ends; the stream stands behind the table of contents.

    ArchiveError where a block breaks off. What stands behind is none of the archive's.
    """
    at = _Cursor(source)
    at.int_size = head.int_size
    while True:
        here = source.tell()
        kind = source.read(1)
        if kind not in (b"\x01", b"\x03"):
            return here
        at.number()
        if kind == b"\x01":
            _chunks(at, source)
        else:
            while at.number():
                _chunks(at, source)


def _chunks(at: _Cursor, source: BinaryIO) -> None:
    while size := at.number():
        if size < 0:
            raise ArchiveError("damaged", "length of a block")
        # The last byte is read: a jump beyond the end would go unnoticed.
        source.seek(size - 1, io.SEEK_CUR)
        at.raw(1)
