"""A Ceph cluster by `ceph -s`: health, monitors in quorum, storage daemons, space. Tried on recorded output
of its documented form, never on a real cluster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.commands import ROOT, Commands, text, whole
from checks.virtual._common import used


@dataclass(frozen=True, slots=True)
class Facts:
    """`problems`: names of the cluster's own health checks; bytes."""

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


@dataclass(frozen=True, slots=True)
class Params:
    """`used`: limits in percent of the cluster's raw space."""

    used: Upper = Upper(75, 85)


def observe(host: Commands, params: Params) -> Facts:
    output = host.command("ceph.status").sound()
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
    )


def _of(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


_HEALTH = {
    "HEALTH_OK": (State.OK, ""),
    "HEALTH_WARN": (State.WARN, "health_warning"),
    "HEALTH_ERR": (State.CRIT, "health_critical"),
}


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    state, reason = _HEALTH.get(facts.health, (State.UNKNOWN, "health_unknown"))
    yield Reading("health", None, Unit.NONE, state, reason)
    yield _among("quorum", facts.quorum, facts.monitors)
    yield _among("osds_up", facts.osds_up, facts.osds)
    yield used("used", facts.used, facts.total, params.used)


def _among(name: str, count: int | None, wanted: int | None) -> Reading:
    """Some out of all: fewer is a warning, the cluster's own health says when it is more than that."""
    if count is None or wanted is None or wanted <= 0:
        return Reading(name, count, Unit.COUNT, State.UNKNOWN, "not_reported")
    state = State.OK if count >= wanted else State.WARN
    return Reading(name, count, Unit.COUNT, state, "" if state is State.OK else "too_few")


CHECK = Check(
    id="virtual.ceph",
    version=1,
    title="Ceph 存储集群",
    title_en="Ceph cluster",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-24", "PD-35"),
    needs=(
        "a Ceph key with `mon 'allow r'`",
        f"{ROOT} `roundseal-agent ALL=(root) NOPASSWD: /usr/bin/ceph -s -f json`",
    ),
)
