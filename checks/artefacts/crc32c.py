"""CRC-32C (Castagnoli), what PostgreSQL's backup manifests hold unless told otherwise; standard library only.

The standard library has no such function, and a byte at a time in Python is slow. So a block is
cut into lanes of equal length which go through the register side by side: one table look-up for all lanes is
one `bytes.translate`, one exclusive-or of all lanes is one of two long integers. What the lanes leave is
joined by the zero operator, as zlib's crc32_combine does it (speed: tests/bench/bench_backup_reads.py).
"""

import functools

_POLY = 0x82F63B78
# Lanes and their length: the biggest that still fits what is left.
_SHAPES = ((4096, 128), (512, 64), (128, 64))
_BLOCK = 4096 * 128


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLY if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()
_PLANES = [bytes(entry >> shift & 0xFF for entry in _TABLE) for shift in (0, 8, 16, 24)]


@functools.lru_cache(maxsize=len(_SHAPES))
def _zero_operator(count: int) -> tuple[tuple[int, ...], ...]:
    """Tables that carry a register past `count` zero bytes, one for each of its four bytes."""
    single = [_bytewise(1 << bit, bytes(count)) for bit in range(32)]

    def image(value: int) -> int:
        found = 0
        for bit in range(32):
            if value >> bit & 1:
                found ^= single[bit]
        return found

    return tuple(tuple(image(byte << shift) for byte in range(256)) for shift in (0, 8, 16, 24))


class Crc32c:
    """Like a hashlib object: `update`, `hexdigest` (the eight digits of a manifest)."""

    def __init__(self) -> None:
        self._register = 0xFFFFFFFF
        self._rest = bytearray()

    def update(self, data: bytes) -> None:
        """More bytes."""
        self._rest += data
        whole = len(self._rest) // _BLOCK * _BLOCK
        if whole:
            self._register = _through(self._register, bytes(self._rest[:whole]))
            del self._rest[:whole]

    def hexdigest(self) -> str:
        """As a manifest writes it: the value's four bytes, lowest first."""
        register = _through(self._register, bytes(self._rest)) ^ 0xFFFFFFFF
        return register.to_bytes(4, "little").hex()


def _through(register: int, data: bytes) -> int:
    at = 0
    for lanes, length in _SHAPES:
        size = lanes * length
        while len(data) - at >= size:
            register = _block(register, data[at : at + size], lanes, length)
            at += size
    return _bytewise(register, data[at:])


def _bytewise(register: int, data: bytes) -> int:
    for byte in data:
        register = register >> 8 ^ _TABLE[(register ^ byte) & 0xFF]
    return register


def _block(register: int, data: bytes, lanes: int, length: int) -> int:
    lowest, second, third, highest = _zero_operator(length)
    for a, b, c, d in zip(*_lanes(data, lanes, length), strict=True):
        register = (
            lowest[register & 0xFF]
            ^ second[register >> 8 & 0xFF]
            ^ third[register >> 16 & 0xFF]
            ^ highest[register >> 24]
            ^ (a | b << 8 | c << 16 | d << 24)
        )
    return register


def _lanes(data: bytes, lanes: int, length: int) -> list[bytes]:
    """Registers of all lanes, started at zero, as four planes of bytes."""
    planes = [0, 0, 0, 0]
    for column in range(length):
        index = (planes[0] ^ int.from_bytes(data[column::length], "little")).to_bytes(lanes, "little")
        planes = [
            above ^ int.from_bytes(index.translate(table), "little")
            for above, table in zip((*planes[1:], 0), _PLANES, strict=True)
        ]
    return [plane.to_bytes(lanes, "little") for plane in planes]
