"""Processors: health, number and cores against the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.bmc import Bmc, Processor, Reach
from checks.server._parts import counted, standing, told, unused


@dataclass(frozen=True, slots=True)
class Facts:
    processors: tuple[Processor, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc);
    `expected` processors and `cores` (all together) by the ledger."""

    expected: int | None = None
    cores: int | None = None


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.processors(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = [one for one in seen.facts.processors if not unused(one.part)]
    yield counted("processors", len(found), params.expected)
    if params.cores is not None:
        yield _cores(found, params.cores)
    for part in told(one.part for one in found):
        state, reason = standing(part)
        yield Reading(f"{part.name}:health", None, Unit.NONE, state, reason)


def _cores(found: list[Processor], wanted: int) -> Reading:
    known = [one.cores for one in found if one.cores is not None]
    if len(known) < len(found) or not known:
        return Reading("cores", None, Unit.COUNT, State.UNKNOWN, "not_reported")
    return counted("cores", sum(known), wanted)


CHECK = Check(
    id="server.processors",
    version=1,
    title="服务器处理器",
    title_en="Processors of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31(5)",),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
