"""Space and inodes used on each mounted filesystem, and whether it can be written."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.sources import Host, Mount


@dataclass(frozen=True, slots=True)
class Facts:
    """Every mounted filesystem that holds space."""

    mounts: tuple[Mount, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in percent; kinds and path patterns to leave out, paths that are meant to be read-only.

    `required` paths must be mounted.
    """

    used: Upper = Upper(80, 90)
    inodes: Upper = Upper(80, 90)
    ignore_kinds: frozenset[str] = frozenset(
        {"tmpfs", "ramfs", "squashfs", "overlay", "iso9660", "udf", "erofs"}
    )
    ignore_paths: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def observe(host: Host, params: Params) -> Facts:
    """All mounts; a hung one is listed with the trouble `timeout`."""
    return Facts(tuple(host.mounts()))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings per mount: `PATH`, `PATH:inodes`, `PATH:read_only`."""
    for mount in seen.facts.mounts:
        if not _ignored(mount, params):
            yield from _mount(mount, params)
    if params.required:
        yield from _absent(seen.facts, params)


def _absent(facts: Facts, params: Params) -> Iterator[Reading]:
    mounted = {mount.path for mount in facts.mounts}
    for path in params.required:
        if path not in mounted:
            yield Reading(path, None, Unit.PERCENT, State.CRIT, "not_mounted")


def _ignored(mount: Mount, params: Params) -> bool:
    if mount.path in params.required:
        return False
    if mount.kind in params.ignore_kinds:
        return True
    return bool(params.ignore_paths) and any(fnmatchcase(mount.path, p) for p in params.ignore_paths)


def _mount(mount: Mount, params: Params) -> Iterator[Reading]:
    # A mount that reports no size (a dead network share) is not an empty one.
    used = percent(mount.used, mount.usable)
    reason = "" if used is not None else mount.trouble or "no_size"
    yield Reading(mount.path, used, Unit.PERCENT, params.used.judge(used), reason)
    if mount.inodes and mount.inodes_free is not None:  # btrfs, vfat and others have no inode limit
        inodes = percent(mount.inodes - mount.inodes_free, mount.inodes)
        reason = "" if inodes is not None else "no_size"
        yield Reading(f"{mount.path}:inodes", inodes, Unit.PERCENT, params.inodes.judge(inodes), reason)
    if mount.read_only and mount.path not in params.read_only:
        yield Reading(f"{mount.path}:read_only", 1, Unit.NONE, State.CRIT, "read_only")


CHECK = Check(
    id="host.filesystem",
    version=1,
    title="文件系统使用率",
    title_en="Filesystem use",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35"),
    needs=("/proc/self/mounts",),
)
