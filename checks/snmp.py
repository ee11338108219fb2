"""What is seen of one device through SNMP: identification, processors, memory, storage, sensors, ports.

A source reports what the device said and decides nothing but what its profile states: the severity of
a sensor is the device's own word (state `failed` of its MIB is crit), never ours. All numbers are whole:
bytes, bits per second, hundredths of a per cent, thousandths of a sensor's unit. None: not told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from checks.probes import check_host, check_port, check_timeout

VERSIONS = (1, 2, 3)

# Unit of a sensor's value by its kind (the value itself is in thousandths of it).
UNITS: Mapping[str, str] = {
    "temperature": "°C",
    "humidity": "%",
    "voltage": "V",
    "current": "A",
    "power": "W",
    "power_consumed": "kWh",
    "power_factor": "1",
    "frequency": "Hz",
    "fanspeed": "rpm",
    "load": "%",
    "charge": "%",
    "percent": "%",
    "runtime": "min",
    "count": "1",
    "dbm": "dBm",
    "snr": "dB",
    "airflow": "cfm",
    "waterflow": "l/min",
    "pressure": "kPa",
    "signal": "dBm",
    "delay": "s",
    "loss": "%",
    "quality_factor": "dB",
    "ber": "1",
    "chromatic_dispersion": "ps/nm",
    "bitrate": "bit/s",
    "state": "",
}


class Part(StrEnum):
    """What may be asked of a device; its identification is always read."""

    PROCESSORS = "processors"
    MEMORY = "memory"
    STORAGE = "storage"
    SENSORS = "sensors"
    PORTS = "ports"
    NEIGHBOURS = "neighbours"


EVERYTHING = tuple(Part)


@dataclass(frozen=True, slots=True)
class Peer:
    """How a device is reached: `version` 1, 2 (v2c) or 3; `secret` names its community or v3 user.

    `timeout_ms` is the time for the whole look, retries included. ValueError on what no device can be.
    """

    address: str
    port: int = 161
    version: int = 3
    secret: str = "snmp"  # noqa: S105  # a name to look up on the agent, no secret
    timeout_ms: int = 20_000

    def __post_init__(self) -> None:
        check_host(self.address)
        check_port(self.port)
        if self.version not in VERSIONS:
            raise ValueError("version must be 1, 2 or 3")
        check_timeout(self.timeout_ms, 100, 600_000)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the device says it is; `os` and `vendor` are its profile's, empty where no profile matched."""

    object_id: str
    description: str
    name: str = ""
    uptime_ms: int | None = None
    vendor: str = ""
    os: str = ""
    kind: str = ""
    version: str = ""
    hardware: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Processor:
    """One processor's load in hundredths of a per cent, as the device averages it."""

    oid: str
    name: str
    load: int | None


@dataclass(frozen=True, slots=True)
class Space:
    """A pool of memory or a store: bytes, and hundredths of a per cent in use. `kind`: system, swap, disk"""

    oid: str
    name: str
    kind: str
    used: int | None
    total: int | None
    share: int | None


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor. `kind` is a key of UNITS; `value` in thousandths of its unit.

    Where kind is `state`: `value` is the raw code times 1000, `state` the device's word for it and `severity`
    ok, warn, crit or unknown as its MIB means it. Elsewhere both are empty. The limits are the device's own.
    """

    oid: str
    kind: str
    name: str
    value: int | None
    state: str = ""
    severity: str = ""
    crit_low: int | None = None
    warn_low: int | None = None
    warn_high: int | None = None
    crit_high: int | None = None


@dataclass(frozen=True, slots=True)
class PortCounters:
    """A port's totals since the device counts; None where it does not."""

    octets_in: int | None
    octets_out: int | None
    errors_in: int | None
    errors_out: int | None
    discards_in: int | None
    discards_out: int | None


@dataclass(frozen=True, slots=True)
class Port:
    """One interface. `kind` is the IANA ifType, `admin` and `oper` the words of IF-MIB, `speed` in bit/s.

    `before` holds the counters at the last look (None: there was none, or the device restarted since).
    """

    index: int
    name: str
    description: str
    alias: str
    kind: int
    admin: str
    oper: str
    speed: int | None
    after: PortCounters
    before: PortCounters | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What LLDP says is at the other end of a port."""

    port: str
    name: str
    far_port: str
    description: str


@dataclass(frozen=True, slots=True)
class Device:
    """One device at one moment; a part that was not asked for, or that it does not have, is empty.

    `elapsed_ms`: time since the look that `Port.before` comes from. `missing`: parts that were asked for and
    broke off half way (their rows may be incomplete).
    """

    identity: Identity
    processors: tuple[Processor, ...] = ()
    memory: tuple[Space, ...] = ()
    storage: tuple[Space, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    ports: tuple[Port, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    elapsed_ms: int | None = None
    missing: tuple[str, ...] = ()


Value = int | bytes | str | None


class Snmp(Protocol):
    """A device seen through SNMP; every call raises ObservationError where it could not look."""

    def look(self, peer: Peer, parts: Sequence[Part] = EVERYTHING) -> Device:
        """Identify the device and read these parts of it by its profile and the standard MIBs."""

    def walk(self, peer: Peer, columns: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        """Rows below each of these OIDs: column -> index (`""` for the OID itself) -> value.

        Values: whole numbers, octets as bytes, OIDs and addresses as dotted text. At most 20 000 rows.
        """
