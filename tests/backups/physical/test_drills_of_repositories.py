"""Restore drills with repositories that a real pgBackRest and a real Barman made."""

import json
import shutil
import subprocess

import pytest
import yaml

COUNT = {"id": "count", "sql": "SELECT count(*) >= 4000, count(*) < 4010 FROM item", "expected": "t\tt"}


@pytest.fixture
def repository(repositories, tmp_path):
    """A copy of the plain one: full, incremental on it, full."""
    return repositories.copy(tmp_path)


def labels(repository):
    """Full, incremental, second full."""
    held = (repository / "backup/main").iterdir()
    return sorted(one.name for one in held if one.name[0] == "2" and not one.is_symlink())


def said(seen, *levels):
    """What is said at these."""
    return [seen.said(level) for level in levels]


def test_each_backup_of_pgbackrest_is_restored_by_itself(site, repository):
    full, incr, newest = labels(repository)
    more = {"kind": "pgbackrest", "compare": "none", "questions": [COUNT]}
    for pick, label in (("newest", newest), ("oldest", full)):
        seen = site.drill(repository, pick=pick, **more)
        assert said(seen, "restorable", "usable") == [("ok", "")] * 2, seen.one
        assert (seen.one.base.name, seen.one.base.id) == (f"main/{label}", label)
        assert seen.one.restored.read == "whole" and seen.one.rpo is not None
    old = {"id": "old", "sql": "SELECT v FROM item WHERE id = 7", "expected": "3"}
    seen = site.drill(repository, artefact=f"main/{incr}", **{**more, "questions": [COUNT, old]})
    assert said(seen, "restorable", "usable") == [("ok", "")] * 2, seen.one
    assert site.left() == []


def test_what_is_gone_or_damaged_of_it_is_found(site, repository):
    full, incr, newest = labels(repository)
    more = {"kind": "pgbackrest", "compare": "none"}
    stored = max((repository / "backup/main" / newest).rglob("*.gz"), key=lambda one: one.stat().st_size)
    raw = bytearray(stored.read_bytes())
    raw[200] ^= 1
    stored.write_bytes(raw)
    assert str(site.drill(repository, **more)["restorable"].state) == "crit"
    shutil.rmtree(repository / "backup/main" / full)
    seen = site.drill(repository, artefact=incr, **more)
    assert (seen.said("connected"), seen.one.subject) == (("crit", "orphan"), full)
    seen = site.drill(repository, artefact=full, **more)
    assert seen.said("present") == ("crit", "missing")
    known = {"system": "1"}
    assert site.drill(repository, source=known, **more).said("true") == ("crit", "wrong_source")
    assert site.left() == []


def test_log_that_it_needs_and_has_not_is_a_gap(site, repository):
    newest = labels(repository)[-1]
    info = (repository / "backup/main/backup.info").read_text()
    row = json.loads(next(line for line in info.splitlines() if line.startswith(newest)).partition("=")[2])
    for one in (repository / "archive/main").rglob(f"{row['backup-archive-stop']}-*"):
        one.unlink()
    seen = site.drill(repository, kind="pgbackrest", compare="none")
    assert seen.said("connected") == ("crit", "gap"), seen.one


def test_an_encrypted_one_is_opened_by_the_secret_and_not_told_without(site, repositories, tmp_path):
    top = repositories.copy(tmp_path, "sealed")
    secrets = {"repo": {"passphrase": "not-a-real-Cipher-7"}, "other": {"passphrase": "wrong"}}
    (site.state / "secrets.yaml").write_text(yaml.safe_dump(secrets))
    (site.state / "secrets.yaml").chmod(0o600)
    more = {"kind": "pgbackrest", "compare": "none", "questions": [COUNT]}
    assert site.drill(top, **more).said("restorable") == ("unknown", "no_key")
    seen = site.drill(top, password="other", **more)
    # A wrong passphrase and damage to what would tell look alike.
    assert (seen.said("restorable"), seen.one.subject) == (("unknown", "no_key"), "passphrase"), seen.one
    seen = site.drill(top, password="repo", stanza="mian", **more)
    assert (seen.said("restorable"), seen.one.subject) == (("unknown", "not_read"), "mian"), seen.one
    seen = site.drill(top, password="repo", **more)
    assert said(seen, "restorable", "usable") == [("ok", "")] * 2, seen.one
    assert site.left() == []


def test_what_barman_keeps_is_brought_up_with_the_log_it_needs(site, home, tmp_path):
    more = {"kind": "barman", "compare": "none", "questions": [COUNT]}
    for pick in ("newest", "oldest"):
        seen = site.drill(home, pick=pick, **more)
        assert said(seen, "restorable", "usable") == [("ok", "")] * 2, seen.one
        assert seen.one.base.name.startswith("pg/2")
    subprocess.run(["cp", "-a", "--reflink=auto", home, tmp_path / "pg"], check=True)
    newest = max(one.name for one in (tmp_path / "pg/base").iterdir())
    info = (tmp_path / "pg/base" / newest / "backup.info").read_text()
    told = dict(line.split("=", 1) for line in info.splitlines())
    # Its last one is where the server was when Barman asked: on a busy machine behind what the backup needs.
    for segment in (tmp_path / "pg/wals/0000000100000000").iterdir():
        if told["begin_wal"] <= segment.name <= told["end_wal"]:
            segment.unlink()
    seen = site.drill(tmp_path / "pg", **more)
    assert seen.one.reason == "gap", seen.one
    assert seen.said("connected") == ("crit", "gap")
    shutil.rmtree(tmp_path / "pg/base" / newest / "data")
    assert site.drill(tmp_path / "pg", **more).said("present") == ("crit", "part_missing")
    assert site.left() == []
