"""The clock of a server's controller beside the agent's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.bmc import Bmc, BmcClock, Reach


@dataclass(frozen=True, slots=True)
class Facts:
    clock: BmcClock


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc);
    `offset_ms`: limits; `zone_min`: minutes ahead of UTC
    of a clock that names no zone (480 in China)."""

    offset_ms: Upper = Upper(60_000, 600_000)
    ntp: bool = True
    zone_min: int | None = None


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(bmc.clock(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    clock = seen.facts.clock
    if params.ntp and clock.ntp is not None:
        # Not every controller says whether it asks a time server.
        state = State.OK if clock.ntp else State.WARN
        yield Reading("ntp", int(clock.ntp), Unit.NONE, state, "" if clock.ntp else "disabled")
    if clock.at is None:
        yield Reading("offset", None, Unit.SECONDS, State.UNKNOWN, "no_time")
    elif not clock.zone_known and params.zone_min is None:
        yield Reading("offset", None, Unit.SECONDS, State.UNKNOWN, "zone_unknown")
    else:
        zone = 0 if clock.zone_known else (params.zone_min or 0) * 60_000
        ahead = clock.at - zone - clock.asked_at
        # What the question's own time and the clock's step leave open is not held against it.
        sure = max(abs(ahead) - clock.round_trip_ms // 2 - clock.step_ms, 0)
        state = params.offset_ms.judge(sure)
        why = "" if state is State.OK else "clock_off"
        yield Reading("offset", Fraction(ahead, 1000), Unit.SECONDS, state, why)


CHECK = Check(
    id="server.clock",
    version=1,
    title="服务器管理时钟",
    title_en="Clock of a server's controller",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=(
        "PD-31",
        "LH-31",
    ),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
