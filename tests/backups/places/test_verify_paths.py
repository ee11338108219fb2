"""Paths given to `backup verify` that lead nowhere or elsewhere."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from open_checkout import packages

from agent import cli


def test_an_empty_path_is_a_mistake_and_not_what_lies_around(tmp_path, monkeypatch, capsys):
    (tmp_path / "20260301.dump").write_text("x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(["backup", "verify", "", "--kind", "file"])
    assert ended.value.code == 2
    assert "no path is given" in capsys.readouterr().err


def test_a_link_is_named_as_one_with_what_it_points_to(tmp_path, capsys):
    tmp_path.chmod(0o700)
    (tmp_path / "20260301.dump").write_text("x")
    link = tmp_path / "latest.dump"
    link.symlink_to("20260301.dump")
    assert cli.main(["backup", "verify", str(link), "--kind", "file", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "could_not_tell"
    reasons = {one["name"]: one["reason"] for one in told["readings"]}
    assert reasons["latest.dump:unchanged"] == "not_followed"
    assert cli.main(["backup", "verify", str(link), "--kind", "file"]) == 2
    assert f"{link} is a link to 20260301.dump: links are not followed" in capsys.readouterr().out


def test_a_file_that_is_no_fingerprint_is_a_mistake(tmp_path, capsys):
    tmp_path.chmod(0o700)
    (tmp_path / "20260301.sql").write_text("-- PostgreSQL database dump\n")
    words = ["backup", "verify", str(tmp_path / "20260301.sql"), "--kind", "postgres"]
    assert cli.main([*words, "--fingerprint", str(tmp_path / "20260301.sql")]) == 2
    assert "is no fingerprint" in capsys.readouterr().err


def test_a_mode_that_lets_others_read_says_that_it_is_not_the_content(tmp_path, capsys):
    tmp_path.chmod(0o700)
    made = tmp_path / "20260301.dump"
    made.write_text("x")
    made.chmod(0o644)
    assert cli.main(["backup", "verify", str(made), "--kind", "file"]) == 1
    assert "open_to_others: other accounts may read or change it" in capsys.readouterr().out
    made.chmod(0o640)
    cli.main(["backup", "verify", str(made), "--kind", "file"])
    assert "open_to_others" not in capsys.readouterr().out


def test_a_key_that_is_not_there_is_looked_for_where_it_says(tmp_path, capsys):
    (tmp_path / "state").mkdir(mode=0o700)
    made = tmp_path / "20260301.sql.age"
    made.write_bytes(
        b"age-encryption.org/v1\n-> X25519 " + b"A" * 43 + b"\n" + b"B" * 43 + b"\n--- " + b"C" * 43
    )
    made.chmod(0o600)
    words = ["backup", "verify", str(made), "--kind", "archive", "--state", str(tmp_path / "state")]
    assert cli.main([*words, "--param", "sealed.scheme=age", "--param", "sealed.secret=backup-key"]) == 2
    assert f"keys stand in {tmp_path / 'state' / 'secrets.yaml'}" in capsys.readouterr().out


@pytest.fixture
def closed():
    """A directory below one that everybody may enter, and that nobody but its owner may look into."""
    place = Path(tempfile.mkdtemp(prefix="rs-closed-"))
    place.chmod(0o755)
    inside = place / "20260301"
    inside.mkdir()
    (inside / "backup_manifest").write_text("{}")
    inside.chmod(0o000)
    yield inside
    inside.chmod(0o700)
    shutil.rmtree(place)


def as_nobody(path, kind):
    """Exit code and all that is said to somebody who may not look."""
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    words += [sys.executable, "-c", "import sys; from agent import cli; sys.exit(cli.main(sys.argv[1:]))"]
    given = [*words, "backup", "verify", str(path), "--kind", kind]
    done = subprocess.run(given, capture_output=True, text=True, check=False, cwd=packages())
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["basebackup", "barman", "mariabackup", "wal", "pgbackrest"])
def test_what_we_may_not_look_into_is_neither_empty_nor_missing(closed, kind):
    code, said = as_nobody(closed, kind)
    assert code == 2, said
    assert "empty" not in said and "missing " not in said


def test_what_lies_behind_a_closed_door_is_not_said_to_be_absent(closed):
    code, said = as_nobody(closed / "base.tar", "archive")
    assert code == 2 and "denied" in said and "not there" not in said


def test_a_file_where_a_repository_is_wanted_is_said_to_be_one(tmp_path, capsys):
    tmp_path.chmod(0o700)
    (tmp_path / "backup.tar").write_bytes(b"x")
    assert cli.main(["backup", "verify", str(tmp_path / "backup.tar"), "--kind", "pgbackrest"]) == 1
    assert "is a file: this kind of backup is a directory" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["base.tar.gz", "backup_manifest", "PG_VERSION"])
def test_a_backup_of_another_kind_is_not_a_broken_dump(tmp_path, capsys, name):
    tmp_path.chmod(0o700)
    made = tmp_path / "sunday"
    made.mkdir(mode=0o700)
    (made / name).write_text("15\n")
    assert cli.main(["backup", "verify", str(made), "--kind", "postgres", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    reasons = {one["name"]: one["reason"] for one in told["readings"]}
    assert (told["verdict"], reasons["sunday:well_formed"]) == ("could_not_tell", "unsupported")
    assert cli.main(["backup", "verify", str(made), "--kind", "postgres"]) == 2
    assert f"{made} holds what a backup of another kind does: --kind basebackup" in capsys.readouterr().out
    assert cli.main(["backup", "verify", str(made), "--kind", "basebackup"]) != 0
    assert "another kind" not in capsys.readouterr().out
    (made / name).unlink()
    assert cli.main(["backup", "verify", str(made), "--kind", "postgres"]) == 1, "a dump of nothing is none"
