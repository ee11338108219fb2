"""A WebSocket service: the handshake is taken, a ping comes back."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Protocols, SocketSeen, answered, check_timeout, check_url, not_answered


@dataclass(frozen=True, slots=True)
class Facts:
    socket: SocketSeen


@dataclass(frozen=True, slots=True)
class Params:
    url: str
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 10_000
    latency_ms: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if (
            parts.scheme not in ("ws", "wss")
            or "@" in parts.netloc
            or not self.url.isascii()
            or " " in self.url
        ):
            raise ValueError("url must begin with ws:// or wss:// and hold no credential and no space")
        check_url(self.url)
        check_timeout(self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.websocket(params.url, verify=params.verify, ca=params.ca, timeout_ms=params.timeout_ms))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.socket
    if bad := not_answered(found.talk):
        yield from bad
        return
    yield answered(found.talk, params.latency_ms)
    taken = bool(found.accepted)
    why = "status_unexpected" if found.status != 101 else "handshake_wrong"
    yield Reading(
        "handshake", found.status, Unit.NONE, State.OK if taken else State.CRIT, "" if taken else why
    )
    if taken:
        pong = bool(found.pong)
        yield Reading(
            "pong", int(pong), Unit.NONE, State.OK if pong else State.CRIT, "" if pong else "no_answer"
        )


CHECK = Check(
    id="application.websocket",
    version=1,
    title="WebSocket 服务",
    title_en="WebSocket service",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-37",),
    needs=("a route to the target",),
)
