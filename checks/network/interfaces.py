"""Ports of a network device: those that must be up; errors, discards and use since the last look."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.device import CLI_NEEDS, CLI_TRIED, Devices, Reach
from checks.network._parts import absent, matches, unique
from checks.snmp import Part, Port

_HOUR_MS = 3_600_000
_WHERE_BAD = 50


@dataclass(frozen=True, slots=True)
class Facts:
    """`elapsed_ms`: since the look that the ports' earlier counters come from."""

    ports: tuple[Port, ...]
    elapsed_ms: int | None
    broken_off: bool


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the device is reached (see the source device).

    `expected`: names of ports that must be up (None: nobody has said so yet). `ignore`: patterns of names
    left out. `errors`, `discards`: packets an hour; `use`: percent of the speed, in or out.
    """

    expected: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    errors: Upper = Upper(60, 3600)
    discards: Upper = Upper(3600, None)
    use: Upper = Upper(80, 95)


def observe(devices: Devices, params: Params) -> Facts:
    found = devices.look(params, (Part.PORTS,))
    return Facts(found.ports, found.elapsed_ms, Part.PORTS.value in found.missing)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts
    ports = [one for one in found.ports if not matches(one.name, params.ignore)]
    names = unique(one.name for one in ports)
    yield from _whole(found, ports, names, params)
    wanted = set(params.expected or ())
    shown = 0
    for name, port in zip(names, ports, strict=True):
        if name in wanted:
            yield _link(name, port)
        for reading in _traffic(name, port, found.elapsed_ms, params):
            # Of the other ports only what is bad is told: a switch has hundreds.
            if name in wanted or (reading.state.rank > 0 and shown < _WHERE_BAD):
                shown += name not in wanted
                yield reading


def _whole(found: Facts, ports: list[Port], names: list[str], params: Params) -> Iterator[Reading]:
    if found.broken_off or not ports:
        reason = "broken_off" if found.broken_off else "not_reported"
        yield Reading("ports", None, Unit.COUNT, State.UNKNOWN, reason)
    yield Reading("ports_up", sum(one.oper == "up" for one in ports), Unit.COUNT, State.OK)
    if params.expected is None:
        yield Reading("expected", None, Unit.COUNT, State.UNKNOWN, "no_baseline")
    elif not found.broken_off:
        yield from absent(params.expected, names)
    if not found.elapsed_ms or all(one.before is None for one in ports):
        yield Reading("counters", None, Unit.COUNT, State.UNKNOWN, "first_look")


def _link(name: str, port: Port) -> Reading:
    if port.oper == "up":
        return Reading(f"{name}:link", 1, Unit.NONE, State.OK)
    if port.admin == "down":
        return Reading(f"{name}:link", 0, Unit.NONE, State.CRIT, "shut_down")
    if port.oper in ("down", "lowerLayerDown", "notPresent", "dormant"):
        return Reading(f"{name}:link", 0, Unit.NONE, State.CRIT, "no_carrier")
    return Reading(f"{name}:link", None, Unit.NONE, State.UNKNOWN, "not_reported")


def _traffic(name: str, port: Port, elapsed: int | None, params: Params) -> Iterator[Reading]:
    if port.before is None or elapsed is None or elapsed <= 0:
        return
    before, after = port.before, port.after
    for aspect, limit, pairs in (
        (
            "errors_hourly",
            params.errors,
            ((before.errors_in, after.errors_in), (before.errors_out, after.errors_out)),
        ),
        (
            "discards_hourly",
            params.discards,
            ((before.discards_in, after.discards_in), (before.discards_out, after.discards_out)),
        ),
    ):
        grown = [_grown(old, new) for old, new in pairs]
        told = [one for one in grown if one is not None]
        if told:
            rate = Fraction(sum(told) * _HOUR_MS, elapsed)
            state = limit.judge(rate)
            yield Reading(f"{name}:{aspect}", rate, Unit.COUNT, state, "" if state is State.OK else "many")
    for aspect, old, new in (
        ("use_in", before.octets_in, after.octets_in),
        ("use_out", before.octets_out, after.octets_out),
    ):
        octets = _grown(old, new)
        share = percent(octets * 8000, port.speed * elapsed) if octets is not None and port.speed else None
        if share is not None:
            state = params.use.judge(share)
            yield Reading(f"{name}:{aspect}", share, Unit.PERCENT, state, "" if state is State.OK else "busy")


def _grown(old: int | None, new: int | None) -> int | None:
    # A counter that went back was reset or wrapped: nothing is known of the time between.
    return None if old is None or new is None or new < old else new - old


def propose_params(facts: Facts) -> dict[str, list[str]]:
    """Parameters that these facts would meet, for a person to approve."""
    names = unique(one.name for one in facts.ports)
    return {"expected": [name for name, one in zip(names, facts.ports, strict=True) if one.oper == "up"]}


CHECK = Check(
    id="network.interfaces",
    version=1,
    title="网络设备端口",
    title_en="Ports of a network device",
    source=Source.DEVICE,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-32(3)", "LH line rental"),
    needs=("an SNMP view that holds 1.3.6.1.2.1.2 and 1.3.6.1.2.1.31, read only", CLI_NEEDS, CLI_TRIED),
)
