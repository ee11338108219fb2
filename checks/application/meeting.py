"""A conference unit or telephone server: it answers SIP OPTIONS."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Endpoint, Protocols, SipSeen, answered, not_answered

# It is alive and says so: who wants a password for OPTIONS, or knows no such method, has answered.
_ALIVE = (200, 401, 403, 404, 405, 407)


@dataclass(frozen=True, slots=True)
class Facts:
    sip: SipSeen


@dataclass(frozen=True, slots=True)
class Params:
    address: str
    port: int = 5060
    udp: bool = True
    timeout_ms: int = 10_000
    latency_ms: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        self.end()

    def end(self) -> Endpoint:
        """Where the service is."""
        return Endpoint(self.address, self.port, timeout_ms=self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.sip(params.end(), udp=params.udp))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.sip
    if bad := not_answered(found.talk):
        yield from bad
        return
    yield answered(found.talk, params.latency_ms)
    if found.status is None:
        yield Reading("status", None, Unit.NONE, State.UNKNOWN, "not_reported")
        return
    alive = found.status in _ALIVE
    yield Reading(
        "status",
        found.status,
        Unit.NONE,
        State.OK if alive else State.CRIT,
        "" if alive else "status_unexpected",
    )


CHECK = Check(
    id="application.meeting",
    version=1,
    title="视频会议与话务设备",
    title_en="Conference and telephone devices",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-33",),
    needs=("a route to the target",),
)
