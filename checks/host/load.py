"""Load averages per processor."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, Unit, Upper, percent
from checks.sources import Host, Load


@dataclass(frozen=True, slots=True)
class Facts:
    """Load averages and number of processors."""

    load: Load


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in percent of the processors: 100 is one runnable task for each."""

    one: Upper = Upper(None, None)
    five: Upper = Upper(150, 300)
    fifteen: Upper = Upper(100, 200)


def observe(host: Host, params: Params) -> Facts:
    """The load averages."""
    return Facts(host.load())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Each average per processor."""
    load = seen.facts.load
    averages = (
        ("1min", load.one, params.one),
        ("5min", load.five, params.five),
        ("15min", load.fifteen, params.fifteen),
    )
    for name, hundredths, limit in averages:
        share = percent(hundredths, load.cores * 100)
        yield Reading(name, share, Unit.PERCENT, limit.judge(share), "no_processors" if share is None else "")


CHECK = Check(
    id="host.load",
    version=1,
    title="系统负载",
    title_en="Load per processor",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35", "LH-13"),
    needs=("/proc/loadavg", "/proc/stat"),
)
