"""Listening sockets compared with the approved baseline."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.sources import Host, Listener

_ENTRY = re.compile(r"(tcp|udp)/((\[[0-9A-Fa-f:.]+\]|[0-9.]+):)?\d{1,5}")


@dataclass(frozen=True, slots=True)
class Open:
    """A listening socket; `owner` is looked up for those outside the baseline, "" where not to be seen."""

    protocol: str
    address: str
    port: int
    owner: str = ""

    @property
    def entry(self) -> str:
        """As a baseline writes it: `tcp/0.0.0.0:22`, `udp/[::]:123`."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.protocol}/{address}:{self.port}"

    @property
    def anywhere(self) -> str:
        """The baseline entry for this port on any address."""
        return f"{self.protocol}/{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.address == "::1" or self.address.removeprefix("::ffff:").startswith("127.")


@dataclass(frozen=True, slots=True)
class Facts:
    """Listening sockets, and the range that clients' own UDP sockets are taken from."""

    sockets: tuple[Open, ...]
    ephemeral_first: int
    ephemeral_last: int


@dataclass(frozen=True, slots=True)
class Params:
    """Approved sockets: `tcp/22` (any address), `tcp/127.0.0.1:5432`, `udp/[::1]:323`.

    None means that no baseline was approved yet, which is unknown. Sockets that only this machine
    can reach are compared if `loopback` is set. UDP sockets in the ephemeral range are clients.
    """

    baseline: tuple[str, ...] | None = None
    loopback: bool = False

    def __post_init__(self) -> None:
        for entry in self.baseline or ():
            if not _ENTRY.fullmatch(entry):
                raise ValueError(f"baseline: {entry!r} is not like tcp/22 or tcp/127.0.0.1:5432")


def observe(host: Host, params: Params) -> Facts:
    """Listening sockets; programs' names for those that need explaining."""
    seen = host.listeners()
    approved = frozenset(params.baseline or ())
    names = host.socket_owners([each.inode for each in seen.sockets if _strange(each, approved)])
    rows = [(each.protocol, each.address, each.port, names.get(each.inode, "")) for each in seen.sockets]
    sockets = tuple(Open(*row) for row in dict.fromkeys(rows))
    return Facts(sockets, seen.ephemeral_first, seen.ephemeral_last)


def _strange(listener: Listener, approved: frozenset[str]) -> bool:
    if not approved:
        return True
    one = Open(listener.protocol, listener.address, listener.port)
    return approved.isdisjoint((one.entry, one.anywhere))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings `unexpected` and `missing` (counts), then one for each such socket."""
    if params.baseline is None:
        yield Reading("unexpected", None, Unit.COUNT, State.UNKNOWN, "no_baseline")
        return
    sockets, approved = seen.facts.sockets, set(params.baseline)
    strange = [
        each
        for each in sockets
        if not {each.entry, each.anywhere} & approved and _compared(each, seen.facts, params)
    ]
    there = {text for each in sockets for text in (each.entry, each.anywhere)}
    missing = [entry for entry in params.baseline if entry not in there]
    yield Reading("unexpected", len(strange), Unit.COUNT, State.CRIT if strange else State.OK)
    yield Reading("missing", len(missing), Unit.COUNT, State.CRIT if missing else State.OK)
    for each in strange:
        yield Reading(each.entry, None, Unit.NONE, State.CRIT, "unexpected")
    for entry in missing:
        yield Reading(entry, None, Unit.NONE, State.CRIT, "not_listening")


def _compared(each: Open, facts: Facts, params: Params) -> bool:
    if each.loopback and not params.loopback:
        return False
    return each.protocol != "udp" or not facts.ephemeral_first <= each.port <= facts.ephemeral_last


def propose(facts: Facts) -> tuple[str, ...]:
    """A baseline that these facts would meet, for a person to approve."""
    everyone = Params(baseline=())
    return tuple(dict.fromkeys(each.anywhere for each in facts.sockets if _compared(each, facts, everyone)))


CHECK = Check(
    id="host.ports",
    version=1,
    title="监听端口",
    title_en="Listening ports",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH rule 18",),
    needs=("sock_diag",),
)
