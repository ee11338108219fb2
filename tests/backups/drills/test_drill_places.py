"""Drills of backups that lie elsewhere: at a real SFTP server, and on a share that does not answer."""

import getpass
import os
import shutil
import signal
import time
from dataclasses import replace

import paramiko
import pytest
import yaml

from agent.clock import Clock
from agent.drills.drill import LocalDrills
from agent.runner import Eyes
from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.ssh_link import fingerprint
from agent.sources.ssh_pins import Pin, Pins
from checks.api import ErrorKind, ObservationError
from checks.backup.drill import Params
from checks.result import Item, When

MB = 1 << 20


@pytest.fixture
def remote(site, backup_sshd):
    """Parameters of a drill at the server: its host key pinned, the login a secret of this agent."""
    held = {"ssh": {"user": getpass.getuser(), "key": str(backup_sshd.client_key)}}
    (site.state / "secrets.yaml").write_text(yaml.safe_dump(held))
    (site.state / "secrets.yaml").chmod(0o600)
    pin(site, backup_sshd, backup_sshd.key)
    return {"address": "127.0.0.1", "port": backup_sshd.port, "timeout_ms": 60_000}


def pin(site, server, key):
    """Trust this key and no other."""
    made = Pin(key.get_name(), fingerprint(key.asbytes()))
    Pins(site.state).put(f"127.0.0.1:{server.port}", made)


def left(site):
    """What drills left; the pinned host keys are the agent's own."""
    return [one for one in site.left() if one != "hosts.yaml"]


def test_a_dump_at_an_sftp_server_is_fetched_restored_and_compared(site, source, remote):
    seen = site.drill(source / "custom.dump", **remote)
    assert [seen.said(level) for level in ("true", "restorable")] == [("ok", "")] * 2, seen.one
    assert seen.one.restored.root == source.fingerprint.root == seen.one.against.root
    [fetched] = [one for one in seen.one.phases if one.name == "fetch"]
    assert fetched.bytes == (source / "custom.dump").stat().st_size
    assert left(site) == []


def test_of_a_tree_every_file_comes_and_names_are_bytes(site, remote, tmp_path):
    tree = tmp_path / "tree"
    (tree / "公文").mkdir(parents=True)
    (tree / "公文" / "a.doc").write_bytes(b"a" * 5000)
    (tree / os.fsdecode("公文".encode("gbk"))).write_bytes(b"gbk")
    (tree / "link").symlink_to("/etc")
    seen = site.drill(tree, kind="tree", compare="none", **remote)
    assert seen.said("restorable") == ("ok", "")
    assert (seen.one.restored.tables, seen.one.base.parts) == (2, 2)
    assert left(site) == []


def test_another_host_key_is_refused_and_nothing_is_fetched(site, source, remote, backup_sshd):
    pin(site, backup_sshd, paramiko.ECDSAKey.generate())
    with pytest.raises(ObservationError) as caught:
        site.drill(source / "custom.dump", **remote)
    assert caught.value.kind is ErrorKind.DENIED
    assert left(site) == []


def test_what_is_larger_than_the_quota_is_not_fetched(site, remote, tmp_path):
    with (tmp_path / "big").open("wb") as file:
        file.truncate(3 * MB)
    site.given = replace(site.given, quota_mb=1)
    seen = site.drill(tmp_path / "big", kind="file", **remote)
    assert seen.said("restorable") == ("unknown", "no_room")
    assert (seen.one.ended, seen.one.phases[-2].bytes) == ("fetch", 0)
    assert left(site) == []


@pytest.mark.parametrize(
    ("how", "word"), [(signal.SIGSTOP, "timeout"), (signal.SIGKILL, "unreachable")], ids=["stalls", "dies"]
)
def test_a_server_that_falls_silent_ends_the_drill_which_counts(
    site, remote, backup_sshd, tmp_path, how, word
):
    (tmp_path / "big").write_bytes(os.urandom(MB) * 40)
    wish = Params(path=str(tmp_path / "big"), kind="file", **{**remote, "timeout_ms": 2000})
    hit = []

    def progress(phase, done, _):
        if phase == "fetch" and done and not hit:
            hit.extend(backup_sshd.servers())
            for pid in hit:
                os.kill(pid, how)

    backups = open_backups(Transient(), Means(state=site.state), time.time_ns() // 1_000_000)
    try:
        drilled, _ = LocalDrills(backups, site.given, site.state, progress).drill(wish)
    finally:
        if how is signal.SIGSTOP:
            for pid in hit:
                os.kill(pid, signal.SIGCONT)
    assert hit
    assert (drilled.reason, drilled.ended, drilled.attempt) == (word, "fetch", 1)
    assert left(site) == []
    again = site.drill(tmp_path / "big", kind="file", object=str(tmp_path / "big"), **remote)
    assert (again.one.attempt, again.one.aborted) == (2, ())
    assert again.said("restorable") == ("ok", "")


def test_a_dead_share_is_a_timeout_and_the_next_drill_is_done(site, tmp_path, dead_share):
    folder = tmp_path / "nas"
    folder.mkdir()
    good = tmp_path / "good.bin"
    good.write_bytes(b"rows")
    if shutil.which("mount") is None or os.geteuid():
        pytest.skip("NOT TESTED: a share that hangs needs root")
    eyes = Eyes("agent", Means(state=site.state), Clock())
    more = {"kind": "file", "object": "oa", "budget_s": 120, "timeout_ms": 500, "compare": "none"}

    def drill(path):
        item = Item("backup.drill", 2, "oa", None, {"path": str(path), **more})
        return eyes.look(item, When(0), Transient(), 100_000)

    (site.state / "agent.yaml").write_text("drills: {reserve_mb: 0}\n")
    try:
        with dead_share(folder):
            assert drill(f"{folder}/*.dmp").error is ErrorKind.TIMEOUT
        assert drill(good).error is None
    finally:
        eyes.close()


def test_a_drill_that_nobody_waits_for_any_more_is_told_by_the_next(site, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"rows")
    backups = open_backups(Transient(), Means(state=site.state), time.time_ns() // 1_000_000)
    wish = Params(path=str(tmp_path / "a.bin"), kind="file", object="oa", compare="none")

    def progress(phase, *_):
        if phase == "read":
            backups.guard.stall()  # as agent.stalls says when a read hangs: its look is over

    LocalDrills(backups, site.given, site.state, progress).drill(wish)
    seen = site.drill(tmp_path / "a.bin", kind="file", object="oa", compare="none")
    assert seen.one.attempt == 2
    assert [(one.attempt, one.phase) for one in seen.one.aborted] == [(1, "read")]
    assert site.left() == []
