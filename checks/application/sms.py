"""An SMS gateway: it takes the bind and answers enquire_link. No message is sent."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Endpoint, GatewaySeen, Protocols, Tls, answered, not_answered

# ESME_RINVPASWD, ESME_RINVSYSID: the gateway is well, our account is not.
_REFUSED = (0x0E, 0x0F)


@dataclass(frozen=True, slots=True)
class Facts:
    gateway: GatewaySeen


@dataclass(frozen=True, slots=True)
class Params(Endpoint):
    port: int = 2775
    secret: str = "sms"  # noqa: S105  # a name to look up on the agent, no secret
    latency_ms: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        if self.tls is Tls.STARTTLS:
            raise ValueError("tls must be none or tls")
        Endpoint.__post_init__(self)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.smpp(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.gateway
    if bad := not_answered(found.talk):
        yield from bad
        return
    yield answered(found.talk, params.latency_ms)
    yield _status("bind", found.bind)
    if found.bind == 0:
        yield _status("enquire_link", found.enquire)


def _status(name: str, status: int | None) -> Reading:
    if status is None:
        return Reading(name, None, Unit.NONE, State.UNKNOWN, "not_reported")
    if status in _REFUSED:
        return Reading(name, status, Unit.NONE, State.UNKNOWN, "login_refused")
    return Reading(
        name, status, Unit.NONE, State.CRIT if status else State.OK, "bind_failed" if status else ""
    )


CHECK = Check(
    id="application.sms",
    version=1,
    title="短信网关",
    title_en="SMS gateway",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-21",),
    needs=("an SMPP account for monitoring",),
)
