"""One batch on the wire, in the spool and in sealed files.

    "EVB1" || u32 total || u16 hlen || header || signatures || seed16 || u8 enc || u32 blen || body

`total` counts the whole frame from its "EVB1" on; the signature block is that of blob.py; `body` is
encoded as `enc` says. A request is frame after frame.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct, pack
from typing import BinaryIO

from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire.blob import Cursor, Signature, encode_signatures, read_signatures
from checks.wire.errors import Code, WireError
from checks.wire.numbers import (
    ALG_ED25519,
    ENC_GZIP,
    ENC_RAW,
    ENC_ZSTD,
    MAX_BODY,
    MAX_HEADER,
    MAX_REQUEST,
    MAX_SIGNATURE,
    SEED_SIZE,
    pae_type,
)
from checks.wire.pae import pae
from checks.wire.signing import Signer, key_id, verify

__all__ = ["Frame", "Signature", "key_id"]

MAGIC = b"EVB1"
BATCH_TYPE = pae_type("batch")
_HEAD = len(MAGIC) + 4
_FRONT = Struct(">4sIH")  # magic, total, length of the header
_ONE = Struct(">BB4sH")  # one signature: count, algorithm, key id, length
_REST = Struct(">16sBI")  # seed, encoding, length of the body

_ENCODINGS = (ENC_RAW, ENC_GZIP, ENC_ZSTD)
Unzstd = Callable[[bytes, int], bytes]  # (data, size it must not exceed) -> data


@dataclass(frozen=True, slots=True)
class Frame:
    """A batch as it travels: nothing in it is believed yet."""

    header: bytes
    signatures: tuple[Signature, ...]
    seed: bytes
    enc: int
    body: bytes


def sign_header(header: bytes, *signers: Signer) -> tuple[Signature, ...]:
    """Signatures over PAE(batch, header), one per signer in this order."""
    message = pae(BATCH_TYPE, header)
    return tuple(Signature(s.alg, s.key_id, s.sign(message)) for s in signers)


def pack_body(lines: Sequence[bytes], enc: int = ENC_GZIP) -> bytes:
    """The body of these lines, raw or gzip."""
    body = bodies.join(lines)
    if enc == ENC_RAW:
        return body
    if enc == ENC_GZIP:
        # 3 µs a result more than level 3, for 11 to 15 % fewer bytes in spool, transport and log.
        packer = zlib.compressobj(9, zlib.DEFLATED, 31, 8)
        return packer.compress(body) + packer.flush()
    raise WireError(Code.BAD_ENCODING, f"encoding {enc} is not written here")


def encode(frame: Frame) -> bytes:
    """Bytes of one frame."""
    if len(frame.header) > MAX_HEADER or len(frame.body) > MAX_BODY:
        raise WireError(Code.TOO_LARGE, "header or body too large")
    if len(frame.seed) != SEED_SIZE or frame.enc not in _ENCODINGS:
        raise WireError(Code.BAD_FRAME, "seed or encoding cannot be")
    rest = b"".join(
        (
            pack(">H", len(frame.header)),
            frame.header,
            encode_signatures(frame.signatures, Code.BAD_FRAME),
            frame.seed,
            pack(">BI", frame.enc, len(frame.body)),
            frame.body,
        )
    )
    return MAGIC + pack(">I", _HEAD + len(rest)) + rest


def decode(data: bytes) -> Frame:
    """The one frame that these bytes are."""
    return _usual(data) or _careful(data)


def _usual(data: bytes) -> Frame | None:
    """A good frame with one signature, as nearly all are; None for any other, which is read with care."""
    size = len(data)
    if size < _FRONT.size:
        return None
    magic, total, length = _FRONT.unpack_from(data)
    at = _FRONT.size + length
    if magic != MAGIC or total != size or length > MAX_HEADER or size < at + _ONE.size:
        return None
    count, alg, key, length = _ONE.unpack_from(data, at)
    begin = at + _ONE.size
    end = begin + length
    if count != 1 or not 1 <= length <= MAX_SIGNATURE or size < end + _REST.size:
        return None
    seed, enc, length = _REST.unpack_from(data, end)
    body = end + _REST.size
    if body + length != size or length > MAX_BODY or enc not in _ENCODINGS:
        return None
    signed = Signature(alg, key, data[begin:end])
    return Frame(data[_FRONT.size : at], (signed,), seed, enc, data[body:])


def _careful(data: bytes) -> Frame:
    cursor = Cursor(data, Code.BAD_FRAME)
    if cursor.take(4) != MAGIC:
        raise WireError(Code.BAD_FRAME, "does not begin with EVB1")
    if cursor.number(4) != len(data):
        raise WireError(Code.BAD_FRAME, f"its length is not that of {len(data)} bytes")
    size = cursor.number(2)
    if size > MAX_HEADER:
        raise WireError(Code.TOO_LARGE, f"header of {size} bytes, at most {MAX_HEADER}")
    header = cursor.take(size)
    signatures = read_signatures(cursor, Code.BAD_FRAME)
    seed, enc, size = cursor.take(SEED_SIZE), cursor.number(1), cursor.number(4)
    if enc not in _ENCODINGS:
        raise WireError(Code.BAD_ENCODING, f"encoding {enc} is not known")
    if size > MAX_BODY:
        raise WireError(Code.TOO_LARGE, f"body of {size} bytes, at most {MAX_BODY}")
    body = cursor.take(size)
    cursor.finish()
    return Frame(header, signatures, seed, enc, body)


def pieces(request: bytes) -> list[bytes]:
    """The bytes of each frame of a request, by their lengths alone."""
    if len(request) > MAX_REQUEST:
        raise WireError(Code.TOO_LARGE, f"request of {len(request)} bytes, at most {MAX_REQUEST}")
    found, cursor = [], Cursor(request, Code.BAD_FRAME)
    while cursor.at < len(request):
        begin = cursor.at
        if cursor.take(4) != MAGIC:
            raise WireError(Code.BAD_FRAME, f"no EVB1 at byte {begin}")
        size = cursor.number(4)
        if size < _HEAD:
            raise WireError(Code.BAD_FRAME, f"length {size} at byte {begin}")
        cursor.at = begin
        found.append(cursor.take(size))
    return found


def decode_stream(stream: BinaryIO) -> Iterator[Frame]:
    """The frames of a file, one after another, without reading it whole."""
    while head := stream.read(_HEAD):
        size = int.from_bytes(head[4:], "big")
        if len(head) != _HEAD or head[:4] != MAGIC or not _HEAD < size <= MAX_REQUEST:
            raise WireError(Code.BAD_FRAME, "no frame where one should begin")
        yield decode(head + stream.read(size - _HEAD))


def unpack_body(frame: Frame, header: headers.Header, unzstd: Unzstd | None = None) -> list[bytes]:
    """The lines of a frame, decompressed to exactly the size that its header promises."""
    return split_body(inflate(frame, header, unzstd), header)


def inflate(frame: Frame, header: headers.Header, unzstd: Unzstd | None = None) -> bytes:
    """The body of a frame in one piece, decompressed to exactly the size that its header promises."""
    body = _inflate(frame, header.bytes, unzstd)
    if len(body) != header.bytes:
        raise WireError(Code.BAD_SIZE, f"body of {len(body)} bytes, the header says {header.bytes}")
    return body


def split_body(body: bytes, header: headers.Header) -> list[bytes]:
    """The lines of an inflated body, as many as its header promises."""
    found = bodies.split(body)
    if len(found) != header.n:
        raise WireError(Code.BAD_SIZE, f"{len(found)} lines, the header says {header.n}")
    return found


def _inflate(frame: Frame, size: int, unzstd: Unzstd | None) -> bytes:
    if frame.enc == ENC_RAW:
        return frame.body
    if frame.enc == ENC_GZIP:
        return _gunzip(frame.body, size)
    if frame.enc == ENC_ZSTD and unzstd is not None:
        return _unzstd(frame.body, size, unzstd)
    raise WireError(Code.BAD_ENCODING, f"encoding {frame.enc} cannot be read here")


def _gunzip(data: bytes, size: int) -> bytes:
    """One gzip member, never inflated beyond one byte more than promised."""
    unpacker = zlib.decompressobj(31)
    try:
        body = unpacker.decompress(data, size + 1)
    except zlib.error as error:
        raise WireError(Code.BAD_ENCODING, f"gzip: {error}") from None
    if len(body) > size:
        raise WireError(Code.BAD_SIZE, f"body inflates beyond the {size} bytes of the header")
    if not unpacker.eof or unpacker.unused_data:
        raise WireError(Code.BAD_ENCODING, "gzip: cut short, or more bytes behind it")
    return body


def _unzstd(data: bytes, size: int, unzstd: Unzstd) -> bytes:
    declared = zstd_size(data)
    if declared is not None and declared != size:
        raise WireError(Code.BAD_SIZE, f"zstd declares {declared} bytes, the header says {size}")
    try:
        return unzstd(data, size)
    except WireError:
        raise
    except Exception as error:  # the library is the caller's: any failure means unreadable bytes
        raise WireError(Code.BAD_ENCODING, f"zstd: {str(error)[:120]}") from None


def zstd_size(data: bytes) -> int | None:
    """Content size that a zstd frame declares (RFC 8878 3.1.1.1), None if it does not."""
    if data[:4] != b"\x28\xb5\x2f\xfd" or len(data) < 6:
        raise WireError(Code.BAD_ENCODING, "no zstd frame")
    flags = data[4]
    single, code = flags >> 5 & 1, flags >> 6
    width = (1 if single else 0, 2, 4, 8)[code]
    begin = 5 + (0 if single else 1) + (0, 1, 2, 4)[flags & 3]
    if len(data) < begin + width:
        raise WireError(Code.BAD_ENCODING, "zstd: cut short")
    if not width:
        return None
    return int.from_bytes(data[begin : begin + width], "little") + (256 if width == 2 else 0)


def verify_header(header: bytes, signatures: Sequence[Signature], public: bytes) -> bool:
    """Whether one of the signatures is good under this key."""
    identity, message = key_id(public), pae(BATCH_TYPE, header)
    return any(
        one.alg == ALG_ED25519 and one.key_id == identity and verify(public, message, one.sig)
        for one in signatures
    )


def check_signature(frame: Frame, header: headers.Header, public: bytes) -> None:
    """Refuse a frame that `public`, and for a rotation then the new key, has not signed.

    Exactly these signatures in this order: more would be unsigned bytes that end up in the log.
    """
    wanted = [public]
    if header.rotate is not None:
        wanted.append(bytes.fromhex(header.rotate.public))
    if len(frame.signatures) != len(wanted):
        raise WireError(Code.BAD_SIGNATURE, f"{len(frame.signatures)} signatures, not {len(wanted)}")
    for key, one in zip(wanted, frame.signatures, strict=True):
        if not verify_header(frame.header, (one,), key):
            raise WireError(Code.BAD_SIGNATURE, f"no good signature by key {key_id(key).hex()}")


def check(frame: Frame, header: headers.Header, public: bytes, unzstd: Unzstd | None = None) -> list[bytes]:
    """The lines of a frame whose signature, sizes and root are right; `header` is parse(frame.header)."""
    check_signature(frame, header, public)
    found = unpack_body(frame, header, unzstd)
    if bodies.body_root(frame.seed, found).hex() != header.root:
        raise WireError(Code.BAD_ROOT, "the lines do not hash to the header's root")
    return found
