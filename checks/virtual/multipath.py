"""Paths to shared storage by `multipath -ll`: how many of each map's paths work. Tried on two paths
to an emulated SCSI disk, one of them cut, in a virtual machine; never on a fibre channel fabric."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Lower, Reading, Seen, Source, State, Unit
from checks.commands import ROOT, Commands, text


@dataclass(frozen=True, slots=True)
class Map:
    """A multipath device and its paths: all of them, and those in use or standing by (ghost)."""

    name: str
    paths: int
    working: int


@dataclass(frozen=True, slots=True)
class Facts:
    maps: tuple[Map, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Params:
    """`working`: limits on a map's working paths; `expected`: maps by the ledger."""

    working: Lower = Lower(1, 0)
    expected: int | None = None


def observe(host: Commands, params: Params) -> Facts:
    output = host.command("multipath").sound()
    return Facts(parse(output.text), output.digest)


_MAP = re.compile(r"^(?:[a-z]+: )?(\S+)(?: \(\S+\))? dm-\d+\b", re.M)
_PATH = re.compile(r"\d+:\d+:\d+:\d+\s+\S+\s+\d+:\d+\s+(\w+)\s+(\w+)\s+(\w+)")


def parse(said: str) -> tuple[Map, ...]:
    """The maps of `multipath -ll`."""
    heads = list(_MAP.finditer(said))
    ends = [*(head.start() for head in heads), len(said)][1:]
    found = []
    for head, end in zip(heads, ends, strict=True):
        paths = _PATH.findall(said[head.end() : end])
        working = sum(one[0] == "active" and one[1] in ("ready", "ghost") for one in paths)
        found.append(Map(text(head[1]), len(paths), working))
    return tuple(found)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    maps = seen.facts.maps
    if params.expected is not None and len(maps) < params.expected:
        yield Reading("maps", len(maps), Unit.COUNT, State.CRIT, "too_few")
    elif not maps:
        yield Reading("maps", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    for one in maps:
        state = params.working.judge(one.working)
        if state is State.OK and one.working < one.paths:
            state = State.WARN
        yield Reading(
            f"{one.name}:paths", one.working, Unit.COUNT, state, "" if state is State.OK else "paths_down"
        )


CHECK = Check(
    id="virtual.multipath",
    version=1,
    title="存储多路径",
    title_en="Paths to shared storage",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-31",),
    needs=(f"{ROOT} `roundseal-agent ALL=(root) NOPASSWD: /usr/sbin/multipath -ll`",),
)
