"""Restore drills with trees, archives of them, and repositories of restic and borg."""

import os
import shutil
import subprocess
import tarfile
from hashlib import sha256

import pytest

from agent.sources.backup_local import LocalPlace
from checks.artefacts.treemake import whole

PASSWORD = "not-a-real-Secret-7"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Files at their source, odd names among them, and their manifest."""
    place = tmp_path_factory.mktemp("tree")
    top = place / "files"
    for folder in ("a", "a-b", "公文", "empty"):
        (top / folder).mkdir(parents=True)
    for number in range(40):
        (top / ("a" if number % 2 else "公文") / f"{number}.doc").write_bytes(os.urandom(number * 100))
    (top / os.fsdecode("老.txt".encode("gbk"))).write_bytes(b"gbk")
    (top / "link").symlink_to("a/1.doc")
    (top / "out").symlink_to("/etc/passwd")
    with (place / "m.manifest.gz").open("wb") as out:
        whole(LocalPlace(), str(top), out, name="files", now=1_790_000_000_000)
    return place


def asked(tree, name="a/7.doc"):
    """A question: that file, as it was."""
    return [{"id": "doc", "path": name, "expected": sha256((tree / "files" / name).read_bytes()).hexdigest()}]


def test_a_tree_comes_back_byte_by_byte_as_its_manifest_says(site, tree):
    seen = site.drill(
        tree / "files", kind="tree", fingerprint=str(tree / "m.manifest.gz"), questions=asked(tree)
    )
    assert [seen.said(level) for level in ("true", "restorable", "usable")] == [("ok", "")] * 3, seen.one
    assert seen.one.restored.root == seen.one.against.root
    assert seen.one.restored.tables == 41
    assert seen.one.target.programs == ""  # nothing of a version was compared
    assert site.left() == []


def test_a_clock_that_is_wrong_spoils_no_time(site, tree, monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)  # 1970: before all that is restored was made
    seen = site.drill(tree / "files", kind="tree", fingerprint=str(tree / "m.manifest.gz"))
    assert seen.said("true") == ("ok", "")
    assert seen.one.rpo is None
    assert 0 <= seen.one.rto <= seen.one.took < 60_000
    ends = [phase.end for phase in seen.one.phases]
    assert ends == sorted(ends)


def test_what_is_missing_extra_and_different_is_named(site, tree, tmp_path):
    shutil.copytree(tree / "files", tmp_path / "files", symlinks=True)
    (tmp_path / "files/a/1.doc").unlink()
    (tmp_path / "files/a/3.doc").write_bytes(b"other")
    (tmp_path / "files/new").write_bytes(b"new")
    seen = site.drill(tmp_path / "files", kind="tree", fingerprint=str(tree / "m.manifest.gz"))
    assert seen.said("true") == ("crit", "files_missing")
    compared = seen.one.against.compared
    assert [compared.missing.first, compared.differ.first, compared.extra.first] == [
        ("a/1.doc",), ("a/3.doc",), ("new",),
    ]  # fmt: skip
    assert seen.said("restorable") == ("ok", "")


def test_an_archive_is_unpacked_in_the_cell_wherever_its_names_point(site, tree, tmp_path):
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as out:
        out.add(tree / "files", "files")
        out.add(tree / "m.manifest.gz", "../../../../tmp/escaped")
        out.add(tree / "m.manifest.gz", "/drill/absolute")
    seen = site.drill(tmp_path / "t.tar.gz", kind="tree", compare="none", questions=asked(tree))
    assert not os.path.exists("/tmp/escaped")
    assert not os.path.exists("/drill/absolute")
    assert str(seen["restorable"].state) in ("ok", "crit")
    assert site.left() == []


def secrets(site):
    """The repository's password, where the agent keeps it."""
    (site.state / "secrets.yaml").write_text(f"repository: {{password: {PASSWORD}}}\n")
    (site.state / "secrets.yaml").chmod(0o600)


def test_a_snapshot_of_restic_comes_back_and_its_password_goes_nowhere(site, tree, tmp_path):
    if shutil.which("restic") is None:
        pytest.skip("NOT TESTED: no restic here (Debian's restic)")
    secrets(site)
    env = {**os.environ, "RESTIC_PASSWORD": PASSWORD, "RESTIC_REPOSITORY": str(tmp_path / "repo")}
    for words in (["init"], ["backup", str(tree / "files")], ["backup", str(tree / "m.manifest.gz")]):
        subprocess.run(["restic", "--no-cache", "-q", *words], env=env, check=True, capture_output=True)
    more = {"kind": "restic", "password": "repository", "fingerprint": str(tree / "m.manifest.gz")}
    seen = site.drill(tmp_path / "repo", pick="oldest", questions=asked(tree), **more)
    assert [seen.said(level) for level in ("true", "restorable", "usable")] == [("ok", "")] * 3, seen.one
    assert len(seen.one.base.name) == 8
    assert PASSWORD not in repr(seen.facts)
    assert 0 <= seen.one.rpo < 3_600_000
    pack = max(
        (p for p in (tmp_path / "repo/data").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)
    assert str(site.drill(tmp_path / "repo", pick="oldest", **more)["restorable"].state) == "crit"
    seen = site.drill(tmp_path / "repo", **{**more, "password": "other"})
    assert seen.said("restorable") == ("unknown", "no_key")
    assert site.left() == []


def test_an_archive_of_borg_comes_back(site, tree, tmp_path):
    if shutil.which("borg") is None:
        pytest.skip("NOT TESTED: no borg here (Debian's borgbackup)")
    secrets(site)
    env = {**os.environ, "BORG_PASSPHRASE": PASSWORD, "BORG_BASE_DIR": str(tmp_path), "LC_ALL": "C.UTF-8"}
    repo = str(tmp_path / "repo")
    for words in (["init", "-e", "repokey", repo], ["create", f"{repo}::day-1", "files"]):
        subprocess.run(["borg", *words], env=env, check=True, capture_output=True, cwd=tree)
    more = {"kind": "borg", "password": "repository", "fingerprint": str(tree / "m.manifest.gz")}
    seen = site.drill(repo, questions=asked(tree, "a/7.doc"), **more)
    assert seen.one.base.name == "day-1"
    assert [seen.said(level) for level in ("true", "restorable", "usable")] == [("ok", "")] * 3, seen.one
    assert site.left() == []
