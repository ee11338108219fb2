"""Drives behind a server's own controller: presence, health, predicted failure, life left, rebuilding."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit
from checks.bmc import Bmc, Drive, Reach
from checks.server._parts import counted, gravest, standing, told, unused


@dataclass(frozen=True, slots=True)
class Facts:
    drives: tuple[Drive, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc);
    `expected`: drives by the ledger; `life_left` in percent."""

    expected: int | None = None
    life_left: Lower = Lower(10, 2)


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.drives(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    drives = [one for one in seen.facts.drives if not unused(one.part)]
    yield counted("drives", len(drives), params.expected)
    for drive, part in zip(drives, told(one.part for one in drives), strict=True):
        verdicts = [standing(part)]
        if drive.predicted:
            verdicts.append((State.WARN, "failure_predicted"))
        state, reason = gravest(verdicts)
        yield Reading(f"{part.name}:health", None, Unit.NONE, state, reason)
        if drive.life_left is not None:
            state = params.life_left.judge(drive.life_left)
            why = "" if state is State.OK else "worn"
            yield Reading(f"{part.name}:life_left", drive.life_left, Unit.PERCENT, state, why)


CHECK = Check(
    id="server.drives",
    version=1,
    title="服务器硬盘",
    title_en="Drives of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=(
        "PD-31(4)",
        "LH-11",
    ),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
