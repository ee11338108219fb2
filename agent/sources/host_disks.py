"""Whole disks' counters."""

import re
from collections.abc import Sequence

from agent.sources.host_proc import Tree
from agent.sources.host_samples import recently
from agent.sources.memory import Memory
from checks.sources import Disk, DiskCounters, DiskSpan


def disks(tree: Tree, memory: Memory) -> DiskSpan:
    """Counters of whole disks (no partitions) since a recent look, else over 200 ms."""

    def take() -> dict[str, DiskCounters]:
        # psutil.disk_io_counters takes 65 us for what takes 38 here: it reads the partitions' lines as well.
        rows = (line.split() for line in tree.text("proc/diskstats").splitlines())
        return {row[2]: _counters(row) for row in rows if row and _whole(tree, row)}

    before, after, elapsed = recently(memory, "disks", tree.boot_id(), dict[str, DiskCounters], take)
    return DiskSpan(
        tuple(Disk(name, before.get(name), counters) for name, counters in sorted(after.items())), elapsed
    )


# Devices that are files, memory or trays: there can be dozens, and none is a disk.
_NOT_DISKS = re.compile(r"(loop|ram|zram|sr|fd)\d+")


_SECTOR = 512  # in this table, whatever the disk's own sectors are
_FIELDS = 14  # 18 since Linux 4.18, 20 since 5.5


def _whole(tree: Tree, row: Sequence[str]) -> bool:
    if len(row) < _FIELDS:
        raise ValueError("/proc/diskstats has a line that is cut short")
    return _NOT_DISKS.fullmatch(row[2]) is None and tree.has(f"sys/block/{row[2].replace('/', '!')}")


def _counters(row: Sequence[str]) -> DiskCounters:
    """`8 0 sda` reads, merged, sectors, ms; writes, merged, sectors, ms; in flight, busy ms, weighted ms."""
    reads, _, read, read_ms, writes, _, written, write_ms, _, busy_ms = map(int, row[3:13])
    return DiskCounters(reads, writes, read * _SECTOR, written * _SECTOR, read_ms, write_ms, busy_ms)
