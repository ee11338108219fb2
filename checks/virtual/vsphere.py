"""Hosts and virtual machines of a vCenter or ESXi: connected, healthy, running, tools, snapshots left."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Number, Reading, Seen, Source, State, Unit, Upper, percent
from checks.vsphere import VSPHERE_NEEDS, Hypervisor, Machine, Vcenter, Vsphere

_DAY_MS = 86_400_000
_MOST_SHOWN = 200
_HEALTH = {
    "green": (State.OK, ""),
    "yellow": (State.WARN, "health_warning"),
    "red": (State.CRIT, "health_critical"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    hosts: tuple[Hypervisor, ...]
    machines: tuple[Machine, ...]


@dataclass(frozen=True, slots=True)
class Params(Vcenter):
    """How it is reached. `hosts`: how many there are by the ledger; `running`: machines that must run; `cpu`,
    `memory`: of a host, in percent; `snapshots`: days the oldest of a machine may be old; `tools`: whether a
    running machine must run VMware's tools."""

    hosts: int | None = None
    running: tuple[str, ...] = ()
    cpu: Upper = Upper(80, 95)
    memory: Upper = Upper(85, 95)
    snapshots: Upper = Upper(3, 30)
    tools: bool = True


def observe(vsphere: Vsphere, params: Params) -> Facts:
    return Facts(tuple(vsphere.hypervisors(params)), tuple(vsphere.machines(params)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    hosts, machines = seen.facts.hosts, seen.facts.machines
    if not hosts:
        yield Reading("hosts", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    elif params.hosts is not None and len(hosts) < params.hosts:
        yield Reading("hosts", len(hosts), Unit.COUNT, State.CRIT, "too_few")
    else:
        yield Reading("hosts", len(hosts), Unit.COUNT, State.OK)
    for host in hosts:
        yield from _host(host, params)
    runs = sum(one.power == "poweredOn" for one in machines)
    yield Reading("machines_running", runs, Unit.COUNT, State.OK)
    for name in sorted(set(params.running) - {one.name for one in machines}):
        yield Reading(f"{name}:power", None, Unit.NONE, State.CRIT, "missing")
    shown = 0
    for machine in machines:
        for reading in _machine(machine, seen.taken_at, params):
            if machine.name in params.running or shown < _MOST_SHOWN:
                shown += machine.name not in params.running
                yield reading


def _host(host: Hypervisor, params: Params) -> Iterator[Reading]:
    state, reason = (State.OK, "") if host.connection == "connected" else (State.CRIT, "disconnected")
    if not host.connection:
        state, reason = State.UNKNOWN, "not_reported"
    elif state is State.OK and host.maintenance:
        state, reason = State.WARN, "in_maintenance"
    yield Reading(f"{host.name}:connection", int(state is State.OK), Unit.NONE, state, reason)
    state, reason = _HEALTH.get(host.health, (State.UNKNOWN, "not_reported"))
    yield Reading(f"{host.name}:health", None, Unit.NONE, state, reason)
    if host.connection == "connected":
        yield _share(f"{host.name}:cpu", percent(host.cpu_mhz_used, host.cpu_mhz), params.cpu)
        yield _share(f"{host.name}:memory", percent(host.memory_used, host.memory), params.memory)


def _share(name: str, share: Number | None, limit: Upper) -> Reading:
    state = limit.judge(share)
    why = "not_reported" if share is None else "too_high"
    return Reading(name, share, Unit.PERCENT, state, "" if state is State.OK else why)


def _machine(one: Machine, now: int, params: Params) -> Iterator[Reading]:
    """What must run; of the others only what is bad."""
    if one.name in params.running:
        runs = one.power == "poweredOn"
        state, reason = (State.OK, "") if runs else (State.CRIT, "powered_off")
        if not one.power:
            state, reason = State.UNKNOWN, "not_reported"
        yield Reading(f"{one.name}:power", int(runs), Unit.NONE, state, reason)
    if one.connection not in ("connected", ""):
        yield Reading(f"{one.name}:connection", 0, Unit.NONE, State.CRIT, "disconnected")
    if one.health in ("yellow", "red"):
        yield Reading(f"{one.name}:health", None, Unit.NONE, *_HEALTH[one.health])
    if params.tools and one.power == "poweredOn" and one.tools != "guestToolsRunning":
        state, reason = (State.WARN, "tools_not_running") if one.tools else (State.UNKNOWN, "not_reported")
        yield Reading(f"{one.name}:tools", None, Unit.NONE, state, reason)
    if one.snapshots:
        yield _snapshots(one, now, params.snapshots)


def _snapshots(one: Machine, now: int, limit: Upper) -> Reading:
    name = f"{one.name}:oldest_snapshot"
    if one.oldest_snapshot is None:
        return Reading(name, None, Unit.DAYS, State.UNKNOWN, "not_reported")
    age = max(now - one.oldest_snapshot, 0) // _DAY_MS
    state = limit.judge(age)
    return Reading(name, age, Unit.DAYS, state, "" if state is State.OK else "snapshots_left")


CHECK = Check(
    id="virtual.vsphere",
    version=1,
    title="vSphere 主机与虚拟机",
    title_en="Hosts and machines of a vSphere",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35",),
    needs=VSPHERE_NEEDS,
)
