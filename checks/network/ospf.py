"""OSPF neighbours of a router: each one expected is there and its adjacency stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.network._parts import absent, unique, whole, words
from checks.snmp import Peer, Snmp

_TABLE = "1.3.6.1.2.1.14.10.1"
_ROUTER, _STATE, _EVENTS = (f"{_TABLE}.{at}" for at in (3, 6, 7))
_TWO_WAY, _FULL = 4, 8


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One row of ospfNbrTable: `state` as code of OSPF-MIB, `events`: changes of state since it is known."""

    address: str
    router_id: str
    state: int | None
    events: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class Params(Peer):
    """How the device is reached (see the source snmp).

    `expected`: router ids of neighbours that must be full (None: nobody has said so yet). Others may stay at
    2-way: routers on a shared segment that are neither designated nor backup do.
    """

    # Not every router speaks OSPF: a pattern means those whose neighbours somebody told.
    KINDS: ClassVar[tuple[str, ...]] = ()

    expected: tuple[str, ...] | None = None


def observe(snmp: Snmp, params: Params) -> Facts:
    found = snmp.walk(params, (_ROUTER, _STATE, _EVENTS))
    return Facts(
        tuple(
            Neighbour(
                # The index is the neighbour's address and the number of an interface without one.
                address=index.rpartition(".")[0] or index,
                router_id=words(found.get(_ROUTER, {}).get(index)),
                state=whole(state),
                events=whole(found.get(_EVENTS, {}).get(index)),
            )
            for index, state in found.get(_STATE, {}).items()
        )
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.neighbours
    if params.expected is None:
        yield Reading("expected", None, Unit.COUNT, State.UNKNOWN, "no_baseline")
    else:
        yield Reading("neighbours", len(found), Unit.COUNT, State.OK)
        yield from absent(params.expected, (one.router_id for one in found))
    names = unique(f"{one.router_id or '-'} {one.address}" for one in found)
    for name, one in zip(names, found, strict=True):
        state, reason = _standing(one, one.router_id in (params.expected or ()))
        yield Reading(name, None, Unit.NONE, state, reason)


def _standing(one: Neighbour, wanted: bool) -> tuple[State, str]:
    if one.state is None or not 1 <= one.state <= _FULL:
        return State.UNKNOWN, "not_reported"
    if one.state == _FULL or (one.state == _TWO_WAY and not wanted):
        return State.OK, ""
    return State.CRIT, "not_adjacent"


def propose_params(facts: Facts) -> dict[str, list[str]]:
    """Parameters that these facts would meet, for a person to approve."""
    standing = (one.router_id for one in facts.neighbours if one.state in (_FULL, _TWO_WAY) and one.router_id)
    return {"expected": list(dict.fromkeys(standing))}


CHECK = Check(
    id="network.ospf",
    version=1,
    title="OSPF 邻居",
    title_en="OSPF neighbours",
    source=Source.SNMP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32",),
    needs=("an SNMP view that holds 1.3.6.1.2.1.14.10, read only",),
)
