"""A network device, whichever way it may be asked: by SNMP, or by its command line where SNMP is not allowed.

The facts are those of `checks.snmp` either way, so one judge serves both; what a command line does not tell
(limits of a sensor, kinds of ports) is empty. A device's own log and its licences are known by command line
only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from checks.probes import check_port, check_timeout
from checks.remote import Login
from checks.snmp import VERSIONS, Device, Part, Peer

PLATFORMS = ("huawei_vrp", "hp_comware", "ruijie_os", "zte_zxros", "cisco_ios", "cisco_nxos", "fortinet")
# Of these the configuration or the policy alone is asked (network.config, network.policy).
OTHERS = ("cisco_asa", "frr", "linux")
CLI_NEEDS = "or, by command line (`platform`), a login that may show and change nothing"
CLI_TRIED = (
    "by command line tried on recorded outputs of Huawei VRP, H3C Comware, Ruijie, ZTE, Cisco IOS, NX-OS and"
    " FortiOS served by an SSH server of the tests, never on such a device itself"
)


@dataclass(frozen=True, slots=True)
class Console:
    """How a device's command line is reached by SSH (`secret`, `legacy`, `hop`, `hop_secret`: as of the
    source ssh). `platform` is one of PLATFORMS; `port` 0 is the protocol's own."""

    PLATFORMS: ClassVar[tuple[str, ...]] = PLATFORMS

    address: str
    port: int = 0
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    timeout_ms: int = 20_000
    platform: str = ""
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise

    def __post_init__(self) -> None:
        check_port(self.port, 0)
        check_timeout(self.timeout_ms, 100, 600_000)
        if self.platform not in self.PLATFORMS:
            raise ValueError(f"platform must be one of {', '.join(filter(None, self.PLATFORMS))}")
        self.login()

    def login(self) -> Login:
        """The device as the source ssh reaches it."""
        port = self.port or 22
        return Login(self.address, port, self.secret, self.legacy, self.hop, self.hop_secret)


@dataclass(frozen=True, slots=True)
class Reach(Console):
    """How a network device is reached: by SNMP (`version`, `secret` as of the source snmp), or with a
    `platform` by its command line."""

    PLATFORMS: ClassVar[tuple[str, ...]] = ("", *PLATFORMS)

    secret: str = "snmp"  # noqa: S105  # a name to look up on the agent, no secret
    version: int = 3

    def __post_init__(self) -> None:
        super(Reach, self).__post_init__()
        if self.version not in VERSIONS:
            raise ValueError("version must be 1, 2 or 3")

    def peer(self) -> Peer:
        """The device as the source snmp reaches it."""
        return Peer(self.address, self.port or 161, self.version, self.secret, self.timeout_ms)


@dataclass(frozen=True, slots=True)
class LogNews:
    """What a device's own log holds that it did not at the last look: counts by syslog severity (`0` to `7`)
    and a digest of the new messages, never their text.

    `first_look`: nothing to compare with, all messages are old. `lost`: none of the messages seen last is
    there any more: more came since than the device keeps, or somebody cleared it.
    """

    first_look: bool
    lost: bool
    messages: int
    new: int
    counts: Mapping[str, int]
    digest: str


@dataclass(frozen=True, slots=True)
class Dated:
    """Something with a date. kind `licence`: valid until `at`, `for_ever` where it never ends; kind
    `signatures`: a library of `version`, made at `at`. `at`: UTC ms, None where the device tells none."""

    kind: str
    name: str
    at: int | None
    for_ever: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A unit of a `group` (stack, irf, vsu, hrp, ha, vpc) that acts as one device or stands in for another.

    `role` and `state`: the device's own words in lower case, empty where it tells none; `severity`: ok, warn,
    crit or unknown, as its maker's manual means the state. `present`: it counts as a member that is there.
    """

    group: str
    name: str
    role: str = ""
    state: str = ""
    severity: str = "ok"
    present: bool = True


class Devices(Protocol):
    """A network device; every call raises ObservationError where it could not look.

    `unsupported`: this platform's command line has no known form for what is asked.
    """

    def look(self, at: Reach, parts: Sequence[Part]) -> Device:
        """Identify the device (no parts), or read these parts of it."""

    def log(self, at: Console) -> LogNews:
        """What its own log gained since the last look; by command line only."""

    def dated(self, at: Console) -> Sequence[Dated]:
        """Licences and libraries of signatures; by command line only."""

    def members(self, at: Reach) -> Sequence[Member]:
        """The units of its stack or pair, itself among them."""
