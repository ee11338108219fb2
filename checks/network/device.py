"""What a network device says it is, against the ledger: serial number, software, hardware, name."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.device import CLI_NEEDS, CLI_TRIED, Devices, Reach
from checks.network._parts import against
from checks.snmp import Identity


@dataclass(frozen=True, slots=True)
class Facts:
    identity: Identity


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the device is reached (see the source device); what the ledger says; empty is not compared."""

    serial: str = ""
    software: str = ""
    hardware: str = ""
    name: str = ""


def observe(devices: Devices, params: Params) -> Facts:
    return Facts(devices.look(params, ()).identity)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.identity
    pairs = (
        ("serial", found.serial, params.serial),
        ("software", found.version, params.software),
        ("hardware", found.hardware, params.hardware),
        ("device_name", found.name, params.name),
    )
    if not any(wanted for _, _, wanted in pairs):
        yield Reading("identity", None, Unit.NONE, State.UNKNOWN, "no_baseline")
    for name, told, wanted in pairs:
        if wanted:
            yield against(name, told, wanted)
    if found.uptime_ms is not None:
        yield Reading("uptime", found.uptime_ms // 1000, Unit.SECONDS, State.OK)


def propose_params(facts: Facts) -> dict[str, str]:
    """Parameters that these facts would meet, for a person to approve."""
    found = facts.identity
    told = {"serial": found.serial, "software": found.version, "hardware": found.hardware, "name": found.name}
    return {name: value.strip() for name, value in told.items() if value.strip()}


CHECK = Check(
    id="network.device",
    version=1,
    title="网络设备核对",
    title_en="Identity of a network device",
    source=Source.DEVICE,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-30", "LH annex 1 r5"),
    needs=("an SNMP view that holds 1.3.6.1.2.1.1 and 1.3.6.1.2.1.47, read only", CLI_NEEDS, CLI_TRIED),
)
