"""When a content says it was made, read from its first bytes."""

from datetime import UTC, datetime, timedelta

_LATEST = 253_402_300_799_000


def inner_time(content: str, head: bytes, zone_min: int) -> int | None:
    """UTC epoch milliseconds; None where the format tells none. `zone_min`: minutes east of Greenwich of the
    machine that made it, where the format tells the hour of that machine's clock."""
    if content == "pg_custom":
        return _pg(head, zone_min)
    return _rdb(head) if content == "rdb" else None


def _pg(head: bytes, zone_min: int) -> int | None:
    # PGDMP, version (3), sizes of integers and offsets, format, compression, then the fields of a struct tm.
    if len(head) < 64:
        return None
    width, at = head[8], 11
    # Archive version 1.15 (PostgreSQL 16) on: the compression is one byte, a number before.
    at += 1 if (head[5], head[6]) >= (1, 15) else width + 1
    fields = []
    for _ in range(6):
        value = int.from_bytes(head[at + 1 : at + 1 + width], "little")
        fields.append(-value if head[at] else value)
        at += width + 1
    second, minute, hour, day, month, year = fields
    try:
        local = datetime(year + 1900, month + 1, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return round((local - timedelta(minutes=zone_min)).timestamp() * 1000)


def _rdb(head: bytes) -> int | None:
    at = head.find(b"\x05ctime")
    if at < 0:
        return None
    kind, rest = head[at + 6 : at + 7], head[at + 7 : at + 15]
    if kind == b"\xc2":  # a 32-bit number
        return int.from_bytes(rest[:4], "little") * 1000
    size = kind[0] if kind else 0
    text = head[at + 7 : at + 7 + size]
    return min(int(text) * 1000, _LATEST) if size < 16 and text.isdigit() else None
