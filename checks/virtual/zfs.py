"""ZFS pools by `zpool list` and `zpool status`: health, device errors, damaged data, space. Tried on pools of
OpenZFS 2.1 on files, broken for the purpose in a virtual machine; never on other versions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.commands import Commands, text, whole
from checks.virtual._common import used


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool; bytes. `errors`: of its devices, read, write and checksum together; `damaged`: data was lost
    (None: not said); `scan`: what is being done (resilver, scrub)."""

    name: str
    health: str
    size: int | None
    allocated: int | None
    errors: int | None
    damaged: bool | None
    scan: str


@dataclass(frozen=True, slots=True)
class Facts:
    pools: tuple[Pool, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Params:
    """`used`: limits in percent; `expected`: pools by the ledger."""

    used: Upper = Upper(80, 90)
    expected: int | None = None


def observe(host: Commands, params: Params) -> Facts:
    listed, status = host.command("zfs.space").sound(), host.command("zfs.status").sound()
    return Facts(parse(listed.text, status.text), status.digest)


_ROW = re.compile(r"^\t[ \t]*\S+[ \t]+[A-Z]+[ \t]+(\d+)[ \t]+(\d+)[ \t]+(\d+)", re.M)
# One that is rebuilt in sequence names its device: `resilver (mirror-0) in progress`.
_SCAN = re.compile(r"^ *scan: (resilver|scrub)(?: \([^)\n]*\))? in progress", re.M)


def parse(listed: str, status: str) -> tuple[Pool, ...]:
    """Pools of `zpool list -Hp -o name,size,allocated,health`, with what `zpool status -p` says of each."""
    blocks = {
        name: block
        for name, block in re.findall(r"^ *pool: (\S+)\n(.*?)(?=^ *pool: |\Z)", status, re.M | re.S)
    }
    found = []
    for line in listed.splitlines():
        row = line.split("\t")
        if len(row) == 4:
            found.append(_pool(row, blocks.get(row[0], "")))
    return tuple(found)


def _pool(row: list[str], block: str) -> Pool:
    counts = _ROW.findall(block)
    said = re.search(r"^errors: (.*)", block, re.M)
    scans = _SCAN.findall(block)
    return Pool(
        name=text(row[0]),
        health=text(row[3]),
        size=whole(row[1]),
        allocated=whole(row[2]),
        errors=sum(int(one[:15]) for row in counts for one in row) if counts else None,
        damaged=None if said is None else "No known data errors" not in said[1],
        scan=min(scans, default=""),  # a resilver before a scrub
    )


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    pools = seen.facts.pools
    if params.expected is not None and len(pools) < params.expected:
        yield Reading("storage_pools", len(pools), Unit.COUNT, State.CRIT, "too_few")
    elif not pools:
        yield Reading("storage_pools", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    for pool in pools:
        state, reason = _health(pool)
        yield Reading(f"{pool.name}:health", None, Unit.NONE, state, reason)
        yield used(f"{pool.name}:used", pool.allocated, pool.size, params.used)


def _health(pool: Pool) -> tuple[State, str]:
    if pool.health in ("FAULTED", "UNAVAIL", "SUSPENDED", "OFFLINE", "REMOVED"):
        return State.CRIT, "offline"
    if pool.damaged:
        return State.CRIT, "data_damaged"
    if pool.health == "DEGRADED":
        return (State.WARN, "rebuilding") if pool.scan == "resilver" else (State.CRIT, "degraded")
    if pool.health != "ONLINE" or pool.damaged is None or pool.errors is None:
        return State.UNKNOWN, "not_reported"
    # A pool is ONLINE as soon as all its members are, while one still lacks what was written without it.
    if pool.scan == "resilver":
        return State.WARN, "rebuilding"
    return (State.WARN, "device_errors") if pool.errors else (State.OK, "")


CHECK = Check(
    id="virtual.zfs",
    version=2,
    title="ZFS 存储池",
    title_en="ZFS pools",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35"),
    needs=("zpool, which any user may ask",),
)
