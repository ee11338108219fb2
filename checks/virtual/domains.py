"""Virtual machines of a libvirt host by virsh: whether those that must run do, and snapshots left behind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.commands import Commands, text


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine: libvirt's number of its state, and its snapshots."""

    name: str
    state: int
    snapshots: int


@dataclass(frozen=True, slots=True)
class Facts:
    machines: tuple[Machine, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`running`: machines that must run; `snapshots`: limits on how many each may keep."""

    uri: str = "qemu:///system"
    running: tuple[str, ...] = ()
    snapshots: Upper = Upper(1, None)


def observe(host: Commands, params: Params) -> Facts:
    said = host.command("virsh.domains", params.uri).sound().text
    found = []
    for name, number in re.findall(r"^Domain: '(.+)'\n\s*state\.state=(\d{1,3})", said, re.M):
        kept = host.command("virsh.snapshots", params.uri, name).sound().text
        found.append(Machine(text(name), int(number), len(kept.split("\n")) - kept.split("\n").count("")))
    return Facts(tuple(found))


_RUNS = (1, 2)  # running, idle
_STOPPED = (4, 5)  # shutting down, shut off


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    machines = seen.facts.machines
    runs = sum(one.state in _RUNS for one in machines)
    state = State.OK if machines else State.UNKNOWN
    yield Reading("machines_running", runs, Unit.COUNT, state, "" if machines else "no_parts")
    for name in sorted(set(params.running) - {one.name for one in machines}):
        yield Reading(f"{name}:power", None, Unit.NONE, State.CRIT, "missing")
    for one in machines:
        state, reason = _power(one, one.name in params.running)
        yield Reading(f"{one.name}:power", one.state, Unit.NONE, state, reason)
        if one.snapshots:
            state = params.snapshots.judge(one.snapshots)
            why = "" if state is State.OK else "snapshots_left"
            yield Reading(f"{one.name}:snapshots", one.snapshots, Unit.COUNT, state, why)


def _power(one: Machine, wanted: bool) -> tuple[State, str]:
    if one.state in _RUNS:
        return State.OK, ""
    if one.state == 6:
        return State.CRIT, "crashed"
    if wanted:
        return State.CRIT, "not_running"
    if one.state in (3, 7):
        return State.WARN, "paused"
    return (State.OK, "") if one.state in _STOPPED else (State.UNKNOWN, "state_unknown")


CHECK = Check(
    id="virtual.domains",
    version=1,
    title="虚拟机状态",
    title_en="Virtual machines",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35",),
    needs=("virsh, and a polkit rule or the group libvirt for read-only access",),
)
