"""Memory modules: health, how many, and the whole size against the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.bmc import Bmc, Module, Reach
from checks.server._parts import counted, standing, told, unused


@dataclass(frozen=True, slots=True)
class Facts:
    modules: tuple[Module, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc);
    `expected` modules and `mib` of memory by the ledger."""

    expected: int | None = None
    mib: int | None = None


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.memory(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    modules = [one for one in seen.facts.modules if not unused(one.part)]
    yield counted("modules", len(modules), params.expected)
    yield from _size(modules, params.mib)
    for part in told(one.part for one in modules):
        state, reason = standing(part)
        yield Reading(f"{part.name}:health", None, Unit.NONE, state, reason)


def _size(modules: list[Module], wanted: int | None) -> Iterator[Reading]:
    """All modules together; IPMI does not know it."""
    sizes = [one.mib for one in modules if one.mib is not None]
    if len(sizes) < len(modules) or not sizes:
        if wanted is not None:
            yield Reading("memory_size", None, Unit.BYTES, State.UNKNOWN, "not_reported")
        return
    total = sum(sizes)
    state, reason = State.OK, ""
    if wanted is not None and total != wanted:
        state, reason = (State.CRIT, "too_few") if total < wanted else (State.WARN, "too_many")
    yield Reading("memory_size", total << 20, Unit.BYTES, state, reason)


CHECK = Check(
    id="server.memory",
    version=1,
    title="服务器内存条",
    title_en="Memory modules of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31(5)",),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
