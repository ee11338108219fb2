"""Power supplies and whether one may fail: each supply, its input, the redundancy."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, Unit
from checks.bmc import Bmc, Part, Reach
from checks.server._parts import counted, standing, told, unused


@dataclass(frozen=True, slots=True)
class Facts:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc); `expected`: supplies by the ledger."""

    expected: int | None = None


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.supplies(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    parts = told(seen.facts.parts)
    supplies = [one for one in parts if "redundan" not in one.name.lower() and not unused(one)]
    yield counted("supplies", len(supplies), params.expected)
    for part in parts:
        if not unused(part):
            state, reason = standing(part)
            yield Reading(f"{part.name}:health", None, Unit.NONE, state, reason)


CHECK = Check(
    id="server.power",
    version=1,
    title="服务器电源",
    title_en="Power supplies of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31(2)",),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
