"""Mounted filesystems, each asked for its size in a thread of its own: a dead share hangs only that."""

import errno
import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import psutil

from agent.sources.host_proc import Tree, plain
from checks.sources import Mount

DEADLINE_S = 3.0
_AGAIN_S = 600.0
_MOST_HANGING = 5

# Kernel interfaces: they hold no space, and touching an autofs would mount it.
_NOT_STORAGE = frozenset(
    (
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fuse.gvfsd-fuse",
        "fuse.portal",
        "fusectl",
        "hugetlbfs",
        "mqueue",
        "nsfs",
        "proc",
        "pstore",
        "resctrl",
        "rpc_pipefs",
        "securityfs",
        "selinuxfs",
        "sysfs",
        "tracefs",
    )
)
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_TROUBLES = {
    errno.ESTALE: "stale",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ENOENT: "missing",
    errno.ENOTCONN: "disconnected",
    errno.EIO: "io_error",
}


class Mounts:
    """Asks for sizes; remembers who still hangs so that looks don't pile up threads."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._hanging: list[_Asked] = []
        self._lock = threading.Lock()

    def look(self, tree: Tree) -> tuple[Mount, ...]:
        """Every mounted filesystem that holds space, sorted by path."""
        asked = [(mount, self._ask(str(tree.root / mount.path.lstrip("/")))) for mount in listed(tree)]
        sized = [_sized(mount, each) for mount, each in asked]
        with self._lock:
            known = {*self._hanging, *(each for _, each in asked)}
            self._hanging = [each for each in known if each.is_alive()]
        return tuple(replace(mount, path=plain(mount.path), device=plain(mount.device)) for mount in sized)

    def _ask(self, path: str) -> "_Asked":
        with self._lock:
            hanging = [each for each in self._hanging if each.path == path and each.is_alive()]
        if not hanging:
            return _Asked(path, self._deadline_s)
        newest = max(hanging, key=lambda each: each.until)
        # Something else may be mounted there by now, so ask again now and then, but not without end.
        again = time.monotonic() > newest.until + _AGAIN_S and len(hanging) < _MOST_HANGING
        return _Asked(path, self._deadline_s) if again else newest


class _Asked(threading.Thread):
    """One statvfs under way. A hung one is left behind; the process can still end (daemon)."""

    def __init__(self, path: str, deadline_s: float) -> None:
        super().__init__(daemon=True, name=f"statvfs {path}")
        self.path = path
        self.until = time.monotonic() + deadline_s
        self.answer: os.statvfs_result | None = None
        self.trouble = "timeout"
        self.start()

    def run(self) -> None:
        """Ask; runs in the thread."""
        try:
            self.answer = os.statvfs(self.path)
        except OSError as error:
            self.trouble = _TROUBLES.get(error.errno or 0, "unreadable")


def listed(tree: Tree) -> Sequence[Mount]:
    """What is mounted, without kernel interfaces and second mounts of one device."""
    tree.use()
    # The last mount on a path is the one that is seen there.
    by_path = {part.mountpoint: part for part in psutil.disk_partitions(all=True)}
    shortest: dict[str, str] = {}
    for path, part in by_path.items():
        if part.device.startswith("/") and len(path) < len(shortest.get(part.device, path + "x")):
            shortest[part.device] = path
    outside = _options_outside(tree)
    return [
        Mount(path, part.device, part.fstype, "ro" in outside.get((part.device, path), part.opts).split(","))
        for path, part in sorted(by_path.items())
        if part.fstype not in _NOT_STORAGE and shortest.get(part.device, path) == path
    ]


def _options_outside(tree: Tree) -> dict[tuple[str, str], str]:
    """Mount options as the first process sees them, by device and path.

    The unit's ProtectSystem= shows every mount read-only to us; the host's are not.
    """
    try:
        lines = (tree.root / "proc/1/mounts").read_bytes().splitlines()
    except OSError:
        return {}
    rows = [[_unescaped(field) for field in line.split(b" ")] for line in lines]
    return {(row[0], row[1]): row[3] for row in rows if len(row) > 3}


def _unescaped(field: bytes) -> str:
    return os.fsdecode(_OCTAL.sub(lambda found: bytes([int(found[1], 8)]), field))


def _sized(mount: Mount, asked: _Asked) -> Mount:
    asked.join(max(asked.until - time.monotonic(), 0))
    size = asked.answer
    if size is None:
        return replace(mount, trouble=asked.trouble)
    return replace(
        mount,
        total=size.f_blocks * size.f_frsize,
        free=size.f_bfree * size.f_frsize,
        available=size.f_bavail * size.f_frsize,
        inodes=size.f_files,
        inodes_free=size.f_ffree,
    )
