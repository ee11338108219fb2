"""Last outcome of the jobs in the server's own scheduler."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sql import GRANTS, TRIED_ON, Job, Jobs, Reach, Sql


@dataclass(frozen=True, slots=True)
class Facts:
    jobs: Jobs


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`expected`: jobs that must be there, enabled; `ignore`: those nobody cares about. `age_s`: since the
    last run; `failures`: failed runs in the scheduler's memory."""

    expected: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    age_s: Upper = Upper(None, None)
    failures: Upper = Upper(None, None)


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.jobs(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.jobs
    yield _scheduler(found)
    there = {one.name for one in found.jobs}
    for name in params.expected:
        if name not in there:
            yield Reading(f"{name}:job", None, Unit.NONE, State.CRIT, "missing")
    for one in found.jobs:
        if one.name not in params.ignore:
            yield _job(one, seen.taken_at, params)


def _scheduler(found: Jobs) -> Reading:
    if found.running is None:
        return Reading("scheduler", None, Unit.NONE, State.UNKNOWN, "not_reported")
    idle = not found.running and any(one.enabled for one in found.jobs)
    return Reading(
        "scheduler", None, Unit.NONE, State.CRIT if idle else State.OK, "has_stopped" if idle else ""
    )


def _job(one: Job, now: int, params: Params) -> Reading:
    name = f"{one.name}:job"
    age = None if one.last_run is None else max(now - one.last_run, 0) // 1000
    if not one.enabled:
        bad = one.name in params.expected
        return Reading(name, age, Unit.SECONDS, State.CRIT if bad else State.OK, "disabled")
    if one.outcome == "failed" or params.failures.judge(one.failures or 0) is State.CRIT:
        return Reading(name, age, Unit.SECONDS, State.CRIT, "failed")
    if age is None:
        # Enabled and never run: it may be new, or it may never run at all.
        return Reading(name, None, Unit.SECONDS, State.UNKNOWN, "never_run")
    state = params.age_s.judge(age)
    return Reading(name, age, Unit.SECONDS, state, "" if state is State.OK else "too_old")


CHECK = Check(
    id="database.jobs",
    version=1,
    title="数据库定时任务",
    title_en="Jobs of a database",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-01",),
    needs=(*GRANTS, TRIED_ON),
)
