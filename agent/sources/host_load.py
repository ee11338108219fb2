"""Processors, load, memory, boot."""

import os

import psutil

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
    return sum(line.startswith("cpu") and line[3:4].isdigit() for line in tree.text("proc/stat").splitlines())


def load(tree: Tree) -> Load:
    """/proc/loadavg: `0.57 0.60 0.61 2/345 1234`."""
    one, five, fifteen = (_hundredths(word) for word in tree.text("proc/loadavg").split()[:3])
    return Load(one, five, fifteen, cores(tree))


def _hundredths(word: str) -> int:
    whole, _, part = word.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def memory_use(tree: Tree, memory: Memory) -> MemoryUse:
    """Memory and swap, and how often the kernel killed for want of memory."""
    tree.use()
    virtual, swap = psutil.virtual_memory(), _swap(tree)
    kills = _oom_kills(tree)
    before = None
    if kills is not None:
        span = since_last_look(memory, "oom", tree.boot_id(), dict[str, int], lambda: {"kills": kills})
        before = span.before["kills"] if span.before and "kills" in span.before else None
    return MemoryUse(virtual.total, virtual.available, swap[0], swap[1], kills, before)


def _swap(tree: Tree) -> tuple[int, int]:
    found = {"SwapTotal": 0, "SwapFree": 0}
    for line in tree.text("proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name] = int(value.split()[0]) * 1024
    return found["SwapTotal"], found["SwapFree"]


def _oom_kills(tree: Tree) -> int | None:
    # Kernels before 4.13 (CentOS 7) have no such counter; that is not zero.
    for line in tree.text_or("proc/vmstat", "").splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return None


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
        return (tree.root / mark.lstrip("/")).stat().st_mtime_ns // 1_000_000
    except OSError:
        return None
