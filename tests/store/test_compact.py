"""Entries at rest: the same bytes come back, whatever stood in the row."""

import sys
from collections.abc import Callable
from hashlib import sha256

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, insert, select

from checks.wire import entry, strict_json
from checks.wire.entry import Entry, Signature
from checks.wire.numbers import MAX_ENTRY, EntryKind
from collector.store import compact

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HEADER = {
    "v": 1, "log": "log.example/2026", "agent": "web-01", "epoch": 1, "seq": 17,
    "prev": sha256(b"p").hexdigest(), "kind": "results", "n": 50, "bytes": 29350,
    "root": sha256(b"r").hexdigest(), "from": 1790000000000, "to": 1790000001041,
    "clock": {"wall": 1790000002000, "mono": 4, "boot": "b-1", "offset_us": 3, "sync": True},
    "seen": {"size": 900, "note": sha256(b"n").hexdigest()}, "plan": sha256(b"l").hexdigest(),
    "code": sha256(b"c").hexdigest(), "machine": sha256(b"m").hexdigest(),
}  # fmt: skip
SIGNATURE = Signature(1, b"keyi", sha256(b"a").digest() + sha256(b"b").digest())
ENTRY = entry.encode(Entry(EntryKind.BATCH, 1790000003000, strict_json.dumps(HEADER), (SIGNATURE,)))


def framed(data: bytes) -> bytes:
    """A row as versions before 2026-11-22 wrote it."""
    return zstd.ZstdCompressor(level=1, zstd_dict=compact.OLD).compress(data, zstd.ZstdCompressor.FLUSH_FRAME)


FORMS = pytest.mark.parametrize("form", [compact.pack, framed])
Form = Callable[[bytes], bytes]


@FORMS
def test_a_flipped_bit_anywhere_gives_another_entry_or_none_and_never_an_error(form: Form) -> None:
    row = form(ENTRY)
    same = 0
    for at in range(len(row) * 8):
        bad = bytearray(row)
        bad[at // 8] ^= 1 << at % 8
        same += compact.unpack(bytes(bad)) == ENTRY
    assert same <= 8  # bits that mean nothing to zlib or zstd: nothing of the entry stands in them


@FORMS
def test_a_row_that_is_cut_or_followed_or_swells_is_given_as_it_stands(form: Form) -> None:
    row = form(ENTRY)
    swelling = form(bytes(MAX_ENTRY + 1))
    assert len(swelling) < MAX_ENTRY
    assert compact.unpack(form(bytes(MAX_ENTRY))) == bytes(MAX_ENTRY)
    for bad in (row[:-1], row + b"x", row[:4], row[:1], swelling, b""):
        assert compact.unpack(bad) == bad


def test_what_would_not_be_shorter_stays_as_it_is() -> None:
    noise = b"\x01" + b"".join(sha256(bytes([i])).digest() for i in range(8))
    assert compact.pack(noise) == noise == compact.unpack(noise)


def test_a_batch_entry_takes_little_more_than_half_and_comes_back_whatever_form_it_has() -> None:
    table = Table("t", MetaData(), Column("data", compact.EntryBytes))
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        table.metadata.create_all(conn)
        conn.execute(insert(table).values(data=ENTRY))
        row = conn.exec_driver_sql("SELECT data FROM t").scalar()
        for form in (ENTRY, framed(ENTRY)):
            conn.exec_driver_sql("INSERT INTO t VALUES (?)", (form,))
        assert conn.execute(select(table.c.data)).scalars().all() == [ENTRY] * 3
    engine.dispose()
    assert row == compact.pack(ENTRY)
    assert len(row) < 0.6 * len(ENTRY)


def test_the_dictionaries_that_databases_depend_on_are_the_same_for_ever() -> None:
    old = sha256(compact.OLD.dict_content).hexdigest()
    assert (compact.OLD.dict_id, old) == (
        1,
        "d33aec4b31ffc54db9043fbaa55dff880413f51fc536d77a706ae97fba3c36cb",
    )
    assert (
        sha256(compact.DICTIONARY).hexdigest()
        == "b728e10b1d7938695cd4bc77ca73c67496041187cebd623e23150fa57ac09376"
    )
