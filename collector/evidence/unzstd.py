"""Zstandard, bounded: never more bytes out than promised, and exactly one frame in."""

import sys
from typing import Any

from checks.wire.errors import Code, WireError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LARGEST = 256 * 1024 * 1024  # our own packs: 256 bodies of at most 4 MiB would not be packed as one


def unzstd(data: bytes, size: int) -> bytes:
    """Exactly `size` bytes from one zstd frame; WireError `bad_encoding` or `bad_size`."""
    unpacker: Any = zstd.ZstdDecompressor()
    try:
        body: bytes = unpacker.decompress(data, max_length=size + 1)
    except zstd.ZstdError as error:
        raise WireError(Code.BAD_ENCODING, f"zstd: {str(error)[:120]}") from None
    if len(body) > size:
        raise WireError(Code.BAD_SIZE, f"body inflates beyond the {size} bytes of the header")
    if not unpacker.eof or unpacker.unused_data:
        raise WireError(Code.BAD_ENCODING, "zstd: cut short, or more bytes behind it")
    return body


def unzstd_all(data: bytes) -> bytes:
    """The content of a frame that we made ourselves."""
    unpacker: Any = zstd.ZstdDecompressor()
    try:
        body: bytes = unpacker.decompress(data, max_length=_LARGEST)
    except zstd.ZstdError as error:
        raise WireError(Code.BAD_ENCODING, f"zstd: {str(error)[:120]}") from None
    if not unpacker.eof:
        raise WireError(Code.TOO_LARGE, "a pack above 256 MiB")
    return body


def zstd_pack(data: bytes, level: int = 9) -> bytes:
    """One frame, its content size declared."""
    packed: bytes = zstd.compress(data, level)
    return packed
