"""Temperatures and fans that the machine's own kernel shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import TYPE_CHECKING

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit, Upper
from checks.upkeep import Sensor, Sensors

if TYPE_CHECKING:
    from checks.hardening import SecuredHost


@dataclass(frozen=True, slots=True)
class Facts:
    """All sensors."""

    sensors: Sensors


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in degrees Celsius where a chip has none of its own; turns a minute; sensors to leave out."""

    celsius: Upper = Upper(75, 90)
    turns: Lower = Lower(300, 0)
    ignore: tuple[str, ...] = ()


def observe(host: "SecuredHost", params: Params) -> Facts:
    """Hardware monitoring, through psutil."""
    return Facts(host.security().sensors())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`NAME:temperature` and `NAME:fan` of each sensor."""
    sensors = seen.facts.sensors
    warm = [one for one in sensors.temperatures if not _ignored(one, params)]
    fans = [one for one in sensors.fans if not _ignored(one, params)]
    for one in warm:
        yield _temperature(one, params)
    for one in fans:
        state = params.turns.judge(one.value)
        reason = "no_value" if one.value is None else "" if state is State.OK else "too_slow"
        yield Reading(f"{one.name}:fan", one.value, Unit.COUNT, state, reason)
    if not warm and not fans:
        yield Reading("temperature", None, Unit.CELSIUS, State.UNKNOWN, "no_sensors")


def _ignored(one: Sensor, params: Params) -> bool:
    return any(fnmatchcase(one.name, pattern) for pattern in params.ignore)


def _temperature(one: Sensor, params: Params) -> Reading:
    name = f"{one.name}:temperature"
    if one.value is None:
        return Reading(name, None, Unit.CELSIUS, State.UNKNOWN, "no_value")
    # A chip knows its own limits better than a rule of thumb; many put both at the same degree.
    critical = one.critical if one.critical is not None else _thousand(params.celsius.crit)
    high = one.high if one.high is not None and one.high != critical else _lower(critical, params)
    state = State.OK
    if critical is not None and one.value >= critical:
        state = State.CRIT
    elif high is not None and one.value >= high:
        state = State.WARN
    return Reading(
        name, Fraction(one.value, 1000), Unit.CELSIUS, state, "" if state is State.OK else "too_hot"
    )


def _thousand(limit: int | None) -> int | None:
    return None if limit is None else limit * 1000


def _lower(critical: int | None, params: Params) -> int | None:
    limits = params.celsius
    if critical is None or limits.warn is None:
        return _thousand(limits.warn)
    distance = 0 if limits.crit is None else limits.crit - limits.warn
    return critical - distance * 1000


CHECK = Check(
    id="host.sensors",
    version=1,
    title="主机温度与风扇",
    title_en="Temperatures and fans",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31", "LH-06"),
    needs=("/sys/class/hwmon",),
)
