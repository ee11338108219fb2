"""The security state of a machine, as a source hands it back, and the protocol of that source.

Standard library only. Instants are UTC epoch milliseconds; what could not be had is None or carries a
`trouble` code word (denied, missing, unreadable, timeout).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from checks.accounts import Accounts, PasswordRules, SshServer, Sudo
from checks.sources import Host
from checks.upkeep import Jobs, Sensors, Stamp
from checks.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Firewall:
    """The packet filter's rules. `tools` names what could be asked; `rules` counts filtering rules.

    `closed`: a chain at the input hook drops or rejects what no rule allows, as its policy or its last
    rule. `digest` is the SHA-256 of the rules without counters, comments and handles.
    """

    tools: tuple[str, ...]
    rules: int
    closed: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Patches:
    """Updates that the package metadata on this machine knows of and that are not installed.

    `security` is None where the metadata doesn't tell them apart; `packages` lists the first, security
    first. `refreshed_at`: when the metadata came, `installed_at`: the last change of an installed package.
    `reboot`: a newer kernel or library waits for a restart (None: not known).
    """

    tool: str
    outstanding: int
    security: int | None
    packages: tuple[str, ...]
    refreshed_at: int | None
    installed_at: int | None
    reboot: bool | None


@dataclass(frozen=True, slots=True)
class Antivirus:
    """One product: whether its program runs, and the date of its newest definitions and scan."""

    product: str
    running: bool
    definitions_at: int | None
    scanned_at: int | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class AntivirusAsk:
    """A product to look for: program names, files whose date is that of the definitions, a scan log."""

    product: str
    programs: tuple[str, ...]
    definitions: tuple[str, ...] = ()
    scan_log: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """The kernel's audit. `enabled`: 0 off, 1 on, 2 on and locked; None where it may not be asked.

    `digest` covers the rules; `lost`: records lost since boot; `written_at`: the log's last change.
    """

    running: bool
    enabled: int | None
    rules: int | None
    lost: int | None
    digest: str
    written_at: int | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A USB device that is plugged in now and can hold files (mass storage) or be typed on."""

    vendor: str
    product: str
    kind: str


@dataclass(frozen=True, slots=True)
class FileState:
    """A configuration file: SHA-256 of its content, who may change it. Troubles leave the digest empty."""

    path: str
    sha256: str
    size: int
    mode: int
    owner: int
    changed_at: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class FileCertificate:
    """The first certificate in a file; None with a trouble where there is none to be read."""

    path: str
    certificate: Certificate | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Executable:
    """A program file that runs: by how many processes, as whom; `deleted`: the file is gone since."""

    path: str
    processes: int
    users: tuple[str, ...]
    deleted: bool


@dataclass(frozen=True, slots=True)
class Busy:
    """A process that used much processor time since the last look, in percent of one core."""

    path: str
    pid: int
    percent: int


@dataclass(frozen=True, slots=True)
class Executables:
    """Programs that run. `hidden` counts processes whose program may not be seen.

    `busy` lists those that used the most since the last look, `span_ms` ago (None: first look).
    """

    executables: tuple[Executable, ...]
    hidden: int
    busy: tuple[Busy, ...]
    span_ms: int | None


@dataclass(frozen=True, slots=True)
class SnmpServer:
    """An SNMP agent's own configuration: whether it answers v1 and v2c, None where it may not be read."""

    communities: int | None
    trouble: str = ""


class Security(Protocol):
    """The security state of one machine; everything is read, nothing is changed."""

    def accounts(self) -> Accounts:
        """Local accounts."""

    def password_rules(self) -> PasswordRules:
        """login.defs and PAM."""

    def sudo(self) -> Sudo:
        """Rules of sudo."""

    def ssh_server(self) -> SshServer:
        """Effective options of sshd."""

    def snmp_server(self) -> SnmpServer:
        """Communities of net-snmp's snmpd.conf."""

    def firewall(self) -> Firewall:
        """Rules of the packet filter; denied without the right to read them."""

    def patches(self) -> Patches:
        """Outstanding updates, by the metadata that is there already."""

    def antivirus(self, wanted: Sequence[AntivirusAsk]) -> Sequence[Antivirus]:
        """Those of `wanted` of which a program or a file is there."""

    def audit(self) -> Audit:
        """State of the kernel's audit."""

    def usb_devices(self) -> Sequence[UsbDevice]:
        """USB devices that hold files or keys, plugged in now."""

    def files(self, patterns: Sequence[str]) -> Sequence[FileState]:
        """Files of these paths; a star stands for names in one directory. Absent paths are `missing`."""

    def certificates(self, patterns: Sequence[str]) -> Sequence[FileCertificate]:
        """Certificates in these files (PEM or DER)."""

    def executables(self) -> Executables:
        """Programs that run."""

    def jobs(self) -> Jobs:
        """Timers and crontabs."""

    def stamps(self, paths: Sequence[str]) -> Sequence[Stamp]:
        """When these files were last written, in the order asked."""

    def sensors(self) -> Sensors:
        """Temperatures and fans; unsupported where the machine shows none."""


class SecuredHost(Host, Protocol):
    """The machine the agent runs on, with its security state."""

    def security(self) -> Security:
        """The security state; looked at when asked."""
