"""Dumps of a database as `backup.file` sees them, for a `Site` (conftest.py)."""

from hashlib import sha256

from parts import loaded

from checks import registry
from checks.api import Seen, worst
from checks.codec import from_json
from checks.plan import parse
from collector.store import plans

SIGHT = loaded("derive/conftest.py").Sight
BACKUPS = """\
objects:
  - {id: portal/db, asset: web-01, name: 数据库, kind: database}
backups:
  - object: portal/db
    clause: LH-32
    level: unchanged
    full: {every: week, on: thursday, window: "00:00-05:00", grace: 3h, keep: 3 months}
    source: {kind: file, path: "/backup/{object}/*.dmp"}
"""


def artefact(name, start):
    """A dump as `backup.file` sees it."""
    digest = sha256(name.encode()).hexdigest()
    made = {"start": start, "end": start + 1_700_000, "tool": "dump", "source": "", "system": ""}
    placed = {"mode": 0o600, "owner": "b", "group": "b", "filesystem": 1, "inode": 7, "links": 1}
    return {
        **{"name": name, "kind": "full", "bytes": 2_400_000_000, "parts": 1, "modified": start + 1_800_000},
        **{"sha256": digest, "read_at": start + 2_000_000, "made": made, "seal": None, "id": ""},
        "placed": {**placed, "link_to": "", "parents_open": []},
        **{"parent": "", "fingerprint": "", "expected": "", "recorded": digest, "trouble": ""},
    }


def backup_item(site):
    """The agent that is to look at dumps, and what it is to look at."""
    with site.context.read() as conn:
        issued = [(name, plans.current(conn, name)) for name in ("web-01", "web-02", "mail-01")]
    wanted = [(name, item) for name, held in issued if held for item in parse(held[0]).items]
    return next((name, item) for name, item in wanted if item.check == "backup.file")


def look_at_backups(site, *days):
    """What stands at the place of the dumps, on those Thursdays."""
    check = registry.get("backup.file")
    name, item = backup_item(site)
    for day in days:
        now = site.go(f"{day}T08:30") - 5000
        made = artefact(f"{day}.dmp", now - 7 * 3_600_000)
        listed = [{key: made[key] for key in ("name", "bytes", "modified")}]
        stands = {"count": 1, "listed": listed, "unfinished": []}
        facts = {"artefacts": [{"base": made, "same_as": ""}], "stands": stands}
        seen = Seen(from_json(check.facts, facts, "facts"), now)
        readings = tuple(check.judge(seen, from_json(check.params, item.params, "params")))
        state = str(worst(one.state for one in readings))
        more = {"check": item.check, "params": item.params, "facts": facts, "readings": readings}
        site.send(name, SIGHT(item.target, now, state, **more))
    site.settle()
