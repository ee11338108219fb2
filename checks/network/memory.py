"""Memory in use of a network device, each pool."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.device import CLI_NEEDS, CLI_TRIED, Devices, Reach
from checks.network._parts import matches, unique
from checks.snmp import Part, Space


@dataclass(frozen=True, slots=True)
class Facts:
    """`broken_off`: the table could not be read to its end."""

    pools: tuple[Space, ...]
    broken_off: bool


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the device is reached (see the source device); limits in percent; pools left out by name."""

    used: Upper = Upper(85, 95)
    swap: Upper = Upper(50, 80)
    ignore: tuple[str, ...] = ()


def observe(devices: Devices, params: Params) -> Facts:
    found = devices.look(params, (Part.MEMORY,))
    return Facts(found.memory, Part.MEMORY.value in found.missing)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts
    # A pool of size nought (no swap, no second bank) is none; that nothing is left is still unknown.
    pools = [one for one in found.pools if one.total != 0 and not matches(one.name, params.ignore)]
    if found.broken_off or not pools:
        reason = "broken_off" if found.broken_off else "not_reported"
        yield Reading("pools", None, Unit.COUNT, State.UNKNOWN, reason)
    for name, one in zip(unique(one.name for one in pools), pools, strict=True):
        share = percent(one.used, one.total) if one.share is None else Fraction(one.share, 100)
        state = (params.swap if one.kind == "swap" else params.used).judge(share)
        reason = "" if state is State.OK else "not_reported" if share is None else "filling"
        yield Reading(name, share, Unit.PERCENT, state, reason)


CHECK = Check(
    id="network.memory",
    version=1,
    title="网络设备内存使用率",
    title_en="Memory of a network device",
    source=Source.DEVICE,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32",),
    needs=(
        "an SNMP view that holds 1.3.6.1.2.1.1, 1.3.6.1.2.1.47 and the maker's memory table",
        CLI_NEEDS,
        CLI_TRIED,
    ),
)
