"""Role, members and lag of a replicated database; a standby that has stopped."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sql import GRANTS, TRIED_ON, Member, Reach, Replication, Slot, Sql, Upstream, hidden, limited


@dataclass(frozen=True, slots=True)
class Facts:
    replication: Replication


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`members`: how many standbys a primary must have (0: none is agreed); `role`: the agreed one.
    Limits: bytes and milliseconds of lag, bytes of log kept for a consumer that is away."""

    members: int = 0
    role: str = ""
    lag_bytes: Upper = Upper(64 << 20, 1 << 30)
    lag_ms: Upper = Upper(30_000, 300_000)
    slot_bytes: Upper = Upper(1 << 30, 20 << 30)

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.role not in ("", "primary", "standby") or not 0 <= self.members <= 1000:
            raise ValueError("role must be primary or standby, members 0 to 1000")


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.replication(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.replication
    yield _role(found.role, params.role)
    if found.role == "primary" or found.members:
        running = sum(one.state in _RUNNING for one in found.members)
        yield Reading("members", running, Unit.COUNT, *_enough(running, found.hidden or 0, params.members))
    yield from hidden(found.hidden)
    for one in found.members:
        yield from _member(one, params)
    for index, upstream in enumerate(found.upstreams):
        yield from _upstream(f"upstream{index or ''}", upstream, params)
    if found.role == "standby" and not found.upstreams:
        yield Reading("upstream", None, Unit.NONE, State.UNKNOWN, "not_reported")
    for slot in found.slots:
        yield _slot(slot, params)


def _enough(running: int, unseen: int, wanted: int) -> tuple[State, str]:
    if running >= wanted:
        return State.OK, ""
    # Members whose state this account may not see may well be running.
    return (State.UNKNOWN, "rights_missing") if running + unseen >= wanted else (State.CRIT, "too_few")


# startup, catchup and backup are members on their way, or no standbys at all.
_RUNNING = ("streaming", "online", "Binlog Dump", "VALID")


def _role(role: str, agreed: str) -> Reading:
    if not role:
        return Reading("role", None, Unit.NONE, State.UNKNOWN, "not_reported")
    if agreed and role != agreed:
        return Reading("role", None, Unit.NONE, State.CRIT, "role_changed")
    return Reading("role", None, Unit.NONE, State.OK)


def _member(one: Member, params: Params) -> Iterator[Reading]:
    if one.state not in _RUNNING:
        yield Reading(f"{one.name}:state", None, Unit.NONE, State.WARN, "not_streaming")
    if one.lag_bytes is not None:
        yield limited(f"{one.name}:lag_bytes", one.lag_bytes, Unit.BYTES, params.lag_bytes, "behind")
    if one.lag_ms is not None:
        yield limited(f"{one.name}:lag", one.lag_ms, Unit.MILLISECONDS, params.lag_ms, "behind")


def _upstream(name: str, one: Upstream, params: Params) -> Iterator[Reading]:
    if one.running is None:
        yield Reading(name, None, Unit.NONE, State.UNKNOWN, "not_reported")
    elif not one.running:
        yield Reading(name, None, Unit.NONE, State.CRIT, "has_stopped")
    elif one.paused:
        yield Reading(name, None, Unit.NONE, State.CRIT, "paused")
    else:
        yield Reading(name, None, Unit.NONE, State.OK)
    if one.lag_bytes is not None:
        yield limited(f"{name}:lag_bytes", one.lag_bytes, Unit.BYTES, params.lag_bytes, "behind")
    # A stopped standby tells no lag, or an old one: what it misses since it stopped is not known.
    if one.lag_ms is not None or one.running:
        yield limited(f"{name}:lag", one.lag_ms, Unit.MILLISECONDS, params.lag_ms, "behind")


def _slot(slot: Slot, params: Params) -> Reading:
    name = f"{slot.name}:kept"
    if not slot.active:
        state = State.CRIT if params.slot_bytes.judge(slot.kept_bytes) is State.CRIT else State.WARN
        return Reading(name, slot.kept_bytes, Unit.BYTES, state, "consumer_away")
    return limited(name, slot.kept_bytes, Unit.BYTES, params.slot_bytes, "behind")


CHECK = Check(
    id="database.replication",
    version=2,
    title="数据库主备与复制延迟",
    title_en="Database replication and lag",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-19",),
    needs=(*GRANTS, TRIED_ON),
)
