"""What a vCenter (or a single ESXi) shows of its hosts, virtual machines and datastores.

Words are vSphere's own: `green`, `yellow`, `red`, `gray`; `connected`; `poweredOn` … Empty or None: not told,
or not to this user.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from checks.protocols import check_timeout, check_url

VSPHERE_NEEDS = (
    "a vSphere user with the role Read-only on the vCenter's root, in a secret: user, password",
    "tried on the govmomi simulator (vCenter 6.5's interface), never on the product itself",
)


@dataclass(frozen=True, slots=True)
class Vcenter:
    """How it is reached: `url` as `https://vcenter.example/sdk`; `ca` is PEM text that replaces the system's
    trust anchors."""

    url: str
    secret: str = "vsphere"  # noqa: S105  # a name to look up on the agent, no secret
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 60_000

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")) or any(c <= " " for c in self.url):
            raise ValueError("url must begin with http:// or https:// and hold no space")
        if "@" in self.url:
            raise ValueError("url holds no credential")
        check_url(self.url)
        check_timeout(self.timeout_ms)


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """A host. `cpu_mhz`, `memory`: what it has (MHz of all cores, bytes), and of that in use."""

    name: str
    health: str
    connection: str
    power: str
    maintenance: bool | None
    cpu_mhz: int | None
    cpu_mhz_used: int | None
    memory: int | None
    memory_used: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine. `oldest_snapshot`: UTC ms."""

    name: str
    health: str
    connection: str
    power: str
    tools: str
    snapshots: int
    oldest_snapshot: int | None


@dataclass(frozen=True, slots=True)
class Datastore:
    """Bytes; `uncommitted`: what thin disks may still take."""

    name: str
    accessible: bool | None
    maintenance: str
    capacity: int | None
    free: int | None
    uncommitted: int | None


class Vsphere(Protocol):
    """The inventory of a vCenter or ESXi. ObservationError: `denied` for a login or a certificate that is not
    accepted, `unsupported` where it refuses a call, `garbled` where it is no such web service."""

    def hypervisors(self, at: Vcenter) -> Sequence[Hypervisor]:
        """All hosts."""

    def machines(self, at: Vcenter) -> Sequence[Machine]:
        """All virtual machines but templates."""

    def datastores(self, at: Vcenter) -> Sequence[Datastore]:
        """All datastores."""
