"""Expected processes are there, and none is a zombie or stuck waiting for a device."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sources import Host, Process

# Enough to look into; the numbers are complete.
_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Expected:
    """Processes that must run: by exact `program` name, `pattern` in the command line, `user`."""

    name: str
    program: str | None = None
    pattern: str | None = None
    user: str | None = None
    least: int = 1
    most: int | None = None

    def __post_init__(self) -> None:
        if self.program is None and self.pattern is None:
            raise ValueError(f"{self.name}: program or pattern is wanted")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise ValueError(f"{self.name}: pattern: {error}") from error

    def fits(self, process: Process) -> bool:
        """Whether `process` is one of these."""
        if self.program is not None and process.name != self.program:
            return False
        if self.user is not None and process.user != self.user:
            return False
        return self.pattern is None or re.search(self.pattern, process.command or "") is not None


@dataclass(frozen=True, slots=True)
class Found:
    """One process. Command lines may hold passwords: they are matched on the host and never signed."""

    pid: int
    name: str
    user: str
    started_at: int


@dataclass(frozen=True, slots=True)
class Group:
    """Processes that fit one expectation: how many, and the first of them."""

    name: str
    count: int
    processes: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Groups in the order of the expectations; `hidden` counts command lines that were refused."""

    total: int
    hidden: int
    expected: tuple[Group, ...]
    zombies: Group
    stuck: Group


@dataclass(frozen=True, slots=True)
class Params:
    """What must run (None: nobody has said, which is unknown); limits for zombies and stuck processes."""

    expected: tuple[Expected, ...] | None = None
    zombies: Upper = Upper(1, 20)
    stuck: Upper = Upper(5, 20)


def observe(host: Host, params: Params) -> Facts:
    """Count all processes against the expectations."""
    running = host.processes()
    # First, for it asks for the command lines that are needed.
    expected = tuple(
        _group(each.name, [p for p in running if p.state != "zombie" and each.fits(p)])
        for each in params.expected or ()
    )
    return Facts(
        total=len(running),
        hidden=sum(p.hidden for p in running),
        expected=expected,
        zombies=_group("zombies", [p for p in running if p.state == "zombie"]),
        stuck=_group("stuck", [p for p in running if p.state == "disk-sleep"]),
    )


def _group(name: str, members: Sequence[Process]) -> Group:
    listed = tuple(Found(p.pid, p.name, p.user, p.started_at) for p in members[:_MOST_LISTED])
    return Group(name, len(members), listed)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Readings per expectation, then `zombies` and `stuck`."""
    facts = seen.facts
    if params.expected is None:
        yield Reading("expected", None, Unit.COUNT, State.UNKNOWN, "no_baseline")
    counts = {group.name: group.count for group in facts.expected}
    for each in params.expected or ():
        yield _expected(each, counts.get(each.name), facts.hidden)
    yield Reading("zombies", facts.zombies.count, Unit.COUNT, params.zombies.judge(facts.zombies.count))
    yield Reading("stuck", facts.stuck.count, Unit.COUNT, params.stuck.judge(facts.stuck.count))


def _expected(each: Expected, count: int | None, hidden: int) -> Reading:
    if count is None:
        return Reading(each.name, None, Unit.COUNT, State.UNKNOWN, "not_counted")
    if count < each.least:
        if each.pattern is not None and hidden:
            return Reading(each.name, count, Unit.COUNT, State.UNKNOWN, "commands_hidden")
        return Reading(each.name, count, Unit.COUNT, State.CRIT, "too_few")
    if each.most is not None and count > each.most:
        return Reading(each.name, count, Unit.COUNT, State.WARN, "too_many")
    return Reading(each.name, count, Unit.COUNT, State.OK)


CHECK = Check(
    id="host.processes",
    version=1,
    title="关键进程",
    title_en="Key processes",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-36", "PD-37", "HA-01"),
    needs=("/proc",),
)
