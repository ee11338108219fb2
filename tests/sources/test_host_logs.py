"""Logs that vanish, rotate, are truncated or hold other encodings; then ones that just grow."""

import gzip
import os
import shutil
from pathlib import Path

import pytest

from agent.sources import host_logs
from agent.sources.host import open_host
from agent.sources.host_counts import Tally
from agent.sources.memory import Transient
from checks.sources import LogGrowth

BAD = "Nov 21 09:11:02 web-01 sshd[812]: Failed password for root from 192.0.2.44\n"
GOOD = "Nov 21 09:10:01 web-01 sshd[811]: session opened\n"
FIRST = "Nov 21 09:00:00 web-01 syslogd: started, this line tells the file from its successor\n"


class Watched:
    """A log with the memory of the looks at it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "secure"
        self.memory = Transient()

    def add(self, text: str | bytes) -> None:
        with self.path.open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def look(self, most: int = 1 << 20, ignore: tuple[str, ...] = ()) -> LogGrowth:
        tally = Tally({"failed": "failed password|登录失败"}, ignore, most)
        return host_logs.growth(self.path, "/var/log/secure", self.memory, tally)


@pytest.fixture
def log(tmp_path: Path) -> Watched:
    made = Watched(tmp_path)
    made.add(FIRST)
    made.look()
    return made


def test_a_missing_log_and_a_folder_in_its_place_are_troubles(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert watched.look().trouble == "missing"
    watched.path.mkdir()
    assert watched.look().trouble == "not_a_file"


def test_a_pipe_in_its_place_does_not_hang(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    os.mkfifo(watched.path)
    assert watched.look().trouble == "not_a_file"


def test_lines_deleted_by_rotation_are_lost_and_said_so(log: Watched) -> None:
    log.add(BAD)
    log.path.unlink()
    log.add("Nov 22 00:00:00 web-01 syslogd: another file\n" + BAD)
    found = log.look()
    assert (found.rotated, found.lost, found.counts["failed"]) == (True, True, 1)


def test_a_file_that_was_replaced_by_a_longer_one_under_the_same_inode_is_noticed(log: Watched) -> None:
    with log.path.open("r+b") as file:
        file.write(b"X" * 4000 + b"\n" + BAD.encode())
    found = log.look()
    assert (found.lost, found.counts["failed"]) == (True, 1)


def test_lines_beyond_the_limit_are_measured_not_counted(log: Watched) -> None:
    log.add(BAD * 10)
    found = log.look(most=len(BAD) * 4)
    assert (found.lines, found.counts["failed"], found.skipped) == (4, 4, len(BAD) * 6)


def test_a_damaged_archive_is_passed_over(log: Watched) -> None:
    log.add(BAD)
    log.path.unlink()
    (log.path.parent / "secure-20261121.gz").write_bytes(b"\x1f\x8b\x08\x00damaged")
    (log.path.parent / "secure.1").mkdir()
    log.add(GOOD)
    assert log.look().lost


def test_what_an_older_agent_kept_means_a_first_look(log: Watched) -> None:
    log.memory.swap("log:/var/log/secure", {"offset": 3})
    assert log.look().first_look


def test_the_first_look_reads_nothing_and_sets_the_cursor(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.add(BAD * 3)
    first = watched.look()
    assert (first.first_look, first.lines, first.begin) == (True, 0, len(BAD) * 3)
    assert watched.look().lines == 0


def test_a_line_that_is_still_being_written_waits_for_its_end(log: Watched) -> None:
    log.add(BAD + BAD[:30])
    assert log.look().counts["failed"] == 1
    log.add(BAD[30:])
    found = log.look()
    assert (found.lines, found.counts["failed"]) == (1, 1)


def test_a_log_renamed_by_rotation_is_read_to_its_end(log: Watched) -> None:
    log.add(BAD)
    log.path.rename(log.path.with_name("secure-20261121"))
    log.add(BAD + GOOD)
    found = log.look()
    assert (found.rotated, found.lost, found.lines, found.counts["failed"]) == (True, False, 3, 2)
    assert log.look().lines == 0


def test_two_rotations_between_looks_lose_nothing(log: Watched) -> None:
    log.add(BAD)
    log.path.rename(log.path.with_name("secure.2"))
    log.add(BAD * 2)
    log.path.rename(log.path.with_name("secure.1"))
    os.utime(log.path.with_name("secure.2"), (1_000_000, 1_000_000))
    log.add(BAD * 4)
    found = log.look()
    assert (found.lost, found.counts["failed"]) == (False, 7)


def test_a_log_compressed_at_once_is_read_from_the_archive(log: Watched) -> None:
    log.add(BAD * 2)
    log.path.with_name("secure.1.gz").write_bytes(gzip.compress(log.path.read_bytes()))
    log.path.unlink()
    log.add(BAD)
    found = log.look()
    assert (found.rotated, found.lost, found.counts["failed"]) == (True, False, 3)


def test_copytruncate_is_followed_into_the_copy(log: Watched) -> None:
    log.add(BAD * 2)
    shutil.copyfile(log.path, log.path.with_name("secure.1"))
    os.truncate(log.path, 0)
    log.add(GOOD)
    found = log.look()
    assert (found.rotated, found.lost, found.lines, found.counts["failed"]) == (True, False, 3, 2)


def test_copytruncate_that_outgrew_the_old_offset_is_still_noticed(log: Watched) -> None:
    log.add(BAD)
    shutil.copyfile(log.path, log.path.with_name("secure.1"))
    os.truncate(log.path, 0)
    log.add(GOOD + BAD * 20)
    found = log.look()
    assert (found.rotated, found.lost, found.counts["failed"]) == (True, False, 21)


def test_gbk_and_broken_bytes_are_lines_too(log: Watched) -> None:
    log.add("09:12:00 用户 zhang 登录失败\n".encode("gbk"))
    log.add("09:12:01 用户 zhang 登录失败\n".encode())
    log.add(b"\xff\xfe\x81 Failed password \xff\n")
    log.add(b"\x00\x00\n\n")
    found = log.look()
    assert (found.lines, found.counts["failed"]) == (5, 3)


def test_a_line_without_end_is_cut_and_does_not_fill_the_memory(log: Watched) -> None:
    log.add(b"x" * 200_000)
    found = log.look()
    assert found.read == 200_000 and found.lines == 4


def test_ignored_lines_are_read_but_not_counted(log: Watched) -> None:
    log.add(BAD + BAD.replace("192.0.2.44", "10.20.0.9"))
    found = log.look(ignore=(r"10\.20\.0\.9",))
    assert (found.lines, found.counts["failed"]) == (2, 1)


def test_the_facts_hold_no_line_and_the_digest_is_of_what_was_read(log: Watched) -> None:
    from hashlib import sha256

    log.add(BAD)
    found = log.look()
    assert found.digest == sha256(BAD.encode()).hexdigest()
    assert "192.0.2.44" not in repr(found)


JOURNAL = r"""#!/bin/sh
# a journalctl that knows the entries in the file beside it
entries="$(dirname "$0")/entries"
from=$(echo "$*" | sed 's/.*--cursor=//')
case "$*" in
*--lines=1*) tail -n 1 "$entries" ;;
*--cursor=*) if grep -q "CURSOR\":\"$from\"" "$entries"
  then sed -n "/CURSOR\":\"$from\"/,\$p" "$entries"; else cat "$entries"; fi ;;
esac
"""


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "journalctl"
    program.write_text(JOURNAL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "entries").write_text("")
    stored(tmp_path).parent.mkdir(parents=True)
    stored(tmp_path).touch()
    return tmp_path / "entries"


def stored(root: Path) -> Path:
    """The file in which journald would keep the entries."""
    return root / "var/log/journal/0123/system.journal"


def entries(*messages: str, start: int = 1) -> str:
    return "".join(f'{{"__CURSOR":"s={i}","MESSAGE":{m}}}\n' for i, m in enumerate(messages, start))


def test_the_journal_is_followed_by_its_cursor(journal: Path) -> None:
    host = open_host(Transient(), journal.parent)

    def look() -> LogGrowth:
        return host.log_growth("journal", {"failed": "failed password|登录失败"}, (), 1 << 20)

    assert look().trouble == "empty"
    journal.write_text("no json\n")
    assert look().trouble == "unreadable"
    journal.write_text(entries('"old"', '"Failed password"'))
    assert look().first_look
    assert look().lines == 0
    with journal.open("a") as file:
        # 登录失败 in GBK: journalctl writes such a message as bytes; null is one that was too long
        raw = str(list("登录失败".encode("gbk")))
        file.write(entries('"Failed password"', raw, "null", '["Failed password","x"]', start=3))
    found = look()
    assert (found.lines, found.counts["failed"], found.lost) == (4, 3, False)


def test_a_vacuumed_journal_has_lost_some_and_counts_the_rest(journal: Path) -> None:
    host = open_host(Transient(), journal.parent)
    journal.write_text(entries('"a"'))
    host.log_growth("journal", {"bad": "bad"}, (), 1 << 20)
    journal.write_text(entries('"bad"', '"bad"', '"good"', start=90))
    found = host.log_growth("journal", {"bad": "bad"}, (), 1 << 20)
    assert (found.lost, found.lines, found.counts["bad"]) == (True, 3, 2)
    journal.write_text(entries('"bad"', start=200))  # and once more, down to a single entry
    found = host.log_growth("journal", {"bad": "bad"}, (), 1 << 20)
    assert (found.lost, found.counts["bad"]) == (True, 1)


def test_a_journalctl_that_prints_nothing_from_the_cursor_on_is_a_trouble(journal: Path) -> None:
    host = open_host(Transient(), journal.parent)
    journal.write_text(entries('"a"'))
    host.log_growth("journal", {}, (), 1 << 20)
    journal.with_name("journalctl").write_text(
        '#!/bin/sh\ncase "$*" in *--lines=1*) echo \'{"__CURSOR":"s=7","MESSAGE":null}\';; esac\n'
    )
    assert host.log_growth("journal", {}, (), 1 << 20).trouble == "unreadable"


def test_a_journal_that_has_not_changed_is_not_asked_again_and_one_that_has_is(journal: Path) -> None:
    host, file = open_host(Transient(), journal.parent), stored(journal.parent)

    def look() -> LogGrowth:
        return host.log_growth("journal", {"bad": "bad"}, (), 1 << 20)

    journal.write_text(entries('"a"'))
    long_ago = file.stat().st_mtime - 3600
    os.utime(file, (long_ago, long_ago))
    assert look().first_look
    journal.write_text(entries('"a"', '"bad"'))
    assert look().lines == 0, "its file says that nothing came"
    os.utime(file, (long_ago + 60, long_ago + 60))
    assert look().counts["bad"] == 1


def test_a_machine_without_a_journal_is_not_asked_for_one(journal: Path) -> None:
    stored(journal.parent).unlink()
    journal.write_text(entries('"a"'))
    host = open_host(Transient(), journal.parent)
    assert host.log_growth("journal", {}, (), 1 << 20).trouble == "empty"


def test_the_system_s_own_logs_are_files_before_the_journal(tmp_path: Path) -> None:
    host = open_host(Transient(), tmp_path)
    assert host.system_logs() == []
    (tmp_path / "run/log/journal").mkdir(parents=True)
    assert host.system_logs() == ["journal"]
    (tmp_path / "var/log").mkdir(parents=True)
    (tmp_path / "var/log/auth.log").touch()
    assert host.system_logs() == ["/var/log/auth.log"]
