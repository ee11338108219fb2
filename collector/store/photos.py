"""Photographs in the data directory, kept as they came under the SHA-256 of their bytes.

DIR/photos/ab/abcd…   whole and durable before anything names it; nothing is stripped, nothing is changed
"""

import os
import zlib
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

LIMIT = 12 * 1024 * 1024
_PIECE = 256 * 1024


class PhotoError(ValueError):
    """It cannot be kept: stable `code` (no_photo, broken_photo, too_large), detail for people."""

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


def whole(data: bytes) -> bool:
    """Whether the parts of a picture follow one another to its end; what is in them is not decoded."""
    kinds = {"image/jpeg": _whole_jpeg, "image/png": _whole_png, "image/webp": _whole_webp}
    kind = type_of(data[:12])
    return kind is not None and kinds[kind](data)


def _whole_jpeg(data: bytes) -> bool:
    """SOI, segments (a frame and a scan among them), EOI; cameras may put more behind it."""
    at, seen = 2, set[int]()
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xD9:
            return 0xDA in seen and bool(seen & _FRAMES)
        if marker == 0xFF:  # fill before a marker
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2 or marker in (0x00, 0xD8):
            return False
        seen.add(marker)
        at += 2 + size
        if marker == 0xDA:
            at = _after_scan(data, at)
    return False


# Start of frame; C4, C8 and CC are tables and extensions.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _after_scan(data: bytes, at: int) -> int:
    """The next marker behind coded data: there FF is followed by 00, or by a restart."""
    while 0 <= (found := data.find(b"\xff", at)) < len(data) - 1:
        if data[found + 1] != 0 and not 0xD0 <= data[found + 1] <= 0xD7:
            return found
        at = found + 2
    return len(data)


def _whole_png(data: bytes) -> bool:
    """IHDR first, IDAT, IEND, each chunk with its checksum."""
    at, names = 8, list[bytes]()
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return False
        names.append(data[at + 4 : at + 8])
        if names[-1] == b"IEND":
            return names[0] == b"IHDR" and b"IDAT" in names
        at = end + 4
    return False


def _whole_webp(data: bytes) -> bool:
    """The length in front covers the file, and its chunks, a picture among them, fill that."""
    end = 8 + int.from_bytes(data[4:8], "little")
    at, names = 12, set[bytes]()
    while at + 8 <= end <= len(data):
        names.add(data[at : at + 4])
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return at == end and bool(names & {b"VP8 ", b"VP8L", b"ANMF"})


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
            if not whole(Path(new.name).read_bytes()):
                raise PhotoError("broken_photo", "the picture is cut off or damaged")
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
