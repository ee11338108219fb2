"""What is seen of one Redis process. It is reached as a database is, and looked at by the same source."""

from dataclasses import dataclass
from typing import Protocol

from checks.sql import Reach, Tally, Upstream


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica as a Redis master, or a sentinel, sees it."""

    name: str
    state: str
    lag_bytes: int | None
    lag_s: int | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Slots of a Redis cluster (16384 in all) and its nodes."""

    state: str
    slots_ok: int | None
    slots_failing: int | None
    nodes: int | None
    failed_nodes: int | None


@dataclass(frozen=True, slots=True)
class Watched:
    """A master that a sentinel watches. `flags` as it says: master, s_down, o_down …"""

    name: str
    flags: tuple[str, ...]
    replicas: int | None
    sentinels: int | None
    quorum: int | None


@dataclass(frozen=True, slots=True)
class Cache:
    """One Redis process. mode: standalone, cluster, sentinel; role: master, slave, sentinel.

    What a sentinel does not have (memory, persistence) is None.
    """

    mode: str
    role: str
    version: str
    ping_us: int | None
    uptime_s: int | None
    used_bytes: int | None
    limit_bytes: int | None
    policy: str
    evicted: Tally
    rejected: Tally
    clients: int | None
    most_clients: int | None
    snapshot_ok: bool | None
    snapshots: bool | None
    unsaved: int | None
    last_save: int | None
    append_only: bool | None
    append_ok: bool | None
    upstream: Upstream | None = None
    replicas: tuple[Replica, ...] = ()
    cluster: Cluster | None = None
    watched: tuple[Watched, ...] = ()


@dataclass(frozen=True, slots=True)
class Keyspace:
    """What a Redis holds: keys of all its databases, how many of them expire by themselves, and bytes of data
    without the server's own (None: not told)."""

    version: str
    keys: int
    expires: int
    bytes: int | None


class Redis(Protocol):
    """Redis, sentinels and clusters. Each call is one session, ended within `at.timeout_ms`.

    ObservationError as `checks.sql.Sql` raises it.
    """

    def redis(self, at: Reach) -> Cache:
        """Everything of a Redis process in one look."""

    def keyspace(self, at: Reach) -> Keyspace:
        """How much a Redis holds."""
