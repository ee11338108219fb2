"""Scheduled jobs: what the last run of each timer came to, and files that jobs write when they succeed.

cron keeps no result: a cron job is proven by the file it writes (`stamps`), or it is not proven.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.upkeep import Jobs, Stamp, TimerJob

if TYPE_CHECKING:
    from checks.hardening import SecuredHost

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class StampWanted:
    """A file that a job writes at its end: at most `hours` old, at least `least_bytes` long."""

    name: str
    path: str
    hours: Upper = Upper(25, 49)
    least_bytes: int = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """Timers, crontabs and the files asked for."""

    jobs: Jobs
    stamps: tuple[Stamp, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Timers that must have run, patterns of timers to leave out, files that jobs write."""

    expected: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    stamps: tuple[StampWanted, ...] = ()


def observe(host: "SecuredHost", params: Params) -> Facts:
    """systemd's timers, crontabs, the stamps' files."""
    security = host.security()
    return Facts(security.jobs(), tuple(security.stamps([one.path for one in params.stamps])))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`NAME` of each timer that ran (exit code), `waiting` (count), `NAME:age` of each stamp, `jobs` where
    nothing is proven."""
    jobs = seen.facts.jobs
    timers = [one for one in jobs.timers or () if not _ignored(one.timer, params)]
    # A monthly timer may not have run in this boot: it proves nothing and is no fault, unless it is expected.
    ran = [one for one in timers if one.result or one.timer in params.expected]
    yield from map(_timer, ran)
    yield Reading("waiting", len(timers) - len(ran), Unit.COUNT, State.OK)
    there = {one.timer for one in jobs.timers or ()}
    for name in params.expected:
        if name not in there:
            unknown = jobs.timers is None
            state, reason = (State.UNKNOWN, jobs.trouble) if unknown else (State.CRIT, "not_found")
            yield Reading(name, None, Unit.NONE, state, reason or "not_checked")
    found = {one.path: one for one in seen.facts.stamps}
    for wanted in params.stamps:
        yield _stamp(wanted, found.get(wanted.path), seen.taken_at)
    if not ran and not params.expected and not params.stamps:
        yield Reading(
            "jobs", sum(one.jobs for one in jobs.crontabs), Unit.COUNT, State.UNKNOWN, "result_not_kept"
        )


def _ignored(timer: str, params: Params) -> bool:
    return timer not in params.expected and any(fnmatchcase(timer, one) for one in params.ignore)


def _timer(one: TimerJob) -> Reading:
    if not one.result:
        return Reading(one.timer, None, Unit.NONE, State.UNKNOWN, "not_run_yet")
    if one.result == "success":
        return Reading(one.timer, one.exit, Unit.NONE, State.OK)
    return Reading(one.timer, one.exit, Unit.NONE, State.CRIT, "failed")


def _stamp(wanted: StampWanted, found: Stamp | None, now: int) -> Reading:
    name = f"{wanted.name}:age"
    if found is None or found.changed_at is None or found.size is None:
        trouble = found.trouble if found is not None else "not_checked"
        state = State.CRIT if trouble == "missing" else State.UNKNOWN
        return Reading(name, None, Unit.SECONDS, state, trouble or "unreadable")
    if found.size < wanted.least_bytes:
        return Reading(name, None, Unit.SECONDS, State.CRIT, "too_small")
    age = max(now - found.changed_at, 0)
    state = wanted.hours.judge(age // _HOUR_MS)
    return Reading(name, age // 1000, Unit.SECONDS, state, "" if state is State.OK else "too_old")


CHECK = Check(
    id="host.jobs",
    version=1,
    title="计划任务",
    title_en="Scheduled jobs",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-09",),
    needs=("systemctl", "read access to the files that jobs write"),
)
