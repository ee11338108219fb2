"""Health of a server as a whole: its systems, chassis and controllers, and whether it is switched on."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.bmc import Bmc, Part, Reach
from checks.server._parts import gravest, standing, told


@dataclass(frozen=True, slots=True)
class Facts:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc); `power_on`: a server that is off is a fault."""

    power_on: bool = True


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.health(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    if not seen.facts.parts:
        yield Reading("health", None, Unit.NONE, State.UNKNOWN, "no_parts")
    for part in told(seen.facts.parts):
        state, reason = standing(part)
        if params.power_on and "power_off" in (one.lower() for one in part.events):
            state, reason = gravest([(State.CRIT, "powered_off"), (state, reason)])
        yield Reading(f"{part.name}:health", None, Unit.NONE, state, reason)


CHECK = Check(
    id="server.health",
    version=1,
    title="服务器整体健康",
    title_en="Server health as a whole",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=(
        "PD-31",
        "LH-09",
    ),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
