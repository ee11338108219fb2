"""A server that a real Barman backs up, broken one way at a time (CI has no Barman)."""

import json
import shutil
import subprocess

import pytest

from checks.artefacts import barman

CHECK = "backup.barman"


@pytest.fixture
def server(home, tmp_path):
    """A copy of the server's directory."""
    tmp_path.chmod(0o700)
    subprocess.run(["cp", "-a", "--reflink=auto", home, tmp_path / "pg"], check=True)
    return tmp_path / "pg"


@pytest.fixture
def looks(looker, server):
    """A looker at it."""
    return looker(CHECK, path=server)


def ids(server):
    return sorted(one.name for one in (server / "base").iterdir())


def edit(server, label, old, new):
    path = server / "base" / label / "backup.info"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_server_is_good_by_its_own_files(looks, server):
    seen = looks.look(fulls=2, archive_timeout_s=3600).kept("ok")
    assert seen.bad() == {}
    assert seen.facts.server.log.since and seen.facts.artefacts[0].inside.compared.differ == 0
    assert looks.look().bad() == {}


def test_a_flipped_page_and_a_missing_file_are_found(looks, server):
    first, last = ids(server)
    page = server / "base" / last / "data" / "base" / "1" / "1259"
    raw = bytearray(page.read_bytes())
    raw[5000] ^= 1
    page.write_bytes(raw)
    found = looks.look().kept("crit_changed").bad()
    assert found == {f"pg/{last}:unchanged": "crit changed", f"pg/{last}:well_formed": "crit damaged"}
    (server / "base" / first / "data" / "global" / "1260").unlink()
    assert looks.look().bad()[f"pg/{first}:present"] == "crit part_missing"
    shutil.rmtree(server / "base" / last / "data")
    assert looks.look().bad()[f"pg/{last}:present"] == "crit part_missing"


def test_a_segment_gone_from_the_archive_is_a_gap(looks, server):
    first, _ = ids(server)
    segments = sorted(one for one in (server / "wals").rglob("0*") if one.is_file() and "." not in one.name)
    segments[-2].unlink()
    assert looks.look().kept("crit_gap").bad()["pg/wals:connected"] == "crit gap"
    info = barman.read_info(first, (server / "base" / first / "backup.info").read_bytes())
    next(one for one in segments if one.name == info.last_segment).unlink()
    assert looks.look().bad()[f"pg/{first}:connected"] == "crit gap"


def test_what_barman_says_of_a_backup_is_heard(looks, server):
    _, last = ids(server)
    edit(server, last, "status=DONE", "status=FAILED")
    assert looks.look(fulls=2).bad() == {
        f"pg/{last}:present": "crit unfinished",
        "pg:fulls": "crit retention_short",
    }
    edit(server, last, "status=FAILED", "status=STARTED")
    assert looks.look().kept("unknown_running").bad() == {f"pg/{last}:present": "unknown moving"}
    edit(server, last, "status=STARTED", "status=ODD")
    assert looks.look().bad() == {f"pg/{last}:present": "unknown unknown_word"}


def test_an_increment_whose_parent_is_gone_is_an_orphan(looks, server):
    first, last = ids(server)
    edit(server, last, "status=DONE", f"parent_backup_id={first}\nstatus=DONE")
    assert looks.look().bad() == {}
    shutil.rmtree(server / "base" / first)
    assert looks.look().bad() == {f"pg/{last}:connected": "crit orphan"}


def test_another_cluster_is_found(looks, server):
    assert looks.look().bad() == {}
    _, last = ids(server)
    system = looks.look().facts.server.system
    edit(server, last, system, "7000000000000000001")
    assert "crit wrong_repository" in looks.look().bad().values()


def sealed_with(gpg, path):
    """`path` under a passphrase, as Barman 3.14 and later leave it: `.gpg` beside, the plain file gone."""
    words = ["gpg", "--homedir", gpg, "--batch", "--pinentry-mode", "loopback", "--passphrase", "x"]
    subprocess.run([*words, "-o", f"{path}.gpg", "-c", path], check=True, capture_output=True)
    path.unlink()
    return path.with_name(path.name + ".gpg")


def test_one_that_barman_has_sealed_can_not_be_told_and_is_not_damaged(looks, server, tmp_path):
    _, last = ids(server)
    gpg = tmp_path / "gpg"
    gpg.mkdir(mode=0o700)
    data = server / "base" / last / "data"
    tar = data.with_name("base.tar")
    subprocess.run(["tar", "-cf", tar, "-C", data, "."], check=True)
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    sealed_with(gpg, tar.rename(data / "base.tar"))
    with (server / "base" / last / "backup.info").open("a") as info:
        info.write("encryption=gpg\n")
    wal = max((one for one in (server / "wals").rglob("0*") if len(one.name) == 24), key=lambda p: p.name)
    sealed_with(gpg, wal).rename(wal)
    subprocess.run(["gpgconf", "--homedir", gpg, "--kill", "all"], check=False)
    found = looks.look().bad()
    assert not any("crit" in word for word in found.values()), found
    assert found[f"pg/{last}:well_formed"] == "unknown no_key"


def test_backup_info_of_hostile_bytes_is_read_without_an_error():
    for raw in (b"", b"\xff\xfe", b"status", b"status=", b"status=DONE\nbegin_time=x\nsize=-1\nsystemid=a\n"):
        found = barman.read_info("x", raw)
        assert found is None or found.size == 0
    assert barman.identity(b"[]") == barman.identity(b"{") == ""
    assert barman.identity(json.dumps({"systemid": "7"}).encode()) == "7"
