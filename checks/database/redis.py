"""A Redis process: ping, memory, evictions, replication, persistence, cluster slots, sentinel."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper, percent
from checks.redis import Cache, Cluster, Redis, Watched
from checks.sql import Reach, grown, limited


@dataclass(frozen=True, slots=True)
class Facts:
    cache: Cache


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """Limits: milliseconds of a ping; per cent of memory and clients; evictions since the last look;
    seconds since the last snapshot (where there are unsaved changes); bytes of lag; `replicas`: how many
    a master must have; `sentinels`: how many a watched master must have."""

    PLATFORMS: ClassVar[tuple[str, ...]] = ("redis",)

    platform: str = "redis"
    ping_ms: Upper = Upper(100, 1000)
    memory: Upper = Upper(80, 95)
    clients: Upper = Upper(80, 95)
    evicted: Upper = Upper(None, None)
    rejected: Upper = Upper(1, 100)
    save_age_s: Upper = Upper(None, None)
    lag_bytes: Upper = Upper(64 << 20, 1 << 30)
    replicas: int = 0
    sentinels: int = 0


def observe(source: Redis, params: Params) -> Facts:
    return Facts(source.redis(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.cache
    ping = None if found.ping_us is None else Fraction(found.ping_us, 1000)
    yield limited("ping", ping, Unit.MILLISECONDS, params.ping_ms, "slow", "no_time")
    if found.mode == "sentinel":
        yield from _sentinel(found, params)
        return
    yield from _memory(found, params)
    yield from _persistence(found, seen.taken_at, params)
    yield from _replication(found, params)
    if found.mode == "cluster":
        yield from _cluster(found.cluster)


def _memory(found: Cache, params: Params) -> Iterator[Reading]:
    if found.limit_bytes:
        share = percent(found.used_bytes, found.limit_bytes)
        yield limited("memory", share, Unit.PERCENT, params.memory, "too_full")
    else:  # no limit: what it takes is the host's concern
        yield limited("memory_bytes", found.used_bytes, Unit.BYTES, Upper(None, None), "too_full")
    if found.clients is not None and found.most_clients:
        share = percent(found.clients, found.most_clients)
        yield limited("clients", share, Unit.PERCENT, params.clients, "too_many")
    if found.evicted.grown() is not None:
        yield grown("evicted", found.evicted, params.evicted, "evicting")
    if found.rejected.grown() is not None:
        yield grown("rejected", found.rejected, params.rejected, "too_many_connections")


def _persistence(found: Cache, now: int, params: Params) -> Iterator[Reading]:
    for name, on, good in (
        ("snapshot", True, found.snapshot_ok),
        ("append_only", found.append_only, found.append_ok),
    ):
        if on:
            state = State.UNKNOWN if good is None else State.OK if good else State.CRIT
            reason = {State.UNKNOWN: "not_reported", State.CRIT: "failed"}.get(state, "")
            yield Reading(name, None, Unit.NONE, state, reason)
    if found.last_save is not None and found.unsaved and found.snapshots:
        age = max(now - found.last_save, 0) // 1000
        yield limited("save_age", age, Unit.SECONDS, params.save_age_s, "too_old")


def _replication(found: Cache, params: Params) -> Iterator[Reading]:
    if found.upstream is not None:
        running = found.upstream.running
        state = State.UNKNOWN if running is None else State.OK if running else State.CRIT
        reason = {State.UNKNOWN: "not_reported", State.CRIT: "has_stopped"}.get(state, "")
        yield Reading("upstream", None, Unit.NONE, state, reason)
    elif found.role == "slave":
        yield Reading("upstream", None, Unit.NONE, State.UNKNOWN, "not_reported")
    online = sum(one.state == "online" for one in found.replicas)
    if found.role == "master" and (params.replicas > 0 or found.replicas):
        few = online < params.replicas
        yield Reading(
            "members", online, Unit.COUNT, State.CRIT if few else State.OK, "too_few" if few else ""
        )
    for one in found.replicas:
        if one.lag_bytes is not None:
            yield limited(f"{one.name}:lag_bytes", one.lag_bytes, Unit.BYTES, params.lag_bytes, "behind")


_SLOTS = 16_384


def _cluster(found: Cluster | None) -> Iterator[Reading]:
    if found is None or found.slots_ok is None:
        yield Reading("slots", None, Unit.COUNT, State.UNKNOWN, "not_reported")
        return
    good = found.state == "ok" and found.slots_ok >= _SLOTS
    reason = "" if good else "slots_missing"
    yield Reading("slots", found.slots_ok, Unit.COUNT, State.OK if good else State.CRIT, reason)
    if found.failed_nodes is not None:
        lost = found.failed_nodes > 0
        state = State.WARN if lost else State.OK
        yield Reading("failed_nodes", found.failed_nodes, Unit.COUNT, state, "node_failed" if lost else "")


def _sentinel(found: Cache, params: Params) -> Iterator[Reading]:
    if not found.watched:
        yield Reading("masters", 0, Unit.COUNT, State.CRIT, "no_master")
    for one in found.watched:
        yield _watched(one)
        others = None if one.sentinels is None else one.sentinels
        few = others is not None and others < max(params.sentinels, one.quorum or 0)
        if others is None:
            yield Reading(f"{one.name}:sentinels", None, Unit.COUNT, State.UNKNOWN, "not_reported")
        else:
            state = State.CRIT if few else State.OK
            yield Reading(f"{one.name}:sentinels", others, Unit.COUNT, state, "too_few" if few else "")


def _watched(one: Watched) -> Reading:
    down = bool({"s_down", "o_down"} & set(one.flags))
    name = f"{one.name}:master"
    if not one.flags:
        return Reading(name, None, Unit.NONE, State.UNKNOWN, "not_reported")
    return Reading(name, None, Unit.NONE, State.CRIT if down else State.OK, "down" if down else "")


CHECK = Check(
    id="database.redis",
    version=1,
    title="Redis 缓存",
    title_en="Redis cache",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-42", "HA-22"),
    needs=(
        "Redis: ACL SETUSER inspector on >… +ping +info +cluster|info +cluster|nodes",
        "on a sentinel: +ping +info +sentinel|masters",
        "tried on Redis 7.0",
    ),
)
