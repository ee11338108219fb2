"""Network interfaces: link state from /sys/class/net, counters from /proc/net/dev."""

import os
from collections.abc import Collection, Iterator

from agent.sources.host_proc import Tree, whole_number
from agent.sources.host_samples import since_last_look
from agent.sources.memory import Memory
from checks.sources import Link, LinkCounters, LinkSpan

_UP = 0x1


def links(tree: Tree, memory: Memory, names: Collection[str]) -> LinkSpan:
    """Hardware interfaces, and `names`, since the last look, else since boot: errors are rare, so a long
    span says more. A container host has hundreds of others, of which five files each would be read."""
    rows = list(_rows(tree))
    physical = {name for name, _ in rows if _physical(tree, name)}
    wanted = physical.union(names)

    def take() -> dict[str, LinkCounters]:
        return {name: _counters(tree, name, numbers) for name, numbers in rows if name in wanted}

    span = since_last_look(memory, "links", tree.boot_id(), dict[str, LinkCounters], take)
    before = span.before or {}
    return LinkSpan(
        tuple(
            _link(tree, name, name in physical, before.get(name), after)
            for name, after in sorted(span.after.items())
        ),
        span.elapsed_ms if span.before is not None else tree.uptime_ms(),
    )


def _rows(tree: Tree) -> Iterator[tuple[str, list[int]]]:
    """Name and 16 numbers, eight of what came in and eight of what went out, behind two lines of headings."""
    # psutil.net_io_counters takes 48 us for what takes 35 here, and leaves lines out that it cannot read.
    for line in tree.text("proc/net/dev").splitlines()[2:]:
        name, colon, numbers = line.rpartition(":")
        found = [int(word) for word in numbers.split()]
        if not colon or len(found) != 16:
            raise ValueError("/proc/net/dev has a line that cannot be read")
        yield name.strip(), found


def _counters(tree: Tree, name: str, numbers: list[int]) -> LinkCounters:
    return LinkCounters(
        packets_in=numbers[1],
        packets_out=numbers[9],
        bytes_in=numbers[0],
        bytes_out=numbers[8],
        errors_in=numbers[2],
        errors_out=numbers[10],
        drops_in=numbers[3],
        drops_out=numbers[11],
        carrier_changes=whole_number(tree.text_or(f"sys/class/net/{name}/carrier_changes", "")),
    )


def _physical(tree: Tree, name: str) -> bool:
    # Bonds have no device of their own, but they are what a server really talks through.
    place = f"sys/class/net/{name}"
    return os.path.lexists(tree.place(f"{place}/device")) or tree.has(f"{place}/bonding")


def _link(tree: Tree, name: str, physical: bool, before: LinkCounters | None, after: LinkCounters) -> Link:
    place = f"sys/class/net/{name}"
    speed = whole_number(tree.text_or(f"{place}/speed", ""))
    duplex = tree.text_or(f"{place}/duplex", "")
    return Link(
        name=name,
        physical=physical,
        enabled=bool(int(tree.text_or(f"{place}/flags", "0x0"), 16) & _UP),
        # Reading `carrier` of a disabled interface fails with EINVAL: that one has no link.
        carrier=tree.text_or(f"{place}/carrier", "0") == "1",
        speed_mbit=speed if speed is not None and speed > 0 else None,
        full_duplex={"full": True, "half": False}.get(duplex),
        before=before,
        after=after,
    )
