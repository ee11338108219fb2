"""IPMI through ipmitool, asking as a USER and never as more: an administrator could erase what it reads.

The password goes through the environment, which other users of this machine cannot read; names that are
no UTF-8 (six-bit codes, GBK) keep their readable part.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from agent.secrets import Secret
from agent.sources import host_commands
from agent.sources.bmc_log import Entry, grown
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
from checks.commands import text

# Answers of the chassis that are no fault when they say so.
_HARMLESS = frozenset({"false", "inactive", "", "allowed", "none", "off", "supported"})
_CHASSIS = (
    "Power Overload",
    "Power Interlock",
    "Main Power Fault",
    "Power Control Fault",
    "Chassis Intrusion",
    "Drive Fault",
    "Cooling/Fan Fault",
)
_UNITS = {
    "degrees C": "Cel",
    "degrees F": "Far",
    "RPM": "RPM",
    "percent": "%",
    "Watts": "W",
    "unspecified": "%",
}


class Ipmi:
    """Implements `checks.bmc.Bmc`; each look is one or two runs of ipmitool."""

    def __init__(self, secret: Secret, memory: Memory) -> None:
        self._secret = secret
        self._memory = memory

    def health(self, at: Reach) -> Sequence[Part]:
        """What the chassis says of itself: faults as events."""
        said = dict(_pairs(self._ask(at, "chassis", "status")))
        faults = tuple(
            name.lower().replace("/", "_").replace(" ", "_")
            for name in _CHASSIS
            if said.get(name, "").lower() not in _HARMLESS
        )
        power = said.get("System Power", "")
        return (
            [Part("chassis", power, "", (*((f"power_{power}",) if power else ()), *faults))] if said else []
        )

    def supplies(self, at: Reach) -> Sequence[Part]:
        """Sensors of the type Power Supply."""
        return [sensor.part for sensor in self._sensors(at, "Power Supply")]

    def fans(self, at: Reach) -> Sequence[Sensor]:
        """Sensors of the type Fan."""
        return self._sensors(at, "Fan")

    def temperatures(self, at: Reach) -> Sequence[Sensor]:
        """Sensors of the type Temperature."""
        return self._sensors(at, "Temperature")

    def drives(self, at: Reach) -> Sequence[Drive]:
        """Sensors of the type Drive Slot."""
        return [Drive(sensor.part, None, None, None) for sensor in self._sensors(at, "Drive Slot / Bay")]

    def memory(self, at: Reach) -> Sequence[Module]:
        """Sensors of the type Memory: IPMI knows no sizes."""
        return [Module(sensor.part, None) for sensor in self._sensors(at, "Memory")]

    def processors(self, at: Reach) -> Sequence[Processor]:
        """Sensors of the type Processor."""
        return [Processor(sensor.part, None) for sensor in self._sensors(at, "Processor")]

    def logs(self, at: Reach) -> Sequence[EventLog]:
        """The system event log (SEL)."""
        entries = []
        for line in self._ask(at, "sel", "elist").splitlines():
            fields = [text(one) for one in line.split("|")]
            if len(fields) >= 5:
                # The direction belongs to the event: a fan that recovers is no fan that fails.
                over = len(fields) > 5 and fields[5] == "Deasserted"
                event = f"{fields[4]} (over)" if over else fields[4]
                entries.append(Entry("\0".join(fields[:6]), event, "\0".join(fields)))
        return [grown(self._memory, "SEL", entries)]

    def clock(self, at: Reach) -> BmcClock:
        """The clock of the event log: it names no zone."""
        began = time.time_ns() // 1_000_000
        said = self._ask(at, "sel", "time", "get").strip()
        ended = time.time_ns() // 1_000_000
        return BmcClock(_instant(said), (began + ended) // 2, ended - began, 1000, False, None)

    def firmware(self, at: Reach) -> Sequence[Firmware]:
        """The controller's own firmware."""
        said = dict(_pairs(self._ask(at, "mc", "info")))
        version = said.get("Firmware Revision", "")
        return [Firmware(Part("BMC", model=said.get("Product Name", "")), version)] if version else []

    def identity(self, at: Reach) -> Identity:
        """The first inventory record (FRU 0)."""
        said = dict(_pairs(self._ask(at, "fru", "print", "0")))
        return Identity(
            said.get("Product Manufacturer", ""),
            said.get("Product Name", ""),
            said.get("Product Serial", "") or said.get("Chassis Serial", ""),
            said.get("Product Asset Tag", ""),
            "",
        )

    def _sensors(self, at: Reach, kind: str) -> list[Sensor]:
        lines = self._ask(at, "sdr", "type", kind).splitlines()
        rows = ([one.strip() for one in line.split("|")] for line in lines)
        return [_sensor(row) for row in rows if len(row) >= 5]

    def _ask(self, at: Reach, *words: str) -> str:
        user, password = self._secret["user"], self._secret["password"]
        if user.startswith("-") or "\0" in user + password:
            raise ObservationError(ErrorKind.DENIED, f"secret {at.secret}: not a user name or password")
        suite = self._secret.get("cipher", "3")
        if not (suite.isdecimal() and len(suite) < 3):
            raise ObservationError(ErrorKind.DENIED, f"secret {at.secret}: cipher must be a suite's number")
        argv = (
            *(
                host_commands.find("ipmitool"),
                "-I",
                "lanplus",
                "-C",
                suite,
                "-L",
                "USER",
                "-N",
                "3",
                "-R",
                "2",
            ),
            *("-H", at.address, "-p", str(at.port or 623), "-U", user, "-E", *words),
        )
        made = host_commands.run(argv, timeout_ms=at.timeout_ms, environment={"IPMI_PASSWORD": password})
        if made.exit != 0:
            raise _trouble(made.told + made.text, at)
        return made.text


def _trouble(said: str, at: Reach) -> ObservationError:
    """What ipmitool complains of; wrong passwords and dead addresses look alike to it unless it says more."""
    low = said.lower()
    for mark, kind in _MARKS:
        if mark in low:
            return ObservationError(kind, f"{at.address}: {mark}")
    return ObservationError(ErrorKind.GARBLED, f"{at.address}: ipmitool failed")


_MARKS = (
    ("rakp 2 hmac is invalid", ErrorKind.DENIED),
    ("unauthorized name", ErrorKind.DENIED),
    ("insufficient privilege", ErrorKind.DENIED),
    ("privilege level", ErrorKind.DENIED),
    ("unauthorized role", ErrorKind.DENIED),
    ("address lookup", ErrorKind.UNREACHABLE),
    ("network is unreachable", ErrorKind.UNREACHABLE),
    ("no response from remote controller", ErrorKind.TIMEOUT),
    ("device not present", ErrorKind.UNSUPPORTED),
    ("invalid command", ErrorKind.UNSUPPORTED),
    ("unable to establish", ErrorKind.UNREACHABLE),
)


def _pairs(said: str) -> Iterator[tuple[str, str]]:
    for line in said.splitlines():
        name, mark, value = line.partition(":")
        if mark:
            yield text(name), text(value)


def _sensor(row: Sequence[str]) -> Sensor:
    """`CPU1 Temp | 01h | ok | 3.1 | 40 degrees C`; of a discrete sensor the last is its asserted events."""
    name, number, status, _, value = row[:5]
    # A name in codes that cannot be read is told from others by its number.
    name = f"{text(name)} ({number})" if "�" in name or not text(name) else text(name)
    digits, _, unit = value.partition(" ")
    milli = _milli(digits)
    if milli is not None and unit in _UNITS:
        return Sensor(Part(name, status), milli, _UNITS[unit])
    events = tuple(text(one) for one in value.split(",")) if value and status != "ns" else ()
    return Sensor(Part(name, status, "", tuple(one for one in events if one)), None, "")


def _milli(digits: str) -> int | None:
    try:
        made = Decimal(digits)
    except InvalidOperation:
        return None
    return int(made * 1000) if made.is_finite() and abs(made) < 10**12 else None


def _instant(said: str) -> int | None:
    """`11/21/2026 14:30:17` (or with a short year), as if it were UTC."""
    for form in ("%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M:%S"):
        try:
            return int(datetime.strptime(said[:19].strip(), form).replace(tzinfo=UTC).timestamp() * 1000)
        except ValueError:
            continue
    return None
