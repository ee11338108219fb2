"""Ten weeks of backups of a city platform and two counties, signed and logged as agents would; with faults.

What stands at each place is made up; checks judge it, the intake takes it, the engine accounts for it.
Planted: county xian-2 makes nothing on 2026-11-05, xian-1 is late on 2026-11-11, xian-2's copy of 2026-11-14
differs, xian-1's newest is readable by others, the city's drill is never done.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from checks.plan import parse as parse_plan
from collector.context import open_context
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import derive, estates, statements
from collector.jobs.checkpoints import Publisher
from collector.metrics import Metrics
from collector.store import accounts, plans
from collector.web.batches import Batches
from collector.web.plans import Plans

_SPEC = importlib.util.spec_from_file_location(
    "worksite", Path(__file__).resolve().parents[2] / "web" / "worksite.py"
)
worksite = importlib.util.module_from_spec(_SPEC)
sys.modules.setdefault("worksite", worksite)
_SPEC.loader.exec_module(worksite)

HOUR, DAY, at = worksite.HOUR, worksite.DAY, worksite.at
FIRST, LAST = date(2026, 9, 14), date(2026, 11, 20)
NOW = at("2026-11-21", "10:30")
AGENTS = ("city-db", "county-1", "county-2", "watch")
ESTATE = """\
estate: huaian
timezone: Asia/Shanghai
contract: {pack: huaian-2025, start: 2026-09-01}
systems:
  - {id: oa, name: 协同办公平台}
assets:
  - {id: city-db, kind: server, agent: city-db, system: oa}
  - {id: county-1, kind: server, agent: county-1, system: oa}
  - {id: county-2, kind: server, agent: county-2, system: oa}
  - {id: backup-1, kind: backup, via: watch, ssh: {address: 10.0.0.9, port: 2222, secret: sftp}}
  - {id: watch, kind: server, agent: watch}
objects:
  - {id: city/oa-db, asset: city-db, system: oa, name: 市级平台数据库}
  - {id: county/xian-1/oa-db, asset: county-1, system: oa, name: 一县数据库}
  - {id: county/xian-2/oa-db, asset: county-2, system: oa, name: 二县数据库}
places:
  - {id: backup-server, asset: backup-1, path: "/srv/backup/{object}/", name: 备份服务器}
backups:
  - object: city/oa-db
    clause: HA-06 HA-12
    level: unchanged
    full: {every: week, on: sunday, window: "22:00-06:00", grace: 4h, keep: 3 months}
    source: {kind: file, path: "/backup/city/*.dmp"}
    drill: {every: month, restore_within: 12h}
  - object: county/*/oa-db
    clause: HA-08 HA-10 HA-11
    level: unchanged
    source: {kind: file, path: "/backup/{object}/*.dmp"}
    full: {every: day, window: "00:00-05:00", grace: 3h, keep: 1 month}
    copy: {to: backup-server, within: 2h, equal: sha256}
    access: {owner: backup, mode: "0600"}
    drill: {every: month, pick: newest, restore_within: 12h}
backup_success: {at_least: 99%, over: year}
"""


ROWS = {"same_rows": 9_000_000, "filled": 120, "found_rows": 9_000_000}


@dataclass
class Site:
    """The log and its clock."""

    context: Any
    hands: Any
    agents: dict[str, Any]
    batches: Any
    publisher: Any
    drilled: list[str] = field(default_factory=list)


@contextmanager
def site(place: Path, first: date = FIRST) -> Iterator[Site]:
    """The whole time up to NOW."""
    start = at(first.isoformat())
    hands = worksite.Hands(start)
    worksite._directory(place)
    with open_context(place, hands) as context:
        with context.write() as conn:
            for name, role in (("admin", "admin"), ("zhao", "operator"), ("gast", "viewer")):
                accounts.create(conn, name, worksite.PASSWORD, role, must_change=False)
        publisher = Publisher(context)
        made = Site(context, hands, {}, Batches(context, publisher, Metrics(), Plans(context)), publisher)
        apply(made, ESTATE)
        for name in AGENTS:
            made.agents[name] = worksite.Agent(name, context)
            made.agents[name].enrol()
        day = first
        while day <= LAST:
            live(made, day)
            day += timedelta(days=1)
        hands.ms = NOW
        fields = {"object": "county/xian-1/oa-db", "medium": "LTO-7 #12", "at": "2026-11-10T10:00"}
        statements.add(context, "media_tested", {**fields, "outcome": "good"}, by="admin")
        derive.catch_up(context)
        publisher.publish()
        yield made


def apply(made: Site, text: str) -> None:
    """Apply an estate."""
    estates.apply(made.context, read_estate("estate.yaml", lambda _: text.encode(), installed()), by="admin")


def live(made: Site, day: date) -> None:
    """Every agent's look in the morning, and the monthly drills."""
    for clock, hour in (("07:30", 7), ("09:30", 9)):
        made.hands.ms = at(day.isoformat(), clock)
        for name, agent in made.agents.items():
            with made.context.read() as conn:
                held = plans.current(conn, name)
            agent.plan = held[2]
            lines = [
                worksite.result(item, name, made.hands.ms - 5000, facts_of(item.target, day, hour))
                for item in parse_plan(held[0]).items
            ]
            if name == "watch" and day.day == 10 and hour == 9:
                lines += [drill(made, "county/xian-1/oa-db", day), drill(made, "county/xian-2/oa-db", day)]
            if lines:
                acks = made.batches.take(agent.batch(lines, made.hands.ms))
                assert [ack.status for ack in acks] == ["ok"], acks


def facts_of(target: str, day: date, hour: int) -> dict[str, Any]:
    """What stands at a place that morning: the newest artefact read, all of them listed."""
    name, _, place = target.partition("@")
    standing = [one for one in (artefact(name, place, d, day, hour) for d in days(name, day)) if one]
    read = [{"base": base, "same_as": ""} for base in reversed(standing[-2:])]
    listed = [{key: base[key] for key in ("name", "bytes", "modified")} for base in reversed(standing)]
    return {"artefacts": read, "stands": {"count": len(listed), "listed": listed, "unfinished": []}}


def days(name: str, day: date) -> list[date]:
    """Days whose artefacts are kept: Sundays for the city, a month for the counties."""
    back = 110 if name.startswith("city") else 35
    first = max(FIRST, day - timedelta(days=back))
    every = [first + timedelta(days=n) for n in range((day - first).days + 1)]
    return [d for d in every if d.weekday() == 6 and d < day] if name.startswith("city") else every


def artefact(name: str, place: str, of: date, day: date, hour: int) -> dict[str, Any] | None:
    """One artefact, or None where it does not stand (yet)."""
    county, copy = name.split("/")[1], place == "backup-server"
    if (county, of.isoformat()) == ("xian-2", "2026-11-05"):
        return None
    late = (county, of.isoformat()) == ("xian-1", "2026-11-11")
    if late and of == day and hour < 9:
        return None
    start = at(of.isoformat(), "23:10" if county == "oa-db" else "05:40" if late else "01:10")
    content = f"{name}{of}" + ("x" if copy and (county, str(of)) == ("xian-2", "2026-11-14") else "")
    open_ = county == "xian-1" and of == LAST and not copy
    return {
        "name": f"{of:%Y%m%d}.dmp",
        "kind": "full",
        "bytes": 2_400_000_000 + of.toordinal() % 97 * 1_000_000,
        "parts": 1,
        "modified": start + 1_800_000,
        "sha256": sha256(content.encode()).hexdigest(),
        "read_at": at(day.isoformat(), f"{hour:02d}:20"),
        "made": {"start": start, "end": start + 1_700_000, "tool": "sys_dump", "source": name, "system": ""},
        "placed": {
            "mode": 0o644 if open_ else 0o600,
            "owner": "backup",
            "group": "backup",
            "filesystem": 2 if copy else 1,
            "inode": of.toordinal() + (500_000 if copy else 0),
            "links": 1,
            "link_to": "",
            "parents_open": [],
        },
        "seal": None,
        "id": "",
        "parent": "",
        "fingerprint": "",
        "expected": "",
        "recorded": sha256(f"{name}{of}".encode()).hexdigest(),
        "trouble": "",
    }


def drill(made: Site, name: str, day: date) -> bytes:
    """A drill's line: restored in two hours and a half, every question answered."""
    item = SimpleNamespace(
        check="backup.drill",
        version=1,
        target=f"{name}@watch",
        asset="watch",
        params={"path": "/backup/x.dmp"},
    )
    base = artefact(name, "backup-server", day, day, 9)
    spans = (("locate", 0, 400), ("fetch", 400, 900_000), ("restore", 900_000, 8_400_000))
    last = (("ask", 8_400_000, 8_400_900), ("compare", 8_400_900, 9_000_000))
    phases = [{"name": n, "start": a, "end": b, "bytes": 0} for n, a, b in (*spans, *last)]
    facts = {
        "artefacts": [
            {
                "base": base,
                "attempt": 1,
                "decided": made.hands.ms - 9_100_000,
                "phases": phases,
                "against": {
                    "word": "",
                    "root": "ab" * 32,
                    "compared": {"tables": 120, "rows": 9_000_000, "root": "ab" * 32, "same": 120, **ROWS},
                },
                "restored": {"tables": 120, "rows": 9_000_000, "bytes": base["bytes"], "read": "whole"},
                "questions": [],
                "rto": 8_400_900,
                "rto_by": "ready",
                "took": 9_000_000,
            }
        ],
        "stands": {"count": 1, "listed": [], "unfinished": []},
    }
    made.drilled.append(name)
    return worksite.result(item, "watch", made.hands.ms - 9_100_000, facts)
