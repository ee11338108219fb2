"""Reading length-prefixed bytes: a cursor that never runs past the end, and the signature block.

signatures   u8 count || count times ( u8 alg || 4-byte key id || u16be length || signature )
"""

from dataclasses import dataclass
from struct import Struct

from checks.wire.errors import Code, WireError
from checks.wire.numbers import KEY_ID_SIZE, MAX_SIGNATURE, MAX_SIGNATURES

_SIGNED = Struct(">B4sH")  # algorithm, key id, length of the signature


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature and the hint by whom."""

    alg: int
    key_id: bytes
    sig: bytes


class Cursor:
    """Position in received bytes; every short read is the WireError it was made with."""

    __slots__ = ("_code", "at", "data")

    def __init__(self, data: bytes, code: Code, at: int = 0) -> None:
        self.data = data
        self.at = at
        self._code = code

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self.at + count
        if end > len(self.data):
            raise WireError(self._code, f"ends at byte {len(self.data)}, {end} wanted")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def number(self, size: int) -> int:
        """The next unsigned big-endian number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def finish(self) -> None:
        """Refuse bytes that are left over."""
        if self.at != len(self.data):
            raise WireError(self._code, f"{len(self.data) - self.at} bytes too many")


def encode_signatures(signatures: tuple[Signature, ...], code: Code) -> bytes:
    """The signature block."""
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise WireError(code, f"{len(signatures)} signatures, 1 to {MAX_SIGNATURES} are wanted")
    parts = [bytes((len(signatures),))]
    for one in signatures:
        if len(one.key_id) != KEY_ID_SIZE or not 1 <= len(one.sig) <= MAX_SIGNATURE:
            raise WireError(code, "a signature or key id has a wrong length")
        parts.append(_SIGNED.pack(one.alg, one.key_id, len(one.sig)) + one.sig)
    return b"".join(parts)


def read_signatures(cursor: Cursor, code: Code) -> tuple[Signature, ...]:
    """The signature block at the cursor."""
    count = cursor.number(1)
    if not 1 <= count <= MAX_SIGNATURES:
        raise WireError(code, f"{count} signatures, 1 to {MAX_SIGNATURES} are wanted")
    return tuple(_signature(cursor, code) for _ in range(count))


def _signature(cursor: Cursor, code: Code) -> Signature:
    alg, key_id, size = _SIGNED.unpack(cursor.take(_SIGNED.size))
    if not 1 <= size <= MAX_SIGNATURE:
        raise WireError(code, f"a signature of {size} bytes, 1 to {MAX_SIGNATURE} are wanted")
    return Signature(alg, key_id, cursor.take(size))
