"""Use of the processors, and time lost waiting for disks or to the hypervisor."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, Unit, Upper, percent
from checks.sources import CpuSpan, Host


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
    before, after = seen.facts.span.before, seen.facts.span.after
    spent = {name: getattr(after, name) - getattr(before, name) for name in after.__slots__}
    # Linux lets idle and iowait step back a little; any other clock going back means a reset.
    went_back = any(ms < 0 for name, ms in spent.items() if name not in ("idle", "iowait"))
    spent = {name: max(ms, 0) for name, ms in spent.items()}
    whole = 0 if went_back else sum(spent.values())
    busy = whole - spent["idle"] - spent["iowait"]
    shares = (
        ("total", busy, params.used),
        ("iowait", spent["iowait"], params.iowait),
        ("steal", spent["steal"], params.steal),
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
