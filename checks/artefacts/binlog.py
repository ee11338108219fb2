"""Binary logs of MySQL and MariaDB: every event's checksum, and that one file goes on where another ended.

magic fe 62 69 6e, then events: time u32, type u8, server u32, length u32, position u32, flags u16, body,
CRC-32 where the first event (format description) says so.  The last one (rotate) names the next file.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

MAGIC = b"\xfebin"
_HEAD = struct.Struct("<IBIIIH")
_NAME = re.compile(r"(?P<base>.+)\.(?P<number>\d{6,})(?P<packed>\.(?:gz|zst|lz4|bz2|xz))?")
ROTATE, DESCRIPTION, STOP, GTID, GTID_LIST, ENCRYPTED = 4, 15, 3, 162, 163, 164
_LONGEST = 1 << 30


class BinlogError(Exception):
    """Not to be read (further). `reason`: unknown_format, damaged, truncated, no_key, too_much."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Binlog:
    """One file. `next`: the file it says comes after it; `closed`: it ends with a rotation or a stop;
    `began`, `ended`: of its events, UTC epoch seconds. `starts`, `ends`: GTIDs, newest number by domain."""

    events: int = 0
    server: str = ""
    checked: bool = False
    next: str = ""
    closed: bool = False
    began: int = 0
    ended: int = 0
    starts: dict[int, int] | None = None
    ends: dict[int, int] = field(default_factory=dict)


def numbered(name: str) -> tuple[str, int] | None:
    """Base and number of a binary log's name; None where it is none."""
    found = _NAME.fullmatch(name)
    return (found["base"], int(found["number"])) if found else None


def read_binlog(chunks: Iterator[bytes]) -> Binlog:
    """Read all of one; BinlogError for what is none, was cut or is damaged."""
    made = Binlog()
    held = bytearray()
    for chunk in _whole(chunks, 4):
        held += chunk
        if made.events == 0 and len(held) >= 4:
            if not held.startswith(MAGIC):
                raise BinlogError("unknown_format")
            del held[:4]
            made.events = -1
        if made.events:
            del held[: _events(held, made)]
    if made.events <= 0 or held:
        raise BinlogError("truncated")
    return made


def _whole(chunks: Iterator[bytes], least: int) -> Iterator[bytes]:
    """The same, the first one of at least so many bytes where there are."""
    first = b""
    for chunk in chunks:
        if len(first) < least:
            first += chunk
            if len(first) >= least:
                yield first
        else:
            yield chunk


def _events(held: bytearray, made: Binlog) -> int:
    """Read the whole events at the front; how many bytes they are."""
    at = 0
    while len(held) - at >= _HEAD.size:
        when, kind, _, length, _, _ = _HEAD.unpack_from(held, at)
        if length < _HEAD.size:
            raise BinlogError("damaged")
        if length > _LONGEST:
            raise BinlogError("too_much")
        if len(held) - at < length:
            break
        _event(bytes(held[at : at + length]), kind, when, made)
        at += length
    return at


def _event(raw: bytes, kind: int, when: int, made: Binlog) -> None:
    if made.closed and kind not in (ROTATE, STOP):
        raise BinlogError("damaged")
    if kind == DESCRIPTION:
        _description(raw, made)
    elif made.events < 0:
        raise BinlogError("unknown_format")
    if kind == ENCRYPTED:
        raise BinlogError("no_key")
    if made.checked and zlib.crc32(_signed(raw, kind)) != int.from_bytes(raw[-4:], "little"):
        raise BinlogError("damaged")
    body = raw[_HEAD.size : len(raw) - (4 if made.checked else 0)]
    made.events = max(made.events, 0) + 1
    if when:
        made.began = made.began or when
        made.ended = max(made.ended, when)
    _remember(body, kind, raw, made)


def _signed(raw: bytes, kind: int) -> bytes:
    # Whether the file is in use is a flag of its first event, and not part of that one's checksum.
    if kind == DESCRIPTION:
        return raw[:17] + bytes([raw[17] & 0xFE]) + raw[18:-4]
    return raw[:-4]


def _description(raw: bytes, made: Binlog) -> None:
    if len(raw) < _HEAD.size + 57 + 5:
        raise BinlogError("damaged")
    made.server = raw[_HEAD.size + 2 : _HEAD.size + 52].rstrip(b"\0").decode("utf-8", "replace")
    made.checked = raw[-5] == 1


def _remember(body: bytes, kind: int, raw: bytes, made: Binlog) -> None:
    if kind == ROTATE:
        made.next, made.closed = body[8:].decode("utf-8", "replace"), True
    elif kind == STOP:
        made.closed = True
    elif kind == GTID and len(body) >= 12:
        number, domain = struct.unpack_from("<QI", body)
        made.ends[domain] = number
    elif kind == GTID_LIST and len(body) >= 4:
        count = struct.unpack_from("<I", body)[0] & 0x0FFFFFFF
        if len(body) < 4 + 16 * count:
            raise BinlogError("damaged")
        listed = (struct.unpack_from("<IIQ", body, 4 + 16 * one) for one in range(count))
        made.starts = {}
        for domain, _, number in listed:
            made.starts[domain] = max(number, made.starts.get(domain, 0))
        made.ends = {**made.starts, **made.ends}
