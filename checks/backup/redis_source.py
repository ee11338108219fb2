"""How much a Redis holds, told by itself: with this its dumps are compared when they shrink or grow.

Planned at the source (`backup.redis_source` in the object's `params`); the collector sets it beside the dumps
made within an hour of the look. Below 1 MiB it is no measure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.redis import Keyspace, Redis
from checks.sql import Reach

_LEAST = 1 << 20  # below it what the server needs for itself comes and goes by as much


@dataclass(frozen=True, slots=True)
class Facts:
    """`bytes`: of its data, as what dumps are set beside (None: too few for that, or not told)."""

    held: Keyspace
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`least_keys`: fewer at the source itself is a finding (0: not asked)."""

    PLATFORMS: ClassVar[tuple[str, ...]] = ("redis",)

    platform: str = "redis"
    least_keys: int = 0


def observe(source: Redis, params: Params) -> Facts:
    held = source.keyspace(params)
    return Facts(held, held.bytes if held.bytes is not None and held.bytes >= _LEAST else None)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    held = seen.facts.held
    few = held.keys < params.least_keys
    yield Reading(
        "keys", held.keys, Unit.COUNT, State.CRIT if few else State.OK, "rows_missing" if few else ""
    )
    untold = held.bytes is None
    state, reason = (State.UNKNOWN, "not_reported") if untold else (State.OK, "")
    yield Reading("held", held.bytes, Unit.BYTES, state, reason)


CHECK = Check(
    id="backup.redis_source",
    version=1,
    title="Redis 数据量 (源端)",
    title_en="How much a Redis holds, at the source",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-08", "HA-10", "HA-11", "PD-05", "LH-32"),
    needs=("a login that may send PING and INFO",),
)
