"""Log entry: what becomes a leaf of the tree, at most 65 535 bytes.

    u8 1 || u8 kind || u64 received ms || u16 hlen || header || signatures

`header` is the signed JSON: a batch header for kind BATCH, else a statement of its kind. The
signatures are over PAE(kind's own type, header), the block is that of blob.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

from checks.wire.blob import Cursor, Signature, encode_signatures, read_signatures
from checks.wire.errors import Code, WireError
from checks.wire.numbers import ALG_ED25519, MAX_ENTRY, MAX_HEADER, MAX_INT, EntryKind, pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer, key_id, verify

__all__ = ["Entry", "Signature"]

FORMAT = 1

_HEAD = Struct(">BBQH")
_KINDS = {int(kind): kind for kind in EntryKind}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log."""

    kind: EntryKind
    received_ms: int
    header: bytes
    signatures: tuple[Signature, ...]

    @property
    def leaf(self) -> bytes:
        """Its leaf hash."""
        return sha256(b"\x00" + encode(self)).digest()


def encode(entry: Entry) -> bytes:
    """Bytes of an entry."""
    if not 0 <= entry.received_ms <= MAX_INT:
        raise WireError(Code.BAD_ENTRY, f"received at {entry.received_ms}")
    _check_header(entry.kind, len(entry.header))
    data = b"".join(
        (
            _HEAD.pack(FORMAT, entry.kind, entry.received_ms, len(entry.header)),
            entry.header,
            encode_signatures(entry.signatures, Code.BAD_ENTRY),
        )
    )
    if len(data) > MAX_ENTRY:
        raise WireError(Code.TOO_LARGE, f"entry of {len(data)} bytes, at most {MAX_ENTRY}")
    return data


def _check_header(kind: EntryKind, size: int) -> None:
    most = MAX_HEADER if kind is EntryKind.BATCH else MAX_ENTRY
    if not 0 < size <= most:
        raise WireError(Code.TOO_LARGE, f"header of {size} bytes, 1 to {most} are wanted")


def parse(data: bytes) -> Entry:
    """The entry that these bytes are."""
    if len(data) > MAX_ENTRY:
        raise WireError(Code.TOO_LARGE, f"entry of {len(data)} bytes, at most {MAX_ENTRY}")
    cursor = Cursor(data, Code.BAD_ENTRY)
    form, number, received_ms, size = _HEAD.unpack(cursor.take(_HEAD.size))
    kind = _KINDS.get(number)
    if form != FORMAT or kind is None:
        raise WireError(Code.BAD_ENTRY, f"format {form} or kind {number} is not known")
    if received_ms > MAX_INT:
        raise WireError(Code.BAD_ENTRY, f"received at {received_ms}")
    _check_header(kind, size)
    header = cursor.take(size)
    signatures = read_signatures(cursor, Code.BAD_ENTRY)
    cursor.finish()
    return Entry(kind, received_ms, header, signatures)


def sign_statement(kind: EntryKind, header: bytes, *signers: Signer) -> tuple[Signature, ...]:
    """Signatures over PAE(kind, header), one per signer in this order."""
    message = pae(pae_type(kind.word), header)
    return tuple(Signature(s.alg, s.key_id, s.sign(message)) for s in signers)


def verify_statement(kind: EntryKind, header: bytes, signatures: Sequence[Signature], public: bytes) -> bool:
    """Whether one of the signatures over this header is good under this key."""
    identity, message = key_id(public), pae(pae_type(kind.word), header)
    return any(
        one.alg == ALG_ED25519 and one.key_id == identity and verify(public, message, one.sig)
        for one in signatures
    )
