"""Temperature, fans, power supplies, optics and whatever else a network device measures of itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.device import CLI_NEEDS, CLI_TRIED, Devices, Reach
from checks.network._parts import matches, unique
from checks.snmp import UNITS, Part, Sensor

_SEVERITIES = {
    "ok": (State.OK, ""),
    "warn": (State.WARN, "device_warns"),
    "crit": (State.CRIT, "device_fails"),
}
_UNITS = {"temperature": Unit.CELSIUS, "runtime": Unit.SECONDS, "count": Unit.COUNT}


@dataclass(frozen=True, slots=True)
class Facts:
    """`broken_off`: the tables could not be read to their end."""

    sensors: tuple[Sensor, ...]
    broken_off: bool


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """How the device is reached (see the source device).

    `kinds`: only these kinds of sensor (none: all); `ignore`: patterns of names left out.
    `temperature` (°C) counts where the device states no limit of its own.
    """

    kinds: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    temperature: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if unknown := set(self.kinds) - UNITS.keys():
            raise ValueError(f"kinds: {', '.join(sorted(unknown))} are none")


def observe(devices: Devices, params: Params) -> Facts:
    found = devices.look(params, (Part.SENSORS,))
    return Facts(found.sensors, Part.SENSORS.value in found.missing)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts
    sensors = [
        one
        for one in found.sensors
        if (not params.kinds or one.kind in params.kinds) and not matches(one.name, params.ignore)
    ]
    if found.broken_off or not sensors:
        reason = "broken_off" if found.broken_off else "not_reported"
        yield Reading("sensors", None, Unit.COUNT, State.UNKNOWN, reason)
    for name, one in zip(unique(one.name for one in sensors), sensors, strict=True):
        yield _stateful(name, one) if one.kind == "state" else _measured(name, one, params)


def _stateful(name: str, sensor: Sensor) -> Reading:
    state, reason = _SEVERITIES.get(sensor.severity, (State.UNKNOWN, "state_unknown"))
    return Reading(name, None, Unit.NONE, state, reason)


def _measured(name: str, sensor: Sensor, params: Params) -> Reading:
    unit = _UNITS.get(sensor.kind, Unit.PERCENT if UNITS.get(sensor.kind) == "%" else Unit.NONE)
    if sensor.value is None:
        return Reading(name, None, unit, State.UNKNOWN, "no_reading")
    state, reason = _by_limits(sensor, sensor.value)
    value = Fraction(sensor.value, 1000)
    if sensor.kind == "fanspeed" and value <= 0 and state is State.OK:
        # It may be a place without a fan; somebody has to look once and leave it out by name.
        state, reason = State.WARN, "stopped"
    if sensor.kind == "temperature" and sensor.warn_high is None and sensor.crit_high is None:
        ours = params.temperature.judge(value)
        if ours.rank > state.rank:
            state, reason = ours, "too_hot"
    return Reading(name, value * 60 if sensor.kind == "runtime" else value, unit, state, reason)


def _by_limits(sensor: Sensor, value: int) -> tuple[State, str]:
    if _above(value, sensor.crit_high) or _below(value, sensor.crit_low):
        return State.CRIT, "limit_critical"
    if _above(value, sensor.warn_high) or _below(value, sensor.warn_low):
        return State.WARN, "limit_warning"
    return State.OK, ""


def _above(value: int, limit: int | None) -> bool:
    return limit is not None and value >= limit


def _below(value: int, limit: int | None) -> bool:
    # At a low limit is not below it: devices that have none write 0.
    return limit is not None and value < limit


CHECK = Check(
    id="network.sensors",
    version=1,
    title="网络设备温度、风扇、电源与光模块",
    title_en="Sensors of a network device",
    source=Source.DEVICE,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31", "PD-32", "LH-10"),
    needs=(
        "an SNMP view that holds 1.3.6.1.2.1.1, 1.3.6.1.2.1.47, 1.3.6.1.2.1.99 and the maker's tables",
        CLI_NEEDS,
        CLI_TRIED,
    ),
)
