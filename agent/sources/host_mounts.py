"""Mounted filesystems; what may hang is asked for its size in a thread of its own, and hangs only that."""

import errno
import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.sources.host_proc import Tree, content, plain
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
# Their sizes lie in this kernel's memory: statvfs of such a one asks no device and no other machine.
_AT_HAND = frozenset(("ext2", "ext3", "ext4", "xfs", "tmpfs", "ramfs", "squashfs", "erofs", "iso9660"))
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
        self._read: _Table | None = None

    def look(self, tree: Tree) -> tuple[Mount, ...]:
        """Every mounted filesystem that holds space, sorted by path."""
        table = self._table(tree)
        asked = {place: self._ask(place) for place, _ in table.mounts if place not in table.at_hand}
        sized = [
            _sized(mount, asked[place]) if place in asked else _with(mount, *_statvfs(place))
            for place, mount in table.mounts
        ]
        with self._lock:
            self._hanging = [each for each in {*self._hanging, *asked.values()} if each.is_alive()]
        return tuple(sized)

    def _table(self, tree: Tree) -> "_Table":
        """What is mounted; read anew only when the kernel's own tables have changed."""
        raw = _tables(tree)
        if self._read is None or self._read.raw != raw:
            self._read = _Table(
                raw,
                tuple((_place(tree, each.path), _signable(each)) for each in listed(tree)),
                frozenset(_place(tree, path) for path in _at_hand(raw[0])),
            )
        return self._read

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
        self.answer, self.trouble = _statvfs(self.path)


def _statvfs(path: str) -> tuple[os.statvfs_result | None, str]:
    """The answer, or what was wrong."""
    try:
        return os.statvfs(path), ""
    except OSError as error:
        return None, _TROUBLES.get(error.errno or 0, "unreadable")


@dataclass(frozen=True, slots=True)
class _Table:
    """What these bytes say is mounted, and where; the places that can be asked without fear."""

    raw: tuple[bytes, bytes]
    mounts: tuple[tuple[str, Mount], ...]
    at_hand: frozenset[str]


def _place(tree: Tree, path: str) -> str:
    return tree.place(path.lstrip("/"))


def _signable(mount: Mount) -> Mount:
    return replace(mount, path=plain(mount.path), device=plain(mount.device))


def _tables(tree: Tree) -> tuple[bytes, bytes]:
    """The table as we see it and as the first process does."""
    try:
        return tree.data("proc/self/mounts"), tree.data("proc/1/mounts")
    except OSError:
        return tree.data("proc/self/mounts"), b""


def _at_hand(table: bytes) -> frozenset[str]:
    """Mounts of kinds that do not hang, below nothing that may: the way to a path leads past its parents."""
    kinds = {row.path: row.kind for row in _rows(table)}
    doubtful = [path for path, kind in kinds.items() if kind not in _AT_HAND and kind not in _NOT_STORAGE]
    doubtful += [path for path, kind in kinds.items() if kind in ("autofs", "fuse.gvfsd-fuse", "fuse.portal")]
    # Below / lies everything, this program too: if that hung, nothing here would run.
    above = tuple(path.rstrip("/") + "/" for path in doubtful if path != "/")
    return frozenset(path for path, kind in kinds.items() if kind in _AT_HAND and not path.startswith(above))


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the kernel's table."""

    device: str
    path: str
    kind: str
    options: str


def _rows(table: bytes) -> Sequence[_Row]:
    rows = [[_unescaped(field) for field in line.split(b" ")] for line in table.splitlines()]
    return [_Row(*row[:4]) for row in rows if len(row) > 3]


def listed(tree: Tree) -> Sequence[Mount]:
    """What is mounted, without kernel interfaces and second mounts of one device."""
    ours, first = _tables(tree)
    # The last mount on a path is the one that is seen there.
    by_path = {row.path: row for row in _rows(ours)}
    devices = {path: _device(row.device) for path, row in by_path.items()}
    shortest: dict[str, str] = {}
    for path, device in devices.items():
        if device.startswith("/") and len(path) < len(shortest.get(device, path + "x")):
            shortest[device] = path
    # The unit's ProtectSystem= shows every mount read-only to us; the host's are not.
    outside = {(row.device, row.path): row.options for row in _rows(first)}
    return [
        Mount(path, devices[path], row.kind, "ro" in outside.get((row.device, path), row.options).split(","))
        for path, row in sorted(by_path.items())
        if row.kind not in _NOT_STORAGE and shortest.get(devices[path], path) == path
    ]


def _device(name: str) -> str:
    """Its name; the kernel calls the one that it started from /dev/root, whatever it is."""
    if name == "none":
        return ""
    if name not in ("/dev/root", "rootfs"):
        return name
    number = os.stat("/").st_dev
    try:
        lines = content(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/uevent").splitlines()
    except OSError:
        return name
    found = [os.fsdecode(line[8:]) for line in lines if line.startswith(b"DEVNAME=")]
    place = f"/dev/{found[0]}" if found else name
    return place if os.path.exists(place) else name


def _unescaped(field: bytes) -> str:
    return os.fsdecode(_OCTAL.sub(lambda found: bytes([int(found[1], 8)]), field))


def _sized(mount: Mount, asked: _Asked) -> Mount:
    asked.join(max(asked.until - time.monotonic(), 0))
    return _with(mount, asked.answer, asked.trouble)


def _with(mount: Mount, size: os.statvfs_result | None, trouble: str) -> Mount:
    if size is None:
        return replace(mount, trouble=trouble)
    return Mount(
        mount.path,
        mount.device,
        mount.kind,
        mount.read_only,
        total=size.f_blocks * size.f_frsize,
        free=size.f_bfree * size.f_frsize,
        available=size.f_bavail * size.f_frsize,
        inodes=size.f_files,
        inodes_free=size.f_ffree,
    )
