"""Reports of Bacula, Barman, pgBackRest, restic and borg, as their real programs wrote them."""

import json
import os
import shutil
from pathlib import Path

import pytest

from agent.sources.backup_readers import OURS, names, reader
from checks.api import ObservationError
from checks.artefacts import reports
from checks.artefacts.reports import Pack
from checks.codec import from_json

ID = "backup.report"
OUTPUTS = Path(__file__).parent / "outputs"
NOW = 1_795_300_000_000  # 2026-11-21 22:26 UTC


def jobs(pack, output, zone=0):
    return reports.read((OUTPUTS / output).read_bytes(), from_json(Pack, reader(pack)), zone)


@pytest.fixture
def place(tmp_path):
    tmp_path.chmod(0o700)
    made = tmp_path / "backup"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def look(verified, place):
    """Look at a copy of an output."""

    def run(pack, output="", name="", **params):
        if output:
            path = place / output
            shutil.copyfile(OUTPUTS / output, path)
            os.utime(path, (NOW // 1000 - 3600,) * 2)
        return verified(ID, {"path": str(place / "*"), "reader": pack, **params}, name=name, now=NOW)

    return run


def test_bacula_says_in_its_own_words_how_six_jobs_ended():
    found = jobs("bacula-job", "bacula-jobs.log")
    assert [(one.id, one.object, one.kind, one.outcome) for one in found] == [
        ("1", "oa-files", "full", "good"),
        ("2", "oa-files", "incremental", "good"),
        ("3", "oa-gone", "full", "unknown"),
        ("4", "oa-files", "incremental", "bad"),
        ("5", "oa-db", "full", "bad"),
        ("6", "oa-files", "incremental", "good"),
    ]
    assert (found[2].said, found[4].said) == ("Backup OK -- with warnings", "*** Backup Error ***")
    assert (found[0].bytes, found[0].files, found[0].copy) == (1_337_257, 8, "Vol-0001")
    # 21-Nov-2026 20:43:27, by a director whose clock shows Beijing's or Greenwich's time
    assert found[0].end == 1_795_293_807_000
    assert jobs("bacula-job", "bacula-jobs.log", 480)[0].end == 1_795_293_807_000 - 8 * 3_600_000


def test_its_mail_is_read_as_well():
    (one,) = jobs("bacula-job", "bacula-mail.eml")
    assert (one.id, one.object, one.outcome) == ("6", "oa-files", "good")


def test_barman_pgbackrest_restic_and_borg():
    assert [
        (one.id, one.object, one.outcome, one.bytes) for one in jobs("barman-list", "barman-list.json")
    ] == [
        ("20261121T204710", "main", "bad", None),
        ("20261121T204646", "main", "good", 40_128_660),
        ("20261121T204629", "main", "good", 40_128_659),
    ]
    full, incremental = jobs("pgbackrest-info", "pgbackrest-info.json")
    assert (full.object, full.kind, full.start, full.outcome) == ("demo", "full", 1_795_293_958_000, "good")
    assert (incremental.kind, incremental.copy) == ("incremental", full.id)
    snapshots = jobs("restic-snapshots", "restic-snapshots.json")
    assert {one.object for one in snapshots} == {"oa-1"} and all(one.end for one in snapshots)
    (one,) = jobs("restic-backup", "restic-backup.jsonl")
    assert (one.outcome, one.bytes, one.files) == ("good", 4_336_458, 7)
    (one,) = jobs("borg-create", "borg-create.json")
    assert (one.outcome, one.object, one.files) == ("good", "oa-3", 6)
    assert [one.object for one in jobs("borg-list", "borg-list.json")] == ["oa-1", "oa-2", "oa-3"]


def test_a_directory_that_was_skipped_is_not_passed_over():
    # restic 0.14 exits 0 and writes its summary as ever.
    (one,) = jobs("restic-backup", "restic-backup-skipped.jsonl")
    assert (one.said, one.outcome) == ("tainted", "unknown")


def test_the_newest_good_job_is_good_and_graded_e(look):
    seen = look("pgbackrest-info", "pgbackrest-info.json", name="ok_pgbackrest", artefacts=2, jobs=["de*"])
    assert seen.reasons == {}
    assert (seen.facts.grade, seen.facts.sample, seen.facts.stands.count) == ("E", "seen", 2)


def test_a_failed_job_without_a_time_is_not_passed_over(look):
    seen = look("barman-list", "barman-list.json", zone_min=0, name="crit_barman")
    assert seen.of("main/20261121T204710") == {"present": "job_failed"}
    assert seen.facts.stands.count == 2


def test_failures_and_words_nobody_knows(look):
    seen = look("bacula-job", "bacula-jobs.log", name="crit_bacula", zone_min=0, artefacts=6)
    assert seen.of("oa-db/5") == {"present": "job_failed"}
    assert seen.of("oa-files/4") == {"present": "job_failed"}
    assert seen.of("oa-gone/3") == {"present": "unknown_word"}
    assert seen.of("oa-files/6") == {} and "gaps" not in seen.reasons
    alone = look("bacula-job", zone_min=0, jobs=["oa-gone"], name="unknown_word")
    assert alone.reasons == {"present": "unknown_word"}
    assert str(alone.result.state) == "unknown"


def test_a_job_number_that_no_report_names_is_a_gap(look, place):
    text = (OUTPUTS / "bacula-jobs.log").read_text()
    (place / "jobs.log").write_text(
        text.replace("  JobId:                  5\n", "  JobId:                  9\n")
    )
    seen = look("bacula-job", zone_min=0)
    assert seen.reasons["gaps"] == "gap" and seen.facts.gaps == (5, 7, 8)


def test_silence_is_a_finding_and_so_is_nothing_at_all(look):
    assert look("bacula-job", zone_min=0, silence_s=86_400).reasons == {
        "stands": "missing",
        "silence": "late",
    }
    assert "silence" not in look("bacula-job", "bacula-jobs.log", zone_min=0, silence_s=86_400).reasons
    assert look("bacula-job", zone_min=0, silence_s=600).reasons["silence"] == "late"


def test_rubbish_and_clocks(look, place):
    (place / "a.json").write_text("{ no json")
    seen = look("pgbackrest-info")
    assert seen.reasons == {"stands": "missing", "reports": "not_read"}
    late = look("bacula-job", "bacula-jobs.log", zone_min=-480, jobs=["oa-files"])
    assert late.reasons["fresh"] == "from_the_future"


def test_a_pack_that_never_met_a_sample_proves_nothing(look, place):
    (place / "mail.txt").write_text(
        "任务名称：OA数据库\n任务编号：7\n备份类型：全量备份\n开始时间：2026-11-21 22:00:00\n"
        "结束时间：2026-11-21 23:00:00\n任务状态：成功\n数据量：1.5 GiB\n",
        "utf-8",
    )
    seen = look("anybackup-mail")
    assert seen.of("OA数据库/7") == {"present": "unsupported"}
    assert seen.facts.artefacts[0].base.bytes == 3 << 29


def test_packs_are_well_formed_and_say_whether_they_met_a_sample():
    with_sample = {"bacula-job", "barman-list", "pgbackrest-info", "restic-snapshots", "restic-backup"}
    with_sample |= {"borg-list", "borg-create"}
    for name in names():
        pack = from_json(Pack, reader(name))
        assert pack.name == name
        assert (pack.sample == "seen") == (name in with_sample)
        if pack.sample == "none":
            assert pack.note == "no sample seen" and "NO SAMPLE SEEN" in (OURS / f"{name}.yaml").read_text(
                "utf-8"
            )


def test_a_sites_own_pack_goes_first_and_a_bad_one_is_said(tmp_path):
    (tmp_path / "readers").mkdir()
    own = tmp_path / "readers" / "bacula-job.yaml"
    own.write_text("name: bacula-job\nproduct: ours\nfields: {status: ['x(.)']}\ngood: [a]\n")
    assert reader("bacula-job", tmp_path)["product"] == "ours"
    for text in ("name: other\n", "- a\n", "name: [\n"):
        own.write_text(text)
        with pytest.raises(ObservationError):
            reader("bacula-job", tmp_path)
    for name in ("../../etc/passwd", "nobody", "A"):
        with pytest.raises(ObservationError):
            reader(name, tmp_path)


def test_mails_in_gbk_and_html():
    raw = (
        b"From: a@example.org\r\nSubject: =?gb2312?B?sbi33Q==?=\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ) + "<table><tr><td>任务状态：成功</td></tr></table>".encode("gb2312")
    text = reports.text_of(raw)
    assert "Subject: 备份" in text and "\n任务状态：成功\n" in text
    assert json.dumps(text)
