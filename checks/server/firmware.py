"""Firmware versions of a server against the approved ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.bmc import Bmc, Firmware, Part, Reach
from checks.server._parts import standing, told


@dataclass(frozen=True, slots=True)
class Facts:
    firmware: tuple[Firmware, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc); `expected`: approved version by name;
    `withdrawn`: versions with known faults."""

    expected: Mapping[str, str] = field(default_factory=dict)
    withdrawn: tuple[str, ...] = ()


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.firmware(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = {part.name: one for one, part in zip(seen.facts.firmware, _named(seen.facts), strict=True)}
    if not params.expected:
        yield Reading("versions", len(found), Unit.COUNT, State.UNKNOWN, "no_baseline")
    for name, version in sorted(params.expected.items()):
        one = found.get(name)
        state, reason = (State.UNKNOWN, "missing") if one is None else _same(one.version, version)
        yield Reading(f"{name}:version", None, Unit.NONE, state, reason)
    for name, one in found.items():
        if one.version and one.version in params.withdrawn:
            yield Reading(f"{name}:version", None, Unit.NONE, State.CRIT, "withdrawn")
        if one.part.health in ("Warning", "Critical"):
            state, reason = standing(one.part)
            yield Reading(f"{name}:health", None, Unit.NONE, state, reason)


def _named(facts: Facts) -> list[Part]:
    return told(one.part for one in facts.firmware)


def _same(found: str, wanted: str) -> tuple[State, str]:
    if not found:
        return State.UNKNOWN, "not_reported"
    return (State.OK, "") if found == wanted else (State.WARN, "version_differs")


def propose_params(facts: Facts) -> dict[str, dict[str, str]]:
    """Parameters that these facts would meet, for a person to approve."""
    named = zip(_named(facts), facts.firmware, strict=True)
    found = {part.name: one.version for part, one in named if one.version}
    return {"expected": found} if found else {}


CHECK = Check(
    id="server.firmware",
    version=1,
    title="服务器固件版本",
    title_en="Firmware of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-12",),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
