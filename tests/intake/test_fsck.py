"""fsck finds whatever was changed behind the collector's back, and names the entry."""

import json
import sqlite3
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner

from checks.wire.numbers import EntryKind
from collector.cli_store import fsck, pack
from collector.jobs.checkpoints import Publisher
from collector.jobs.fsck import Fsck
from collector.metrics import Metrics
from collector.store import compact, evidence
from collector.store.engine import create_tables
from collector.web.batches import Batches
from collector.web.plans import Plans

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BATCHES = 300


@pytest.fixture
def filled(context, enrol):
    """A log of two agents with more than one full tile and some checkpoints."""
    publisher = Publisher(context)
    intake = Batches(context, publisher, Metrics(), Plans(context))
    one, two = enrol(context, "web-01"), enrol(context, "web-02")
    for _at in range(0, BATCHES, 50):
        for agent in (one, two):
            acks = intake.take(b"".join(agent.batch(count=2) for _ in range(25)))
            assert {ack.status for ack in acks} == {"ok"}
        publisher.publish()
    context.append_collector_entry(EntryKind.PLAN, {"agent": "web-01", "epoch": 1}, b'{"plan":1}' * 90)
    publisher.publish()
    return context


def tamper(context, *statements):
    """Change the file as somebody with its password would: without our triggers."""
    with closing(sqlite3.connect(context.directory / "collector.db")) as raw:
        names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            raw.execute(f"DROP TRIGGER {name}")
        for statement, *values in statements:
            raw.execute(statement, values)
        raw.commit()


def problems(context, **options):
    return {(p.idx, p.code) for p in Fsck(context, **options).run().problems}


def blob(context, idx):
    with context.read() as conn:
        data = conn.exec_driver_sql("SELECT data FROM entry WHERE idx = ?", (idx,)).scalar()
    return compact.unpack(bytes(data))


def test_a_changed_byte_in_an_entry_is_found_at_that_entry(filled):
    data = bytearray(blob(filled, 40))
    data[60] ^= 1
    tamper(filled, ("UPDATE entry SET data = ? WHERE idx = 40", bytes(data)))
    found = problems(filled)
    assert (40, "tile") in found
    assert any(code == "checkpoint" for _, code in found)


def frame(data):
    """A row as versions before 2026-11-22 wrote it."""
    return zstd.ZstdCompressor(level=1, zstd_dict=compact.OLD).compress(data, zstd.ZstdCompressor.FLUSH_FRAME)


@pytest.mark.parametrize("form", [compact.pack, frame])
def test_a_changed_byte_in_the_form_at_rest_is_found_too(filled, form):
    bad = bytearray(form(blob(filled, 40)))
    assert len(bad) < len(blob(filled, 40))
    bad[-1] ^= 1
    tamper(filled, ("UPDATE entry SET data = ? WHERE idx = 40", bytes(bad)))
    assert (40, "tile") in problems(filled)


@pytest.mark.parametrize("form", [bytes, frame])
def test_rows_that_hold_entries_as_they_are_or_as_earlier_versions_did_stay_readable(filled, form):
    with closing(sqlite3.connect(filled.directory / "collector.db")) as raw:
        kept = raw.execute("SELECT idx, data FROM entry").fetchall()
    assert sum(data[0] != 1 for _, data in kept) > 200
    other = [
        ("UPDATE entry SET data = ? WHERE idx = ?", form(compact.unpack(data)), idx) for idx, data in kept
    ]
    tamper(filled, *other)
    assert problems(filled, full=True) == set()


def test_a_changed_entry_beyond_the_last_full_tile_is_found_by_the_checkpoint(filled):
    data = bytearray(blob(filled, 300))
    data[5] ^= 1  # the receipt time
    tamper(filled, ("UPDATE entry SET data = ? WHERE idx = 300", bytes(data)))
    found = problems(filled)
    assert (300, "columns") in found
    assert (-1, "checkpoint") in found


def test_an_entry_that_was_taken_out_is_missing(filled):
    tamper(filled, ("DELETE FROM body WHERE idx = 77",), ("DELETE FROM entry WHERE idx = 77",))
    assert (77, "missing") in problems(filled)


def test_a_log_that_was_cut_short_contradicts_what_was_published(filled):
    with filled.read() as conn:
        last = evidence.size(conn) - 1
    tamper(
        filled,
        ("DELETE FROM body WHERE idx >= ?", last - 5),
        ("DELETE FROM entry WHERE idx >= ?", last - 5),
        ("DELETE FROM checkpoint WHERE size > ?", last - 5),
    )
    assert (-1, "published") in problems(filled)


def test_two_entries_that_changed_places_are_found(filled):
    first, second = blob(filled, 20), blob(filled, 21)
    tamper(
        filled,
        ("UPDATE entry SET data = ? WHERE idx = 20", second),
        ("UPDATE entry SET data = ? WHERE idx = 21", first),
    )
    assert {(20, "columns"), (20, "chain"), (20, "tile")} <= problems(filled)


def test_a_column_that_says_another_than_the_bytes_is_found(filled):
    tamper(filled, ("UPDATE entry SET received = received + 1 WHERE idx = 30",))
    assert problems(filled) == {(30, "columns")}


def test_a_changed_line_is_found_when_bodies_are_read(filled):
    with filled.read() as conn:
        data = bytearray(conn.exec_driver_sql("SELECT data FROM body WHERE idx = 50").scalar())
    data[20] ^= 1
    tamper(filled, ("UPDATE body SET data = ? WHERE idx = 50", bytes(data)))
    assert problems(filled) == set()
    assert problems(filled, bodies=True) == {(50, "body")}


def test_a_missing_body_is_found_and_a_plan_is_held_to_its_digest(filled):
    with filled.read() as conn:
        last = evidence.size(conn) - 1
    tamper(
        filled,
        ("DELETE FROM body WHERE idx = 51",),
        ("UPDATE body SET data = x'00', enc = 0 WHERE idx = ?", last),
    )
    assert problems(filled, bodies=True) == {(51, "body"), (last, "body")}


def test_a_missing_and_a_wrong_tile_are_found(filled):
    tamper(filled, ("DELETE FROM tile WHERE n = 0",))
    assert (-1, "tile") in problems(filled)


def test_a_checkpoint_by_another_key_is_found(filled):
    tamper(filled, ("UPDATE checkpoint SET note = replace(note, '— test', '— tost')",))
    assert {code for _, code in problems(filled)} == {"checkpoint"}


def test_a_good_log_is_good_in_every_mode_packed_or_not(filled):
    runner = CliRunner()
    where = str(filled.directory)
    for options in ((), ("--bodies",), ("--full",)):
        done = runner.invoke(fsck, [where, *options])
        assert done.exit_code == 0, done.output
    report = json.loads(runner.invoke(fsck, [where, "--full", "--json"]).output)
    assert (report["batches"], report["problems"]) == (BATCHES, [])
    assert report["signatures"] > BATCHES and report["bodies"] == BATCHES + 1


def test_what_is_not_a_collector_exits_with_two(tmp_path):
    assert CliRunner().invoke(fsck, [str(tmp_path)]).exit_code == 2


def test_the_triggers_refuse_what_tampering_would_need(filled):
    for statement in (
        "UPDATE entry SET received = 0 WHERE idx = 3",
        "UPDATE entry SET data = NULL WHERE idx = 3",
        "DELETE FROM entry WHERE idx = 3",
        "DELETE FROM body WHERE idx = 10",
        "UPDATE body SET enc = 0 WHERE idx = 10",
        "UPDATE tile SET data = x'00'",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET note = ''",
    ):
        with pytest.raises(Exception, match="append-only"), filled.write() as conn:
            conn.exec_driver_sql(statement)


def test_packing_keeps_every_byte_and_is_refused_for_what_does_not_fit(filled):
    before = {idx: blob(filled, idx) for idx in (0, 17, 255)}
    later = filled.now() + 3 * 24 * 3600 * 1000
    filled.now = lambda: later
    from collector.jobs.batches import lines_of, read_batches
    from collector.jobs.packing import pack_finished
    from collector.store import packs

    with filled.read() as conn:
        wanted = [(b.idx, b.seq, tuple(b.rows)) for b in read_batches(conn, 0, 1000)]
        lines = lines_of(conn, 60)
    groups, was, now = pack_finished(filled)
    assert (groups, now < was) == (1, True)
    with filled.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM entry WHERE data IS NULL").scalar() == 256
        assert {idx: packs.entry(conn, idx).data for idx in before} == before
        assert [(b.idx, b.seq, tuple(b.rows)) for b in read_batches(conn, 0, 1000)] == wanted
        assert lines_of(conn, 60) == lines
    assert problems(filled, full=True) == set()
    assert CliRunner().invoke(pack, [str(filled.directory)]).exit_code == 0
    with pytest.raises(Exception, match="append-only"), filled.write() as conn:
        conn.exec_driver_sql("DELETE FROM pack")
    data = bytearray(before[17])
    data[40] ^= 1
    tamper(filled, ("UPDATE pack SET entries = x'00'",))
    assert (0, "pack") in problems(filled)


def test_a_directory_with_the_triggers_of_an_older_release_packs_too(filled):
    from collector.jobs.packing import pack_group

    with closing(sqlite3.connect(filled.directory / "collector.db")) as raw:
        raw.execute("DROP TRIGGER entry_no_delete")
        refuse = "BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END"
        raw.execute(f"CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry {refuse}")
        raw.commit()
    with filled.write() as conn:
        create_tables(conn)
    before, after = pack_group(filled, 0)
    assert after < before and problems(filled, full=True) == set()
    for idx in (3, 280):  # packed rows keep what they say; others are not let go at all
        with pytest.raises(Exception, match="append-only"), filled.write() as conn:
            conn.exec_driver_sql("UPDATE entry SET received = 0, data = NULL WHERE idx = ?", (idx,))
    with pytest.raises(Exception, match="append-only"), filled.write() as conn:
        conn.exec_driver_sql("DELETE FROM entry WHERE idx = 280")


def test_a_group_whose_entries_do_not_make_their_tile_is_not_packed(filled):
    from collector.jobs.packing import pack_group
    from collector.store.evidence import Damaged

    data = bytearray(blob(filled, 17))
    data[40] ^= 1
    tamper(filled, ("UPDATE entry SET data = ? WHERE idx = 17", bytes(data)))
    with pytest.raises(Damaged, match="do not make the stored tile"):
        pack_group(filled, 0)
    assert blob(filled, 17) == bytes(data)
