"""Temperatures inside a server against its controller's own limits, and the site's."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.bmc import Bmc, Reach, Sensor
from checks.server._parts import gravest, measured, number, told, unused


@dataclass(frozen=True, slots=True)
class Facts:
    temperatures: tuple[Sensor, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc); `limit`: the site's own, in °C."""

    limit: Upper = Upper(None, None)


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.temperatures(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = [one for one in seen.facts.temperatures if not unused(one.part)]
    if not found:
        yield Reading("temperature", None, Unit.CELSIUS, State.UNKNOWN, "no_parts")
    for sensor, part in zip(found, told(one.part for one in found), strict=True):
        value = number(sensor.milli if sensor.unit == "Cel" else None)
        verdicts = [measured(sensor)]
        if value is not None:
            verdicts.append((params.limit.judge(value), "beyond_site_limit"))
        elif sensor.milli is not None:
            verdicts.append((State.UNKNOWN, "unit_unknown"))
        state, reason = gravest(verdicts)
        yield Reading(part.name, value, Unit.CELSIUS, state, reason if state is not State.OK else "")


CHECK = Check(
    id="server.temperature",
    version=1,
    title="服务器温度",
    title_en="Temperatures of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=(
        "PD-31(1)",
        "LH-06",
    ),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
