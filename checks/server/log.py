"""New entries in a server's event logs (SEL, Redfish log services) since the last look, by severity."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.bmc import Bmc, EventLog, Reach
from checks.server._parts import event


@dataclass(frozen=True, slots=True)
class Facts:
    logs: tuple[EventLog, ...]


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the controller is reached (see the source bmc)."""


def observe(bmc: Bmc, params: Params) -> Facts:
    return Facts(tuple(bmc.logs(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    if not seen.facts.logs:
        yield Reading("event_log", None, Unit.COUNT, State.UNKNOWN, "no_event_log")
    for log in seen.facts.logs:
        if log.first_look:
            yield Reading(log.name, log.entries, Unit.COUNT, State.UNKNOWN, "first_look")
            continue
        if log.cut:
            yield Reading(f"{log.name}:log_entries", log.entries, Unit.COUNT, State.UNKNOWN, "too_many")
        if log.cleared:
            yield Reading(f"{log.name}:cleared", 1, Unit.NONE, State.WARN, "log_cleared")
        yield Reading(f"{log.name}:new", log.new, Unit.COUNT, State.OK)
        for severity, count in sorted(log.counts.items()):
            state, reason = _SEVERITIES.get(severity) or event(severity)
            if state is not State.OK and count > 0:
                yield Reading(f"{log.name}:{severity or '?'}", count, Unit.COUNT, state, reason)


_SEVERITIES = {
    "OK": (State.OK, ""),
    "Warning": (State.WARN, "log_warning"),
    "Critical": (State.CRIT, "log_critical"),
    "": (State.UNKNOWN, "event_unknown"),
}


CHECK = Check(
    id="server.log",
    version=1,
    title="服务器事件日志",
    title_en="Event log of a server",
    source=Source.BMC,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=(
        "LH-09",
        "PD-23",
    ),
    needs=("a controller user with the role ReadOnly (Redfish) or the privilege USER (IPMI)",),
)
