"""The bundle's container: its bytes follow from its members, so any other byte is damage."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.evidence import container


def made(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    writer = container.Writer(out)
    for name, data in files.items():
        writer.add(name, data)
    writer.close()
    return out.getvalue()


def opened(data: bytes) -> dict[str, bytes]:
    source = io.BytesIO(data)
    return {m.name: container.read(source, m) for m in container.members(source)}


FILES = {
    "manifest.json": b"{}",
    "log/entries/000.gz": bytes(range(256)),
    "记录/周检.json": b"",
    "z": b"PK\x05\x06" * 9,
}


def test_any_single_flipped_bit_is_noticed():
    good = made(FILES)
    for at in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            with pytest.raises(container.ContainerError):
                opened(bytes(bad))


def test_appended_prepended_or_cut_bytes_are_noticed():
    good = made(FILES)
    for bad in (good + b"\0", b"\0" + good, good[:-1], good[1:], b"", good + good):
        with pytest.raises(container.ContainerError):
            opened(bad)


def test_another_writers_zip_of_the_same_files_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as other:
        for name, data in FILES.items():
            other.writestr(name, data)
    with pytest.raises(container.ContainerError):
        opened(out.getvalue())


def test_a_doubled_name_cannot_be_written():
    writer = container.Writer(io.BytesIO())
    writer.add("a", b"")
    with pytest.raises(container.ContainerError):
        writer.add("a", b"")


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), st.binary(max_size=40), max_size=5
    )
)
def test_what_was_written_is_read_and_ordinary_tools_read_it_too(files):
    data = made(files)
    assert opened(data) == files
    with zipfile.ZipFile(io.BytesIO(data)) as ordinary:
        assert ordinary.testzip() is None
        assert len(ordinary.namelist()) == len(files)
