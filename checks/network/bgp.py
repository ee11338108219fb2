"""BGP neighbours of a router: each one expected is there and established."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.network._parts import absent, unique, whole
from checks.snmp import Peer, Snmp

_TABLE = "1.3.6.1.2.1.15.3.1"
_STATE, _ADMIN, _AS, _SINCE = (f"{_TABLE}.{at}" for at in (2, 3, 9, 16))
_ESTABLISHED, _STOPPED = 6, 1


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One row of bgpPeerTable: states as codes of BGP4-MIB, `since_s` established (or down) for so long."""

    address: str
    state: int | None
    admin: int | None
    remote_as: int | None
    since_s: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class Params(Peer):
    """How the device is reached (see the source snmp); `expected`: neighbours by address (None: not said)."""

    # Not every router speaks BGP: a pattern means those whose neighbours somebody told.
    KINDS: ClassVar[tuple[str, ...]] = ()

    expected: tuple[str, ...] | None = None


def observe(snmp: Snmp, params: Params) -> Facts:
    found = snmp.walk(params, (_STATE, _ADMIN, _AS, _SINCE))
    rows = found.get(_STATE, {})
    return Facts(
        tuple(
            Neighbour(
                address=index,
                state=whole(state),
                admin=whole(found.get(_ADMIN, {}).get(index)),
                remote_as=whole(found.get(_AS, {}).get(index)),
                since_s=whole(found.get(_SINCE, {}).get(index)),
            )
            for index, state in rows.items()
        )
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.neighbours
    names = unique(one.address for one in found)
    if params.expected is None:
        yield Reading("expected", None, Unit.COUNT, State.UNKNOWN, "no_baseline")
    else:
        yield Reading("neighbours", len(found), Unit.COUNT, State.OK)
        yield from absent(params.expected, names)
    for name, one in zip(names, found, strict=True):
        state, reason = _standing(one, name in (params.expected or ()))
        yield Reading(name, one.since_s if state is State.OK else None, Unit.SECONDS, state, reason)


def _standing(one: Neighbour, wanted: bool) -> tuple[State, str]:
    if one.state == _ESTABLISHED:
        return State.OK, ""
    if one.state is None or not 1 <= one.state <= _ESTABLISHED:
        return State.UNKNOWN, "not_reported"
    if one.admin == _STOPPED and not wanted:
        return State.WARN, "shut_down"
    return State.CRIT, "shut_down" if one.admin == _STOPPED else "not_established"


def propose_params(facts: Facts) -> dict[str, list[str]]:
    """Parameters that these facts would meet, for a person to approve."""
    return {"expected": [one.address for one in facts.neighbours if one.state == _ESTABLISHED]}


CHECK = Check(
    id="network.bgp",
    version=1,
    title="BGP 邻居",
    title_en="BGP neighbours",
    source=Source.SNMP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32",),
    needs=("an SNMP view that holds 1.3.6.1.2.1.15, read only",),
)
