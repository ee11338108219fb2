"""Storage pools of a libvirt host by virsh: whether they run, and how full they are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.commands import Commands, text, whole
from checks.virtual._common import used


@dataclass(frozen=True, slots=True)
class Pool:
    """A storage pool; bytes."""

    name: str
    state: str
    capacity: int | None
    allocated: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    pools: tuple[Pool, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`used`: limits in percent; `expected`: pools by the ledger."""

    uri: str = "qemu:///system"
    used: Upper = Upper(80, 90)
    expected: int | None = None


def observe(host: Commands, params: Params) -> Facts:
    names = host.command("virsh.pools", params.uri).sound().text
    found = []
    for name in filter(None, (line.strip() for line in names.splitlines())):
        said = host.command("virsh.pool", params.uri, name).sound().text
        fields = dict(re.findall(r"^(\w+):\s+(.*?)\s*$", said, re.M))
        sizes = (whole(fields.get(key)) for key in ("Capacity", "Allocation"))
        found.append(Pool(text(name), text(fields.get("State")), *sizes))
    return Facts(tuple(found))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    pools = seen.facts.pools
    if params.expected is not None and len(pools) < params.expected:
        yield Reading("storage_pools", len(pools), Unit.COUNT, State.CRIT, "too_few")
    elif not pools:
        yield Reading("storage_pools", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    for pool in pools:
        if pool.state == "running":
            yield used(f"{pool.name}:used", pool.allocated, pool.capacity, params.used)
        else:
            state = State.CRIT if pool.state else State.UNKNOWN
            yield Reading(
                f"{pool.name}:used", None, Unit.PERCENT, state, "inactive" if pool.state else "no_state"
            )


CHECK = Check(
    id="virtual.pools",
    version=1,
    title="虚拟化存储池",
    title_en="Storage pools of a hypervisor",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35"),
    needs=("virsh, and a polkit rule or the group libvirt for read-only access",),
)
