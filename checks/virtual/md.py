"""Linux software RAID (md): each array of /proc/mdstat, its missing members, its rebuild."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.commands import Commands, text
from checks.virtual._common import hundredths


@dataclass(frozen=True, slots=True)
class Array:
    """`wanted` and `working` members (None: it has no redundancy); `action`: recovery, resync, check …, and
    how far it is, in hundredths of a percent."""

    name: str
    state: str
    level: str
    wanted: int | None
    working: int | None
    failed: int
    action: str
    progress: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    arrays: tuple[Array, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Params:
    """`expected`: arrays by the ledger."""

    expected: int | None = None


def observe(host: Commands, params: Params) -> Facts:
    output = host.command("md").sound()
    return Facts(parse(output.text), output.digest)


_HEAD = re.compile(r"(md\S*) : (\w+)(?: \([^)]*\))?(.*)")
_COUNT = re.compile(r"\[(\d{1,6})/(\d{1,6})\]")
_ACTION = re.compile(r"\b(recovery|resync|check|repair|reshape)\s*=\s*(?:([\d.]+)%|(\w+))")


def parse(said: str) -> tuple[Array, ...]:
    """The arrays of an mdstat file."""
    found = []
    for block in re.split(r"\n(?=md)", said):
        head = _HEAD.match(block)
        if head is None:
            continue
        words = head[3].split()
        level = words[0] if words and "[" not in words[0] else ""
        if not level and "super external:" in block:
            continue  # the container of a controller's own metadata is no array, and never active
        count, action = _COUNT.search(block), _ACTION.search(block)
        found.append(
            Array(
                name=text(head[1]),
                state=head[2],
                level=text(level),
                wanted=int(count[1]) if count else None,
                working=int(count[2]) if count else None,
                failed=sum(word.endswith("(F)") for word in words),
                action=action[1] if action else "",
                progress=hundredths(action[2]) if action else None,
            )
        )
    return tuple(found)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    arrays = seen.facts.arrays
    if params.expected is not None and len(arrays) < params.expected:
        yield Reading("arrays", len(arrays), Unit.COUNT, State.CRIT, "too_few")
    elif not arrays:
        yield Reading("arrays", 0, Unit.COUNT, State.UNKNOWN, "no_parts")
    for array in arrays:
        state, reason = _array(array)
        yield Reading(f"{array.name}:working", array.working, Unit.COUNT, state, reason)


def _array(array: Array) -> tuple[State, str]:
    if array.state != "active":
        return State.CRIT, "inactive"
    if array.wanted is None or array.working is None:
        known = array.level in ("raid0", "linear")
        return (State.OK, "") if known else (State.UNKNOWN, "not_reported")
    if array.working < array.wanted:
        # Rebuilding is what should happen after a disk was changed; without it nobody has changed it.
        return (State.WARN, "rebuilding") if array.action == "recovery" else (State.CRIT, "degraded")
    return (State.WARN, "failed_member") if array.failed else (State.OK, "")


CHECK = Check(
    id="virtual.md",
    version=1,
    title="软件 RAID (md)",
    title_en="Software RAID (md)",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-35", "PD-31(4)"),
    needs=("/proc/mdstat",),
)
