"""`roundseal-collector backups`: words, JSON, the record as a file, exit codes."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from checks.wire import strict_json
from collector.cli import main
from collector.jobs import backups as jobs
from collector.reports import backup_record
from collector.reports.record_view import EmptyRecordError
from collector.store import packs
from collector.store.content import content


def run(site: Any, *words: str) -> Any:
    return CliRunner().invoke(main, ["backups", str(site.context.directory), *words])


def account(site: Any) -> jobs.Account:
    with site.context.read() as conn:
        return jobs.account(conn, site.context.now())


def test_what_is_bad_is_said_and_ends_with_1(site: Any) -> None:
    found = run(site)
    assert found.exit_code == 1, found.output
    assert "bad L0 missing: full/2026-11-05" in found.output and "[HA-08]" in found.output
    assert "tested: never" in found.output


def test_what_it_comes_to_by_clause_is_there_for_the_account_of_obligations(site: Any) -> None:
    lines = json.loads(run(site, "--json").output)["obligations"]["lines"]
    assert set(lines) == {"HA-06", "HA-08", "HA-10", "HA-11", "HA-12"}
    assert not lines["HA-08"]["kept"] and lines["HA-08"]["standing"] >= 2


def test_one_object_as_json_as_the_log_stood_then(site: Any) -> None:
    found = run(site, "city/oa-db", "--as-of", "2026-10-20T12:00", "--json")
    value = json.loads(found.output)
    assert [one["name"] for one in value["objects"]] == ["city/oa-db"]
    assert {p["object"] for p in value["problems"]} <= {"city/oa-db"}
    assert found.exit_code == 0 and value["problems"] == []  # its first drill was due by the end of October


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "no_such_object"),
        (("--as-of", "yesterday"), "--as-of"),
        (("--period", "2026-11"), "belong together"),
        (("--period", "soon", "--to", "x.docx"), "bad_period"),
        (("--period", "2026-11", "--to", "x.odt"), "must end in"),
        (("--period", "2025", "--to", "x.pdf"), "empty_record"),
    ],
)
def test_what_cannot_be_done_ends_with_2(
    site: Any, words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run(site, *words)
    assert found.exit_code == 2 and said in found.output, found.output


def test_a_directory_without_backups_ends_with_2(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["backups", str(tmp_path)])
    assert found.exit_code == 2 and "run init" in found.output


def test_the_record_is_logged_once_for_what_it_says(site: Any) -> None:
    found = account(site)
    part = backup_record.part_of(site.context, found, (None, "2026-11"))
    first = backup_record.logged(site.context, part, "admin")
    again = backup_record.logged(site.context, part, "admin")
    assert again == first
    with site.context.read() as conn:
        assert content(packs.body(conn, first.idx)) == first.raw
    value = strict_json.loads(first.raw)
    assert value["backups"] == "2026-11" and len(value["objects"]) == 3
    assert {slot["day"][:7] for one in value["objects"] for slot in one["slots"]} == {"2026-11"}
    assert value["evidence"]["county/xian-1/oa-db"]["20261110.dmp"]


def test_the_record_of_a_time_when_nothing_was_due_cannot_be_made(site: Any) -> None:
    with pytest.raises(EmptyRecordError):
        backup_record.part_of(site.context, account(site), (None, "2025"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_record_says_what_is_wrong_in_words(site: Any, lang: str) -> None:
    part = backup_record.part_of(site.context, account(site), ("county/xian-2/oa-db", "2026-11"))
    made = backup_record.logged(site.context, part, "admin")
    paper = backup_record.paper(site.context, part, made, lang)
    problems = next(table for table in paper.tables if table.name == "backup-problems")
    said = {str(row[3]) for row in problems.rows}
    assert {"第二份与第一份不一致" if lang == "zh" else "second copy differs"} <= said
    drills = next(table for table in paper.tables if table.name == "backup-drills")
    restored = "恢复数据 2小时 5分" if lang == "zh" else "restore 2 h 5 min"
    assert any(restored in str(row[9]) for row in drills.rows)
    assert f"#{made.idx}" in dict(paper.proof).values()


def test_the_record_is_written_as_docx_xlsx_and_json(site: Any, tmp_path: Path) -> None:
    for kind in ("docx", "xlsx"):
        target = tmp_path / f"r.{kind}"
        assert run(site, "--period", "2026-11", "--to", str(target), "--lang", "en").exit_code == 0
        with ZipFile(target) as archive:
            texts = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".xml"))
        assert b"Restore drills" in texts and b"second copy differs" in texts
    target = tmp_path / "r.json"
    assert run(site, "--period", "2026-11", "--to", str(target)).exit_code == 0
    assert json.loads(target.read_text())["v"] == 1
