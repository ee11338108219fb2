"""Use of the processors, and time lost waiting for disks or to the hypervisor."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter, sub

from checks.api import Check, Reading, Seen, Source, Unit, Upper, percent
from checks.sources import CpuSpan, Host

_CLOCKS = attrgetter("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


@dataclass(frozen=True, slots=True)
class Facts:
    """Processor times at both ends of a span."""

    span: CpuSpan


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in percent of all processors."""

    used: Upper = Upper(80, 90)
    iowait: Upper = Upper(30, 50)
    steal: Upper = Upper(10, 30)


def observe(host: Host, params: Params) -> Facts:
    """Two samples of the processor clocks."""
    return Facts(host.cpu())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Shares of the time between the samples."""
    span = seen.facts.span
    spent = tuple(map(sub, _CLOCKS(span.after), _CLOCKS(span.before)))
    user, nice, system, idle, iowait, irq, softirq, steal = spent
    # Linux lets idle and iowait step back a little; any other clock going back means a reset.
    went_back = min(user, nice, system, irq, softirq, steal) < 0
    idle, iowait = max(idle, 0), max(iowait, 0)
    busy = user + nice + system + irq + softirq + steal
    whole = 0 if went_back else busy + idle + iowait
    shares = (
        ("total", busy, params.used),
        ("iowait", iowait, params.iowait),
        ("steal", steal, params.steal),
    )
    for name, part, limit in shares:
        share = percent(part, whole)
        yield Reading(name, share, Unit.PERCENT, limit.judge(share), "" if whole else "counter_reset")


CHECK = Check(
    id="host.cpu",
    version=1,
    title="处理器使用率",
    title_en="Processor use",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35", "LH-13"),
    needs=("/proc/stat",),
)
