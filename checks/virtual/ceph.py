"""A Ceph cluster by `ceph -s`: health, monitors in quorum, storage daemons, placement groups, space. Tried on
a small cluster of Ceph 16 whose daemons were killed; other versions by their documented form only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.commands import ROOT, Commands, text, whole
from checks.virtual._common import used


@dataclass(frozen=True, slots=True)
class Facts:
    """`problems`: names of the cluster's own health checks; `gravest`: the gravest severity among them, those
    that somebody muted too, which `health` leaves out (empty: none said). Bytes. `manager`: whether one is
    active: `groups` (state of placement groups: how many), `used` and `total` come from it, and stand still
    without it."""

    health: str
    problems: tuple[str, ...]
    monitors: int | None
    quorum: int | None
    osds: int | None
    osds_up: int | None
    osds_in: int | None
    used: int | None
    total: int | None
    digest: str
    gravest: str = ""
    manager: bool | None = None
    groups: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Params:
    """`used`: limits in percent of the cluster's raw space. `user`: the client's name in Ceph, whose keyring
    the agent may read; empty: the administrator's, asked for as root."""

    used: Upper = Upper(75, 85)
    user: str = ""


def observe(host: Commands, params: Params) -> Facts:
    asked = host.command("ceph.status_as", params.user) if params.user else host.command("ceph.status")
    output = asked.sound()
    said = output.json()
    health, pages = _of(said, "health"), _of(said, "pgmap")
    osds = _of(said, "osdmap")
    osds = _of(osds, "osdmap") or osds  # nested once more up to version 14
    quorum, monitors = said.get("quorum_names"), _of(said, "monmap")
    listed = monitors.get("mons")
    return Facts(
        health=text(health.get("status")),
        problems=tuple(sorted(text(name) for name in _of(health, "checks"))),
        monitors=len(listed) if isinstance(listed, list) else whole(monitors.get("num_mons")),
        quorum=len(quorum) if isinstance(quorum, list) else None,
        osds=whole(osds.get("num_osds")),
        osds_up=whole(osds.get("num_up_osds")),
        osds_in=whole(osds.get("num_in_osds")),
        used=whole(pages.get("bytes_used")),
        total=whole(pages.get("bytes_total")),
        digest=output.digest,
        gravest=_gravest(_of(health, "checks")),
        manager=_yes(_of(said, "mgrmap").get("available")),
        groups=_groups(pages.get("pgs_by_state")),
    )


def _of(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _yes(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _gravest(checks: Mapping[str, Any]) -> str:
    said = {text(one.get("severity")) for one in checks.values() if isinstance(one, dict)}
    return next((one for one in ("HEALTH_ERR", "HEALTH_WARN") if one in said), "")


def _groups(rows: object) -> Mapping[str, int] | None:
    """How many placement groups are in each state; None where that is not said or not understood."""
    found: dict[str, int] = {}
    for row in rows if isinstance(rows, list) else (None,):
        if not isinstance(row, dict):
            return None
        name, count = text(row.get("state_name")), whole(row.get("count"))
        if not name or count is None or count < 0:
            return None
        found[name] = found.get(name, 0) + count
    return found


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    state, reason = _health(facts)
    yield Reading("health", None, Unit.NONE, state, reason)
    yield _among("quorum", facts.quorum, facts.monitors)
    yield _among("osds_up", facts.osds_up, facts.osds)
    if facts.manager is False:
        # Every figure of placement groups and space is as old as the last manager.
        yield Reading("pgs_whole", None, Unit.COUNT, State.UNKNOWN, "no_manager")
        yield Reading("used", None, Unit.PERCENT, State.UNKNOWN, "no_manager")
        return
    if facts.groups != {}:
        yield _whole(facts.groups)
    yield used("used", facts.used, facts.total, params.used)


_HEALTH = {
    "HEALTH_OK": (State.OK, ""),
    "HEALTH_WARN": (State.WARN, "health_warning"),
    "HEALTH_ERR": (State.CRIT, "health_critical"),
}


def _health(facts: Facts) -> tuple[State, str]:
    """By the cluster's own word, but for three things that it plays down."""
    if facts.health not in _HEALTH:
        return State.UNKNOWN, "health_unknown"
    # To Ceph this is a warning. It means that data cannot be read or written, also where all storage daemons
    # died at once and nobody is left to report them as down.
    if "PG_AVAILABILITY" in facts.problems:
        return State.CRIT, "data_unavailable"
    state, reason = _HEALTH[facts.health]
    muted, _ = _HEALTH.get(facts.gravest, (State.OK, ""))
    if muted is State.CRIT and state is not State.CRIT:
        return State.CRIT, "health_muted"
    return (State.WARN, "health_muted") if state is State.OK and facts.problems else (state, reason)


def _among(name: str, count: int | None, wanted: int | None) -> Reading:
    """Some out of all: fewer is a warning, none is critical."""
    if count is None or wanted is None or wanted <= 0:
        return Reading(name, count, Unit.COUNT, State.UNKNOWN, "not_reported")
    state = State.OK if count >= wanted else State.WARN if count else State.CRIT
    return Reading(name, count, Unit.COUNT, state, "" if state is State.OK else "too_few")


_BROKEN = {"degraded", "undersized", "stale", "down", "incomplete", "inconsistent", "unknown", "peered"}
_MENDING = ("recover", "backfill")


def _whole(groups: Mapping[str, int] | None) -> Reading:
    """Active placement groups with all their copies. Those only moved elsewhere (remapped) have theirs."""
    if groups is None:
        return Reading("pgs_whole", None, Unit.COUNT, State.UNKNOWN, "not_reported")
    broken = {name: count for name, count in groups.items() if _broken(name.split("+"))}
    count = sum(groups.values()) - sum(broken.values())
    mends = any(part.startswith(_MENDING) for name in broken for part in name.split("+"))
    if not sum(broken.values()):
        return Reading("pgs_whole", count, Unit.COUNT, State.OK, "")
    return Reading("pgs_whole", count, Unit.COUNT, State.WARN, "rebuilding" if mends else "degraded")


def _broken(states: Sequence[str]) -> bool:
    return "active" not in states or not _BROKEN.isdisjoint(states)


CHECK = Check(
    id="virtual.ceph",
    version=2,
    title="Ceph 存储集群",
    title_en="Ceph cluster",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35"),
    needs=(
        "ceph, and as `user` a name with a key of its own, whose keyring the agent may read: "
        "`ceph auth get-or-create client.roundseal mon 'allow r'`",
        f"else {ROOT} `roundseal-agent ALL=(root) NOPASSWD: /usr/bin/ceph -s -f json`",
    ),
)
