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
    # psutil hands out floats of seconds (in 13 us, as long as this takes); the kernel's own ticks are exact.
    words = tree.head("proc/stat").split("\n", 1)[0].split()
    if words[:1] != ["cpu"] or len(words) < 8:
        raise ValueError("/proc/stat does not begin with a cpu line")
    ticks_per_s = os.sysconf("SC_CLK_TCK")
    ticks = [int(word) * 1000 // ticks_per_s for word in (*words[1:9], "0")]
    return CpuTimes(*ticks[:8])


def cores(tree: Tree) -> int:
    """Processors that are on line."""
    # `0-3,8`. /proc/stat, where they can be counted, has a word for each interrupt: kilobytes on big hosts.
    listed = tree.text_or("sys/devices/system/cpu/online", "")
    if _RANGES.fullmatch(listed):
        ends = [each.partition("-") for each in listed.split(",")]
        return sum(int(last or first) - int(first) + 1 for first, _, last in ends)
    return len(_PROCESSOR.findall(tree.text("proc/stat")))


_RANGES = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
_PROCESSOR = re.compile(r"^cpu[0-9]", re.MULTILINE)
_BTIME = re.compile(r"^btime (\d+)$", re.MULTILINE)


def load(tree: Tree) -> Load:
    """/proc/loadavg: `0.57 0.60 0.61 2/345 1234`."""
    one, five, fifteen = (_hundredths(word) for word in tree.text("proc/loadavg").split()[:3])
    return Load(one, five, fifteen, cores(tree))


def _hundredths(word: str) -> int:
    whole, _, part = word.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def memory_use(tree: Tree, memory: Memory) -> MemoryUse:
    """Memory and swap, and how often the kernel killed for want of memory."""
    kills = _oom_kills(tree)
    before = None
    if kills is not None:
        span = since_last_look(memory, "oom", tree.boot_id(), dict[str, int], lambda: {"kills": kills})
        before = span.before["kills"] if span.before and "kills" in span.before else None
    rows = _meminfo(tree)
    total, available = _room(tree, rows)
    return MemoryUse(
        total=total,
        available=available,
        swap_total=rows.get("SwapTotal", 0),
        swap_free=rows.get("SwapFree", 0),
        oom_kills=kills,
        oom_kills_before=before,
    )


_ROWS = ("MemTotal:", "MemAvailable:", "SwapTotal:", "SwapFree:")


def _meminfo(tree: Tree) -> dict[str, int]:
    """Lines of /proc/meminfo that we want, in bytes: `SwapTotal:       8388604 kB`.

    psutil.swap_memory asks sysinfo(2), wherever it is told to look, and reads /proc/vmstat as well.
    """
    rows = (line.split() for line in tree.text("proc/meminfo").splitlines() if line.startswith(_ROWS))
    return {row[0].removesuffix(":"): int(row[1]) * 1024 for row in rows}


def _room(tree: Tree, rows: Mapping[str, int]) -> tuple[int, int]:
    """Memory in all and available, in bytes."""
    total, available = rows.get("MemTotal", 0), rows.get("MemAvailable", 0)
    if 0 < available <= total:
        return total, available
    # A kernel before 3.14, or a container that is told another machine's figures: psutil knows those cases.
    # It costs a resident agent half a megabyte, so it is not asked for what one line of the kernel says.
    found = tree.psutil().virtual_memory()
    return int(found.total), int(found.available)


def _oom_kills(tree: Tree) -> int | None:
    # Kernels before 4.13 (CentOS 7) have no such counter; that is not zero.
    _, found, value = f"\n{tree.text_or('proc/vmstat', '')}".partition("\noom_kill ")
    return int(value.split(None, 1)[0]) if found else None


def boot(tree: Tree, memory: Memory, mark: str) -> Boot:
    """This boot's id and start, the id seen at the last look, and the time of the restart mark."""
    boot_id = tree.boot_id()
    started = _BTIME.search(tree.text("proc/stat"))
    if started is None:
        raise ValueError("/proc/stat has no btime")
    previous = memory.swap("boot", boot_id)
    return Boot(
        boot_id=boot_id,
        booted_at=int(started[1]) * 1000,
        uptime_ms=tree.uptime_ms(),
        previous_boot_id=previous if isinstance(previous, str) else None,
        marked_at=_marked_at(tree, mark),
    )


def _marked_at(tree: Tree, mark: str) -> int | None:
    try:
        return os.stat(tree.place(mark.lstrip("/"))).st_mtime_ns // 1_000_000
    except OSError:
        return None
