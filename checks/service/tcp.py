"""Whether a TCP service accepts a connection, and how long that takes."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.probes import Connection, Net, check_host, check_port, check_timeout


@dataclass(frozen=True, slots=True)
class Facts:
    connection: Connection


@dataclass(frozen=True, slots=True)
class Params:
    host: str
    port: int
    timeout_ms: int = 5000
    latency_ms: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        check_host(self.host)
        check_port(self.port)
        check_timeout(self.timeout_ms, 1, 60_000)


def observe(net: Net, params: Params) -> Facts:
    return Facts(net.tcp(params.host, params.port, timeout_ms=params.timeout_ms))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.connection
    if found.outcome != "connected" or found.connect_us is None:
        # Refused or silent is what the target did: a fact, and a bad one (ruling 1).
        yield Reading("connect", None, Unit.MICROSECONDS, State.CRIT, found.outcome or "no_answer")
        return
    state = params.latency_ms.judge(found.connect_us, per=1000)
    yield Reading("connect", found.connect_us, Unit.MICROSECONDS, state, "" if state is State.OK else "slow")


CHECK = Check(
    id="service.tcp",
    version=1,
    title="TCP 端口连通性",
    title_en="TCP port reachability",
    source=Source.NET,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-20", "PD-28"),
    needs=("a route to the target",),
)
