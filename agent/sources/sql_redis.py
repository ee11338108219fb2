"""What one Redis process, sentinel or cluster node says of itself."""

import re
import time
from contextlib import closing
from typing import Any

from agent.secrets import Secret
from agent.sources.sql_resp import Redis, Refusal
from agent.sources.sql_session import Recall, text, whole
from checks.api import ErrorKind, ObservationError
from checks.redis import Cache, Cluster, Keyspace, Replica, Watched
from checks.sql import Reach, Upstream

_Info = dict[str, str]


def look(at: Reach, secret: Secret, recall: Recall) -> Cache:
    """Log in where there is a password, ping, INFO and what the mode asks for."""
    with closing(Redis(at)) as redis:
        _login(redis, secret)
        begun = time.monotonic_ns()
        _said(redis, redis.ask("PING"))
        ping_us = (time.monotonic_ns() - begun) // 1000
        found = _asked(redis)
        mode = found.get("redis_mode", "standalone")
        cluster = _cluster(redis) if mode == "cluster" else None
        watched = _watched(redis) if mode == "sentinel" else ()
    return _cache(found, mode, ping_us, recall, cluster, watched)


def keyspace(at: Reach, secret: Secret) -> Keyspace:
    """Log in where there is a password, and ask INFO alone."""
    with closing(Redis(at)) as redis:
        _login(redis, secret)
        found = _asked(redis)
    if found.get("redis_mode") == "sentinel":
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{at.address}: a sentinel holds no data")
    if found.get("loading", "0") != "0":
        raise ObservationError(ErrorKind.REFUSED, f"{at.address}: it is loading its data")
    each = [_pairs(value) for name, value in found.items() if re.fullmatch(r"db\d+", name)]
    return Keyspace(
        version=text(found["redis_version"]),
        keys=sum(whole(one.get("keys")) or 0 for one in each),
        expires=sum(whole(one.get("expires")) or 0 for one in each),
        bytes=whole(found.get("used_memory_dataset")),
    )


def _asked(redis: Redis) -> _Info:
    found = _info(_said(redis, redis.ask("INFO")))
    if "redis_version" not in found:
        raise ObservationError(ErrorKind.GARBLED, f"{redis.peer}: no INFO of a Redis")
    return found


def _login(redis: Redis, secret: Secret) -> None:
    if password := secret.get("password"):
        words = (secret["user"], password) if secret.get("user") else (password,)
        _said(redis, redis.ask("AUTH", *words))


_CODES = {
    "LOADING": (ErrorKind.REFUSED, "starting"),
    "NOAUTH": (ErrorKind.DENIED, "a password is wanted"),
    "WRONGPASS": (ErrorKind.DENIED, "login"),
    "NOPERM": (ErrorKind.DENIED, "a right is missing"),
    "DENIED": (ErrorKind.DENIED, "protected mode"),
    "MASTERDOWN": (ErrorKind.REFUSED, "the master is down"),
}


def _said(redis: Redis, answer: Any) -> Any:
    """The answer, unless it is a refusal (its words may hold what was sent: only its code is kept)."""
    if not isinstance(answer, Refusal):
        return answer
    code = answer.lstrip("-").partition(" ")[0]
    if "max number of clients" in answer:
        raise ObservationError(ErrorKind.REFUSED, f"too many connections: {redis.peer}")
    if code == "ERR" and "AUTH" in answer:  # a password for a Redis that has none
        raise ObservationError(ErrorKind.DENIED, f"{redis.peer}: login")
    kind, words = _CODES.get(code, (ErrorKind.GARBLED, "refused the command"))
    raise ObservationError(kind, f"{redis.peer}: {words}")


def _info(answer: Any) -> _Info:
    if not isinstance(answer, str):
        return {}
    lines = (line.partition(":") for line in answer.splitlines() if not line.startswith("#"))
    return {name: value.strip() for name, mark, value in lines if mark}


def _pairs(value: str) -> _Info:
    """`ip=…,port=…,state=online` as a mapping."""
    return {name: rest for name, mark, rest in (part.partition("=") for part in value.split(",")) if mark}


def _good(found: _Info, name: str, word: str = "ok") -> bool | None:
    return None if name not in found else found[name] == word


def _cache(
    found: _Info,
    mode: str,
    ping_us: int,
    recall: Recall,
    cluster: Cluster | None,
    watched: tuple[Watched, ...],
) -> Cache:
    number = {name: whole(value) for name, value in found.items()}
    saved = number.get("rdb_last_save_time")
    return Cache(
        mode=text(mode),
        role=text(found.get("role") or ("sentinel" if mode == "sentinel" else "")),
        version=text(found["redis_version"]),
        ping_us=ping_us,
        uptime_s=number.get("uptime_in_seconds"),
        used_bytes=number.get("used_memory"),
        limit_bytes=number.get("maxmemory"),
        policy=text(found.get("maxmemory_policy")),
        evicted=recall.tally("evicted", number.get("evicted_keys")),
        rejected=recall.tally("rejected", number.get("rejected_connections")),
        clients=number.get("connected_clients"),
        most_clients=number.get("maxclients"),
        snapshot_ok=_good(found, "rdb_last_bgsave_status"),
        snapshots=None,  # CONFIG is a right nobody should give away for this
        unsaved=number.get("rdb_changes_since_last_save"),
        last_save=None if saved is None else saved * 1000,
        append_only=_good(found, "aof_enabled", "1"),
        append_ok=_append(found),
        upstream=_upstream(found, number),
        replicas=tuple(_replicas(found, number)),
        cluster=cluster,
        watched=watched,
    )


def _append(found: _Info) -> bool | None:
    rewrite, write = _good(found, "aof_last_bgrewrite_status"), _good(found, "aof_last_write_status")
    return None if rewrite is None or write is None else rewrite and write


def _upstream(found: _Info, number: dict[str, int | None]) -> Upstream | None:
    if found.get("role") != "slave":
        return None
    up = _good(found, "master_link_status", "up")
    ahead, here = number.get("slave_read_repl_offset"), number.get("slave_repl_offset")
    lag = None if ahead is None or here is None else max(ahead - here, 0)
    down = number.get("master_link_down_since_seconds")
    return Upstream(up, text(found.get("master_link_status")), lag, None if down is None else down * 1000)


def _replicas(found: _Info, number: dict[str, int | None]) -> list[Replica]:
    offset = number.get("master_repl_offset")
    made = []
    for index in range(min(number.get("connected_slaves") or 0, 100)):
        one = _pairs(found.get(f"slave{index}", ""))
        here = whole(one.get("offset"))
        lag = None if offset is None or here is None else max(offset - here, 0)
        name = f"{text(one.get('ip'))}:{text(one.get('port'))}"
        made.append(Replica(name, text(one.get("state")), lag, whole(one.get("lag"))))
    return made


def _cluster(redis: Redis) -> Cluster:
    found = _info(_said(redis, redis.ask("CLUSTER", "INFO")))
    nodes = _said(redis, redis.ask("CLUSTER", "NODES"))
    flags = [line.split()[2].split(",") for line in str(nodes).splitlines() if len(line.split()) > 2]
    failing = [whole(found.get(f"cluster_slots_{word}")) or 0 for word in ("pfail", "fail")]
    return Cluster(
        text(found.get("cluster_state")),
        whole(found.get("cluster_slots_ok")),
        sum(failing),
        whole(found.get("cluster_known_nodes")),
        sum(bool({"fail", "fail?", "noaddr"} & set(each)) for each in flags),
    )


def _watched(redis: Redis) -> tuple[Watched, ...]:
    answer = _said(redis, redis.ask("SENTINEL", "MASTERS"))
    if not isinstance(answer, list):
        raise ObservationError(ErrorKind.GARBLED, f"{redis.peer}: no masters")
    made = []
    for fields in answer[:100]:
        if not isinstance(fields, list):
            raise ObservationError(ErrorKind.GARBLED, f"{redis.peer}: no master")
        one = dict(zip(map(str, fields[::2]), map(str, fields[1::2]), strict=False))
        others = whole(one.get("num-other-sentinels"))
        made.append(
            Watched(
                text(one.get("name")),
                tuple(text(word) for word in one.get("flags", "").split(",") if word),
                whole(one.get("num-slaves")),
                None if others is None else others + 1,
                whole(one.get("quorum")),
            )
        )
    return tuple(made)
