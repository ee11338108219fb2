"""A collector that is driven from signed results and statements, through the real intake (drivers.py)."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import which

from checks import registry
from checks.api import Reading, Seen, State, Unit
from checks.codec import from_json
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import cadence, derive, estates, faults, messages, rounds, scorecards, statements
from collector.packs.loading import packaged
from collector.store import accounts
from collector.store import messages as stored

FIRST = {"luohe-2026": "2026-06-10", "pingdingshan-2025": "2026-06-10", "huaian-2025": "2025-08-29"}
PERIOD = {"luohe-2026": "2026-06", "pingdingshan-2025": "cycle-1", "huaian-2025": "year-1"}
DAYS = 2
HOUR = 3_600_000
CHANGED = (Reading("changed", 1, Unit.NONE, State.CRIT),)
BACKED = {
    "luohe-2026": "LH-15 LH-19 LH-32",
    "pingdingshan-2025": "PD-05 PD-36 PD-42",
    "huaian-2025": " ".join(f"HA-{number:02d}" for number in (5, 6, 7, 8, 9, 10, 11, 12, 19)),
}
ESTATE = Path(__file__).with_name("driven.yaml").read_text(encoding="utf-8")
# Checks that only a site can give parameters to: their lines are signed as regular looks.
REGULAR = (
    "application.camera",
    "application.conversion",
    "application.interface",
    "application.meeting",
    "application.sms",
    "application.transaction",
    "database.log",
    "database.query",
    "file.config",
    "file.log",
    "middleware.haproxy",
    "middleware.instance",
    "middleware.tomcat",
    "security.exposed",
    "service.http",
)


def at(day, clock):
    return int(datetime.fromisoformat(f"{day.isoformat()}T{clock}+08:00").timestamp() * 1000)


class Driven:
    """A collector under one contract, from its start on; `sight` is the tests' line of an agent."""

    def __init__(self, site, pack, sight, change=lambda text: text):
        self.site, self.world, self.pack, self.sight = site, site.world, pack, sight
        self.first = datetime.fromisoformat(FIRST[pack]).date()
        self.shelf = {}
        text = ESTATE.replace("PACK", pack).replace("START", FIRST[pack]).replace("CLAUSE", BACKED[pack])
        self.world.at = at(self.first, "00:10")
        self.text = change(text)
        allowed = site.context.directory / "notify.yaml"
        allowed.write_text(f"commands: {{desk: [{which('true')}]}}\n", encoding="utf-8")
        allowed.chmod(0o600)
        self.apply(self.text)
        self.tell()
        self.agent = self.world.agent("h1")
        with site.context.write() as conn:
            accounts.create(conn, "buyer-1", "Cold-harbour-42", "buyer")

    def apply(self, text):
        self.loaded = read_estate("estate.yaml", lambda _: text.encode(), installed())
        estates.apply(self.site.context, self.loaded, by="test")

    def on(self, number):
        return self.first + timedelta(days=number)

    def day(self, day, state="ok", readings=()):
        """Everything that a day owes: regular looks, the round, the backup of the night."""
        self.world.at = at(day, "09:00")
        self.agent.send(*(self.sight(check, self.world.at - 500, state, check=check) for check in REGULAR))
        self.day_lines(f"daily/{day.isoformat()}", state, readings)
        self.backup(day)

    def day_lines(self, window, state="ok", readings=()):
        """Every look that the round owes, signed, and the round closed."""
        lines = [
            self.sight(
                look.target,
                self.world.at - 1000,
                state,
                check=look.check.id,
                round=window,
                asset=look.asset,
                params=dict(look.params),
                readings=readings if look.check.id == "network.config" else (),
            )
            for look in self.loaded.rounds["daily"]
        ]
        self.agent.send(*lines)
        self.settle()

    def settle(self):
        derive.catch_up(self.site.context)
        rounds.close_due(self.site.context)
        derive.catch_up(self.site.context)

    def judged(self, check_id, target, facts, params):
        """A line whose readings the check itself makes."""
        check = registry.get(check_id)
        whole = from_json(check.params, params, "params")
        seen = Seen(from_json(check.facts, facts, "facts"), self.world.at - 1000)
        readings = tuple(check.judge(seen, whole))
        worst = max((one.state for one in readings), key=list(State).index)
        made = self.sight(
            target, self.world.at - 1000, str(worst), check=check_id, asset="h1", params=params, facts=facts
        )
        return replace(made, readings=readings)

    def backup(self, day, mode=0o600):
        """What stands on the shelf that morning: one of each night that was told of."""
        self.shelf[day] = artefact(day, at(day, "01:10"), mode)
        made = [self.shelf[one] for one in sorted(self.shelf, reverse=True)]
        self.look_at_shelf(made)

    def look_at_shelf(self, made):
        look = next(one for one in self.loaded.regular if one.check.id == "backup.file")
        listed = [{key: base[key] for key in ("name", "bytes", "modified")} for base in made]
        stands = {"count": len(listed), "listed": listed, "unfinished": []}
        read = [{"base": {**base, "read_at": self.world.at - 2000}, "same_as": ""} for base in made]
        facts = {"artefacts": read, "stands": stands}
        self.agent.send(self.judged("backup.file", look.target, facts, dict(look.params)))
        derive.catch_up(self.site.context)

    def drill(self, day, reason=""):
        """A drill of that night's backup: restored in an hour, every table compared; or ended by `reason`."""
        base = {**self.shelf[day], "read_at": self.world.at - HOUR}
        rows = {"same_rows": 900, "filled": 2, "found_rows": 900}
        facts = {
            "artefacts": [
                {
                    "base": base,
                    "attempt": 1,
                    "reason": reason,
                    "decided": self.world.at - HOUR,
                    "phases": [
                        {"name": name, "start": number * 1000, "end": number * 1000 + 900, "bytes": 0}
                        for number, name in enumerate(("locate", "fetch", "restore", "ask", "compare"))
                    ],
                    "target": {"directory": "/scratch/1", "interfaces": ["lo"], "refused": ["192.0.2.1"]},
                    "against": {
                        "word": "",
                        "root": "ab" * 32,
                        "compared": {
                            **{"tables": 2, "rows": 900, "root": "ab" * 32, "same": 2},
                            **rows,
                        },
                    },
                    "restored": {"tables": 2, "rows": 900, "bytes": base["bytes"], "read": "whole"},
                    "questions": [],
                    "rto": 3900,
                    "rto_by": "ready",
                    "took": 4900,
                }
            ],
            "stands": {"count": 1, "listed": [], "unfinished": []},
        }
        self.agent.send(self.judged("backup.drill", "s/db@h1", facts, {"path": "/backup/db/x.dmp"}))
        derive.catch_up(self.site.context)

    def probe(self, begins, ends, step, down=()):
        """Looks at the system's port from an instant on; crit while it is down."""
        times = range(begins, ends, step)
        self.world.at = max(self.world.at, ends)
        self.agent.send(
            *(
                self.sight("p", t, "crit" if any(a <= t < b for a, b in down) else "ok", asset="h1")
                for t in times
            )
        )
        derive.catch_up(self.site.context)

    def tell(self):
        """What the server's turn does with messages; their channel is a command."""
        messages.prepare(self.site.context)
        for due in messages.outgoing(self.site.context, self.world.at):
            assert messages.deliver(self.site.context, due) == "accepted"

    def messages(self):
        with self.site.context.read() as conn:
            return stored.every(conn)

    def faults(self):
        with self.site.context.read() as conn:
            return faults.told(conn, self.world.at).account

    def told(self, as_of, period=None):
        """The ledger by id: of a period, or of the whole term."""
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            made = cadence.ledger(conn, as_of, period, whole_term=period is None)
        return {line.obligation.id: line for line in made.lines}

    def term(self):
        """The whole term, as of its end."""
        return self.told(at(self.on(370), "00:00"))

    def lines(self, period):
        """Lines of a period's scorecard, long after it, by id; of what the buyer sets without the prefix."""
        derive.catch_up(self.site.context)
        with self.site.context.read() as conn:
            made = scorecards.scorecard_on(conn, period, at(self.on(400), "00:00")).scorecard
        return {line.id.removeprefix("deduction."): line for line in made.lines}

    def say(self, kind, **fields):
        text = {name: str(value) for name, value in fields.items()}
        papers = ("document_filed", "fault_report_filed", "defect_report", "plan")
        document = b"%PDF" if kind in papers else None
        try:
            return statements.add(self.site.context, kind, text, by="cli", document=document)
        except statements.StatementError as error:
            if error.code != "no_right":  # of that kind, or under that contract
                raise
            return statements.add(self.site.context, kind, text, by="buyer-1", document=document)

    def level(self, fault, level, word):
        """A level, as far as the contract has it; a class where it has classes."""
        more = {"class": word} if self.pack == "luohe-2026" else {}
        self.say("level", fault=fault, level=level if self.pack != "huaian-2025" else min(level, 2), **more)

    def words(self):
        terms = packaged(self.pack).pack.obligations
        return {word for one in terms.obligations for cadence in one.cadences for word in cadence.what}


def artefact(day, start, mode=0o600):
    """A dump made that night."""
    digest = sha256(day.isoformat().encode()).hexdigest()
    placed = {"owner": "backup", "group": "backup", "filesystem": 1, "links": 1, "link_to": ""}
    return {
        "name": f"{day:%Y%m%d}.dmp",
        "kind": "full",
        "bytes": 2_400_000_000 + day.toordinal() % 97 * 1_000_000,
        "parts": 1,
        "modified": start + 1_800_000,
        "sha256": digest,
        "read_at": start + 7 * HOUR,
        "made": {"start": start, "end": start + 1_700_000, "tool": "sys_dump", "source": "", "system": ""},
        "placed": {**placed, "mode": mode, "inode": day.toordinal(), "parents_open": []},
        "seal": None,
        **dict.fromkeys(("id", "parent", "fingerprint", "expected", "trouble"), ""),
        "recorded": digest,
    }
