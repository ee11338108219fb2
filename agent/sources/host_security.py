"""The security state of this machine: `checks.hardening.Security`; each topic is loaded when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.sources.host_proc import Tree, looking
from agent.sources.memory import Memory

if TYPE_CHECKING:
    from checks.accounts import Accounts, PasswordRules, SshServer, Sudo
    from checks.hardening import (
        Antivirus,
        AntivirusAsk,
        Audit,
        Executables,
        FileCertificate,
        FileState,
        Firewall,
        Patches,
        Security,
        SnmpServer,
        UsbDevice,
    )
    from checks.upkeep import Jobs, Sensors, Stamp


def open_security(tree: Tree, memory: Memory) -> Security:
    """The machine (or the recorded tree) below `tree`'s root."""
    return _Secured(tree, memory)


class _Secured:
    def __init__(self, tree: Tree, memory: Memory) -> None:
        self._tree = tree
        self._memory = memory

    def accounts(self) -> Accounts:
        from agent.sources import host_security_accounts

        with looking("accounts"):
            return host_security_accounts.accounts(self._tree)

    def password_rules(self) -> PasswordRules:
        from agent.sources import host_security_passwords

        with looking("password rules"):
            return host_security_passwords.rules(self._tree)

    def sudo(self) -> Sudo:
        from agent.sources import host_security_sudo

        with looking("sudoers (let the agent's group read /etc/sudoers and /etc/sudoers.d)"):
            return host_security_sudo.sudo(self._tree)

    def ssh_server(self) -> SshServer:
        from agent.sources import host_security_ssh

        with looking("sshd_config (let the agent read it, or run `sshd -T` through sudo)"):
            return host_security_ssh.ssh_server(self._tree)

    def snmp_server(self) -> SnmpServer:
        from agent.sources import host_security_ssh

        return host_security_ssh.snmp_server(self._tree)

    def firewall(self) -> Firewall:
        from agent.sources import host_security_firewall

        with looking("packet filter"):
            return host_security_firewall.firewall(self._tree)

    def patches(self) -> Patches:
        from agent.sources import host_security_patches

        with looking("package metadata"):
            return host_security_patches.patches(self._tree)

    def antivirus(self, wanted: Sequence[AntivirusAsk]) -> Sequence[Antivirus]:
        from agent.sources import host_security_programs

        with looking("antivirus"):
            return host_security_programs.antivirus(self._tree, wanted)

    def audit(self) -> Audit:
        from agent.sources import host_security_programs

        with looking("audit"):
            return host_security_programs.audit(self._tree)

    def usb_devices(self) -> Sequence[UsbDevice]:
        from agent.sources import host_security_files

        with looking("USB devices"):
            return host_security_files.usb_devices(self._tree)

    def files(self, patterns: Sequence[str]) -> Sequence[FileState]:
        from agent.sources import host_security_files

        with looking("configuration files"):
            return host_security_files.files(self._tree, patterns)

    def certificates(self, patterns: Sequence[str]) -> Sequence[FileCertificate]:
        from agent.sources import host_security_files

        with looking("certificates"):
            return host_security_files.certificates(self._tree, patterns)

    def executables(self) -> Executables:
        from agent.sources import host_security_programs

        with looking("programs that run"):
            return host_security_programs.executables(self._tree, self._memory)

    def jobs(self) -> Jobs:
        from agent.sources import host_security_jobs

        with looking("scheduled jobs"):
            return host_security_jobs.jobs(self._tree)

    def stamps(self, paths: Sequence[str]) -> Sequence[Stamp]:
        from agent.sources import host_security_jobs

        return host_security_jobs.stamps(self._tree, paths)

    def sensors(self) -> Sensors:
        from agent.sources import host_security_sensors

        with looking("sensors"):
            return host_security_sensors.sensors(self._tree)
