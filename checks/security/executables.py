"""Programs that run and nobody approved, whose file is gone, or that have run away with a processor."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.approved import MOST_LISTED
from checks.hardening import Executable, Executables, SecuredHost

# Below this a busy second says nothing about a runaway.
_LEAST_SPAN_MS = 30_000


@dataclass(frozen=True, slots=True)
class Facts:
    """Program files of all processes, and those that used the most processor time."""

    running: Executables


@dataclass(frozen=True, slots=True)
class Params:
    """`baseline`: approved paths (`/usr/lib/*` stands for all below). None: nobody has approved one.

    `busy`: percent of one core since the last look; `may_be_busy`: paths that may.
    """

    baseline: tuple[str, ...] | None = None
    busy: Upper = Upper(95, None)
    may_be_busy: tuple[str, ...] = ()


def observe(host: SecuredHost, params: Params) -> Facts:
    """Program files in /proc."""
    return Facts(host.security().executables())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`unexpected`, `deleted`, `hidden`, `runaway` (counts); PATH, PATH:deleted (the first `MOST_LISTED` of
    each) and PATH:runaway."""
    running = seen.facts.running
    yield from _unexpected(running, params)
    gone = [one for one in running.executables if one.deleted]
    yield Reading(
        "deleted", len(gone), Unit.COUNT, State.WARN if gone else State.OK, "deleted" if gone else ""
    )
    for one in gone[:MOST_LISTED]:
        yield Reading(f"{one.path}:deleted", one.processes, Unit.COUNT, State.WARN, "deleted")
    if running.hidden:
        yield Reading("hidden", running.hidden, Unit.COUNT, State.UNKNOWN, "denied")
    yield from _runaway(running, params)


def _unexpected(running: Executables, params: Params) -> Iterator[Reading]:
    if params.baseline is None or not running.executables:
        reason = "no_baseline" if params.baseline is None else "no_records"
        yield Reading("unexpected", None, Unit.COUNT, State.UNKNOWN, reason)
        return
    strange: list[Executable] = [one for one in running.executables if not _fits(one.path, params.baseline)]
    state = State.CRIT if strange else State.OK
    yield Reading("unexpected", len(strange), Unit.COUNT, state, "unexpected" if strange else "")
    for one in strange[:MOST_LISTED]:
        yield Reading(one.path, one.processes, Unit.COUNT, State.CRIT, "unexpected")


def _fits(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _runaway(running: Executables, params: Params) -> Iterator[Reading]:
    if running.span_ms is None or running.span_ms < _LEAST_SPAN_MS:
        yield Reading("runaway", None, Unit.COUNT, State.UNKNOWN, "first_look")
        return
    found = [
        one
        for one in running.busy
        if params.busy.judge(one.percent) is not State.OK and not _fits(one.path, params.may_be_busy)
    ]
    worst = State.OK
    if found:
        worst = params.busy.judge(max(one.percent for one in found))
    yield Reading("runaway", len(found), Unit.COUNT, worst, "runaway" if found else "")
    for one in found:
        yield Reading(
            f"{one.path}:runaway", one.percent, Unit.PERCENT, params.busy.judge(one.percent), "runaway"
        )


def propose(facts: Facts) -> tuple[str, ...]:
    """A baseline that these facts would meet, for a person to approve."""
    return tuple(one.path for one in facts.running.executables if not one.deleted)


CHECK = Check(
    id="security.executables",
    version=1,
    title="运行程序基线",
    title_en="Programs against the baseline",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-36", "PD-37"),
    needs=("/proc/PID/exe of all users (AmbientCapabilities=CAP_SYS_PTRACE)",),
)
