"""`roundseal-agent backup verify`: an administrator, one backup, no collector, no state."""

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.backup_progress import Bar, Watched
from agent.backup_verify import kinds
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from checks.api import Source
from checks.files import Where


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(["backup", "verify", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A tar.gz of two files, private to its owner."""
    path = tmp_path / "etc.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        for name in ("a.txt", "b.txt"):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 40_000, int(path.stat().st_mtime) if path.exists() else 1_700_000_000
            made.addfile(info, io.BytesIO(os.urandom(40_000)))
    path.chmod(0o600)
    return path


def test_a_whole_archive_is_well_formed(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, str(archive), "--kind", "archive", "--upto", "present", "--json")
    assert (code, err) == (0, ""), out
    value = json.loads(out)
    assert value["verdict"] == "good" and value["facts"]["artefacts"][0]["base"]["name"] == "etc.tar.gz"
    _, out, _ = run(capsys, str(archive), "--kind", "archive")
    assert "etc.tar.gz:well_formed good" in " ".join(out.split())


def test_an_archive_that_was_cut_is_bad(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive.write_bytes(archive.read_bytes()[:-5000])
    archive.chmod(0o600)
    code, out, _ = run(capsys, str(archive), "--kind", "archive")
    assert code == 1, out
    assert "well_formed" in out and "truncated" in out


def test_what_a_higher_level_says_does_not_count_when_it_is_not_asked(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.write_bytes(archive.read_bytes()[:-5000])
    archive.chmod(0o600)
    code, out, _ = run(capsys, str(archive), "--kind", "archive", "--upto", "present")
    assert code == 0, out
    assert "well_formed" not in out


def test_what_is_said_beside_the_levels_counts_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = (Path(__file__).parents[1] / "reports" / "outputs" / "bacula-jobs.log").read_text()
    (tmp_path / "jobs.log").write_text(
        log.replace("JobId:                  5\n", "JobId:                  9\n")
    )
    words = [str(tmp_path / "jobs.log"), "--kind", "report", "--param", "reader=bacula-job"]
    words += ["--param", "zone_min=0", "--param", 'jobs=["oa-files"]', "--param", "artefacts=1"]
    code, out, _ = run(capsys, *words)
    assert "oa-files/6:present good" in " ".join(out.split())
    assert (code, "gap" in out) == (1, True), out  # a job that no report names
    assert run(capsys, *words, "--upto", "present")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("/nowhere/x", "--kind", "archive"), "no_such_file"),
        (("{}", "--kind", "tape"), "unknown_kind"),
        (("{}", "--kind", "access"), "unknown_kind"),
        (("{}", "--kind", "archive", "--upto", "best"), "unknown_level"),
        (("{}", "--kind", "archive", "--param", "nonsense=1"), "bad_param"),
        (("{}", "--kind", "archive", "--fingerprint", "f.json"), "bad_param"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(
    archive: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code, _, err = run(capsys, *(word.format(archive) for word in words))
    assert code == 2
    assert said in err


def test_brackets_stars_and_percents_in_a_name_are_no_pattern(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = archive.read_bytes()
    for cut, other in (
        ("a[1].tar.gz", "a1.tar.gz"),
        ("b*.tar.gz", "bb.tar.gz"),
        ("%Y.tar.gz", "2026.tar.gz"),
    ):
        for name, content in ((other, whole), (cut, whole[:-5000])):
            (archive.parent / name).write_bytes(content)
            (archive.parent / name).chmod(0o600)
        code, out, _ = run(capsys, str(archive.parent / cut), "--kind", "archive")
        assert code == 1 and "truncated" in out and f"{cut.replace('%', '%25')}:level" in out, out


def test_a_name_too_long_for_anything_beside_it_is_read_as_well(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = archive.rename(archive.with_name("x" * 248 + ".tar.gz"))
    code, out, err = run(capsys, str(long), "--kind", "archive")
    assert (code, err) == (0, ""), out


def test_a_fingerprint_that_is_not_there_is_named(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, str(archive), "--kind", "postgres", "--fingerprint", "/nowhere/f.json")
    assert code == 2 and "no_such_file: /nowhere/f.json" in err


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind not in {"archive", "file", "report"}])
def test_no_file_or_directory_of_another_kind_is_good_or_a_traceback(
    archive: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    folder = archive.parent / "folder"
    folder.mkdir(mode=0o700)
    archive.rename(folder / archive.name)
    for path in (folder / archive.name, folder):
        code, out, _ = run(capsys, str(path), "--kind", kind)
        assert code in (1, 2) and out, path


def test_the_check_itself_takes_its_path_from_the_target(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = archive.parent / "state"
    code = cli.main(["check", "backup.archive", "--target", str(archive), "--state", str(state), "--json"])
    value = json.loads(capsys.readouterr().out)
    assert value["check"] == "backup.archive" and code in (0, 1, 2)
    assert value["facts"]["artefacts"][0]["base"]["bytes"] == archive.stat().st_size


def test_it_needs_no_state_and_writes_none(archive: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "agent.cli", "backup", "verify", str(archive), "--kind", "archive", "--json"],
        capture_output=True, env={**os.environ, "HOME": str(archive.parent)}, timeout=300,
    )  # fmt: skip
    assert made.stderr == b"" and json.loads(made.stdout)["kind"] == "archive"
    assert sorted(p.name for p in archive.parent.iterdir()) == ["etc.tar.gz"]


def test_the_bar_counts_what_is_read_and_leaves_a_clean_line(archive: Path) -> None:
    out = io.StringIO()
    bar = Bar(archive.stat().st_size, out)
    bar._next = 0.0  # as after the first second
    source: Any = Watched(open_source(Source.BACKUP, Transient(), Means()), bar)
    with source.place(Where()) as place, place.open(str(archive)) as file:
        with gzip.open(file) as inner:
            assert len(inner.read(1000)) == 1000
        file.seek(0)
        whole = file.read()
    assert len(whole) == archive.stat().st_size
    bar.close()
    said = out.getvalue()
    assert "MB/s" in said and "%" in said and said.endswith("\r\033[K")
    assert bar.line(1.0).startswith("[")
