"""Photographs in the data directory, kept as they came under the SHA-256 of their bytes.

DIR/photos/ab/abcd…   whole and durable before anything names it; nothing is stripped, nothing is changed
"""

import os
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

LIMIT = 12 * 1024 * 1024
_PIECE = 256 * 1024


class PhotoError(ValueError):
    """It cannot be kept: stable `code` (no_photo, too_large), detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def type_of(head: bytes) -> str | None:
    """Media type by the first twelve bytes: JPEG, PNG, WebP; None for anything else."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def keep(directory: Path, source: IO[bytes]) -> str:
    """Keep a photograph; the SHA-256 (hex) of exactly the bytes that are kept. PhotoError if it is none.

    A crash leaves at most a file `.new…` that nothing names.
    """
    place = directory / "photos"
    place.mkdir(mode=0o700, exist_ok=True)
    digest, size = sha256(), 0
    with NamedTemporaryFile(dir=place, prefix=".new", delete=False) as new:
        try:
            while piece := source.read(_PIECE):
                if not size and type_of(piece[:12]) is None:
                    raise PhotoError("no_photo", "only JPEG, PNG and WebP pictures can be kept")
                size += len(piece)
                if size > LIMIT:
                    raise PhotoError("too_large", f"a picture may have at most {LIMIT} bytes")
                digest.update(piece)
                new.write(piece)
            if not size:
                raise PhotoError("no_photo", "the file is empty")
            new.flush()
            os.fsync(new.fileno())
            target = path_of(directory, digest.hexdigest())
            target.parent.mkdir(mode=0o700, exist_ok=True)
            os.replace(new.name, target)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
    for folder in (target.parent, place):
        _sync(folder)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def path_of(directory: Path, digest: str) -> Path:
    """Where the photograph of this digest stands, if it is there."""
    return directory / "photos" / digest[:2] / digest


def read(directory: Path, digest: str) -> bytes | None:
    """Its bytes; None where it is not there, or is not what its name says any more."""
    try:
        data = path_of(directory, digest).read_bytes()
    except FileNotFoundError:
        return None
    return data if sha256(data).hexdigest() == digest else None
