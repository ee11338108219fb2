"""SNMP traps that a device sent to this agent since the last look, by kind; silence is no proof."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.network._received import opening
from checks.received import Ears, Received, Sender, What

_GENERIC = "1.3.6.1.6.3.1.1.5."
# The notifications that every device has (RFC 3418, RFC 2863), and what each is by itself.
_NAMES = {
    "1": ("cold_starts", State.WARN),
    "2": ("warm_starts", State.WARN),
    "3": ("links_down", State.WARN),
    "4": ("links_up", State.OK),
    "5": ("wrong_communities", State.WARN),
    "6": ("neighbours_lost", State.WARN),
}


@dataclass(frozen=True, slots=True)
class Facts:
    received: Received


@dataclass(frozen=True, slots=True)
class Params(Sender):
    """`critical`, `warning`: OIDs of notifications (or of what they stand under) that are a fault; `ignore`:
    those that are nothing. `others`: limit of all further ones since the last look."""

    critical: tuple[str, ...] = ()
    warning: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    others: Upper = Upper(100, None)


def observe(ears: Ears, params: Params) -> Facts:
    return Facts(ears.received(What.TRAPS, params.address, params.timeout_ms))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.received
    yield from opening(found, seen.taken_at, params)
    if found.first_look:
        return  # whatever is counted came before anybody looked
    others = 0
    for oid, count in sorted(found.counts.items()):
        name, state = _meaning(oid, params)
        if not name:
            others += count
        elif name != "-":
            yield Reading(name, count, Unit.COUNT, state, "" if state is State.OK else "notified")
    state = params.others.judge(others)
    yield Reading("other_traps", others, Unit.COUNT, state, "" if state is State.OK else "many")


def _meaning(oid: str, params: Params) -> tuple[str, State]:
    """Its reading's name and state; `-` for one to be ignored, empty for one that nobody named."""
    if _under(oid, params.ignore):
        return "-", State.OK
    known, usual = _NAMES.get(oid.removeprefix(_GENERIC), ("", State.OK))
    if _under(oid, params.critical):
        return known or oid, State.CRIT
    if _under(oid, params.warning):
        return known or oid, State.WARN
    return known, usual


def _under(oid: str, roots: tuple[str, ...]) -> bool:
    return any(oid == root or oid.startswith(f"{root}.") for root in roots)


CHECK = Check(
    id="network.traps",
    version=1,
    title="接收的 SNMP 告警",
    title_en="SNMP traps received from a device",
    source=Source.RECEIVED,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32", "LH-10"),
    needs=(
        "`receive: {traps: …}` in agent.yaml with the names of its communities and v3 users, and the device"
        " set to send there",
        "tried with net-snmp's snmptrap and snmpinform (v1, v2c, v3 with MD5 to SHA-512, DES, AES)",
    ),
)
