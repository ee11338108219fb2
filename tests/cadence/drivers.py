"""Five ways to drive a collector (driving.py).

`Careful`: for some days all is looked at, answered and handed in. `Neglected`: everything goes wrong, or
late, or undone, while the collector watches. `Steady`: a system that is up for a whole period. `Silent`: an
estate, and nothing else. `Forgotten`: careful at the beginning, and then not looked at any more.
"""

from datetime import UTC, datetime, timedelta

from parts import loaded

from collector.availability.calendar_cn import shipped
from collector.jobs import estates
from collector.scans.model import Finding, Severity

driving = loaded("cadence/driving.py")
CHANGED, DAYS, HOUR, PERIOD, REGULAR = (
    driving.CHANGED,
    driving.DAYS,
    driving.HOUR,
    driving.PERIOD,
    driving.REGULAR,
)
Driven, at = driving.Driven, driving.at
# What obligations that must always hold are seen by.
ALWAYS = (
    "application.conversion",
    "application.sms",
    "database.alive",
    "file.config",
    "host.filesystem",
    "middleware.instance",
)


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
        self.look_on()
        return self

    def look_on(self):
        """To the end of the term every four weeks a look at all that must always hold, and at every night's
        backup."""
        for number in range(DAYS + 1, 367):
            night = self.on(number)
            self.shelf.setdefault(night, driving.artefact(night, at(night, "01:10")))
            if number > 30 and (number % 28 == 6 or number == 366):  # when it is over too
                self.world.at = at(night, "09:00")
                at_ms = self.world.at - 500
                self.agent.send(*(self.sight(check, at_ms, "ok", check=check) for check in ALWAYS))
                self.look_at_shelf([self.shelf[one] for one in sorted(self.shelf, reverse=True)])

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
        starts = {"luohe-2026": "fee_cut", "pingdingshan-2025": "policy_change"}
        self.say(
            "limit_started",
            starts=starts.get(self.pack, "acceptance_requested"),
            at=f"{day}T10:00",
            text="通知",
        )
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
        self.say("roster", **{"from": self.first, "to": self.on(400), "people": 12})
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
                for hour in range(5, 9):  # the contract wants four scans, two or one of the others
                    self.say("activity", activity=item, at=f"{day}T{hour:02}:00")
        if self.pack == "luohe-2026":
            self.say("satisfaction", unit="u", period=PERIOD[self.pack], points=30)
        if self.pack == "huaian-2025":
            self.say("acceptance", period=PERIOD[self.pack], accepted="true")
        self.world.at = at(day, "18:00")


class Forgotten(Careful):
    """All went well for some days; after that every answer is unknown, and nobody looks at backups."""

    def look_on(self):
        for number in range(56, 366, 28):
            self.world.at = at(self.on(number), "09:00")
            self.agent.send(*(self.sight(one, self.world.at - 500, "unknown", check=one) for one in ALWAYS))


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
