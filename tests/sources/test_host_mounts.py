"""Mounts that hang, are stale or report no size; what is a filesystem and what isn't."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from agent.sources.host_mounts import Mounts, listed
from agent.sources.host_proc import Tree
from checks.api import Seen, State
from checks.host import filesystem
from checks.sources import Mount

BadMount = Callable[[Path, str], AbstractContextManager[None]]
HERE = Tree(Path("/"))


def the(mounts: tuple[Mount, ...], path: Path) -> Mount:
    return next(mount for mount in mounts if mount.path == str(path))


def test_a_hung_share_is_unknown_and_holds_up_nothing_else(tmp_path: Path, bad_mount: BadMount) -> None:
    mounts = Mounts(deadline_s=2)
    with bad_mount(tmp_path, "hang"):
        begun = time.monotonic()
        found = mounts.look(HERE)
        assert time.monotonic() - begun < 60  # the share hangs until it is unmounted
        assert the(found, tmp_path) == Mount(
            str(tmp_path), "nas:/share", "fuse.sshfs", False, trouble="timeout"
        )
        assert (the(found, Path("/")).total or 0) > 0
        readings = list(filesystem.judge(Seen(filesystem.Facts(found), 0), filesystem.Params()))
        hung = [r for r in readings if r.name == str(tmp_path)]
        assert [(r.value, r.state, r.reason) for r in hung] == [(None, State.UNKNOWN, "timeout")]


def test_looking_again_at_a_hung_share_starts_no_second_thread(tmp_path: Path, bad_mount: BadMount) -> None:
    mounts = Mounts(deadline_s=1)
    with bad_mount(tmp_path, "hang"):
        mounts.look(HERE)
        mounts._deadline_s = 300
        before = threading.active_count()
        begun = time.monotonic()
        assert the(mounts.look(HERE), tmp_path).trouble == "timeout"
        assert time.monotonic() - begun < 150, "it waited once more"
        assert threading.active_count() <= before


def test_a_stale_share_says_so(tmp_path: Path, bad_mount: BadMount) -> None:
    with bad_mount(tmp_path, "stale"):
        assert the(Mounts().look(HERE), tmp_path).trouble == "stale"


def test_a_share_without_a_size_is_unknown_rather_than_empty(tmp_path: Path, bad_mount: BadMount) -> None:
    with bad_mount(tmp_path, "no_size"):
        found = the(Mounts().look(HERE), tmp_path)
    assert (found.total, found.trouble) == (0, "")
    (reading,) = filesystem.judge(Seen(filesystem.Facts((found,)), 0), filesystem.Params())
    assert (reading.value, reading.state, reading.reason) == (None, State.UNKNOWN, "no_size")


def test_a_mount_that_answers_again_is_known_again(tmp_path: Path, bad_mount: BadMount) -> None:
    mounts = Mounts(deadline_s=0.2)
    with bad_mount(tmp_path, "hang"):
        mounts.look(HERE)
    with bad_mount(tmp_path, "stale"):
        until = time.monotonic() + 60
        while (trouble := the(mounts.look(HERE), tmp_path).trouble) != "stale" and time.monotonic() < until:
            time.sleep(0.02)
        assert trouble == "stale"


def recorded(tmp_path: Path, mounts: bytes) -> Tree:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mounts").write_bytes(mounts)
    (tmp_path / "proc/filesystems").write_text("nodev\ttmpfs\n\text4\n")
    return Tree(tmp_path)


def test_kernel_interfaces_and_second_mounts_of_a_device_are_left_out(tmp_path: Path) -> None:
    tree = recorded(
        tmp_path,
        b"proc /proc proc rw 0 0\n"
        b"systemd-1 /data/auto autofs rw 0 0\n"
        b"/dev/sda1 / ext4 rw 0 0\n"
        b"/dev/sda1 /var/lib/containers/store ext4 rw 0 0\n"
        b"tmpfs /data tmpfs rw 0 0\n"
        b"nas:/vol /data nfs4 ro,relatime 0 0\n",
    )
    assert [(m.path, m.kind, m.read_only) for m in listed(tree)] == [
        ("/", "ext4", False),
        ("/data", "nfs4", True),
    ]


def test_a_path_in_gbk_can_be_signed_and_empty_lines_do_no_harm(tmp_path: Path) -> None:
    tree = recorded(tmp_path, b"\n/dev/sdb1 /srv/" + "归档".encode("gbk") + b" ext4 rw 0 0\n\n")
    (mount,) = Mounts().look(tree)
    mount.path.encode("utf-8")
    assert mount.path.startswith("/srv/") and "\ufffd" in mount.path
    assert mount.trouble == "missing"


def test_a_space_in_a_mount_path_is_read_back(tmp_path: Path) -> None:
    tree = recorded(tmp_path, rb"/dev/sdb1 /srv/old\040files ext4 rw 0 0" + b"\n")
    assert [mount.path for mount in listed(tree)] == ["/srv/old files"]


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: mounting a tmpfs needs root")
def test_a_full_filesystem_is_critical(tmp_path: Path) -> None:
    os.system(f"mount -t tmpfs -o size=1m tmpfs {tmp_path}")
    try:
        with pytest.raises(OSError, match="space"):
            (tmp_path / "data").write_bytes(bytes(2 << 20))
        found = the(Mounts().look(HERE), tmp_path)
    finally:
        os.system(f"umount -l {tmp_path}")
    params = filesystem.Params(ignore_kinds=frozenset())
    used = next(iter(filesystem.judge(Seen(filesystem.Facts((found,)), 0), params)))
    assert used.state is State.CRIT


def test_our_unit_s_read_only_view_is_not_taken_for_the_host_s(tmp_path: Path) -> None:
    tree = recorded(
        tmp_path,
        b"/dev/sda1 / ext4 ro,relatime 0 0\n/dev/sdb1 /srv/old\\040files ext4 ro 0 0\n"
        b"/dev/sdc1 /worn ext4 ro 0 0\nnas:/vol /ours nfs4 ro 0 0\n",
    )
    (tmp_path / "proc/1").mkdir()
    (tmp_path / "proc/1/mounts").write_bytes(
        b"\n/dev/sda1 / ext4 rw,relatime 0 0\n"
        b"/dev/sdb1 /srv/old\\040files ext4 rw 0 0\n/dev/sdc1 /worn ext4 ro 0 0\n"
    )
    assert {m.path: m.read_only for m in listed(tree)} == {
        "/": False,
        "/ours": True,  # mounted in our view only
        "/srv/old files": False,
        "/worn": True,
    }
