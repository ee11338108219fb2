"""Load of each processor of a network device."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.device import CLI_NEEDS, CLI_TRIED, Devices, Reach
from checks.network._parts import unique
from checks.snmp import Part, Processor


@dataclass(frozen=True, slots=True)
class Facts:
    """`broken_off`: the table could not be read to its end."""

    processors: tuple[Processor, ...]
    broken_off: bool


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the device is reached (see the source device); limits in percent, as the device averages it."""

    load: Upper = Upper(80, 95)


def observe(devices: Devices, params: Params) -> Facts:
    found = devices.look(params, (Part.PROCESSORS,))
    return Facts(found.processors, Part.PROCESSORS.value in found.missing)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts
    if found.broken_off or not found.processors:
        reason = "broken_off" if found.broken_off else "not_reported"
        yield Reading("processors", None, Unit.COUNT, State.UNKNOWN, reason)
    for name, one in zip(unique(one.name for one in found.processors), found.processors, strict=True):
        load = None if one.load is None else Fraction(one.load, 100)
        state = params.load.judge(load)
        reason = "" if state is State.OK else "not_reported" if load is None else "busy"
        yield Reading(name, load, Unit.PERCENT, state, reason)


CHECK = Check(
    id="network.cpu",
    version=1,
    title="网络设备 CPU 使用率",
    title_en="Processors of a network device",
    source=Source.DEVICE,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32",),
    needs=(
        "an SNMP view that holds 1.3.6.1.2.1.1, 1.3.6.1.2.1.47 and the maker's processor table",
        CLI_NEEDS,
        CLI_TRIED,
    ),
)
