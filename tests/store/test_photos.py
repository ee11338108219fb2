"""Pictures that are kept are whole: every part to the end, for each kind."""

import io
import struct
import zlib

import pytest

from collector.store import photos
from collector.store.photos import PhotoError


def png() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg() -> bytes:
    frame = b"\xff\xc2\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x01\xff\x00\x02\xff\xd3\x03"
    tables = b"\xff\xff\xc4\x00\x04ab"  # filled before its marker, between two scans
    return b"\xff\xd8\xff\xe0\x00\x04\xff\xd9" + frame + scan + tables + scan + b"\xff\xd9"


def webp() -> bytes:
    body = b"WEBP" + b"VP8L" + struct.pack("<I", 5) + b"/abcd\0"
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("make", [png, jpeg, webp])
def test_a_picture_that_is_cut_off_anywhere_is_refused_and_a_whole_one_kept(make, tmp_path):
    data = make()
    for end in range(len(data)):
        with pytest.raises(PhotoError):
            photos.keep(tmp_path, io.BytesIO(data[:end]))
    assert [one for one in (tmp_path / "photos").rglob("*") if one.is_file()] == []
    assert photos.read(tmp_path, photos.keep(tmp_path, io.BytesIO(data))) == data


@pytest.mark.parametrize("make", [png, jpeg, webp])
def test_what_a_camera_put_behind_the_picture_is_kept_with_it(make, tmp_path):
    data = make() + b"a film of three seconds"
    assert photos.read(tmp_path, photos.keep(tmp_path, io.BytesIO(data))) == data


def test_changed_bytes_inside_a_png_are_refused(tmp_path):
    data = bytearray(png())
    data[20] ^= 1
    with pytest.raises(PhotoError) as refused:
        photos.keep(tmp_path, io.BytesIO(bytes(data)))
    assert refused.value.code == "broken_photo"
