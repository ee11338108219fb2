"""Datastores of a vCenter or ESXi: there, not full, and not promised more often than they can hold."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.virtual._common import used
from checks.vsphere import VSPHERE_NEEDS, Datastore, Vcenter, Vsphere


@dataclass(frozen=True, slots=True)
class Facts:
    datastores: tuple[Datastore, ...]


@dataclass(frozen=True, slots=True)
class Params(Vcenter):
    """How it is reached. `used`, and `promised` (used and what thin disks may still take), in percent of the
    capacity; `expected`: names that must be there; `ignore`: names left out."""

    used: Upper = Upper(80, 90)
    promised: Upper = Upper(150, None)
    expected: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def observe(vsphere: Vsphere, params: Params) -> Facts:
    return Facts(tuple(vsphere.datastores(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = [one for one in seen.facts.datastores if one.name not in params.ignore]
    if not found:
        yield Reading("datastores", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    for name in sorted(set(params.expected) - {one.name for one in found}):
        yield Reading(name, None, Unit.PERCENT, State.CRIT, "missing")
    for one in found:
        yield from _datastore(one, params)


def _datastore(one: Datastore, params: Params) -> Iterator[Reading]:
    if one.accessible is False:
        yield Reading(one.name, None, Unit.PERCENT, State.CRIT, "not_accessible")
        return
    taken = None if one.capacity is None or one.free is None else one.capacity - one.free
    yield used(one.name, taken, one.capacity, params.used)
    if one.accessible is None:
        yield Reading(f"{one.name}:accessible", None, Unit.NONE, State.UNKNOWN, "not_reported")
    if one.maintenance not in ("", "normal"):
        yield Reading(f"{one.name}:maintenance_mode", None, Unit.NONE, State.WARN, "in_maintenance")
    share = percent(None if taken is None else taken + (one.uncommitted or 0), one.capacity)
    if share is not None:
        state = params.promised.judge(share)
        why = "" if state is State.OK else "overcommitted"
        yield Reading(f"{one.name}:promised", share, Unit.PERCENT, state, why)


CHECK = Check(
    id="virtual.datastores",
    version=1,
    title="vSphere 数据存储",
    title_en="Datastores of a vSphere",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35"),
    needs=VSPHERE_NEEDS,
)
