"""Pools of a load balancer and how they are judged: no member left is a fault, one less a warning."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from checks.api import Reading, State, Unit

_MOST_SHOWN = 100
STATES = ("up", "down", "disabled", "unchecked", "draining")


@dataclass(frozen=True, slots=True)
class Member:
    """A server of a pool. `state`: up, down, disabled (by somebody's will), draining (no new connections),
    unchecked (no monitor looks at it), or empty where the balancer said something else."""

    pool: str
    name: str
    state: str


def judge_pools(found: Sequence[Member], expected: Iterable[str], ignore: Sequence[str]) -> Iterator[Reading]:
    """`POOL:members_up` for each pool, then each member that is not up; `expected` pools must be there.

    `ignore`: names `POOL/MEMBER` that are meant to be out of service.
    """
    members = [one for one in found if f"{one.pool}/{one.name}" not in ignore]
    pools = list(dict.fromkeys(one.pool for one in members))
    if not pools:
        yield Reading("balancer_pools", 0, Unit.COUNT, State.UNKNOWN, "not_reported")
    for pool in dict.fromkeys(expected):
        if pool not in pools:
            yield Reading(f"{pool}:members_up", 0, Unit.COUNT, State.CRIT, "missing")
    for pool in pools:
        yield _pool(pool, [one.state for one in members if one.pool == pool])
    shown = 0
    for one in members:
        reading = _member(one)
        if reading is not None and shown < _MOST_SHOWN:
            shown += 1
            yield reading


def _pool(name: str, states: Sequence[str]) -> Reading:
    up = sum(one in ("up", "unchecked") for one in states)
    if up and all(one in ("up", "unchecked") for one in states):
        return Reading(f"{name}:members_up", up, Unit.COUNT, State.OK)
    if up:
        return Reading(f"{name}:members_up", up, Unit.COUNT, State.WARN, "member_missing")
    if "" in states:
        return Reading(f"{name}:members_up", None, Unit.COUNT, State.UNKNOWN, "state_unknown")
    return Reading(f"{name}:members_up", 0, Unit.COUNT, State.CRIT, "no_member")


def _member(one: Member) -> Reading | None:
    state, reason = {
        "up": (State.OK, ""),
        "down": (State.WARN, "member_down"),
        "disabled": (State.WARN, "member_disabled"),
        "draining": (State.WARN, "draining"),
        # It takes connections, whether or not anybody answers them.
        "unchecked": (State.UNKNOWN, "not_monitored"),
    }.get(one.state, (State.UNKNOWN, "state_unknown"))
    if state is State.OK:
        return None
    return Reading(f"{one.pool}/{one.name}", None, Unit.NONE, state, reason)
