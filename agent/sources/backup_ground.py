"""What a path of this machine stands on: file system, and the physical disks below it."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from checks.places import Ground, shown

_TELLING = ("sec=", "vers=", "seal", "proto=", "addr=")
_MOST_DEEP = 8


def host_digest(machine_id: str) -> str:
    """A name for a machine that does not tell its id to others (as systemd asks for)."""
    text = machine_id.strip()
    return hashlib.sha256(f"roundseal-host\0{text}".encode()).hexdigest()[:32] if text else ""


def ground(path: str) -> Ground:
    """Of a path of this machine."""
    try:
        host = host_digest(Path("/etc/machine-id").read_text("ascii"))
    except (OSError, ValueError):
        host = ""
    mount = _mount_of(os.path.realpath(path))
    if mount is None:
        return Ground(host)
    network = ":" in mount.source or mount.source.startswith("//")
    options = tuple(one for one in mount.options if one.startswith(_TELLING)) if network else ()
    disks = (mount.source,) if network else tuple(sorted(set(_disks(mount))))
    return Ground(host, mount.kind, shown(mount.source), tuple(shown(one) for one in disks), options)


class _Mount(NamedTuple):
    number: str
    kind: str
    source: str
    options: tuple[str, ...]


def _mount_of(path: str) -> _Mount | None:
    """The mount that holds a path: the longest, and of the same the last."""
    best, length = None, -1
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        # 36 35 98:0 /root /mount rw,noatime master:1 - ext4 /dev/sda1 rw,errors=continue
        left, _, right = line.partition(" - ")
        own, rest = left.split(" "), right.split(" ")
        at = _plain(own[4])
        inside = path == at or path.startswith(at.rstrip("/") + "/")
        if inside and len(at) >= length:
            best, length = _Mount(own[2], rest[0], _plain(rest[1]), tuple(rest[2].split(","))), len(at)
    return best


def _plain(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text


def _disks(mount: _Mount) -> Iterator[str]:
    if mount.kind in ("tmpfs", "ramfs"):
        yield "memory"
    elif mount.kind == "zfs":
        yield "zfs:" + mount.source.partition("/")[0]
    elif mount.source.startswith("/dev/"):
        try:
            number = os.stat(mount.source).st_rdev
        except OSError:
            return
        yield from _below(f"{os.major(number)}:{os.minor(number)}", 0)
    elif not mount.number.startswith("0:"):
        yield from _below(mount.number, 0)


def _below(number: str, depth: int) -> Iterator[str]:
    """Physical disks below a block device: partitions belong to one, volumes are made of others, a loop lies
    in a file."""
    place = Path(f"/sys/dev/block/{number}")
    if depth > _MOST_DEEP or not place.exists():
        return
    place = place.resolve()
    if (place / "partition").exists():
        place = place.parent
    try:
        backing = (place / "loop" / "backing_file").read_text().rstrip("\n")
    except OSError:
        backing = ""
    if backing:
        mount = _mount_of(os.path.realpath(backing.removesuffix(" (deleted)")))
        if mount is not None and depth < _MOST_DEEP:
            yield from _disks(mount)
        return
    slaves = list((place / "slaves").glob("*"))
    if not slaves:
        yield place.name
    for slave in slaves:
        yield from _below((slave / "dev").read_text().strip(), depth + 1)
