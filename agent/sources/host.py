"""The machine the agent runs on, seen through psutil, /proc, /sys and a few system calls."""

from collections.abc import Sequence
from pathlib import Path

from agent.sources import host_disks, host_links, host_load
from agent.sources.host_mounts import Mounts
from agent.sources.host_proc import Tree, looking
from agent.sources.memory import Memory
from checks.sources import (
    Boot,
    CpuSpan,
    DiskSpan,
    Host,
    LinkSpan,
    Load,
    MemoryUse,
    Mount,
)


def open_host(memory: Memory, root: Path = Path("/")) -> Host:
    """This machine (or a recorded tree below `root`), with `memory` for samples between looks."""
    return _Here(memory, root)


class _Here:
    """Implements `checks.sources.Host`; each topic has its own module."""

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

    def mounts(self) -> Sequence[Mount]:
        with looking("mounts"):
            return self._mounts.look(self._tree)

    def load(self) -> Load:
        with looking("load"):
            return host_load.load(self._tree)

    def disks(self) -> DiskSpan:
        with looking("disks"):
            return host_disks.disks(self._tree, self._memory)

    def links(self) -> LinkSpan:
        with looking("network interfaces"):
            return host_links.links(self._tree, self._memory)

    def boot(self, mark: str) -> Boot:
        with looking("boot"):
            return host_load.boot(self._tree, self._memory, mark)
