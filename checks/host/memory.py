"""Memory and swap in use, and processes killed for want of memory since the last look."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.sources import Host, MemoryUse


@dataclass(frozen=True, slots=True)
class Facts:
    """Memory, swap, OOM kills."""

    memory: MemoryUse


@dataclass(frozen=True, slots=True)
class Params:
    """Limits: percent of memory and of swap, number of OOM kills."""

    used: Upper = Upper(80, 90)
    swap: Upper = Upper(50, 80)
    oom_kills: Upper = Upper(1, 1)


def observe(host: Host, params: Params) -> Facts:
    """Memory as the kernel counts it."""
    return Facts(host.memory())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Memory that nobody could get, swap in use, kills."""
    memory = seen.facts.memory
    used = percent(memory.total - memory.available, memory.total)
    yield Reading("memory", used, Unit.PERCENT, params.used.judge(used), "no_size" if used is None else "")
    swap = percent(memory.swap_total - memory.swap_free, memory.swap_total)
    if swap is not None:  # a machine without swap has nothing to run out of here
        yield Reading("swap", swap, Unit.PERCENT, params.swap.judge(swap))
    yield _kills(memory, params)


def _kills(memory: MemoryUse, params: Params) -> Reading:
    now, before = memory.oom_kills, memory.oom_kills_before
    if now is None:
        return Reading("oom_kills", None, Unit.COUNT, State.UNKNOWN, "not_counted")
    if before is None and now:
        # Kills since boot may be months old; none since boot is certain.
        return Reading("oom_kills", None, Unit.COUNT, State.UNKNOWN, "first_look")
    kills = now - (before or 0)
    if kills < 0:
        return Reading("oom_kills", None, Unit.COUNT, State.UNKNOWN, "counter_reset")
    return Reading("oom_kills", kills, Unit.COUNT, params.oom_kills.judge(kills))


CHECK = Check(
    id="host.memory",
    version=1,
    title="内存使用率",
    title_en="Memory use",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35", "LH-13"),
    needs=("/proc/meminfo", "/proc/vmstat"),
)
