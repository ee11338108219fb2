"""The machine the agent runs on, seen through /proc, /sys and a few system calls."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.sources import host_disks, host_links, host_load, host_processes, host_sockets
from agent.sources.host_mounts import Mounts
from agent.sources.host_proc import Tree, looking
from agent.sources.memory import Memory
from checks.commands import CommandOutput
from checks.sources import (
    Boot,
    ClockOffset,
    CpuSpan,
    DiskSpan,
    EccSpan,
    KernelClock,
    LinkSpan,
    Listeners,
    Load,
    LogGrowth,
    MemoryUse,
    Mount,
    Process,
    ServiceUnit,
)

if TYPE_CHECKING:
    from checks.hardening import SecuredHost, Security


def open_host(memory: Memory, root: Path = Path("/")) -> "SecuredHost":
    """This machine (or a recorded tree below `root`), with `memory` for samples between looks."""
    return _Here(memory, root)


# Where the distributions keep their own logs: Red Hat's kin, Debian's kin.
_SYSTEM_LOGS = ("/var/log/messages", "/var/log/secure", "/var/log/syslog", "/var/log/auth.log")


class _Here:
    """Implements `checks.sources.Host`; each topic has its own module.

    Those that bring a megabyte of libraries along (ctypes, subprocess) are loaded when first asked for.
    """

    # Shared by all looks of this process: a share that hangs must not gather one thread per look.
    _mounts = Mounts()

    def __init__(self, memory: Memory, root: Path) -> None:
        self._memory = memory
        self._tree = Tree(root)

    def cpu(self) -> CpuSpan:
        with looking("processor times"):
            return host_load.cpu(self._tree, self._memory)

    def memory(self) -> MemoryUse:
        with looking("memory"):
            return host_load.memory_use(self._tree, self._memory)

    def ecc(self) -> EccSpan:
        from agent.sources import host_ecc

        with looking("memory errors"):
            return host_ecc.ecc(self._tree, self._memory)

    def mounts(self) -> Sequence[Mount]:
        with looking("mounts"):
            return self._mounts.look(self._tree)

    def load(self) -> Load:
        with looking("load"):
            return host_load.load(self._tree)

    def disks(self) -> DiskSpan:
        with looking("disks"):
            return host_disks.disks(self._tree, self._memory)

    def links(self, names: Collection[str]) -> LinkSpan:
        with looking("network interfaces"):
            return host_links.links(self._tree, self._memory, names)

    def boot(self, mark: str) -> Boot:
        with looking("boot"):
            return host_load.boot(self._tree, self._memory, mark)

    def processes(self) -> Sequence[Process]:
        with looking("processes"):
            return host_processes.processes(self._tree)

    def listeners(self) -> Listeners:
        with looking("listening sockets"):
            return host_sockets.listeners(self._tree)

    def socket_owners(self, inodes: Collection[int]) -> Mapping[int, str]:
        with looking("owners of sockets"):
            return host_sockets.owners(self._tree, inodes)

    def kernel_clock(self) -> KernelClock:
        from agent.sources import host_clock

        with looking("kernel clock"):
            return host_clock.kernel_clock()

    def clock_offset(self, server: str, timeout_ms: int) -> ClockOffset:
        from agent.sources import host_clock

        return host_clock.clock_offset(server, timeout_ms)

    def failed_units(self) -> Sequence[ServiceUnit]:
        from agent.sources import host_units

        with looking("failed units"):
            return host_units.failed(self._tree)

    def units(self, names: Sequence[str]) -> Sequence[ServiceUnit]:
        from agent.sources import host_units

        with looking("units"):
            return host_units.named(self._tree, names)

    def log_growth(
        self, log: str, patterns: Mapping[str, str], ignore: Sequence[str], most_bytes: int
    ) -> LogGrowth:
        from agent.sources import host_journal, host_logs
        from agent.sources.host_counts import Tally

        tally = Tally(patterns, ignore, most_bytes)
        if log == "journal":
            return host_journal.growth(self._tree, self._memory, tally)
        return host_logs.growth(self._tree.root / log.lstrip("/"), log, self._memory, tally)

    def command(self, name: str, *words: str, timeout_ms: int = 20_000) -> CommandOutput:
        from agent.sources import host_commands

        return host_commands.command(name, words, timeout_ms)

    def reach(self, host: str, port: int, *, timeout_ms: int) -> str:
        from agent.sources.net import open_net
        from checks.api import ObservationError

        try:
            return open_net().tcp(host, port, timeout_ms=timeout_ms).outcome
        except ObservationError as error:
            return str(error.kind)

    def system_logs(self) -> Sequence[str]:
        found = [log for log in _SYSTEM_LOGS if self._tree.has(log.lstrip("/"))]
        journal = any(self._tree.has(place) for place in ("var/log/journal", "run/log/journal"))
        return found or (["journal"] if journal else [])

    def security(self) -> "Security":
        from agent.sources.host_security import open_security

        return open_security(self._tree, self._memory)
