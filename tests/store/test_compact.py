"""Entries at rest: the same bytes come back, whatever stood in the row."""

import sys
from hashlib import sha256

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
    """A row as earlier versions wrote it."""
    return zstd.ZstdCompressor(level=1, zstd_dict=compact.DICTIONARY).compress(
        data, zstd.ZstdCompressor.FLUSH_FRAME
    )


def test_a_flipped_bit_anywhere_gives_another_entry_or_none_and_never_an_error() -> None:
    frame = framed(ENTRY)
    same = 0
    for at in range(len(frame) * 8):
        bad = bytearray(frame)
        bad[at // 8] ^= 1 << at % 8
        same += compact.unpack(bytes(bad)) == ENTRY
    assert same <= 8  # bits that mean nothing to zstd: nothing of the entry stands in them


def test_a_frame_that_is_cut_or_followed_or_swells_is_given_as_it_stands() -> None:
    frame = framed(ENTRY)
    swelling = framed(bytes(MAX_ENTRY + 1))
    for bad in (frame[:-1], frame + b"x", frame[:4], swelling, b""):
        assert compact.unpack(bad) == bad


def test_an_entry_is_written_as_it_is_and_a_frame_of_an_earlier_version_is_opened() -> None:
    table = Table("t", MetaData(), Column("data", compact.EntryBytes))
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        table.metadata.create_all(conn)
        conn.execute(insert(table).values(data=ENTRY))
        assert conn.exec_driver_sql("SELECT data FROM t").scalar() == ENTRY
        conn.exec_driver_sql("INSERT INTO t VALUES (?)", (framed(ENTRY),))
        assert conn.execute(select(table.c.data)).scalars().all() == [ENTRY, ENTRY]
    engine.dispose()
    assert len(framed(ENTRY)) < len(ENTRY)


def test_the_dictionary_that_databases_depend_on_is_the_same_for_ever() -> None:
    digest = sha256(compact.DICTIONARY.dict_content).hexdigest()
    assert (compact.DICTIONARY.dict_id, digest) == (
        1,
        "d33aec4b31ffc54db9043fbaa55dff880413f51fc536d77a706ae97fba3c36cb",
    )
