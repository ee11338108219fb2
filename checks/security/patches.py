"""Updates that are not installed, by the metadata on the machine, how old that is, and a due restart."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.hardening import Patches, SecuredHost

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Facts:
    """Outstanding updates."""

    patches: Patches


@dataclass(frozen=True, slots=True)
class Params:
    """Limits in packages and days. Metadata older than `stale_days` cannot say that nothing is due."""

    security: Upper = Upper(1, 20)
    outstanding: Upper = Upper(50, None)
    stale_days: int = 30
    since_update: Upper = Upper(90, 180)


def observe(host: SecuredHost, params: Params) -> Facts:
    """apt, dnf, yum or zypper, without the network."""
    return Facts(host.security().patches())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`security_updates`, `updates`, `metadata_age`, `since_update` (days), `restart_due`."""
    found = seen.facts.patches
    age = _days(seen.taken_at, found.refreshed_at)
    stale = age is None or age > params.stale_days
    yield _count("security_updates", found.security, params.security, stale)
    yield _count("updates", found.outstanding, params.outstanding, stale)
    reason = "no_time" if age is None else "stale_metadata" if stale else ""
    yield Reading("metadata_age", age, Unit.DAYS, State.UNKNOWN if stale else State.OK, reason)
    since = _days(seen.taken_at, found.installed_at)
    state = params.since_update.judge(since)
    why = "no_time" if since is None else "" if state is State.OK else "limit"
    yield Reading("since_update", since, Unit.DAYS, state, why)
    if found.reboot is None:
        yield Reading("restart_due", None, Unit.NONE, State.UNKNOWN, "not_determined_here")
    else:
        state = State.WARN if found.reboot else State.OK
        yield Reading(
            "restart_due", int(found.reboot), Unit.NONE, state, "restart_due" if found.reboot else ""
        )


def _count(name: str, value: int | None, limits: Upper, stale: bool) -> Reading:
    if value is None:
        return Reading(name, None, Unit.COUNT, State.UNKNOWN, "not_told_apart")
    state = limits.judge(value)
    if state is State.OK and stale:
        # Nothing due by last year's list is not nothing due.
        return Reading(name, value, Unit.COUNT, State.UNKNOWN, "stale_metadata")
    return Reading(name, value, Unit.COUNT, state, "" if state is State.OK else "updates_due")


def _days(now: int, then: int | None) -> int | None:
    return None if then is None else max(now - then, 0) // _DAY_MS


CHECK = Check(
    id="security.patches",
    version=1,
    title="补丁更新",
    title_en="Outstanding patches",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-12", "PD-35", "LH rule 3", "LH rule 25"),
    needs=("apt-get, dnf, yum or zypper; metadata refreshed by the machine itself",),
)
