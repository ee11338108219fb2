"""Fans of a server: each one's speed and health."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.bmc import Bmc, Reach, Sensor
from checks.server._parts import counted, measured, number, standing, told, unused


@dataclass(frozen=True, slots=True)
class Facts:
    fans: tuple[Sensor, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc);
    `expected`: fans by the ledger. Speeds in turns a minute or in percent."""

    expected: int | None = None


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.fans(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    fans = [one for one in seen.facts.fans if not unused(one.part)]
    yield counted("fans", len(fans), params.expected)
    for fan, part in zip(fans, told(one.part for one in fans), strict=True):
        # Controllers that count no turns tell of a fan's health only; a fan at rest has failed.
        state, reason = standing(part) if fan.milli is None else measured(fan)
        if fan.milli is not None and fan.milli <= 0:
            state, reason = State.CRIT, "stopped"
        unit = Unit.PERCENT if fan.unit == "%" else Unit.NONE
        yield Reading(part.name, number(fan.milli), unit, state, reason)


CHECK = Check(
    id="server.fans",
    version=1,
    title="服务器风扇",
    title_en="Fans of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31(3)",),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
