"""What a server's management controller (BMC) shows: the source protocol and the facts it brings back.

`state`, `health` and `events` are the controller's own words, decided upon by the checks: of Redfish
`Enabled`, `Absent` … and `OK`, `Warning`, `Critical`; of IPMI the status of a sensor (`ok`, `ucr`, `ns` …)
and its asserted events. Measured values are whole thousandths of their unit (`Cel`, `RPM`, `%`, `W`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from checks.probes import check_port, check_timeout

PROTOCOLS = ("redfish", "ipmi")


@dataclass(frozen=True, slots=True)
class Reach:
    """How a controller is reached: `port` 0 is the protocol's own, `pin` the SHA-256 (hex) of its
    certificate, `secret` the name of its user and password.
    Without `tls` only this machine itself is spoken to."""

    address: str
    port: int = 0
    protocol: str = "redfish"
    secret: str = "redfish"  # noqa: S105  # a name to look up on the agent, no secret
    pin: str = ""
    tls: bool = True
    timeout_ms: int = 30_000

    def __post_init__(self) -> None:
        if not self.address or any(c <= " " or c in "/@\x7f" for c in self.address):
            raise ValueError("address must be a host name or an address")
        check_port(self.port, 0)
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}")
        check_timeout(self.timeout_ms, 1, 300_000)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a server, as its controller describes it."""

    name: str
    state: str = ""
    health: str = ""
    events: tuple[str, ...] = ()
    model: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A measuring part; value and the controller's own limits in thousandths of `unit`."""

    part: Part
    milli: int | None
    unit: str
    lower_crit: int | None = None
    lower_warn: int | None = None
    upper_warn: int | None = None
    upper_crit: int | None = None


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive behind the server's own controller; `life_left` in percent."""

    part: Part
    capacity: int | None
    life_left: int | None
    predicted: bool | None


@dataclass(frozen=True, slots=True)
class Module:
    """A memory module and its size in MiB."""

    part: Part
    mib: int | None


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor and the number of its cores."""

    part: Part
    cores: int | None


@dataclass(frozen=True, slots=True)
class Firmware:
    """Firmware of one component."""

    part: Part
    version: str


@dataclass(frozen=True, slots=True)
class EventLog:
    """What one event log gained since the last look: counts by severity (`OK`, `Warning`, `Critical`, or ``
    where none is given) and a digest of the new entries, never their text.

    `first_look`: nothing to compare with, all entries are old. `cleared`: the entry seen last is gone.
    """

    name: str
    first_look: bool
    cleared: bool
    entries: int
    new: int
    counts: Mapping[str, int]
    digest: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class BmcClock:
    """The controller's clock (UTC epoch milliseconds, in steps of `step_ms`), ours in the middle of
    the question; `zone_known` False: it names no zone, its hour may be local. `ntp` None: not said."""

    at: int | None
    asked_at: int
    round_trip_ms: int
    step_ms: int
    zone_known: bool
    ntp: bool | None


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server calls itself."""

    maker: str
    model: str
    serial: str
    asset_tag: str
    bios: str


class Bmc(Protocol):
    """A server's management controller."""

    def health(self, at: Reach) -> Sequence[Part]:
        """Systems, chassis and controllers as wholes."""

    def supplies(self, at: Reach) -> Sequence[Part]:
        """Power supplies, and their redundancy as parts named `redundancy …`."""

    def fans(self, at: Reach) -> Sequence[Sensor]:
        """Fans."""

    def temperatures(self, at: Reach) -> Sequence[Sensor]:
        """Temperatures."""

    def drives(self, at: Reach) -> Sequence[Drive]:
        """Drives that the server itself manages."""

    def memory(self, at: Reach) -> Sequence[Module]:
        """Memory modules and empty places."""

    def processors(self, at: Reach) -> Sequence[Processor]:
        """Processors and empty places."""

    def logs(self, at: Reach) -> Sequence[EventLog]:
        """New entries of the event logs since the last look."""

    def clock(self, at: Reach) -> BmcClock:
        """The controller's clock."""

    def firmware(self, at: Reach) -> Sequence[Firmware]:
        """Firmware versions."""

    def identity(self, at: Reach) -> Identity:
        """Maker, model, serial number."""
