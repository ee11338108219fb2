"""Bodies as stored, back to bytes: one reader for raw, gzip and zstd."""

import zlib

from checks.wire.numbers import ENC_GZIP, ENC_RAW, ENC_ZSTD
from collector.evidence.unzstd import unzstd_all
from collector.store.evidence import BodyRow, Damaged


def pack(data: bytes) -> bytes:
    """One gzip member."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def content(body: BodyRow) -> bytes:
    """The bytes of a body, uncompressed."""
    data = bytes(body.data)
    try:
        if body.enc == ENC_RAW:
            return data
        if body.enc == ENC_GZIP:
            return zlib.decompress(data, 31)
        if body.enc == ENC_ZSTD:
            return unzstd_all(data)
    except Exception as error:  # any failure means that the stored bytes are damaged
        raise Damaged(f"the body of entry {body.idx} cannot be read: {error}") from error
    raise Damaged(f"the body of entry {body.idx} has the unknown encoding {body.enc}")
