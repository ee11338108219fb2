"""Network interfaces: link state from /sys/class/net, counters from /proc/net/dev."""

import os
from typing import Any

import psutil

from agent.sources.host_proc import Tree, plain, whole_number
from agent.sources.host_samples import since_last_look
from agent.sources.memory import Memory
from checks.sources import Link, LinkCounters, LinkSpan

_UP = 0x1


def links(tree: Tree, memory: Memory) -> LinkSpan:
    """Interfaces since the last look, else since boot: errors are rare, so a long span says more."""

    def take() -> dict[str, LinkCounters]:
        tree.use()
        found = psutil.net_io_counters(pernic=True, nowrap=False)
        return {plain(name): _counters(tree, name, io) for name, io in found.items()}

    span = since_last_look(memory, "links", tree.boot_id(), dict[str, LinkCounters], take)
    before = span.before or {}
    return LinkSpan(
        tuple(_link(tree, name, before.get(name), after) for name, after in sorted(span.after.items())),
        span.elapsed_ms if span.before is not None else tree.uptime_ms(),
    )


def _counters(tree: Tree, name: str, io: Any) -> LinkCounters:
    return LinkCounters(
        packets_in=io.packets_recv,
        packets_out=io.packets_sent,
        bytes_in=io.bytes_recv,
        bytes_out=io.bytes_sent,
        errors_in=io.errin,
        errors_out=io.errout,
        drops_in=io.dropin,
        drops_out=io.dropout,
        carrier_changes=whole_number(tree.text_or(f"sys/class/net/{name}/carrier_changes", "")),
    )


def _link(tree: Tree, name: str, before: LinkCounters | None, after: LinkCounters) -> Link:
    place = f"sys/class/net/{name}"
    speed = whole_number(tree.text_or(f"{place}/speed", ""))
    duplex = tree.text_or(f"{place}/duplex", "")
    return Link(
        name=name,
        # Bonds have no device of their own, but they are what a server really talks through.
        physical=os.path.lexists(tree.root / place / "device") or tree.has(f"{place}/bonding"),
        enabled=bool(int(tree.text_or(f"{place}/flags", "0x0"), 16) & _UP),
        # Reading `carrier` of a disabled interface fails with EINVAL: that one has no link.
        carrier=tree.text_or(f"{place}/carrier", "0") == "1",
        speed_mbit=speed if speed is not None and speed > 0 else None,
        full_duplex={"full": True, "half": False}.get(duplex),
        before=before,
        after=after,
    )
