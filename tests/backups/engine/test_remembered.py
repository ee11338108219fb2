"""What is remembered of an object is what would be made of it anew, whatever comes, whenever it is asked."""

import random
from dataclasses import replace

import pytest

from checks.artefacts.levels import Level, bad, untold
from collector.backups.compile import Estate, parse
from collector.backups.engine import evaluate, seen
from collector.backups.ledger import as_json
from collector.backups.lines import Rows
from collector.backups.observed import Change, Drill, Epoch, Excuse, Fingerprint, SealedPeriod
from collector.backups.remembered import Memory
from collector.backups.said import observed_of

NAMES = ("a", "b", "c", "d")
FIRST, LAST = "2026-03-01", "2026-04-10"
COPY = {"to": "there", "within": "20h"}
DRILL = {"every": "week", "pick": "rotating", "restore_within": "4h"}


def promised(kit, extra=()):
    """Chains with a copy elsewhere, a drill each week, a window that closes after midnight, one by event."""
    entries = [
        kit.entry(object="a", full=kit.WEEKLY, incremental=kit.DAILY, believe="5 days"),
        kit.entry(object="b", place="", copy=COPY, drill=DRILL),
        kit.entry(object="c", full={**kit.DAILY, "keep": "9 days", "fulls_kept": 5}),
        kit.entry(object="d", full={"before": "change", "within": "5h", "keep": "20 days"}),
        *extra,
    ]
    return parse(entries, Estate(dict.fromkeys(NAMES, "database"), kit.at(FIRST)))


class Course:
    """What is known over time; what nothing came of is handed over as it was."""

    def __init__(self, kit, seed):
        self.kit, self.draw = kit, random.Random(seed)
        self.world = kit.World(objects=(kit.DB,))
        self.world.policies = promised(kit)
        self.held = {}
        every = list(kit.each_day(FIRST, LAST))
        before = {}
        for number, day in enumerate(every):
            for name in NAMES:
                self.make(name, day, number % 7 == 0, before)

    def make(self, name, day, sunday, before):
        if name == "d" or self.draw.random() < 0.08:
            return
        kind = "full" if name != "a" or sunday else "incremental"
        clock = self.draw.choice(["23:00", "23:00", "23:00", "05:40", "08:30"])
        made, parent = f"{name}-{day}", before.get(name, "") if kind == "incremental" else ""
        shared = {"kind": kind, "object": name, "id": made, "parent": parent}
        if self.draw.random() < 0.05:
            shared |= {"undated": True, "verdicts": (bad("unfinished"),)}
        self.world.add(made, f"{day} {clock}", **shared)
        before[name] = made
        if name == "b" and self.draw.random() < 0.9:
            self.world.add(made, f"{day} {clock}", place="there", hours=3, **shared)

    def happens(self, now):
        """Something new: of the world, of people, of a policy; or a look that comes late."""
        day, draw = self.kit.said(now)[:10], self.draw
        names = [one["seen"].name for one in self.world.made if one["from"] < now and one["place"] == ""]
        name, more, what = draw.choice(names), self.world.more, draw.randrange(12)
        after = self.kit.said(now + draw.randrange(2 * self.kit.DAY))
        if what == 0:
            self.world.purge(name, after)
        elif what == 1:
            self.world.judge(name, after, bad("changed"))
        elif what == 2:
            self.world.judge(name, after, untold(Level.WELL_FORMED, "no_key"))
        elif what == 3:
            self.world.off.append((now, now + 2 * self.kit.DAY))
        elif what == 4 and self.world.off:
            self.world.off.pop()  # somebody looked after all: it comes now
        elif what == 5:
            self.world.extra_looks.append(now - draw.randrange(4 * self.kit.DAY))
        elif what == 6:
            span = now + self.kit.HOUR, now + 2 * self.kit.DAY
            more["excuses"] = (*more.get("excuses", ()), Excuse(draw.choice("abc*"), *span, now, 1))
        elif what == 7:
            one = Change(f"c{now}", "d", "change", now + draw.randrange(self.kit.DAY))
            more["changes"] = (*more.get("changes", ()), one)
        elif what == 8:
            times = {"ended_ms": now, "answered_ms": now, "verdicts": (bad("restore_failed"),)}
            drill = Drill(f"d{now}", "b", now - self.kit.HOUR, name, **times)
            more["drills"] = (*more.get("drills", ()), drill)
        elif what == 9:
            more["epochs"] = (*more.get("epochs", ()), Epoch(draw.choice("abc"), now, 7))
        elif what == 10:
            prints = Fingerprint(draw.choice("abc"), now, "root", artefact=name)
            more["fingerprints"] = (*more.get("fingerprints", ()), prints)
        else:
            keep = f"{draw.randrange(3, 30)} days"
            changed = self.kit.entry(object="c", full={**self.kit.DAILY, "keep": keep})
            changed["from"] = self.kit.said(now + draw.randrange(-3, 3) * self.kit.DAY)[:10]
            try:
                self.world.policies = promised(self.kit, [changed])
            except ValueError:
                more["sealed"] = (SealedPeriod(self.kit.at(FIRST), self.kit.at(day), now),)

    def observed(self, now):
        """As whoever reads the looks hands them over: what is the same is the very same."""
        made = self.world.observed(now)
        for name, places in made.places.items():
            if self.held.get(name) != places:
                self.held[name] = places
        return replace(made, places={name: self.held[name] for name in made.places})


def said(ledger):
    """Everything that anybody can ask of it."""
    return as_json(ledger), counted(ledger), [one.recent(5) for one in ledger.objects]


def counted(ledger):
    """What a scorecard counts of it."""
    return [(one.name, list(one.begun(0, 2**53)), one.unseen(0, 2**53)) for one in ledger.objects]


@pytest.mark.parametrize("seed", range(4))
def test_a_remembered_account_is_the_one_that_is_made_anew(kit, seed):
    course, memory, spared, before = Course(kit, seed), Memory(), 0, {}
    now = kit.at("2026-03-12 13:00")
    for _ in range(13):
        for _ in range(course.draw.randrange(3)):
            course.happens(now)
        observed, policies = course.observed(now), course.world.policies
        newest = max(max(one.looks) for places in observed.places.values() for one in places.values())
        asked = [now, now + 1, now + course.draw.randrange(kit.HOUR)]
        # At each instant at which something may turn, and just before it.
        hours = range(now - now % kit.HOUR + kit.HOUR, now + kit.DAY, kit.HOUR)
        asked += [at - less for at in course.draw.sample(hours, 3) for less in (1, 0)]
        asked += [max(now - course.draw.randrange(kit.DAY), newest), now]
        for at in asked:
            if course.draw.random() < 0.05:
                memory = Memory()
            fresh, order = said(evaluate(policies, observed, at)), ["seen", "told"]
            course.draw.shuffle(order)
            for word in order:
                if word == "seen":
                    runs = seen(policies, observed, at, memory)
                    assert counted(runs) == fresh[1], kit.said(at)
                else:
                    told = evaluate(policies, observed, at, memory)
                    assert said(told) == fresh, kit.said(at)
            if order[0] == "seen":  # what it was told from is not made twice
                both = zip(runs.objects, told.objects, strict=True)
                assert all(a.account.case.runs is b.account.case.runs for a, b in both)
            spared += sum(before.get(one.name) is one.account for one in told.objects)
            before = {one.name: one.account for one in told.objects}
        past = now - course.draw.randrange(1, 5) * kit.DAY
        old = course.world.observed(past)
        assert said(evaluate(policies, old, past, memory)) == said(evaluate(policies, old, past))
        now = max(asked) + course.draw.choice([1, kit.HOUR // 3, 7 * kit.HOUR])
    assert spared > 60


def test_draws_of_other_policies_are_not_the_same(kit):
    """What a draw is made with is not held but made when asked for: empty mappings all the same."""
    rows = Rows({}, (), (), {}, {})
    whole = observed_of(rows, (), promised(kit))
    fewer = observed_of(rows, (), kit.World().policies)
    assert whole.seeds == observed_of(rows, (), promised(kit)).seeds
    assert whole.seeds != fewer.seeds and whole.seeds["2026-03"] != fewer.seeds["2026-03"]
