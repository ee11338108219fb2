"""Link state, errors and drops of the network interfaces."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from operator import attrgetter, lt

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sources import Host, Link, LinkCounters, LinkSpan

_NOTHING = LinkCounters(0, 0, 0, 0, 0, 0, 0, 0, 0)
_COUNTERS = attrgetter(
    "packets_in", "packets_out", "bytes_in", "bytes_out", "errors_in", "errors_out", "drops_in", "drops_out"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Interfaces at both ends of a span (the first look spans all time since boot)."""

    span: LinkSpan


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in packets per million, judged from `fewest` packets on, and in link changes.

    `required` interfaces must have a link; others are judged if they are hardware and ever carried traffic.
    Name patterns in `ignore` are left out.
    """

    errors_ppm: Upper = Upper(100, 1000)
    drops_ppm: Upper = Upper(10_000, 50_000)
    link_changes: Upper = Upper(2, 10)
    fewest: int = 1000
    required: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def observe(host: Host, params: Params) -> Facts:
    """Hardware interfaces and the required ones: a container host has hundreds of others."""
    return Facts(host.links(params.required))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings per interface: `NAME:link`, `NAME:errors`, `NAME:drops`, `NAME:link_changes`."""
    links = {link.name: link for link in seen.facts.span.links}
    for name in params.required:
        if name not in links:
            yield Reading(f"{name}:link", None, Unit.NONE, State.CRIT, "missing")
    for link in links.values():
        if link.name in params.required or not any(fnmatchcase(link.name, p) for p in params.ignore):
            yield from _link(link, params)


def _link(link: Link, params: Params) -> Iterator[Reading]:
    required = link.name in params.required
    # A port that never carried anything since boot is a spare; one that did has lost its link.
    if not required and not (link.enabled and link.after.packets_in):
        return
    down = "" if link.carrier else "no_carrier" if link.enabled else "disabled"
    yield Reading(f"{link.name}:link", int(link.carrier), Unit.NONE, State.CRIT if down else State.OK, down)
    before, after = link.before or _NOTHING, link.after
    packets = after.packets_in + after.packets_out - before.packets_in - before.packets_out
    errors = after.errors_in + after.errors_out - before.errors_in - before.errors_out
    drops = after.drops_in + after.drops_out - before.drops_in - before.drops_out
    if _went_back(before, after):
        yield Reading(f"{link.name}:errors", None, Unit.RATIO, State.UNKNOWN, "counter_reset")
        return
    yield _share(f"{link.name}:errors", errors, packets, params.errors_ppm, params.fewest)
    yield _share(f"{link.name}:drops", drops, packets, params.drops_ppm, params.fewest)
    if link.before is not None and before.carrier_changes is not None and after.carrier_changes is not None:
        changes = after.carrier_changes - before.carrier_changes
        state = params.link_changes.judge(changes)
        yield Reading(f"{link.name}:link_changes", changes, Unit.COUNT, state)


def _went_back(before: LinkCounters, after: LinkCounters) -> bool:
    # 32-bit counters wrap, drivers start anew when reloaded: neither can be told from the other.
    if (after.carrier_changes or 0) < (before.carrier_changes or 0):
        return True
    return any(map(lt, _COUNTERS(after), _COUNTERS(before)))


def _share(name: str, bad: int, packets: int, limit: Upper, fewest: int) -> Reading:
    if not bad:
        return Reading(name, 0, Unit.RATIO, State.OK)
    share = Fraction(bad, packets + bad)
    if packets + bad < fewest:
        # Something went wrong, but one of five packets is no rate.
        return Reading(name, share, Unit.RATIO, State.WARN, "few_packets")
    return Reading(name, share, Unit.RATIO, limit.judge(share * 1_000_000))


CHECK = Check(
    id="host.network",
    version=1,
    title="网络接口",
    title_en="Network interfaces",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32",),
    needs=("/proc/net/dev", "/sys/class/net"),
)
