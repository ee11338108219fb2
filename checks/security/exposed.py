"""Ports of another machine that must not be reachable from here: telnet, ftp, rsh, vnc, X11 …

Seen from a vantage point: the same check from a permitted and from a forbidden network proves
the access list.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.probes import Connection, Net, check_host, check_timeout

_KINDS = {
    21: "ftp",
    23: "telnet",
    80: "http",
    512: "rexec",
    513: "rlogin",
    514: "rsh",
    5900: "vnc",
    5901: "vnc",
    6000: "x11",
    8080: "http",
}
# The network's own answer that nobody is let in there; a timeout is one only where others were answered.
_CLOSED = frozenset({"refused", "reset"})
_MOST_PORTS = 64


@dataclass(frozen=True, slots=True)
class Port:
    """One port and what came of a connection to it."""

    port: int
    connection: Connection


@dataclass(frozen=True, slots=True)
class Facts:
    """Ports in the order asked; `alive`: the port that must answer, None where none was named."""

    ports: tuple[Port, ...]
    alive: Port | None


@dataclass(frozen=True, slots=True)
class Params:
    """Ports that must be closed to this vantage point. `alive`: one that must be open, which proves that
    the machine is there: silence of a machine that is off proves nothing."""

    host: str
    ports: tuple[int, ...] = (21, 23, 512, 513, 514, 5900, 5901, 6000)
    alive: int | None = None
    timeout_ms: int = 2000

    def __post_init__(self) -> None:
        check_host(self.host)
        if not self.ports or len(self.ports) > _MOST_PORTS:
            raise ValueError(f"ports: 1 to {_MOST_PORTS} of them")
        if any(not 1 <= port <= 65535 for port in (*self.ports, self.alive or 1)):
            raise ValueError("port must be 1 to 65535")
        check_timeout(self.timeout_ms, 1, 30_000)


def observe(net: Net, params: Params) -> Facts:
    """One connection to each port, closed at once."""
    made = tuple(
        Port(port, net.tcp(params.host, port, timeout_ms=params.timeout_ms)) for port in params.ports
    )
    alive = params.alive
    shown = None if alive is None else Port(alive, net.tcp(params.host, alive, timeout_ms=params.timeout_ms))
    return Facts(made, shown)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`exposed` (count of open ports), one reading for each open or undecided port."""
    facts = seen.facts
    opened = [one for one in facts.ports if one.connection.outcome == "connected"]
    # A machine that answered anything is there; then a filtered port is a closed one.
    there = any(_answered(one) for one in (*facts.ports, *((facts.alive,) if facts.alive else ())))
    silent = [one for one in facts.ports if not _answered(one)] if not there else []
    state = State.CRIT if opened else State.UNKNOWN if silent or not facts.ports else State.OK
    reason = "exposed" if opened else "no_answer" if state is State.UNKNOWN else ""
    yield Reading("exposed", len(opened), Unit.COUNT, state, reason)
    for one in opened:
        yield Reading(f"{_KINDS.get(one.port, 'tcp')}/{one.port}", 1, Unit.NONE, State.CRIT, "exposed")
    if facts.alive is not None and facts.alive.connection.outcome != "connected":
        yield Reading(f"tcp/{facts.alive.port}", 0, Unit.NONE, State.UNKNOWN, "no_answer")


def _answered(one: Port) -> bool:
    return one.connection.outcome == "connected" or one.connection.outcome in _CLOSED


CHECK = Check(
    id="security.exposed",
    version=1,
    title="不应开放的端口",
    title_en="Ports that must be closed",
    source=Source.NET,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH rule 12", "LH rule 18"),
    needs=("a route to the target",),
)
