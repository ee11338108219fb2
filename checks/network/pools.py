"""Pools of a load balancer through SNMP (F5 BIG-IP, A10): members up, down, out of service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source
from checks.network._parts import whole, words
from checks.pools import Member, judge_pools
from checks.snmp import Peer, Snmp, Value

# F5-BIGIP-LOCAL-MIB ltmPoolMbrStatusTable: availability, whether enabled.
_F5 = "1.3.6.1.4.1.3375.2.2.5.6.2.1."
_F5_AVAILABLE, _F5_ENABLED, _F5_NODE = _F5 + "5", _F5 + "6", _F5 + "9"
_F5_STATES = {1: "up", 2: "down", 3: "down", 4: "unchecked", 5: "unchecked"}
# A10-AX-MIB axServiceGroupMemberTable: pool, server, port, state.
_A10 = "1.3.6.1.4.1.22610.2.4.3.3.3.1.1."
_A10_POOL, _A10_SERVER, _A10_PORT, _A10_STATE = (_A10 + at for at in "1346")
_A10_STATES = {0: "disabled", 1: "up", 2: "down"}
_Tables = Mapping[str, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Facts:
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Params(Peer):
    """How the device is reached (see the source snmp). `expected`: pools that must be there; `ignore`:
    members (`POOL/MEMBER`) meant to be out of service."""

    expected: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def observe(snmp: Snmp, params: Params) -> Facts:
    asked = (_F5_AVAILABLE, _F5_ENABLED, _F5_NODE, _A10_POOL, _A10_SERVER, _A10_PORT, _A10_STATE)
    found = snmp.walk(params, asked)
    members = (*_f5(found), *_a10(found))
    if not members:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{params.address}: has no pools that we know of")
    return Facts(members)


def _f5(found: _Tables) -> Iterator[Member]:
    for index, available in found.get(_F5_AVAILABLE, {}).items():
        pool, node, port = _named(index)
        node = words(found.get(_F5_NODE, {}).get(index)) or node
        enabled = whole(found.get(_F5_ENABLED, {}).get(index))
        state = _F5_STATES.get(whole(available) or 0, "")
        if enabled in (2, 3):
            state = "disabled"
        yield Member(pool, f"{node}:{port}" if port else node, state)


def _named(index: str) -> tuple[str, str, str]:
    """Pool, node and port of an index: both names with their lengths before them, then the number."""
    arcs = [int(arc) for arc in index.split(".") if arc.isdigit()]
    names = []
    for _ in range(2):
        size = arcs[0] if arcs else 0
        names.append(words(bytes(arc & 0xFF for arc in arcs[1 : 1 + size])))
        arcs = arcs[1 + size :]
    return names[0] or index, names[1], str(arcs[0]) if arcs else ""


def _a10(found: _Tables) -> Iterator[Member]:
    for index, pool in found.get(_A10_POOL, {}).items():
        server = words(found.get(_A10_SERVER, {}).get(index))
        port = whole(found.get(_A10_PORT, {}).get(index))
        state = _A10_STATES.get(_number(found.get(_A10_STATE, {}).get(index)), "")
        yield Member(words(pool), server if port is None else f"{server}:{port}", state)


def _number(value: Value) -> int:
    told = whole(value)
    return -1 if told is None else told


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from judge_pools(seen.facts.members, params.expected, params.ignore)


CHECK = Check(
    id="network.pools",
    version=1,
    title="负载均衡池",
    title_en="Pools of a load balancer",
    source=Source.SNMP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-20",),
    needs=(
        "an SNMP view that holds 1.3.6.1.4.1.3375.2.2.5 (F5) or 1.3.6.1.4.1.22610.2.4.3.3 (A10)",
        "F5 tried on a recording of one pool; A10 on tables of our own making, never on the device itself",
    ),
)
