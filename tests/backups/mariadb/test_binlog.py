"""Binary logs of a real MariaDB."""

import gzip
import os
import shutil
import subprocess

import pytest

from checks.artefacts.binlog import BinlogError, read_binlog

CHECK = "backup.binlog"


@pytest.fixture
def logs(maria, tmp_path):
    """Five files, the last one still open."""
    for number in range(4):
        maria.sql(f"INSERT INTO shop.nokey VALUES ({number}, 'log'); FLUSH BINARY LOGS")
    place = tmp_path / "logs"
    place.mkdir(mode=0o700)
    for one in sorted((maria.place / "data").glob("bin.0*"))[-5:]:
        shutil.copy2(one, place)
    return place


def test_files_that_go_on_from_each_other_are_good_and_read_once(logs, looker):
    looks = looker(CHECK, path=logs)
    seen = looks.look(every_s=3600).kept("ok")
    assert seen.bad() == {}
    one = seen.facts.artefacts[0].logs
    assert one.count == 5 and one.last - one.first == 4 and one.name == "bin"
    assert looks.look().facts == seen.facts
    subprocess.run(["mariadb-binlog", "--verify-binlog-checksum", *sorted(logs.iterdir())], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def test_a_missing_file_is_a_gap(logs, looker):
    sorted(logs.iterdir())[2].unlink()
    assert looker(CHECK, path=logs).look().kept("crit_gap").bad() == {"logs:connected": "crit gap"}


def test_files_before_the_first_that_is_needed_may_be_gone(logs, looker):
    first = sorted(logs.iterdir())[0]
    number = int(first.name.rpartition(".")[2])
    first.unlink()
    assert looker(CHECK, path=logs).look().bad() == {}
    assert looker(CHECK, path=logs, since=number).look().bad() == {"logs:connected": "crit gap"}


def test_a_flipped_byte_and_a_cut_are_found(logs, looker):
    files = sorted(logs.iterdir())
    looks = looker(CHECK, path=logs)
    assert looks.look().bad() == {}
    raw = bytearray(files[1].read_bytes())
    raw[-60] ^= 1
    files[1].write_bytes(raw)
    assert looks.look().bad() == {"logs:well_formed": "crit damaged"}
    raw[-60] ^= 1
    files[1].write_bytes(raw[:-20])
    assert looks.look().facts.artefacts[0].logs.wrong[0].endswith("truncated")


def test_a_file_under_another_ones_number_breaks_the_row(logs, looker):
    files = sorted(logs.iterdir())
    shutil.copy2(files[0], files[2])
    seen = looker(CHECK, path=logs).look()
    assert seen.bad() == {"logs:connected": "crit gap"}
    assert seen.facts.artefacts[0].logs.breaks


def test_compressed_files_are_read_and_an_unended_one_in_the_middle_is_cut(logs, looker):
    files = sorted(logs.iterdir())
    for one in files[:-1]:
        with gzip.open(f"{one}.gz", "wb") as out:
            out.write(one.read_bytes())
        one.unlink()
    assert looker(CHECK, path=logs).look().bad() == {}
    assert looker(CHECK, path=logs).look(read=2).kept("unknown_not_all_read").bad() == {
        "logs:well_formed": "unknown not_read"
    }
    os.rename(files[-1], files[-1].with_name(f"bin.{int(files[-1].name[4:]) - 5:06}"))
    assert "crit damaged" in looker(CHECK, path=logs).look().bad().values()


def test_archiving_that_stopped_is_found(logs, looker):
    looks = looker(CHECK, path=logs, every_s=600)
    looks.late_ms = 7_200_000
    assert looks.look().bad() == {"logs:connected": "crit log_stopped"}


def test_hostile_bytes_end_in_one_error():
    magic = b"\xfebin"
    for raw in (b"", b"\xfe", magic, magic + b"\0" * 19, magic + b"\xff" * 30, os.urandom(100),
                magic + bytes(9) + (19).to_bytes(4, "little") + bytes(6)):  # fmt: skip
        with pytest.raises(BinlogError):
            read_binlog(iter([raw]))
