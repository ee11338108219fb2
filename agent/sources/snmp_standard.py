"""What every device may have: interfaces, HOST-RESOURCES, ENTITY-SENSOR, LLDP. Pure: rows in, facts out."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from agent.sources.snmp_profiles import Profile
from agent.sources.snmp_rules import hundredths, number, text_of, thousandths
from agent.sources.snmp_walk import Reader, Rows, get, walk
from checks.snmp import Neighbour, Port, PortCounters, Sensor, Space, Value

DESCRIPTION, OBJECT_ID, UPTIME, NAME = (f"1.3.6.1.2.1.1.{n}.0" for n in (1, 2, 3, 5))
_IF, _IFX = "1.3.6.1.2.1.2.2.1.", "1.3.6.1.2.1.31.1.1.1."
PORTS = tuple(_IF + n for n in ("2", "3", "5", "7", "8", "10", "13", "14", "16", "19", "20")) + tuple(
    _IFX + n for n in ("1", "6", "10", "15", "18")
)
_HR = "1.3.6.1.2.1.25."
STORES = tuple(_HR + "2.3.1." + n for n in "23456")
ENTITY = "1.3.6.1.2.1.99.1.1.1."
CISCO = "1.3.6.1.4.1.9.9.91.1.1.1.1."
ENTITY_NAMES = ("1.3.6.1.2.1.47.1.1.1.1.7", "1.3.6.1.2.1.47.1.1.1.1.2")
LLDP = "1.0.8802.1.1.2.1."
NEIGHBOURS = tuple(LLDP + n for n in ("4.1.1.7", "4.1.1.8", "4.1.1.9", "4.1.1.10", "3.7.1.3", "3.7.1.4"))

_PHYSICAL = "1.3.6.1.2.1.47.1.1.1.1."
CHASSIS = {
    "chassis.descr": "2",
    "chassis.name": "7",
    "chassis.hardware": "8",
    "chassis.firmware": "9",
    "chassis.software": "10",
    "chassis.serial": "11",
    "chassis.model": "13",
    "stack.descr": "2",
}
_OUTERMOST = ("11", "3", "9")  # stack, chassis, module (a device that is one board)

_ADMIN = {1: "up", 2: "down", 3: "testing"}
_OPER = {1: "up", 2: "down", 3: "testing", 4: "unknown", 5: "dormant", 6: "notPresent", 7: "lowerLayerDown"}


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) else None


def read_chassis(rows: Rows, profile: Profile) -> Reader[None]:
    """Columns of the outermost entity that has a serial number or a model, under the names of CHASSIS.

    A stack seldom has either: the first chassis in it speaks for it, and gives name and description before
    the stack does (`stack.descr` is the stack's own). Where the view leaves out the classes, the first
    entities do, then those that are called chassis.
    """
    texts = (*profile.version, *profile.hardware, *profile.serial)
    wanted = {oid for text in texts for oid in text.values if oid in CHASSIS}
    if not wanted:
        return
    yield from walk(rows, [_PHYSICAL + "5"])
    classes = {index: text_of(value) for index, value in rows.column(_PHYSICAL + "5").items()}
    order = [index for word in _OUTERMOST for index in classes if classes[index] == word][:4]
    if not order:
        yield from walk(rows, [_PHYSICAL + "7"])
        called = [i for i, name in rows.column(_PHYSICAL + "7").items() if "chassis" in text_of(name).lower()]
        order = list(dict.fromkeys(["1", "2", *called[:2]]))
    stacks = [index for index in order if classes.get(index) == _OUTERMOST[0]]
    cells = {
        name: [f"{_PHYSICAL}{CHASSIS[name]}.{index}" for index in _speakers(name, order, stacks)]
        for name in wanted
    }
    yield from get(rows, [oid for oids in cells.values() for oid in oids])
    for name, oids in cells.items():
        found = next((oid for oid in oids if text_of(rows.scalar(oid))), None)
        if found is not None:
            rows.scalars[name] = rows.scalars[found]


def _speakers(name: str, order: list[str], stacks: list[str]) -> list[str]:
    """The entities that may give this text, the best first."""
    if name.startswith("stack."):
        return stacks
    if name in ("chassis.descr", "chassis.name"):
        return [*(index for index in order if index not in stacks), *stacks]
    return order


def ports(rows: Rows) -> list[Port]:
    """Every interface of ifTable, with ifXTable's names and wide counters."""
    table = {oid: rows.column(oid) for oid in PORTS}
    found = []
    # A narrow view may leave out some of the columns: a port is there if any of these three names it.
    for index in table[_IF + "8"] | table[_IF + "2"] | table[_IFX + "1"]:
        if index.isdigit():
            found.append(_port(table, index))
    return found


def _port(table: Mapping[str, dict[str, Value]], index: str) -> Port:
    def cell(oid: str) -> Value:
        return table[oid].get(index)

    high = _whole(cell(_IFX + "15"))
    description = text_of(cell(_IF + "2"))
    octets = [_whole(cell(_IFX + wide)) for wide in ("6", "10")]
    narrow = [_whole(cell(_IF + n)) for n in ("10", "16", "14", "20", "13", "19")]
    return Port(
        index=int(index),
        name=text_of(cell(_IFX + "1")) or description,
        description=description,
        alias=text_of(cell(_IFX + "18")),
        kind=_whole(cell(_IF + "3")) or 0,
        admin=_ADMIN.get(_whole(cell(_IF + "7")) or 0, ""),
        oper=_OPER.get(_whole(cell(_IF + "8")) or 0, ""),
        # 4 294 967 295 in ifSpeed says: see ifHighSpeed, which is in millions.
        speed=high * 1_000_000 if high else _whole(cell(_IF + "5")),
        after=PortCounters(
            narrow[0] if octets[0] is None else octets[0],
            narrow[1] if octets[1] is None else octets[1],
            *narrow[2:],
        ),
    )


_DISKS = frozenset({"4", "5", "6", "7", "8", "9", "10"})
_MEMORY_NAMES = (
    # net-snmp's own name; a firewall's packet buffers are a store of their own, lent to nobody.
    (re.compile(r"^(memory )?buffers$|\(buffers\)$"), "buffers"),
    (re.compile(r"buffers?\b|packet descriptors"), "pool"),
    (re.compile("cache"), "cached"),
    (re.compile("shared"), "shared"),
    (re.compile("swap"), "swap"),
    (re.compile("virtual"), "virtual"),
)


def stores(rows: Rows) -> tuple[list[Space], list[Space]]:
    """Memory and disks of hrStorageTable: what is neither (removable, other) is disk where it has a path."""
    kinds, names, units, sizes, used = (rows.column(oid) for oid in STORES)
    memory: list[Space] = []
    disks: list[Space] = []
    for index, size in sizes.items():
        kind = text_of(kinds.get(index)).rpartition(".")[2]
        name = text_of(names.get(index))
        total, taken, unit = (_whole(value) for value in (size, used.get(index), units.get(index)))
        word = memory_kind(kind, name)
        made = _store(f"{STORES[4]}.{index}", name, word or "disk", taken, total, unit or 1)
        if word or kind not in ("1", "2", "3") or name.startswith("/"):
            (memory if word else disks).append(made)
    return _shared_out(memory), disks


def _shared_out(memory: list[Space]) -> list[Space]:
    """Buffers and caches are given back when asked for: part of the memory in use, shares of all of it."""
    main = next((space for space in memory if space.kind == "system" and space.total), None)
    if main is None or main.used is None or main.total is None:
        return memory
    lent = sum(space.used or 0 for space in memory if space.kind in ("buffers", "cached"))
    taken = main.used - lent if lent <= main.used else main.used
    found = []
    for space in memory:
        used = taken if space is main else space.used
        if space is main or space.kind in ("buffers", "cached", "shared"):
            share = None if used is None else hundredths(Fraction(100 * used, main.total))
            space = replace(space, used=used, total=main.total, share=share)
        found.append(space)
    return found


_ZONES = ("UMA:", "MALLOC:", "mbuf")  # what FreeBSD's kernel hands out inside: parts of parts


def memory_kind(kind: str, name: str) -> str:
    """What kind of memory an entry of hrStorageTable is; empty: none."""
    if name.startswith(_ZONES):
        return ""
    low = name.lower()
    for pattern, found in _MEMORY_NAMES:
        if pattern.search(low) and kind not in _DISKS:
            return found
    return {"2": "system", "3": "virtual"}.get(kind, "")


def _store(oid: str, name: str, kind: str, used: int | None, total: int | None, unit: int) -> Space:
    # 32-bit counts of large disks go negative.
    used, total = (None if n is None else n % 2**32 for n in (used, total))
    share = Fraction(100 * used, total) if used is not None and total else None
    return Space(
        oid,
        name,
        kind,
        None if used is None else used * unit,
        None if total is None else total * unit,
        hundredths(share),
    )


# EntitySensorDataType -> kind.
_TYPES: Mapping[int, str] = {
    3: "voltage",
    4: "voltage",
    5: "current",
    6: "power",
    7: "frequency",
    8: "temperature",
    9: "humidity",
    10: "fanspeed",
    11: "airflow",
    14: "dbm",
}
_BROKEN = (2, 3)  # unavailable, nonoperational
_FAILED = 3  # RFC 3433: the agent believes that the sensor is broken
_NONE = (-32768, -1_000_000_000, 1_000_000_000)  # the MIB's and its makers' words for no value
_OPTICAL = re.compile(r"(?i)\b[tr]x\b|\bDOM\b|optical|transceiver|laser|receive power|transmit power")


def entity_sensors(rows: Rows, base: str) -> list[Sensor]:
    """ENTITY-SENSOR-MIB below `base` (or Cisco's table of the same shape): by type, scale, precision."""
    types, scales, precisions, values, states = (rows.column(base + n) for n in "12345")
    names, descriptions = (rows.column(oid) for oid in ENTITY_NAMES)
    found = []
    for index, raw in values.items():
        value, status = number(raw), _whole(states.get(index))
        if status == _FAILED:
            # Left out, it would look as if nobody watched there; what it watches is not known to be bad.
            name = _called(names.get(index), descriptions.get(index), index)
            found.append(Sensor(f"{base}5.{index}", "state", name, 3000, "nonoperational", "unknown"))
        if value in _NONE or value is None or status in _BROKEN:
            continue
        exponent = 3 * ((_whole(scales.get(index)) or 9) - 9) - (_whole(precisions.get(index)) or 0)
        words = " ".join(filter(None, (text_of(names.get(index)), text_of(descriptions.get(index)))))
        scaled = value * Fraction(10) ** max(min(exponent, 30), -30)
        name = _called(names.get(index), descriptions.get(index), index)
        for kind, measured in _kinds(_whole(types.get(index)) or 0, scaled, words):
            found.append(Sensor(f"{base}4.{index}", kind, name, thousandths(measured)))
    return found


def _called(name: Value, description: Value, index: str) -> str:
    """What an entity is called: its name, else its description, else its index."""
    return (text_of(name) or text_of(description) or index)[:128]


def _kinds(number_of: int, value: Fraction, words: str) -> list[tuple[str, Fraction]]:
    """Kind and value; light that is given in watts or without a unit is read in dBm too."""
    kind = _TYPES.get(number_of, "")
    if kind == "power" and _OPTICAL.search(words):
        return [("dbm", decibels(value * 1000)), (kind, value)]
    if number_of in (1, 2) and _OPTICAL.search(words) and "ower" in words:
        return [("dbm", value)]
    return [(kind, value)] if kind else []


def decibels(milliwatts: Fraction) -> Fraction:
    """dBm; no light at all is -60, below what any optic reports."""
    return Fraction(str(round(10 * math.log10(milliwatts), 4))) if milliwatts > 0 else Fraction(-60)


def neighbours(rows: Rows) -> list[Neighbour]:
    """LLDP's remote systems by local port."""
    ids, far, names, texts, local_ids, local = (rows.column(oid) for oid in NEIGHBOURS)
    found = []
    for index in names or ids:
        port = index.split(".")[1] if index.count(".") == 2 else ""
        near = text_of(local.get(port)) or text_of(local_ids.get(port)) or port
        other = text_of(far.get(index)) or text_of(ids.get(index))
        found.append(Neighbour(near, text_of(names.get(index)), other, text_of(texts.get(index))[:256]))
    return found
