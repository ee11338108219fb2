"""Disks and volumes that a device tells of by SNMP: those of a server without an agent (Windows among them),
of a storage box, of an appliance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.network._parts import absent, matches, unique
from checks.snmp import Part, Peer, Snmp, Space


@dataclass(frozen=True, slots=True)
class Facts:
    """`broken_off`: the table could not be read to its end."""

    stores: tuple[Space, ...]
    broken_off: bool


@dataclass(frozen=True, slots=True)
class Params(Peer):
    """How the device is reached (see the source snmp). `expected`: names or patterns (`C:*`, `/`), each of
    which something must be called; `used`: limits in percent; `ignore`: patterns of names left out."""

    expected: tuple[str, ...] = field(kw_only=True)
    used: Upper = Upper(80, 90)
    ignore: tuple[str, ...] = ()


def observe(snmp: Snmp, params: Params) -> Facts:
    found = snmp.look(params, (Part.STORAGE,))
    return Facts(found.storage, Part.STORAGE.value in found.missing)


def named(stores: Iterable[Space]) -> list[tuple[str, Space]]:
    """Each store that holds something, with a name of its own. A drive of size nought holds no medium."""
    held = [one for one in stores if one.total != 0]
    return list(zip(unique(one.name for one in held), held, strict=True))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts
    stores = [(name, one) for name, one in named(found.stores) if not matches(name, params.ignore)]
    if found.broken_off or not stores:  # that nothing is left is unknown
        reason = "broken_off" if found.broken_off else "not_reported"
        yield Reading("stores", None, Unit.COUNT, State.UNKNOWN, reason)
    if not found.broken_off:
        there = [one for one in params.expected if any(matches(name, (one,)) for name, _ in stores)]
        yield from absent(params.expected, there)
    for name, one in stores:
        share = percent(one.used, one.total) if one.share is None else Fraction(one.share, 100)
        share = None if share is not None and share < 0 else share  # no disk holds less than nothing
        state = params.used.judge(share)
        reason = "" if state is State.OK else "not_reported" if share is None else "filling"
        yield Reading(name, share, Unit.PERCENT, state, reason)


CHECK = Check(
    id="network.storage",
    version=1,
    title="设备存储空间使用率",
    title_en="Storage of a device by SNMP",
    source=Source.SNMP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35", "LH-10"),
    needs=(
        "an SNMP view that holds 1.3.6.1.2.1.1, 1.3.6.1.2.1.25.2 and the maker's storage table, read only",
    ),
)
