"""Temperatures and fans, as the kernel's hardware monitoring shows them to psutil."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from agent.sources.host_proc import Tree
from checks.api import ErrorKind, ObservationError
from checks.upkeep import Sensor, Sensors

# Where psutil looks.
_PLACES = ("sys/class/hwmon/hwmon0", "sys/class/thermal/thermal_zone0", "sys/devices/platform/coretemp.0")

_MOST = 1_000_000


def sensors(tree: Tree) -> Sensors:
    """All of them; unsupported where there are none, as in most virtual machines."""
    if not any(tree.has(place) for place in _PLACES):
        # Most virtual machines: psutil costs an agent a megabyte and would find nothing.
        raise ObservationError(ErrorKind.UNSUPPORTED, "the kernel shows no sensors of this machine")
    psutil = tree.psutil()
    found = read(psutil.sensors_temperatures(), psutil.sensors_fans())
    if not found.temperatures and not found.fans:
        raise ObservationError(ErrorKind.UNSUPPORTED, "the kernel shows no sensors of this machine")
    return found


def read(temperatures: Mapping[str, Iterable[Any]], fans: Mapping[str, Iterable[Any]]) -> Sensors:
    """psutil's lists by chip; sensors that share a name are numbered."""
    warm = [
        Sensor(name, _thousandths(each.current), _limit(each.high), _limit(each.critical))
        for name, each in _named(temperatures)
    ]
    return Sensors(tuple(warm), tuple(Sensor(name, _turns(each.current)) for name, each in _named(fans)))


def _named(chips: Mapping[str, Iterable[Any]]) -> Iterable[tuple[str, Any]]:
    used: dict[str, int] = {}
    for chip in sorted(chips):
        for each in chips[chip]:
            base = f"{chip}/{each.label}" if each.label else chip
            used[base] = used.get(base, 0) + 1
            yield (base if used[base] == 1 else f"{base}#{used[base]}"), each


def _thousandths(value: float | None) -> int | None:
    # A chip that is not wired gives anything: what is no temperature of this world is no value.
    return None if value is None or not isfinite(value) or abs(value) > _MOST else round(value * 1000)


def _turns(value: float | None) -> int | None:
    return None if value is None or not isfinite(value) or not 0 <= value <= _MOST else int(value)


def _limit(value: float | None) -> int | None:
    """A chip's own limit; 0 and the chips' largest numbers mean that none was set."""
    limit = _thousandths(value)
    return limit if limit is not None and 0 < limit < 200_000 else None
