"""Collectors that are driven from signed results and statements, through the real intake, by contract.

`Careful`: for some days all is looked at, answered and handed in. `Neglected`: everything goes wrong, or
late, or undone, while the collector watches. `Steady`: a system that is up for a whole period. `Silent`: an
estate, and nothing else.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import which

from checks import registry
from checks.api import Reading, Seen, State, Unit
from checks.codec import from_json
from collector.availability.calendar_cn import shipped
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import cadence, derive, estates, faults, messages, rounds, scorecards, statements
from collector.packs.loading import packaged
from collector.scans.model import Finding, Severity
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


class Careful(Driven):
    """Everything is looked at, answered and handed in, for some days."""

    def live(self):
        for number in range(DAYS - 1):
            self.day(self.on(number))
        self.change(self.on(DAYS - 1))
        self.fail_and_answer(self.on(DAYS))
        self.special(self.on(DAYS + 1))
        self.fail_at_night()
        if self.pack == "luohe-2026":
            self.fail_shortly(self.on(DAYS + 4))
        if self.pack == "huaian-2025":  # before the national day
            self.world.at = at(self.on(30), "09:00")
            self.special_round()
        return self

    def change(self, day):
        """A day on which a configuration has changed, as it was asked for and approved before."""
        self.world.at = at(day, "08:30")
        change = self.say("change_requested", change="C-1", system="s", what="升级")
        self.say("change_approved", entry=change, approved="true")
        self.day(day, readings=CHANGED)

    def fail_and_answer(self, day):
        """Half an hour of failing probes; whoever is on duty answers, comes, and hands in a report."""
        self.day(day)
        down = at(day, "10:00"), at(day, "10:30")
        self.probe(at(day, "09:30"), at(day, "10:04"), 60_000, (down,))
        self.tell()
        self.probe(at(day, "10:04"), at(day, "11:30"), 60_000, (down,))
        fault = self.faults().faults[0].id
        self.say("fault_acknowledged", fault=fault, at=f"{day}T10:04")
        self.say("team_support", fault=fault, at=f"{day}T10:10")
        for grade in ("technician", "engineer", "expert", "manager"):
            self.say("arrived", fault=fault, at=f"{day}T10:20", grade=grade)
        self.level(fault, 1, "larger")
        self.say("escalated", fault=fault, at=f"{day}T10:08")
        self.say("fault_report_filed", fault=fault)
        if self.pack == "huaian-2025":
            self.say("migration", **{"system": "s", "from": f"{day}T09:35", "to": f"{day}T09:55"})
        else:
            fee = {"luohe-2026": "fee_cut", "pingdingshan-2025": "policy_change"}[self.pack]
            self.say("limit_started", starts=fee, at=f"{day}T10:00", text="通知")
        warned = self.say("warning_received", at=f"{day}T10:00", from_whom="city", text="预警")
        self.say("warning_acted", entry=warned, at=f"{day}T11:00")
        flaw = Finding("nessus:1", "h1", "443/tcp", "旧版 OpenSSL", Severity.CRITICAL)
        self.site.scan("h1", "rd", "sw", findings=(flaw,))
        self.drill(day)
        self.world.at = at(day, "15:00")
        self.site.scan("h1", "rd", "sw")
        for kind, more in (
            ("security_event", {"severity": "hazard", "found_by": "vendor"}),
            ("emergency", {}),
        ):
            entry = self.say(kind, at=f"{day}T14:00", text="事件", **more)
            self.say("event_responded", entry=entry, at=f"{day}T14:05")
            self.say("event_closed", entry=entry, at=f"{day}T14:30")
        for flaw in self.faults().vulnerabilities:
            plan = self.say("fix_plan", finding=flaw.id, at=f"{day}T14:40", plan="升级")
            self.say("fix_plan_approved", entry=plan, approved="true")

    def fail_at_night(self):
        """On the next rest day, five hours from eight in the evening; it goes up every two of them."""
        day = self.on(DAYS + 2)
        while shipped().is_workday(day):
            day += timedelta(days=1)
        begins = at(day, "20:00")
        down = ((begins, begins + 5 * HOUR),)
        self.probe(at(day, "19:30"), at(day, "20:08"), 120_000, down)
        fault = self.faults().faults[-1].id
        self.level(fault, 3, "largest")
        self.say("fault_acknowledged", fault=fault, at=f"{day}T20:05")
        self.probe(at(day, "20:08"), at(day, "20:52"), 120_000, down)
        self.say("arrived", fault=fault, at=f"{day}T20:40", grade="engineer")
        self.say("team_support", fault=fault, at=f"{day}T20:50")
        self.say("escalated", fault=fault, at=f"{day}T20:09")
        self.probe(at(day, "20:52"), at(day + timedelta(days=1), "02:00"), 120_000, down)
        self.say("escalated", fault=fault, at=f"{day}T22:05")
        self.say("fault_report_filed", fault=fault)

    def fail_shortly(self, day):
        """A fault of the second level, of which both sides hear at once."""
        down = ((at(day, "10:00"), at(day, "10:12")),)
        self.probe(at(day, "09:30"), at(day, "10:03"), 60_000, down)
        fault = self.faults().faults[-1].id
        self.say("escalated", fault=fault, at=f"{day}T10:03", whom="both")
        self.say("fault_acknowledged", fault=fault, at=f"{day}T10:03")
        self.probe(at(day, "10:03"), at(day, "10:30"), 60_000, down)
        self.level(fault, 2, "ordinary")

    def special_round(self):
        window, _, _ = estates.run_round(self.site.context, "daily", by="test")
        self.world.at += 60_000
        self.day_lines(window.id)

    def special(self, day):
        """A round by hand before a key moment; everything that people hand in, once."""
        self.day(day)
        start = self.on(DAYS + (3 if self.pack == "luohe-2026" else 8))
        self.say("key_moment", **{"id": "m", "from": start, "to": start + timedelta(days=1)})
        self.special_round()
        self.say("roster", **{"from": self.first, "to": self.on(300), "people": 12})
        for kind in ("visit", "site_check"):
            self.say(kind, unit="u", at=f"{day}T08:00")
        self.say("training", at=f"{day}T08:00", topic="运维")
        self.say("emergency_drill", at=f"{day}T08:00")
        self.say("plan", scenario="outage")
        self.say("defect_report", period=PERIOD[self.pack])
        for word in sorted(self.words()):
            kind, _, item = word.partition(":")
            if kind == "document":
                period = {"period": f"{self.first:%Y-%m}"} if item == "monthly-inspection" else {}
                self.say("document_filed", item=item, system="s", **period)
            elif kind == "signed":
                self.say("report_signed", item=item, period=f"{self.first:%Y-%m}")
            elif kind == "activity":
                self.say("activity", activity=item, at=f"{day}T08:00")
        self.world.at = at(day, "18:00")


class Steady(Driven):
    """A system that is looked at every hour of its first period and never fails; notices in time."""

    def __init__(self, site, pack, sight):
        super().__init__(site, pack, sight, lambda text: text.replace("every: 60s", "every: 1h"))

    def live(self):
        month = PERIOD[self.pack] == "2026-06"
        self.day(self.first)
        ahead = {"obligation": "LH-31", "from": self.on(14), "to": self.on(21), "reason": "停电"}
        if month:
            self.say("waiver", **ahead)
        self.day(self.on(3))
        for number in range(0, 30 if month else 92, 5):
            self.probe(at(self.on(number), "00:10"), at(self.on(number + 5), "00:10"), HOUR)
            if month and number in (0, 10, 15):  # with the first days four ISO weeks of the month
                self.day(self.on(number + 5))
        self.ended = self.told(self.world.at, PERIOD[self.pack])
        return self


class Neglected(Driven):
    """What is looked at is bad, what is answered is late, the rest is left undone; the collector watches."""

    flaws = True

    def __init__(self, site, pack, sight):
        super().__init__(site, pack, sight, _rarely)

    def live(self):
        day = self.on(1)
        self.world.at = at(day, "09:00")
        self.agent.send(*(self.sight(check, self.world.at - 500, "crit", check=check) for check in REGULAR))
        self.day_lines(f"daily/{day.isoformat()}", "crit", CHANGED)
        self.backup(day, mode=0o644)
        for number in (2, 3):
            self.world.at = at(self.on(number), "08:30")
            self.look_at_shelf([])
            self.tell()
        begins, ends = at(self.on(3), "09:00"), at(self.on(8), "13:00")
        self.probe(begins - HOUR, ends + HOUR, 600_000, ((begins, ends),))
        self.answer_late(self.on(3))
        nobody = self.text.split("rounds:")[0].replace("owner: zhang, ", "")
        self.apply(nobody.replace("every: 10m", "every: 1h"))
        night = at(self.on(10), "20:00") if self.pack == "luohe-2026" else at(self.on(8), "20:00")
        self.probe(night - HOUR, night + 30 * HOUR, HOUR, ((night, night + 29 * HOUR),))
        self.answer_late_at_night(night)
        while self.world.at < at(self.on(54), "00:00"):
            self.probe(self.world.at, self.world.at + 5 * 24 * HOUR, HOUR, ((0, 2**53),))
            if self.on(31) < datetime.fromtimestamp(self.world.at / 1000, UTC).date() and self.flaws:
                self.drill_and_plan_late()
        self.world.at = at(self.on(80), "00:00")  # somebody is there, and nothing was looked at for days
        self.say("training", at=_iso(self.world.at - HOUR), topic="运维")
        if self.pack == "luohe-2026":
            self.level(self.faults().faults[-1].id, 2, "major")
            for month in ("2026-06", "2026-07"):
                self.say("not_done", item="visit", period=month)
        return self

    def drill_and_plan_late(self):
        self.backup(self.on(30), mode=0o644)
        self.drill(self.on(30), "damaged")
        for flaw in self.faults().vulnerabilities:
            when = self.world.at - HOUR
            plan = self.say("fix_plan", finding=flaw.id, at=_iso(when), plan="升级")
            self.say("fix_plan_approved", entry=plan, approved="true")
        self.flaws = False

    def answer_late(self, day):
        self.tell()
        fault = self.faults().faults[0].id
        late = self.on(8)
        self.level(fault, 1, "larger")
        self.say("fault_acknowledged", fault=fault, at=f"{late}T10:00")
        for grade in ("technician", "engineer", "expert", "manager"):
            self.say("arrived", fault=fault, at=f"{late}T11:00", grade=grade)
        self.say("team_support", fault=fault, at=f"{late}T11:30")
        self.say("substituted", fault=fault, at=f"{late}T12:00", text="备机")
        code = "capacity" if self.pack.startswith("ping") else "software"
        self.say("cause", fault=fault, cause=code)
        change = self.say("change_requested", change="C-1", asset="rd", what="升级")
        self.say("change_approved", entry=change, approved="true")
        if self.pack == "huaian-2025":
            self.say("migration", **{"system": "s", "from": f"{day}T09:30", "to": f"{day}T12:00"})
        if self.pack == "luohe-2026":
            self.say("limit_started", starts="fee_cut", at=f"{day}T10:00", text="通知")
            past = {"obligation": "LH-31", "from": self.on(1), "to": self.on(3), "reason": "停电"}
            self.say("waiver", **past)
        self.say("warning_received", at=f"{late}T12:00", from_whom="city", text="预警")
        flaw = Finding("nessus:1", "h1", "443/tcp", "旧版 OpenSSL", Severity.CRITICAL)
        self.site.scan("h1", findings=(flaw,))
        for kind, more in (
            ("security_event", {"severity": "hazard", "found_by": "vendor"}),
            ("emergency", {}),
        ):
            entry = self.say(kind, at=f"{day}T14:00", text="事件", **more)
            self.say("event_responded", entry=entry, at=f"{late}T12:05")
            self.say("event_closed", entry=entry, at=f"{late}T12:30")
        start = self.on(20)
        self.say("key_moment", **{"id": "m", "from": start, "to": start + timedelta(days=1)})

    def answer_late_at_night(self, night):
        fault = self.faults().faults[-1].id
        came, later = _iso(night + 12 * HOUR), _iso(night + 14 * HOUR)
        self.level(fault, 3, "ordinary")
        self.say("fault_acknowledged", fault=fault, at=came)
        self.say("arrived", fault=fault, at=came, grade="engineer")
        self.say("team_support", fault=fault, at=later)


def _rarely(text):
    """Looked at every ten minutes; and incremental backups are owed, which nobody makes."""
    more = '    incremental: {every: day, window: "12:00-14:00", grace: 1h, keep: 1 week}\n    access:'
    return text.replace("every: 60s", "every: 10m").replace("    access:", more)


def _iso(ms):
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


class Silent(Driven):
    """An estate without a plan for backups, and nothing else."""

    def __init__(self, site, pack, sight):
        super().__init__(
            site, pack, sight, lambda text: text.split("objects:")[0] + text[text.index("rounds:") :]
        )

    def live(self):
        return self
