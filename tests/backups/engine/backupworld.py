"""A small world of backups: what is made and purged when, looked at every noon, folded and evaluated."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from checks.artefacts.artefact import Listed
from checks.artefacts.levels import Level, bad, good, untold
from collector.backups.compile import Estate, parse
from collector.backups.engine import evaluate
from collector.backups.fold import fold
from collector.backups.observed import Look, Observed, Sighting

ZONE = timezone(timedelta(hours=8))
HOUR, DAY = 3_600_000, 86_400_000
PROVEN = tuple(good(level) for level in Level if level <= Level.WELL_FORMED)
DB = "city/oa-db"
WEEKLY = {"every": "week", "on": "sunday", "window": "22:00-06:00", "grace": "4h", "keep": "3 months"}
DAILY = {"every": "day", "window": "22:00-06:00", "grace": "4h", "keep": "3 months"}


def at(text):
    """UTC ms of a local time: `2026-03-01 22:10` or `2026-03-01`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def said(ms):
    """The local time of an instant, to the minute."""
    return datetime.fromtimestamp(ms / 1000, ZONE).strftime("%Y-%m-%d %H:%M")


def each_day(first, last):
    """ISO days from first to last, both included."""
    day = datetime.fromisoformat(first)
    while day <= datetime.fromisoformat(last):
        yield day.date().isoformat()
        day += timedelta(days=1)


def entry(**more):
    """A policy entry for DB: a full every day unless told otherwise."""
    made = {"object": DB, "clause": "HA-06 HA-07 HA-08 HA-09 HA-10 HA-12", "full": DAILY, **more}
    return {key: value for key, value in made.items() if value is not None}


def policies(*entries, since="2026-03-01", kind="database", objects=(DB,), success=None):
    """Compiled."""
    estate = Estate(dict.fromkeys(objects, kind), at(since))
    return parse(list(entries), estate, success)


class World:
    """What stands where, over time."""

    def __init__(self, *entries, looks="12:00", **more):
        self.policies = policies(*(entries or (entry(),)), **more)
        self.since = more.get("since", "2026-03-01")
        self.made = []
        self.clock = looks
        self.more = {}
        self.off = []  # (from, to) in which nobody looked
        self.vantages = {}
        self.offsets = {}
        self.late = {}  # t0 -> received
        self.extra_looks = []

    def add(self, name, start, kind="full", *, object=DB, place="", hours=1, **more):
        """An artefact, made from `start` on; it stands from its end. `until`: purged then; `undated`:
        nothing inside says when."""
        begin = at(start)
        end = more.pop("end", begin + hours * HOUR)
        shows = more.pop("shows", begin + HOUR if end is None else end)
        until = more.pop("until", None)
        turns = [(0, more.pop("verdicts", PROVEN))]
        fields = {
            "bytes": 1000,
            "modified": shows,
            "start": begin,
            "end": end,
            "sha256": f"{name}@{place and ''}",
        }
        if more.pop("undated", False):
            fields |= {"start": None, "end": None}
        sighting = Sighting(name, kind, **{**fields, **more, "verdicts": ()})
        one = {"seen": sighting, "object": object, "place": place, "from": shows, "to": until, "turns": turns}
        self.made.append(one)
        return one

    def find(self, name, place=""):
        return next(one for one in self.made if one["seen"].name == name and one["place"] == place)

    def purge(self, name, when, place=""):
        self.find(name, place)["to"] = at(when)

    def judge(self, name, when, *verdicts, place=""):
        """From then on these verdicts, in place of what was said of those levels."""
        one = self.find(name, place)
        held = {v.level: v for v in one["turns"][-1][1]}
        held |= {v.level: v for v in verdicts}
        one["turns"].append((at(when), tuple(held.values())))

    def nightly(self, first, last, kind="full", clock="23:00", **more):
        """One artefact a day, named by the day."""
        for day in each_day(first, last):
            self.add(f"{kind}-{day}", f"{day} {clock}", kind, **more)

    def weekly(self, first, last, **more):
        """Fulls on Sundays and incrementals on the other days, each on the one before."""
        before = ""
        for day in each_day(first, last):
            sunday = datetime.fromisoformat(day).weekday() == 6
            kind = "full" if sunday else "incremental"
            name = f"{kind}-{day}"
            if sunday or before:
                self.add(name, f"{day} 23:00", kind, id=name, parent="" if sunday else before, **more)
                before = name

    def looks(self, now):
        times = [at(f"{day} {self.clock}") for day in each_day(self.since, said(now)[:10])]
        times = sorted({*times, *self.extra_looks})
        groups = sorted({(one["object"], one["place"]) for one in self.made} | {(DB, "")})
        for t0 in times:
            if t0 <= now and not any(a <= t0 < b for a, b in self.off):
                for object, place in groups:
                    yield self._look(object, place, t0)

    def _look(self, object, place, t0):
        there = [
            one
            for one in self.made
            if (one["object"], one["place"]) == (object, place)
            and one["from"] <= t0
            and (one["to"] is None or t0 < one["to"])
        ]
        seen = []
        for one in there:
            verdicts = [held for when, held in one["turns"] if when <= t0][-1]
            seen.append(replace(one["seen"], verdicts=verdicts))
        listed = tuple(Listed(one.name, one.bytes, one.modified) for one in seen)
        vantage = self.vantages.get(place, place or "agent")
        received = self.late.get(t0, t0 + 1000)
        return Look(
            object,
            place,
            "backup.test",
            vantage,
            t0,
            received,
            tuple(seen),
            listed,
            len(listed),
            self.offsets.get(t0, 0),
        )

    def observed(self, now):
        return Observed(places=fold(self.looks(now)), **self.more)

    def ledger(self, now):
        now = at(now) if isinstance(now, str) else now
        return evaluate(self.policies, self.observed(now), now)

    def account(self, now, name=DB):
        return self.ledger(now).object(name)


def reasons(ledger, *, standing=True, outcome="bad"):
    """{reason: [slot or artefact, …]} of problems."""
    found = {}
    for one in ledger.problems:
        if one.reason != "not_drilled" and one.outcome == outcome and (not standing or one.until_ms is None):
            found.setdefault(one.reason, []).append(one.artefact or one.slot)
    return found


def states(account, role="full"):
    """{day: state} of the slots of a role."""
    return {one.day: str(one.state) for one in account.slots if one.role == role}


def day_states(account):
    return {one.day: str(one.state) for one in account.days}


def cannot(level, reason):
    return untold(level, reason)


def wrong(reason):
    return bad(reason)
