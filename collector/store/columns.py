"""Bodies of a pack as texts and columns: what differs from minute to minute is numbers, the words stay.

Every whole number that stands as a JSON value is taken out of its line; what is left is the line's text, of
which a series has one for weeks. Numbers of lines with the same beginning and as many numbers make columns,
series by series, each told by what it differs from: the row before, its first row, another column of its row.

    coded      u32 length of texts || zstd(texts) || zstd(columns)
    texts      u32 n || n u32 pieces of each body || u32 each piece's text || n names "\\n" … || text "\\n" …
    columns    per kind of line, per column: u8 reference || i64 base || u8 width || numbers in byte planes
    reference  0: the row before; 1: the base; j + 2: column j of the same row

The name of the agent that speaks (its first `vantage`) is taken out too: agents that look at the same share
texts. A piece is what stands between newlines, so any bytes come back as they were; only 0x00 and 0x01, which
mark the places of numbers and names, may not occur (PlainOnly). Little-endian: made and read by us alone.
"""

import re
import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, pairwise, repeat

from collector.evidence.unzstd import unzstd_all, zstd_pack

_PLACE, _NAME = b"\x00", b"\x01"
_SPEAKER = re.compile(rb'"vantage":("[^"\n]{1,64})"')
_NUMBER = re.compile(rb"(?<=[:,\[])(0|-?[1-9][0-9]{0,17})(?=[,\]}])")
_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}
_BEFORE, _BASE, _COLUMN = 0, 1, 2
_HEAD = 4096  # bytes in which the speaker is looked for
_MOST = 250  # columns that can be referred to
Column = Sequence[int]


class PlainOnly(Exception):
    """These bodies cannot be written as columns: keep them as they are."""

    code = "plain_only"


def encode(bodies: Sequence[bytes]) -> bytes:
    """These bodies as texts and columns, compressed."""
    ids: dict[bytes, int] = {}
    order, sizes, names = array("I"), array("I"), list[bytes]()
    rows: list[list[list[int]]] = []
    for body in bodies:
        if _PLACE in body or _NAME in body:
            raise PlainOnly
        speaker = _SPEAKER.search(body, 0, _HEAD)
        names.append(speaker[1] if speaker else b"")
        parts = _NUMBER.split(body.replace(speaker[1], _NAME) if speaker else body)
        numbers, at = list(map(int, parts[1::2])), 0
        pieces = _PLACE.join(parts[::2]).split(b"\n")
        sizes.append(len(pieces))
        for text in pieces:
            one = ids.setdefault(text, len(ids))
            if one == len(rows):
                rows.append([])
            order.append(one)
            count = text.count(_PLACE)
            rows[one].append(numbers[at : at + count])
            at += count
    texts = b"".join((_u32(len(sizes)), _little(sizes), _little(order), b"\n".join([*names, *ids])))
    columns = bytearray()
    for members in _kinds(list(ids)):
        table = list(zip(*(row for one in members for row in rows[one]), strict=True))
        for at, column in enumerate(table):
            columns += _told(table, at, column)
    packed = zstd_pack(texts)
    return b"".join((_u32(len(packed)), packed, zstd_pack(bytes(columns))))


def decode(data: bytes) -> list[bytes]:
    """The bodies again."""
    end = 4 + int.from_bytes(data[:4], "little")
    texts, columns = unzstd_all(data[4:end]), unzstd_all(data[end:])
    count = int.from_bytes(texts[:4], "little")
    sizes = _array("I", texts[4 : 4 + 4 * count])
    begin = 4 + 4 * count
    order = _array("I", texts[begin : begin + 4 * sum(sizes)])
    words = texts[begin + 4 * sum(sizes) :].split(b"\n")
    names, skeletons = words[:count], words[count:]
    length = [0] * len(skeletons)
    for one in order:
        length[one] += 1
    lines: list[Iterator[bytes]] = [iter(())] * len(skeletons)
    at = 0
    for members in _kinds(skeletons):
        at, table = _read(columns, at, skeletons[members[0]].count(_PLACE), sum(length[m] for m in members))
        rows: Iterator[tuple[int, ...]] = zip(*table, strict=True) if table else repeat(())
        for one in members:
            form = skeletons[one].replace(b"%", b"%%").replace(_PLACE, b"%d")
            lines[one] = iter([form % row for row in islice(rows, length[one])])
    pieces = (next(lines[one]) for one in order)
    found = []
    for name, size in zip(names, sizes, strict=True):
        body = b"\n".join(islice(pieces, size))
        found.append(body.replace(_NAME, name) if name else body)
    return found


def _kinds(skeletons: Sequence[bytes]) -> list[list[int]]:
    """Numbers of the texts that share columns: the same up to the first number, and as many numbers."""
    found: dict[tuple[bytes, int], list[int]] = {}
    for number, text in enumerate(skeletons):
        found.setdefault((text.partition(_PLACE)[0], text.count(_PLACE)), []).append(number)
    return list(found.values())


def _told(table: Sequence[Column], at: int, column: Column) -> bytes:
    """A column by the reference that leaves the least to say."""
    base = column[0]
    ways = [
        (_BASE, [value - base for value in column]),
        (_BEFORE, [0, *(b - a for a, b in pairwise(column))]),
    ]
    if 0 < at <= _MOST:
        ways += [
            (_COLUMN + j, [a - b for a, b in zip(column, table[j], strict=True)])
            for j in {at - 1, table.index(column)} - {at}
        ]
    reference, numbers = min(ways, key=lambda way: sum(map(int.bit_length, way[1])))
    folded = [2 * one if one >= 0 else -2 * one - 1 for one in numbers]
    most = max(folded)
    width = next(width for width in _WIDTHS if most < 256**width)
    plain = _little(array(_WIDTHS[width], folded))
    planes = b"".join(plain[byte::width] for byte in range(width))
    return b"".join((bytes([reference]), base.to_bytes(8, "little", signed=True), bytes([width]), planes))


def _read(data: bytes, at: int, columns: int, rows: int) -> tuple[int, list[Column]]:
    """The columns of one kind, and where the next begin."""
    table: list[Column] = []
    for _ in range(columns):
        reference, width = data[at], data[at + 9]
        base, end = int.from_bytes(data[at + 1 : at + 9], "little", signed=True), at + 10 + rows * width
        planes, plain = data[at + 10 : end], bytearray(rows * width)
        for byte in range(width):
            plain[byte::width] = planes[byte * rows : (byte + 1) * rows]
        numbers = [-(one + 1 >> 1) if one & 1 else one >> 1 for one in _array(_WIDTHS[width], bytes(plain))]
        if reference == _BASE:
            table.append([base + one for one in numbers])
        elif reference == _BEFORE:
            numbers[0] += base
            table.append(list(accumulate(numbers)))
        else:
            table.append([a + b for a, b in zip(numbers, table[reference - _COLUMN], strict=True)])
        at = end
    return at, table


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _little(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _array(code: str, data: bytes) -> "array[int]":
    numbers = array(code, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
