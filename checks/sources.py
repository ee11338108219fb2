"""What a check looks through: the source protocols and the facts they hand back (standard library only).

A source reports what it found and decides nothing. What could not be had is None or carries a
`trouble` code word (`timeout`, `stale`, `denied`, `missing`, `unreadable` …); where nothing at all
could be looked at the source raises ObservationError. All numbers are whole: milliseconds, bytes, counts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from checks.commands import CommandOutput


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Milliseconds spent since boot, all processors together (guest time is part of user)."""

    user: int
    nice: int
    system: int
    idle: int
    iowait: int
    irq: int
    softirq: int
    steal: int


@dataclass(frozen=True, slots=True)
class CpuSpan:
    """Two samples of the processor clocks and the time between them."""

    before: CpuTimes
    after: CpuTimes
    elapsed_ms: int
    cores: int


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes of memory and swap; OOM kills since boot, now and at the last look (None: not known)."""

    total: int
    available: int
    swap_total: int
    swap_free: int
    oom_kills: int | None
    oom_kills_before: int | None


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted filesystem; sizes are None (with a `trouble`) where it did not answer."""

    path: str
    device: str
    kind: str
    read_only: bool
    total: int | None = None
    free: int | None = None
    available: int | None = None
    inodes: int | None = None
    inodes_free: int | None = None
    trouble: str = ""

    @property
    def used(self) -> int | None:
        """Bytes in use."""
        return None if self.total is None or self.free is None else self.total - self.free

    @property
    def usable(self) -> int | None:
        """Bytes used plus bytes an ordinary user can still write: what `df` takes percent of."""
        return None if self.used is None or self.available is None else self.used + self.available


@dataclass(frozen=True, slots=True)
class Load:
    """Load averages in hundredths (0.57 is 57), and the number of processors in use."""

    one: int
    five: int
    fifteen: int
    cores: int


@dataclass(frozen=True, slots=True)
class DiskCounters:
    """A block device's totals since it appeared. `busy_ms` and the times wrap at 2^32 on Linux."""

    reads: int
    writes: int
    read_bytes: int
    write_bytes: int
    read_ms: int
    write_ms: int
    busy_ms: int


@dataclass(frozen=True, slots=True)
class Disk:
    """One whole disk at both ends of the span (`before` None: it was not there then)."""

    name: str
    before: DiskCounters | None
    after: DiskCounters


@dataclass(frozen=True, slots=True)
class DiskSpan:
    """All whole disks and the time between the two samples."""

    disks: tuple[Disk, ...]
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """An interface's totals; `carrier_changes` None where the kernel doesn't count them."""

    packets_in: int
    packets_out: int
    bytes_in: int
    bytes_out: int
    errors_in: int
    errors_out: int
    drops_in: int
    drops_out: int
    carrier_changes: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """One network interface; `before` None means the counters are taken since boot.

    `enabled` is what the administrator asked for, `carrier` whether the link is really there.
    """

    name: str
    physical: bool
    enabled: bool
    carrier: bool
    speed_mbit: int | None
    full_duplex: bool | None
    before: LinkCounters | None
    after: LinkCounters


@dataclass(frozen=True, slots=True)
class LinkSpan:
    """All interfaces and the time between the two samples (since boot at a first look)."""

    links: tuple[Link, ...]
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Boot:
    """The running boot, the one seen at the last look, and the newest mark of a planned restart."""

    boot_id: str
    booted_at: int
    uptime_ms: int
    previous_boot_id: str | None
    marked_at: int | None


class Process(Protocol):
    """One process. `command` is None where it may not be read; it is matched, never signed.

    A source may look up `user` and `started_at` when they are asked for: mostly they are not.
    """

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def name(self) -> str:
        """Name of its program."""

    @property
    def command(self) -> str | None:
        """Command line, words with a space between."""

    @property
    def hidden(self) -> bool:
        """Whether its command line was asked for and may not be read, or nothing of it may."""

    @property
    def user(self) -> str:
        """The real user's name, empty where it may not be seen."""

    @property
    def started_at(self) -> int:
        """UTC epoch milliseconds."""

    @property
    def state(self) -> str:
        """`running`, `sleeping`, `disk-sleep`, `zombie` …"""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket; `address` as text, `inode` only to find its owner."""

    protocol: str
    address: str
    port: int
    inode: int


@dataclass(frozen=True, slots=True)
class Listeners:
    """Listening sockets, and the port range from which clients' own sockets are taken."""

    sockets: tuple[Listener, ...]
    ephemeral_first: int
    ephemeral_last: int


@dataclass(frozen=True, slots=True)
class KernelClock:
    """What the kernel knows of its clock (adjtimex): microseconds."""

    synchronised: bool
    estimated_error_us: int
    maximum_error_us: int


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """One time server's answer: how far its clock is ahead of ours, and the round trip."""

    server: str
    offset_us: int | None = None
    delay_us: int | None = None
    stratum: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ServiceUnit:
    """A systemd unit: its states in systemd's own words."""

    name: str
    load: str
    active: str
    sub: str


@dataclass(frozen=True, slots=True)
class LogGrowth:
    """What was added to one log since the last look: counts and a digest, never the lines.

    `first_look`: no earlier cursor, nothing was read. `lost`: the old file is gone with lines that
    nobody counted. `skipped`: bytes left out because there was too much. `digest`: SHA-256 of what was read.
    """

    log: str
    first_look: bool
    rotated: bool
    lost: bool
    begin: int
    end: int
    read: int
    skipped: int
    lines: int
    counts: Mapping[str, int]
    digest: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class EccModule:
    """A memory module and its errors since the start of the machine; None: not counted."""

    label: str
    corrected: int | None
    uncorrected: int | None


@dataclass(frozen=True, slots=True)
class EccController:
    """A memory controller: errors since the start of the machine, and corrected ones at the last look (None:
    there was none since that start)."""

    name: str
    kind: str
    corrected: int | None
    corrected_before: int | None
    uncorrected: int | None
    modules: tuple[EccModule, ...]


@dataclass(frozen=True, slots=True)
class EccSpan:
    """All memory controllers whose errors the kernel counts."""

    controllers: tuple[EccController, ...]


class Host(Protocol):
    """The machine the agent runs on."""

    def cpu(self) -> CpuSpan:
        """Processor time between two samples."""

    def memory(self) -> MemoryUse:
        """Memory, swap, OOM kills."""

    def ecc(self) -> EccSpan:
        """Memory errors; unsupported where the kernel counts none."""

    def mounts(self) -> Sequence[Mount]:
        """Mounted filesystems that hold space; a hung one has the trouble `timeout`."""

    def load(self) -> Load:
        """Load averages."""

    def disks(self) -> DiskSpan:
        """Whole disks' counters at two samples."""

    def links(self, names: Collection[str]) -> LinkSpan:
        """Counters of the hardware network interfaces, and of `names`, at two samples."""

    def boot(self, mark: str) -> Boot:
        """This boot and the last one seen; `mark` is the file touched before a planned restart."""

    def processes(self) -> Sequence[Process]:
        """Processes, without this agent's own."""

    def listeners(self) -> Listeners:
        """Listening TCP and bound UDP sockets."""

    def socket_owners(self, inodes: Collection[int]) -> Mapping[int, str]:
        """Names of the programs that hold these sockets, where that may be seen."""

    def kernel_clock(self) -> KernelClock:
        """State of the kernel's clock discipline."""

    def clock_offset(self, server: str, timeout_ms: int) -> ClockOffset:
        """Ask one time server (`host` or `host:port`) by SNTP."""

    def failed_units(self) -> Sequence[ServiceUnit]:
        """Units that systemd calls failed."""

    def units(self, names: Sequence[str]) -> Sequence[ServiceUnit]:
        """These units' states, in the order asked."""

    def log_growth(
        self, log: str, patterns: Mapping[str, str], ignore: Sequence[str], most_bytes: int
    ) -> LogGrowth:
        """Count lines added to `log` (a path, or `journal`) since the last look, by regular expression."""

    def command(self, name: str, *words: str, timeout_ms: int = 20_000) -> CommandOutput:
        """Output of an allowed read-only program (`checks.commands.Commands`)."""

    def system_logs(self) -> Sequence[str]:
        """The logs this machine keeps for itself: paths, else `journal`; empty when there are none."""
