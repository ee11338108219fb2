"""Whole disks' counters."""

import re
from typing import Any

import psutil

from agent.sources.host_proc import Tree, plain
from agent.sources.host_samples import recently
from agent.sources.memory import Memory
from checks.sources import Disk, DiskCounters, DiskSpan


def disks(tree: Tree, memory: Memory) -> DiskSpan:
    """Counters of whole disks (no partitions) since a recent look, else over 200 ms."""

    def take() -> dict[str, DiskCounters]:
        tree.use()
        # nowrap would hide a counter that was reset: the check has to see it.
        found = psutil.disk_io_counters(perdisk=True, nowrap=False)
        return {plain(name): _counters(io) for name, io in found.items() if _whole(tree, name)}

    before, after, elapsed = recently(memory, "disks", tree.boot_id(), dict[str, DiskCounters], take)
    return DiskSpan(
        tuple(Disk(name, before.get(name), counters) for name, counters in sorted(after.items())), elapsed
    )


# Devices that are files, memory or trays: there can be dozens, and none is a disk.
_NOT_DISKS = re.compile(r"(loop|ram|zram|sr|fd)\d+")


def _whole(tree: Tree, name: str) -> bool:
    return _NOT_DISKS.fullmatch(name) is None and tree.has(f"sys/block/{name.replace('/', '!')}")


def _counters(io: Any) -> DiskCounters:
    return DiskCounters(
        reads=io.read_count,
        writes=io.write_count,
        read_bytes=io.read_bytes,
        write_bytes=io.write_bytes,
        read_ms=io.read_time,
        write_ms=io.write_time,
        busy_ms=io.busy_time,
    )
