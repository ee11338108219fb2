"""How busy each disk was, and how long its requests took."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sources import Disk, DiskSpan, Host

# The kernel prints times as 32 bits of milliseconds: they wrap every 49.7 days of use.
_WRAP = 2**32


@dataclass(frozen=True, slots=True)
class Facts:
    """Disk counters at both ends of a span."""

    span: DiskSpan


@dataclass(frozen=True, slots=True)
class Params:
    """Limits: percent of time with a request under way, milliseconds per request.

    Latency is judged from `fewest` requests on. Name patterns in `ignore` are left out.
    """

    busy: Upper = Upper(80, 95)
    latency_ms: Upper = Upper(50, 200)
    fewest: int = 10
    ignore: tuple[str, ...] = ()


def observe(host: Host, params: Params) -> Facts:
    """Two samples of every whole disk."""
    return Facts(host.disks())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings per disk: `NAME:busy`, `NAME:latency` (the latter only if there were enough requests)."""
    for disk in seen.facts.span.disks:
        if not any(fnmatchcase(disk.name, pattern) for pattern in params.ignore):
            yield from _disk(disk, seen.facts.span.elapsed_ms, params)


def _disk(disk: Disk, elapsed_ms: int, params: Params) -> Iterator[Reading]:
    before, after = disk.before, disk.after
    if before is None:
        yield Reading(f"{disk.name}:busy", None, Unit.PERCENT, State.UNKNOWN, "first_look")
        return
    requests = after.reads - before.reads + after.writes - before.writes
    busy_ms = (after.busy_ms - before.busy_ms) % _WRAP
    # A busy time beyond the span (with room for the two samples' own time) is a reset, not a wrap.
    if after.reads < before.reads or after.writes < before.writes or busy_ms > elapsed_ms * 2 + 1000:
        yield Reading(f"{disk.name}:busy", None, Unit.PERCENT, State.UNKNOWN, "counter_reset")
        return
    busy = min(Fraction(100 * busy_ms, elapsed_ms), Fraction(100)) if elapsed_ms > 0 else None
    reason = "no_time" if busy is None else ""
    yield Reading(f"{disk.name}:busy", busy, Unit.PERCENT, params.busy.judge(busy), reason)
    if requests >= max(params.fewest, 1):
        spent = (after.read_ms - before.read_ms) % _WRAP + (after.write_ms - before.write_ms) % _WRAP
        latency = Fraction(spent, requests)
        state = params.latency_ms.judge(latency)
        yield Reading(f"{disk.name}:latency", latency, Unit.MILLISECONDS, state)


CHECK = Check(
    id="host.disk_io",
    version=1,
    title="磁盘读写",
    title_en="Disk activity",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-34",),
    needs=("/proc/diskstats", "/sys/block"),
)
