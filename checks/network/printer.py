"""A printer by Printer-MIB: consumables and the faults it detects itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from checks.api import Check, ErrorKind, Lower, ObservationError, Reading, Seen, Source, State, Unit, percent
from checks.network._parts import unique, whole, words
from checks.snmp import Peer, Snmp, Value

_SUPPLIES = "1.3.6.1.2.1.43.11.1.1"
_NAMES, _MOST, _LEVELS = f"{_SUPPLIES}.6", f"{_SUPPLIES}.8", f"{_SUPPLIES}.9"
_STATUS, _FAULTS = "1.3.6.1.2.1.25.3.5.1.1", "1.3.6.1.2.1.25.3.5.1.2"
# Bits of hrPrinterDetectedErrorState from the left, and what they are to somebody who wants to print.
_BITS = (
    ("low_paper", State.WARN),
    ("no_paper", State.CRIT),
    ("low_toner", State.WARN),
    ("no_toner", State.CRIT),
    ("door_open", State.CRIT),
    ("jammed", State.CRIT),
    ("offline", State.CRIT),
    ("service_requested", State.WARN),
)


@dataclass(frozen=True, slots=True)
class Supply:
    """A consumable: level and most in the printer's own unit; -2 unknown, -3 some is left (RFC 3805)."""

    name: str
    level: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`status`: hrPrinterStatus; `faults`: names of faults detected, None where the printer tells none."""

    supplies: tuple[Supply, ...]
    status: int | None
    faults: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Params(Peer):
    """How the printer is reached (see the source snmp); `left`: percent of a consumable."""

    KINDS: ClassVar[tuple[str, ...]] = ("printer",)

    left: Lower = Lower(10, 0)


def observe(snmp: Snmp, params: Params) -> Facts:
    found = snmp.walk(params, (_NAMES, _MOST, _LEVELS, _STATUS, _FAULTS))
    levels, most = found.get(_LEVELS, {}), found.get(_MOST, {})
    if not levels and not found.get(_STATUS):
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{params.address} has no Printer-MIB")
    supplies = tuple(
        Supply(words(found.get(_NAMES, {}).get(index)), whole(level), whole(most.get(index)))
        for index, level in levels.items()
    )
    return Facts(
        supplies, whole(next(iter(found.get(_STATUS, {}).values()), None)), _faults(found.get(_FAULTS, {}))
    )


def _faults(rows: Mapping[str, Value]) -> tuple[str, ...] | None:
    octets = next(iter(rows.values()), None)
    if not isinstance(octets, bytes):
        return None
    first = octets[0] if octets else 0
    return tuple(name for at, (name, _) in enumerate(_BITS) if first & (0x80 >> at))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts
    if found.faults is None:
        yield Reading("faults", None, Unit.COUNT, State.UNKNOWN, "not_reported")
    else:
        yield Reading("faults", len(found.faults), Unit.COUNT, State.OK)
        states = dict(_BITS)
        for fault in dict.fromkeys(found.faults):
            yield Reading(fault, None, Unit.NONE, states.get(fault, State.UNKNOWN), "device_fails")
    for name, supply in zip(unique(one.name for one in found.supplies), found.supplies, strict=True):
        yield _left(name, supply, params)


def _left(name: str, supply: Supply, params: Params) -> Reading:
    if supply.level == -3:
        return Reading(name, None, Unit.PERCENT, State.OK)
    level = None if supply.level is None or supply.level < 0 else supply.level
    share = percent(level, supply.most)
    state = params.left.judge(share)
    reason = "" if state is State.OK else "not_reported" if share is None else "running_out"
    return Reading(name, share, Unit.PERCENT, state, reason)


CHECK = Check(
    id="network.printer",
    version=1,
    title="打印机",
    title_en="Printer",
    source=Source.SNMP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-06",),
    needs=("an SNMP view that holds 1.3.6.1.2.1.43.11 and 1.3.6.1.2.1.25.3.5, read only",),
)
