"""Processors, load, memory, boot."""

import os
import re
from collections.abc import Mapping

from agent.sources.host_proc import Tree
from agent.sources.host_samples import recently, since_last_look
from agent.sources.memory import Memory
from checks.sources import Boot, CpuSpan, CpuTimes, Load, MemoryUse


def cpu(tree: Tree, memory: Memory) -> CpuSpan:
    """Processor time since a recent look, else over 200 ms."""

    before, after, elapsed = recently(memory, "cpu", tree.boot_id(), CpuTimes, lambda: _times(tree))
    return CpuSpan(before, after, elapsed, cores(tree))


def _times(tree: Tree) -> CpuTimes:
    # psutil hands out floats of seconds; the kernel's own ticks are exact.
    words = tree.text("proc/stat").split("\n", 1)[0].split()
    if words[:1] != ["cpu"] or len(words) < 8:
        raise ValueError("/proc/stat does not begin with a cpu line")
    ticks_per_s = os.sysconf("SC_CLK_TCK")
    ticks = [int(word) * 1000 // ticks_per_s for word in (*words[1:9], "0")]
    return CpuTimes(*ticks[:8])


def cores(tree: Tree) -> int:
    """Processors that are on line."""
    return len(_PROCESSOR.findall(tree.text("proc/stat")))


_PROCESSOR = re.compile(r"^cpu[0-9]", re.MULTILINE)


def load(tree: Tree) -> Load:
    """/proc/loadavg: `0.57 0.60 0.61 2/345 1234`."""
    one, five, fifteen = (_hundredths(word) for word in tree.text("proc/loadavg").split()[:3])
    return Load(one, five, fifteen, cores(tree))


def _hundredths(word: str) -> int:
    whole, _, part = word.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def memory_use(tree: Tree, memory: Memory) -> MemoryUse:
    """Memory and swap, and how often the kernel killed for want of memory."""
    sizes = _sizes(tree)
    kills = _oom_kills(tree)
    before = None
    if kills is not None:
        span = since_last_look(memory, "oom", tree.boot_id(), dict[str, int], lambda: {"kills": kills})
        before = span.before["kills"] if span.before and "kills" in span.before else None
    return MemoryUse(
        total=sizes["MemTotal"],
        available=_available(tree, sizes),
        swap_total=sizes.get("SwapTotal", 0),
        swap_free=sizes.get("SwapFree", 0),
        oom_kills=kills,
        oom_kills_before=before,
    )


def _sizes(tree: Tree) -> dict[str, int]:
    """/proc/meminfo in bytes: `MemTotal:       15666184 kB`."""
    rows = (line.split() for line in tree.text("proc/meminfo").splitlines())
    return {row[0].removesuffix(":"): int(row[1]) * 1024 for row in rows}


def _available(tree: Tree, sizes: Mapping[str, int]) -> int:
    """What could be had without swapping, as `free` shows it."""
    found = sizes.get("MemAvailable", 0) or _available_by_hand(tree, sizes)
    if found > sizes["MemTotal"]:  # within some containers
        return sizes["MemFree"]
    return max(found, 0)


def _available_by_hand(tree: Tree, sizes: Mapping[str, int]) -> int:
    """For kernels before 3.14, by the rule that the kernel has followed since then."""
    free = sizes["MemFree"]
    wanted = ("Active(file)", "Inactive(file)", "SReclaimable")
    zones = tree.text_or("proc/zoneinfo", "")
    if not zones or any(name not in sizes for name in wanted):
        return free + sizes.get("Cached", 0)
    rows = (line.split() for line in zones.splitlines())
    low = sum(int(row[1]) for row in rows if row and row[0] == "low") * os.sysconf("SC_PAGESIZE")
    files, slab = sizes["Active(file)"] + sizes["Inactive(file)"], sizes["SReclaimable"]
    return int(free - low + files - min(files / 2, low) + slab - min(slab / 2, low))


def _oom_kills(tree: Tree) -> int | None:
    # Kernels before 4.13 (CentOS 7) have no such counter; that is not zero.
    _, found, value = f"\n{tree.text_or('proc/vmstat', '')}".partition("\noom_kill ")
    return int(value.split(None, 1)[0]) if found else None


def boot(tree: Tree, memory: Memory, mark: str) -> Boot:
    """This boot's id and start, the id seen at the last look, and the time of the restart mark."""
    boot_id = tree.boot_id()
    started = next(
        int(line.split()[1]) * 1000
        for line in [*tree.text("proc/stat").splitlines(), "btime"]
        if line.startswith("btime")
    )
    previous = memory.swap("boot", boot_id)
    return Boot(
        boot_id=boot_id,
        booted_at=started,
        uptime_ms=tree.uptime_ms(),
        previous_boot_id=previous if isinstance(previous, str) else None,
        marked_at=_marked_at(tree, mark),
    )


def _marked_at(tree: Tree, mark: str) -> int | None:
    try:
        return os.stat(tree.place(mark.lstrip("/"))).st_mtime_ns // 1_000_000
    except OSError:
        return None
