"""Second copies, what they stand on, and who can get at them: real accounts, devices and servers."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.sources.backup import open_backups
from agent.sources.backup_access import authorized
from agent.sources.backup_ground import ground
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.ssh_link import fingerprint
from agent.sources.ssh_pins import Pin, Pins
from checks.api import Seen
from checks.artefacts.levels import Level
from checks.backup import access, copy
from checks.places import Entry, Ground

NOW = 1_800_000_000_000
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: to try as another account takes root")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that other accounts may enter (pytest's own may not)."""
    made = Path(tempfile.mkdtemp(prefix="roundseal-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def put(path: Path, data: bytes = b"rows", mode: int = 0o600, age_s: int = 10_000) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, ns=((NOW - age_s * 1000) * 1_000_000,) * 2)
    return path


def placed(check: Any, facts: Any, params: Any, name: str = "a.dmp") -> str:
    """The reason at the level `placed` ("" good)."""
    readings = {r.name: r for r in check.judge(Seen(facts, NOW), params)}
    return readings[f"{name}:{Level.PLACED.word}"].reason


def looked(params: Any, means: Means | None = None) -> Any:
    check = access if isinstance(params, access.Params) else copy
    return check.observe(open_backups(Transient({}), means or Means(), NOW), params)


# Access


@ROOT
@pytest.mark.parametrize(
    ("folder_mode", "mode", "expected", "reason"),
    [
        (0o700, 0o600, ("refused", "refused", "refused"), ""),
        (0o755, 0o600, ("refused", "refused", "refused"), ""),
        (0o755, 0o644, ("allowed", "refused", "refused"), "open_to_others"),
        (0o777, 0o600, ("refused", "refused", "allowed"), "deletable"),
        (0o1777, 0o600, ("refused", "refused", "refused"), ""),
        (0o755, 0o666, ("allowed", "allowed", "refused"), "open_to_others"),
    ],
)
def test_an_account_is_really_tried(
    shared: Path, folder_mode: int, mode: int, expected: tuple[str, ...], reason: str
) -> None:
    folder = shared / "backup"
    folder.mkdir()
    path = put(folder / "a.dmp", mode=mode)
    folder.chmod(folder_mode)
    before = path.stat()
    params = access.Params(path=str(path), refused=("nobody",), services=False, mode="0777")
    facts = looked(params)
    if facts.artefacts[0].tried[0].read == "no_tool":
        pytest.skip("NOT TESTED: no Python here that another account may run")
    assert facts.artefacts[0].tried == (access.Tried("nobody", *expected),)
    assert placed(access, facts, params) == (reason or "")
    assert os.listdir(folder) == ["a.dmp"]  # no canary stays
    assert (path.stat().st_mtime_ns, path.read_bytes()) == (before.st_mtime_ns, b"rows")


@ROOT
def test_the_owner_itself_is_not_refused_and_an_unknown_account_tells_nothing(shared: Path) -> None:
    user = pwd.getpwnam("nobody")
    folder = shared / "backup"
    folder.mkdir()
    path = put(folder / "a.dmp")
    os.chown(path, user.pw_uid, user.pw_gid)
    os.chown(folder, user.pw_uid, user.pw_gid)
    params = access.Params(path=str(path), refused=("nobody", "no-such-account"), services=False)
    facts = looked(params)
    assert facts.artefacts[0].tried[0] == access.Tried("nobody", "allowed", "allowed", "allowed")
    assert facts.artefacts[0].tried[1].read == "no_account"
    params = access.Params(path=str(path), refused=("no-such-account",), services=False)
    assert placed(access, looked(params), params) == "not_read"


@ROOT
def test_what_the_file_system_keeps_is_refused_whatever_the_directory_allows(shared: Path) -> None:
    folder = shared / "backup"
    folder.mkdir()
    path = put(folder / "a.dmp")
    folder.chmod(0o777)
    if (
        shutil.which("chattr") is None
        or subprocess.run(["chattr", "+i", path], capture_output=True).returncode
    ):
        pytest.skip("NOT TESTED: this file system has no immutable files")
    try:
        params = access.Params(path=str(path), refused=("nobody",), services=False)
        assert looked(params).artefacts[0].tried[0] == access.Tried("nobody", *["refused"] * 3)
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def test_transport_in_the_clear_is_told_by_port_and_mount(shared: Path) -> None:
    params = access.Params(path=str(put(shared / "a.dmp")))
    facts = looked(params)
    good = {"keys": (), "listening": (), "ground": Ground(kind="ext4")}
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, ""),
        ({"listening": (21,)}, "plain_transport"),
        ({"listening": (873,)}, "plain_transport"),
        ({"listening": None}, "not_read"),
        ({"ground": Ground(kind="nfs4", options=("vers=4.2", "sec=sys"))}, "plain_transport"),
        ({"ground": Ground(kind="nfs4", options=("sec=krb5i",))}, "plain_transport"),
        ({"ground": Ground(kind="nfs4", options=("sec=krb5p",))}, ""),
        ({"ground": Ground(kind="cifs", options=("vers=3.1.1",))}, "plain_transport"),
        ({"ground": Ground(kind="cifs", options=("vers=3.1.1", "seal"))}, ""),
    ]
    for change, reason in cases:
        made = access.Facts(**{"artefacts": facts.artefacts, "stands": facts.stands, **good, **change})
        assert placed(access, made, params) == reason, change
    # Of another machine nobody is asked which ports it offers; keys are only read as somebody's.
    there = replace(params, address="10.0.0.1")
    nowhere = replace(facts, listening=None, keys=(), ground=Ground())
    assert placed(access, nowhere, there) == ""
    assert placed(access, replace(nowhere, listening=()), replace(params, keys=("SHA256:x",))) == "denied"


def test_keys_that_let_in_are_read_with_what_restricts_them(tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    key = (tmp_path / "k.pub").read_text()
    said = subprocess.run(
        ["ssh-keygen", "-lf", tmp_path / "k.pub"], check=True, capture_output=True, text=True
    )
    text = f'# {key}{key}restrict,command="borg serve" {key}garbage\nssh-rsa !!\n'
    found = list(authorized("backup", text))
    assert [(one.kind, one.restricted) for one in found] == [("ssh-ed25519", False), ("ssh-ed25519", True)]
    assert found[0].sha256 == said.stdout.split()[1]


@pytest.fixture
def logins(backup_sshd: Any) -> Any:
    """A server, the test's own user as `app`, and a `probe` whom it does not let in."""
    stranger = backup_sshd.client_key.with_name("stranger")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stranger], check=True)
    user = pwd.getpwuid(os.geteuid()).pw_name
    held = {
        "ssh": {"user": user, "key": str(backup_sshd.client_key)},
        "app": {"user": user, "key": str(backup_sshd.client_key)},
        "probe": {"user": user, "key": str(stranger)},
    }
    path = backup_sshd.state / "secrets.yaml"
    path.write_text(yaml.safe_dump(held))
    path.chmod(0o600)
    pin = Pin(backup_sshd.key.get_name(), fingerprint(backup_sshd.key.asbytes()))
    Pins(backup_sshd.state).put(f"127.0.0.1:{backup_sshd.port}", pin)
    return backup_sshd


def test_on_another_machine_an_account_is_tried_by_logging_in(logins: Any, shared: Path) -> None:
    path = put(shared / "a.dmp")
    params = access.Params(
        address="127.0.0.1", port=logins.port, path=str(path), refused=("app", "probe"), services=False
    )
    means = Means(state=logins.state)
    tried = looked(params, means).artefacts[0].tried
    assert tried[0] == access.Tried("app", "allowed", "no_baseline", "no_baseline")
    # Who is not let in may be locked out, or his secret is old: that proves nothing of what he may do.
    assert tried[1] == access.Tried("probe", "denied", "denied", "denied")
    (shared / ".roundseal-canary").touch()
    tried = looked(params, means).artefacts[0].tried
    assert tried[0] == access.Tried("app", "allowed", "allowed", "allowed")
    assert not (shared / ".roundseal-canary").exists() and path.read_bytes() == b"rows"


# Copies


def pair(top: Path, name: str = "a.dmp") -> tuple[Path, Path]:
    for folder in ("first", "second"):
        (top / folder).mkdir(exist_ok=True, mode=0o700)
    return put(top / "first" / name), put(top / "second" / name)


def params_of(top: Path, **more: Any) -> copy.Params:
    given = {"path": f"{top}/second/*.dmp", "first": f"{top}/first/*.dmp", "artefacts": 5, **more}
    return copy.Params(**given)


def test_a_copy_on_the_same_device_is_nowhere_else(tmp_path: Path) -> None:
    pair(tmp_path)
    params = params_of(tmp_path)
    assert placed(copy, looked(params), params) == "copy_not_elsewhere"


def test_copies_of_nothing_are_no_good_copies(tmp_path: Path) -> None:
    first, _ = pair(tmp_path)
    first.unlink()  # or its disk is not mounted
    params = params_of(tmp_path)
    [found] = copy.judge(Seen(looked(params), NOW), params)
    assert (found.name, found.value, found.state, found.reason) == ("stands", 1, "unknown", "no_baseline")


def test_a_link_is_no_copy(tmp_path: Path) -> None:
    first, second = pair(tmp_path)
    second.unlink()
    second.symlink_to(first)
    params = params_of(tmp_path)
    assert placed(copy, looked(params), params) == "copy_not_elsewhere"


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Path]:
    """`first` in the memory of this machine, `second` on its disk."""
    first = Path(tempfile.mkdtemp(prefix="roundseal-test-", dir="/dev/shm"))
    (tmp_path / "first").symlink_to(first)
    (tmp_path / "second").mkdir(mode=0o700)
    if first.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("NOT TESTED: /dev/shm and the temporary directory are one device")
    yield tmp_path
    shutil.rmtree(first)


def test_a_copy_on_another_device_is_compared(devices: Path) -> None:
    first, second = put(devices / "first" / "a.dmp"), put(devices / "second" / "a.dmp")
    params = params_of(devices)
    facts = looked(params)
    assert placed(copy, facts, params) == ""
    assert facts.first_ground.disks == ("memory",)
    assert placed(copy, facts, params_of(devices, elsewhere="host")) == "copy_not_elsewhere"
    put(second, b"rowz")
    assert placed(copy, looked(params), params) == "copy_differs"
    put(devices / "first" / "b.dmp", b"newer", age_s=9000)
    put(devices / "second" / "b.dmp", b"rows", age_s=9000)
    put(second)
    facts = looked(params)
    assert placed(copy, facts, params) == ""
    assert placed(copy, facts, params, "b.dmp") == "copy_behind"
    (devices / "second" / "b.dmp").unlink()
    assert placed(copy, looked(params), params, "b.dmp") == "copy_behind"
    second.unlink()
    assert placed(copy, looked(params), params, "a.dmp") == "copy_missing"
    late = params_of(devices, within_s=100_000)
    assert not [r for r in copy.judge(Seen(looked(late), NOW), late) if r.name.startswith("a.dmp")]
    first.unlink()


@ROOT
def test_two_loop_devices_in_files_of_one_disk_are_one_disk(tmp_path: Path) -> None:
    held = []
    try:
        for name in ("one", "two"):
            image, place = tmp_path / f"{name}.img", tmp_path / name
            with image.open("wb") as file:
                file.truncate(8 << 20)
            place.mkdir()
            made = subprocess.run(["mkfs.ext4", "-q", image], capture_output=True, check=False)
            said = subprocess.run(["mount", "-o", "loop", image, place], capture_output=True, check=False)
            if made.returncode or said.returncode:
                pytest.skip(f"NOT TESTED: no loop devices here: {said.stderr.decode()[:100]}")
            held.append(place)
        grounds = [ground(str(place)) for place in held]
        assert grounds[0].source != grounds[1].source
        assert held[0].stat().st_dev != held[1].stat().st_dev
        assert grounds[0].disks == grounds[1].disks == ground(str(tmp_path)).disks
    finally:
        for place in held:
            subprocess.run(["umount", place], check=True)


def test_the_ground_of_this_machine_tells_its_disk() -> None:
    found = ground("/")
    assert found.kind
    assert len(found.host) in (0, 32)


def test_another_machine_tells_who_it_is_by_its_id(logins: Any, shared: Path) -> None:
    put(shared / "a.dmp")
    params = copy.Params(
        address="127.0.0.1", port=logins.port, path=f"{shared}/*.dmp", first=f"{shared}/*.dmp",
        elsewhere="host",
    )  # fmt: skip
    facts = looked(params, Means(state=logins.state))
    assert facts.ground.host == facts.first_ground.host
    expected = "copy_not_elsewhere" if facts.ground.host else "not_recorded"
    assert placed(copy, facts, params) == expected


def test_an_entry_of_a_directory_is_tried_by_a_file_in_it(shared: Path) -> None:
    from agent.sources.backup_access import _first_below

    put(shared / "x")
    assert _first_below(str(shared)) == f"{shared}/x"
    assert stat.S_ISREG(Path(_first_below(str(shared))).stat().st_mode)
    assert Entry(str(shared), "directory", 0, 0, 0, 0, "", "").blocks == -1
