"""Redfish: a server's parts from its tree of documents, the older and the newer places of each.

Thermal and Power are one document each where they exist; else ThermalSubsystem, PowerSubsystem and Sensors.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from agent.sources.bmc_log import Entry, grown
from agent.sources.bmc_session import Document, Line
from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError
from checks.bmc import (
    BmcClock,
    Drive,
    EventLog,
    Firmware,
    Identity,
    Module,
    Part,
    Processor,
    Reach,
    Sensor,
)

_ROOT = "/redfish/v1/"
_MOST_MEMBERS = 512
_MOST_ENTRIES = 4000


class Redfish:
    """Implements `checks.bmc.Bmc` over one logged-in line."""

    def __init__(self, line: Line, memory: Memory) -> None:
        self._line = line
        self._memory = memory

    # The tree

    def _root(self) -> Document:
        root = self._line.get(_ROOT)
        if root is None:
            raise ObservationError(ErrorKind.UNSUPPORTED, "no Redfish service there")
        return root

    def _linked(self, document: Document, name: str) -> Document | None:
        """The document that `document` links to by `name`; None where there is none."""
        path = _link(document.get(name))
        return self._line.get(path) if path else None

    def _members(self, collection: Document | None) -> Iterator[Document]:
        """Members of a collection, whether linked or written out, over all its pages."""
        seen: set[str] = set()
        while collection is not None:
            for member in _list(collection.get("Members")):
                path = _link(member)
                if path in seen or len(seen) >= _MOST_ENTRIES:
                    continue
                seen.add(path)
                if len(member) > 1:
                    yield member
                elif len(seen) <= _MOST_MEMBERS:
                    yield self._line.get(path) or {"Name": path.rpartition("/")[2], "Status": _UNREAD}
            onward = collection.get("Members@odata.nextLink") or collection.get("@odata.nextLink")
            onward = onward if isinstance(onward, str) else _link(onward)
            if not onward or onward in seen:
                return
            seen.add(onward)
            collection = self._line.get(onward)

    def _all(self, *names: str) -> Iterator[Document]:
        """Documents of the root's collections."""
        root = self._root()
        for name in names:
            yield from self._members(self._linked(root, name))

    def _below(self, place: str, name: str) -> Iterator[Document]:
        """Members of the collections `name` of each member of the root's collection `place`."""
        for document in self._all(place):
            yield from self._members(self._linked(document, name))

    # What a look asks for

    def health(self, at: Reach) -> Sequence[Part]:
        """Systems, chassis and managers; the rolled-up health where one is given."""
        found = []
        for place in ("Systems", "Chassis", "Managers"):
            for one in self._all(place):
                made = _part(one, rollup=True)
                power = _text(one.get("PowerState"))
                events = (f"power_{power.lower()}",) if place == "Systems" and power else ()
                name = f"{place}/{_text(one.get('Id')) or made.name}"
                found.append(Part(name, made.state, made.health, events, made.model, made.serial))
        return found

    def supplies(self, at: Reach) -> Sequence[Part]:
        """Power supplies of the chassis, and how far one may stand in for another."""
        found = []
        for chassis in self._all("Chassis"):
            power = self._linked(chassis, "Power") or {}
            parts = _list(power.get("PowerSupplies"))
            spare = _list(power.get("Redundancy"))
            if not parts:
                power = self._linked(chassis, "PowerSubsystem") or {}
                parts = list(self._members(self._linked(power, "PowerSupplies")))
                spare = _list(power.get("PowerSupplyRedundancy"))
            found += [_part(one, numbered=i) for i, one in enumerate(parts, 1)]
            found += [_redundancy(one, i) for i, one in enumerate(spare, 1) if "Status" in one]
        return found

    def fans(self, at: Reach) -> Sequence[Sensor]:
        """Fans of the chassis."""
        found = []
        for chassis in self._all("Chassis"):
            old = _list((self._linked(chassis, "Thermal") or {}).get("Fans"))
            if old:
                found += [
                    _sensor(one, "Reading", _UNITS.get(_text(one.get("ReadingUnits")), "")) for one in old
                ]
                continue
            thermal = self._linked(chassis, "ThermalSubsystem") or {}
            for one in self._members(self._linked(thermal, "Fans")):
                speed = _mapping(one.get("SpeedPercent"))
                turns = _milli(speed.get("SpeedRPM"))
                share = _milli(speed.get("Reading"))
                value, unit = (turns, "RPM") if turns is not None else (share, "%")
                found.append(Sensor(_part(one), value, unit))
        return found

    def temperatures(self, at: Reach) -> Sequence[Sensor]:
        """Temperatures of the chassis with the controller's limits."""
        found: list[Sensor] = []
        for chassis in self._all("Chassis"):
            old = _list((self._linked(chassis, "Thermal") or {}).get("Temperatures"))
            if old:
                found += [_sensor(one, "ReadingCelsius", "Cel") for one in old]
                continue
            sensors = self._members(self._linked(chassis, "Sensors"))
            found += [_sensor(one, "Reading", "Cel") for one in sensors if one.get("ReadingUnits") == "Cel"]
        return found

    def drives(self, at: Reach) -> Sequence[Drive]:
        """Drives of the storage controllers; of simple storage where there is nothing else."""
        found = []
        for system in self._all("Systems"):
            for storage in self._members(self._linked(system, "Storage")):
                for link in _list(storage.get("Drives")):
                    found.append(_drive(self._line.get(_link(link)) or {"Status": _UNREAD}))
            if found:
                continue
            for storage in self._members(self._linked(system, "SimpleStorage")):
                found += [_drive(one) for one in _list(storage.get("Devices"))]
        return found

    def memory(self, at: Reach) -> Sequence[Module]:
        """Memory modules of the systems."""
        found = self._below("Systems", "Memory")
        return [Module(_part(one), _whole(one.get("CapacityMiB"))) for one in found]

    def processors(self, at: Reach) -> Sequence[Processor]:
        """Central processors of the systems."""
        return [
            Processor(_part(one, named="Id"), _whole(one.get("TotalCores")))
            for one in self._below("Systems", "Processors")
            if one.get("ProcessorType", "CPU") == "CPU"
        ]

    def logs(self, at: Reach) -> Sequence[EventLog]:
        """Event logs of systems and managers, each once."""
        found: dict[str, EventLog] = {}
        for place in ("Systems", "Managers"):
            for owner in self._all(place):
                for service in self._members(self._linked(owner, "LogServices")):
                    name = f"{_text(owner.get('Id'))}/{_text(service.get('Id'))}"
                    entries = self._linked(service, "Entries")
                    if entries is not None and name not in found:
                        seen = [_entry(one) for one in self._members(entries)]
                        found[name] = grown(self._memory, name, seen)
        return list(found.values())

    def clock(self, at: Reach) -> BmcClock:
        """The first manager's clock."""
        for manager in self._all("Managers"):
            began = time.time_ns() // 1_000_000
            now = self._line.get(_link(manager)) or manager
            ended = time.time_ns() // 1_000_000
            protocols = self._linked(manager, "NetworkProtocol") or {}
            ntp = _mapping(protocols.get("NTP")).get("ProtocolEnabled")
            shown, zoned = _instant(now.get("DateTime"))
            return BmcClock(
                shown,
                (began + ended) // 2,
                max(ended - began, 0),
                1000,
                zoned,
                ntp if isinstance(ntp, bool) else None,
            )
        raise ObservationError(ErrorKind.UNSUPPORTED, "no manager in the Redfish tree")

    def firmware(self, at: Reach) -> Sequence[Firmware]:
        """The update service's inventory; without one, what systems and managers say of themselves."""
        service = self._linked(self._root(), "UpdateService") or {}
        listed = [
            Firmware(_part(one), _text(one.get("Version")))
            for one in self._members(self._linked(service, "FirmwareInventory"))
        ]
        if listed:
            return listed
        own = (("BIOS", "Systems", "BiosVersion"), ("BMC", "Managers", "FirmwareVersion"))
        return [
            Firmware(Part(name), _text(one.get(key))) for name, place, key in own for one in self._all(place)
        ]

    def identity(self, at: Reach) -> Identity:
        """The first system's names."""
        for one in self._all("Systems"):
            names = ("Manufacturer", "Model", "SerialNumber", "AssetTag", "BiosVersion")
            return Identity(*(_text(one.get(name)) for name in names))
        raise ObservationError(ErrorKind.UNSUPPORTED, "no system in the Redfish tree")


_UNREAD: Document = {"State": "unreadable"}
_UNITS = {"RPM": "RPM", "Percent": "%"}
_LIMITS = ("LowerThresholdCritical", "LowerThresholdNonCritical", "UpperThresholdNonCritical")
_NEW_LIMITS = ("LowerCritical", "LowerCaution", "UpperCaution", "UpperCritical")


def _link(value: object) -> str:
    """The path a link leads to; nothing where it leads elsewhere."""
    path = _mapping(value).get("@odata.id")
    return path if isinstance(path, str) and path.startswith("/redfish/") else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text as it can be signed: bounded, without half characters and control codes."""
    if not isinstance(value, str):
        return ""
    whole = value[:200].encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " for c in whole).strip()


def _milli(value: object) -> int | None:
    """Thousandths of a number that may be written as a text."""
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except ArithmeticError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    made = Decimal(value)
    return int(made * 1000) if made.is_finite() and abs(made) < 10**15 else None


def _whole(value: object) -> int | None:
    made = _milli(value)
    return None if made is None else made // 1000


def _grave(health: str) -> int:
    """A word that nobody knows is worse than a warning, as unknown is: it must not hide behind one."""
    return {"OK": 0, "Warning": 1, "Critical": 3}.get(health, 2)


def _part(one: Document, *, named: str = "Name", numbered: int = 0, rollup: bool = False) -> Part:
    status = _mapping(one.get("Status"))
    words = [_text(status.get(key)) for key in ("HealthRollup", "Health") if rollup or key == "Health"]
    # A roll-up should hold the part's own health as well; where it does not, the worse of both counts.
    health = max(filter(None, words), key=_grave, default="")
    name = next(filter(None, (_text(one.get(key)) for key in (named, "Name", "FanName", "Id"))), "")
    line = _text(one.get("LineInputStatus"))
    events = (f"line_{line.lower()}",) if line not in ("", "Normal") else ()
    return Part(
        f"{name} {numbered}" if numbered and not name[-1:].isdigit() else name,
        _text(status.get("State")),
        health,
        events,
        _text(one.get("Model")),
        _text(one.get("SerialNumber")),
    )


def _redundancy(one: Document, number: int) -> Part:
    made = _part(one)
    return Part(f"redundancy {number}", made.state, made.health)


def _sensor(one: Document, value: str, unit: str) -> Sensor:
    new = _mapping(one.get("Thresholds"))
    old = (*_LIMITS, "UpperThresholdCritical")
    limits = [
        _milli(one.get(before)) if not new else _milli(_mapping(new.get(name)).get("Reading"))
        for before, name in zip(old, _NEW_LIMITS, strict=True)
    ]
    return Sensor(_part(one), _milli(one.get(value)), unit, *limits)


def _drive(one: Document) -> Drive:
    predicted = one.get("FailurePredicted")
    return Drive(
        _part(one),
        _whole(one.get("CapacityBytes")),
        _whole(one.get("PredictedMediaLifeLeftPercent")),
        predicted if isinstance(predicted, bool) else None,
    )


def _entry(one: Document) -> Entry:
    severity = _text(one.get("Severity")) or _text(one.get("MessageSeverity"))
    created = _text(one.get("Created"))
    told = "\0".join((created, severity, _text(one.get("MessageId")), _text(one.get("Message"))))
    return Entry(f"{_text(one.get('Id'))}\0{created}", severity, told)


def _instant(value: object) -> tuple[int | None, bool]:
    """Epoch milliseconds and whether a zone was named; without one UTC is supposed."""
    try:
        made = datetime.fromisoformat(_text(value))
        zoned = made.tzinfo is not None
        return int((made if zoned else made.replace(tzinfo=UTC)).timestamp() * 1000), zoned
    except (ValueError, OverflowError, OSError):
        return None, False
