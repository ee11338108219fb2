"""The archived log of a real PostgreSQL 18: gaps, timelines, segments that are not what their names say."""

import gzip
import os
import shutil
import subprocess
from dataclasses import replace

import pytest

from checks.artefacts.levels import by_level
from checks.artefacts.wal import Gap, Range, Switch, gaps, ranges, read_history, segment_name
from checks.artefacts.walread import Expected, Log, judge_log

CHECK = "backup.wal"
MIB = 1 << 20


@pytest.fixture
def archive(backed, tmp_path):
    """A copy of the archive."""
    return backed.copy(tmp_path / "pg", "archive") / "archive"


def segments(archive):
    return sorted(one for one in archive.iterdir() if segment_name(one.name) and "partial" not in one.name)


def test_what_a_log_does_not_tell_is_not_good():
    log = Log(count=3, ranges=(Range(1, 1, 3),), newest_at=1000, systems=("7",))
    asked = Expected(timeout_s=60, system="7")

    def states(log):
        return {v.level.word: str(v.outcome) for v in by_level(judge_log(log, asked, 2000)).values()}

    assert set(states(log).values()) == {"good"}
    assert states(replace(log, newest_at=None))["connected"] == "could_not_tell"
    assert states(replace(log, systems=()))["true"] == "could_not_tell"


def test_an_archive_without_gaps_is_good(archive, looker):
    seen = looker(CHECK, path=archive).look(archive_timeout_s=3600).kept("ok")
    assert seen.bad() == {}
    log = seen.facts.artefacts[0].log
    assert log.size == MIB and log.since and len(log.systems) == 1 and log.count >= 8


def test_a_segment_gone_from_the_middle_is_a_gap(archive, looker):
    gone = segments(archive)[5]
    gone.unlink()
    seen = looker(CHECK, path=archive).look().kept("crit_gap")
    assert seen.bad() == {"archive:connected": "crit gap"}
    assert len(seen.facts.artefacts[0].log.ranges) == 2


def test_segments_before_the_oldest_backup_may_be_gone(archive, backed, looker):
    segments(archive)[0].unlink()
    assert looker(CHECK, path=archive).look().bad() == {}
    # Purged up to the last backup that still stands (B24).
    for one in segments(archive)[:5]:
        one.unlink()
    for one in archive.glob("*.backup"):
        one.unlink()
    assert looker(CHECK, path=archive).look().bad() == {}
    assert looker(CHECK, path=archive).look(backups=str(backed.server.place / "full")).state == "crit"
    assert looker(CHECK, path=archive).look(backups=str(backed.server.place / "other")).bad() == {}


def test_an_archive_that_stopped_is_found_by_its_newest_segment(archive, looker):
    looks = looker(CHECK, path=archive, archive_timeout_s=300)
    looks.late_ms = 3_600_000
    assert looks.look().kept("crit_stopped").bad() == {"archive:connected": "crit log_stopped"}
    looks.late_ms = 600_000
    assert looks.look().bad() == {}


def test_compressed_segments_are_read_once_and_a_cut_one_is_found(archive, looker):
    for one in segments(archive):
        with gzip.open(f"{one}.gz", "wb", compresslevel=1) as out:
            out.write(one.read_bytes())
        one.unlink()
    looks = looker(CHECK, path=archive)
    assert looks.look(read=2).kept("unknown_not_all_read").bad() == {
        "archive:well_formed": "unknown not_read"
    }
    assert looks.look().bad() == {}
    os.truncate(max(archive.glob("*.gz")), 2000)
    assert looks.look().bad() == {"archive:well_formed": "crit damaged"}


@pytest.mark.parametrize(("program", "ending"), [("zstd", "zst"), ("lz4", "lz4")])
def test_segments_packed_by_other_tools_are_read_by_them(archive, looker, program, ending):
    if shutil.which(program) is None:
        pytest.skip(f"NOT TESTED: no {program} here")
    for one in segments(archive):
        with open(one, "rb") as plain, open(f"{one}.{ending}", "wb") as packed:
            subprocess.run([program, "-qc"], stdin=plain, stdout=packed, check=True)
        one.unlink()
    assert looker(CHECK, path=archive).look().bad() == {}


def test_a_segment_that_is_short_or_renamed_is_found(archive, looker):
    looks = looker(CHECK, path=archive)
    assert looks.look().bad() == {}
    whole = segments(archive)
    os.truncate(whole[4], MIB // 2)
    seen = looks.look()
    assert seen.bad() == {"archive:well_formed": "crit damaged"}
    assert seen.facts.artefacts[0].log.wrong[0].endswith("truncated")
    shutil.copy(whole[3], whole[4])
    assert looks.look().bad() == {"archive:well_formed": "crit damaged"}


def test_segments_of_another_cluster_are_found(archive, looker):
    seen = looker(CHECK, path=archive, system="7").look()
    assert seen.bad() == {"archive:true": "crit wrong_source"}


def test_an_empty_archive_and_none_at_all_are_bad(tmp_path, looker):
    (tmp_path / "wal").mkdir(mode=0o700)
    assert looker(CHECK, path=tmp_path / "wal").look().word("wal:present") == "crit empty"
    assert looker(CHECK, path=tmp_path / "none").look().kept("crit_missing").state == "crit"


def test_a_failover_is_no_gap(backed, looker, tmp_path):
    server = backed.server
    server.call("mkdir", "-m", "0700", "second_archive")
    server.call("cp", "-a", "tarred", "standby_tar")
    server.call("mkdir", "-m", "0700", "standby")
    server.call("tar", "-xzf", "standby_tar/base.tar.gz", "-C", "standby")
    server.call("sh", "-c", "cp archive/* second_archive/")
    server.call("touch", "standby/standby.signal")
    server.start(
        "standby", "port=5433", f"restore_command='cp {server.place}/archive/%f %p'", "archive_mode=on",
        f"archive_command='cp %p {server.place}/second_archive/%f'", "hot_standby=on",
    )  # fmt: skip
    try:
        server.tool("pg_ctl", "-D", "standby", "-w", "promote")
        for _ in range(3):
            write = "SELECT pg_logical_emit_message(false, 'x', repeat('y', 9999)); SELECT pg_switch_wal()"
            server.tool("psql", "-h", str(server.place), "-p", "5433", "-U", "postgres", "-qc", write)
    finally:
        # A fast stop waits for the archiver.
        server.stop("standby", "fast")
    archive = backed.copy(tmp_path / "pg", "second_archive") / "second_archive"
    assert (archive / "00000002.history").exists()
    seen = looker(CHECK, path=archive).look().kept("ok_failover")
    assert seen.bad() == {}
    log = seen.facts.artefacts[0].log
    assert {one.timeline for one in log.ranges} == {1, 2} and log.switches[0].parent == 1
    (archive / "00000002.history").unlink()
    assert looker(CHECK, path=archive).look().bad() == {"second_archive:connected": "crit gap"}


def test_gaps_are_looked_for_on_the_way_from_the_oldest_backup_to_now():
    def of(held, switches=(), since=None):
        return list(gaps(held, switches, since, MIB))

    whole, left = [Range(1, 1, 5), Range(2, 6, 9)], Switch(2, 1, 6 * MIB + 100)
    assert of(whole, [left], (1, 2)) == []
    assert of([Range(1, 1, 8), Range(2, 6, 9)], [left], (1, 2)) == []
    assert of([Range(1, 1, 4), Range(2, 6, 9)], [left], (1, 2)) == [Gap(1, 5, 1)]
    assert of([Range(1, 1, 5), Range(2, 7, 9)], [left], (1, 2)) == [Gap(2, 6, 1)]
    assert of(whole, [], (1, 2)) == [Gap(2, 0, 0)]
    assert of([Range(2, 6, 9)], [left], (2, 7)) == []
    assert of([Range(2, 6, 9)], [left], (1, 5)) == [Gap(1, 5, 1)]
    assert of([], [], (1, 5)) == []


def test_names_and_histories_are_read_exactly():
    assert segment_name("00000001000000000000000A.partial").partial
    assert segment_name("00000001000000000000000A-" + "0" * 40 + ".gz").sha1 == "0" * 40
    assert segment_name("00000001000000000000000A.00000028.backup") is None
    assert segment_name("00000001000000000000000g") is None
    ends = [segment_name(f"0000000100000001000000{x}") for x in ("00", "01")]
    before = segment_name("00000001000000000000000F")
    assert ranges([*ends, before], 256 * MIB) == (Range(1, 15, 17),)
    assert read_history(3, b"1\t0/500000\tno\n# x\n2\t0/900000\tno\n") == (
        Switch(2, 1, 0x500000), Switch(3, 2, 0x900000),
    )  # fmt: skip
