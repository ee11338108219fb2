"""An uninterruptible power supply by UPS-MIB: what it runs on, its battery, load and alarms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from checks.api import Check, ErrorKind, Lower, ObservationError, Reading, Seen, Source, State, Unit, Upper
from checks.network._parts import whole
from checks.snmp import Peer, Snmp, Value

_UPS = "1.3.6.1.2.1.33.1"
_BATTERY, _ON_BATTERY, _MINUTES, _CHARGE = (f"{_UPS}.2.{at}.0" for at in (1, 2, 3, 4))
_SOURCE, _LOADS, _ALARMS, _PRESENT = f"{_UPS}.4.1.0", f"{_UPS}.4.4.1.5", f"{_UPS}.6.2.1.2", f"{_UPS}.6.1.0"
_COLUMNS = (_BATTERY, _ON_BATTERY, _MINUTES, _CHARGE, _SOURCE, _LOADS, _PRESENT, _ALARMS)
_ALARM = f"{_UPS}.6.3."

_SOURCES = {
    2: (State.CRIT, "no_output"),
    3: (State.OK, ""),
    4: (State.WARN, "on_bypass"),
    5: (State.CRIT, "on_battery"),
    6: (State.WARN, "voltage_corrected"),
    7: (State.WARN, "voltage_corrected"),
}
_BATTERIES = {2: (State.OK, ""), 3: (State.CRIT, "battery_low"), 4: (State.CRIT, "battery_empty")}
# Alarms of RFC 1628 that mean the load is lost or soon will be.
_GRAVE = frozenset({1, 2, 3, 4, 8, 16, 18, 19})
_NO_NUMBER = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Facts:
    """Codes and numbers of RFC 1628 as told (None: not told); `loads`: percent by output line.

    `alarms`: numbers of the well-known alarms that are present, 0 for each of another kind.
    """

    source: int | None
    battery: int | None
    minutes: int | None
    charge: int | None
    loads: Mapping[str, int | None]
    alarms_present: int | None
    alarms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Params(Peer):
    """How the device is reached (see the source snmp); limits of charge (%), minutes left, load (%)."""

    KINDS: ClassVar[tuple[str, ...]] = ("ups", "power")

    charge: Lower = Lower(60, 30)
    minutes: Lower = Lower(15, 5)
    load: Upper = Upper(80, 95)


def observe(snmp: Snmp, params: Params) -> Facts:
    found = snmp.walk(params, _COLUMNS)
    if not any(found.get(column) for column in _COLUMNS):
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{params.address} has no UPS-MIB")
    alarms = (str(value).removeprefix(".") for value in found.get(_ALARMS, {}).values())
    return Facts(
        source=_one(found.get(_SOURCE)),
        battery=_one(found.get(_BATTERY)),
        minutes=_one(found.get(_MINUTES)),
        charge=_one(found.get(_CHARGE)),
        loads={index: whole(value) for index, value in found.get(_LOADS, {}).items()},
        alarms_present=_one(found.get(_PRESENT)),
        alarms=tuple(sorted(_alarm(one) for one in alarms)),
    )


def _one(rows: Mapping[str, Value] | None) -> int | None:
    told = whole(next(iter(rows.values()), None)) if rows else None
    # Huawei's UPS2000 says 4294967295 minutes for "not known"; RFC 1628's numbers end at 2147483647.
    return None if told is None or told >= _NO_NUMBER else told


def _alarm(oid: str) -> int:
    last = oid.removeprefix(_ALARM)
    return int(last) if oid.startswith(_ALARM) and last.isdecimal() and last.isascii() else 0


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts
    for name, code, meant in (("source", found.source, _SOURCES), ("battery", found.battery, _BATTERIES)):
        state, reason = meant.get(code, (State.UNKNOWN, "not_reported")) if code is not None else _UNTOLD
        yield Reading(name, None, Unit.NONE, state, reason)
    charge, minutes = params.charge.judge(found.charge), params.minutes.judge(found.minutes)
    yield Reading("charge", found.charge, Unit.PERCENT, charge, _reason(charge, "battery_low"))
    left = None if found.minutes is None else found.minutes * 60
    yield Reading("time_left", left, Unit.SECONDS, minutes, _reason(minutes, "little_time"))
    for line, percent in sorted(found.loads.items()):
        state = params.load.judge(percent)
        yield Reading(f"{line}:load", percent, Unit.PERCENT, state, _reason(state, "busy"))
    yield _alarms(found)


_UNTOLD = (State.UNKNOWN, "not_reported")


def _reason(state: State, bad: str) -> str:
    return "" if state is State.OK else "not_reported" if state is State.UNKNOWN else bad


def _alarms(found: Facts) -> Reading:
    count = max(found.alarms_present or 0, len(found.alarms))
    if found.alarms_present is None and not found.alarms:
        return Reading("alarms", None, Unit.COUNT, *_UNTOLD)
    if not count:
        return Reading("alarms", 0, Unit.COUNT, State.OK)
    grave = any(one in _GRAVE for one in found.alarms)
    return Reading("alarms", count, Unit.COUNT, State.CRIT if grave else State.WARN, "alarms")


CHECK = Check(
    id="network.ups",
    version=1,
    title="不间断电源",
    title_en="Uninterruptible power supply",
    source=Source.SNMP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-10",),
    needs=("an SNMP view that holds 1.3.6.1.2.1.33, read only",),
)
