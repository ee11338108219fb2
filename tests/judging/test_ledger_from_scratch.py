"""A ledger is the one made of all that there is with nothing remembered, whatever came and how late."""

import random
from datetime import date, timedelta

import pytest
from luohe_site import AGENTS, UNPROBED, at

from collector.faults import scanned
from collector.inspection.obligations_counted import unparted
from collector.jobs import backup_rows, backups, cadence, derive, scorecards
from collector.jobs.statements import StatementError
from collector.judging import lapse_months
from collector.judging.ground import UnitRound
from collector.judging.united import when
from collector.store import scorecards as store
from collector.store.engine import Database, create_tables

DAY = 86_400_000
BOTH = ("centre", "county")
MOVED = UNPROBED.replace("id: web-02, kind: server, system: portal", "id: web-02, kind: server, system: mail")
SILENT = UNPROBED.replace("start: 2026-06-10}", "start: 2026-06-10, options: {inspection.silent: counts}}")
OTHER = UNPROBED.replace("pack: luohe-2026, start: 2026-06-10", "pack: pingdingshan-2025, start: 2026-08-10")
WORDS = ("late", "waiver", "not_done", "visit", "change", "estate", "scan", "rebuild", "sealed")


class Course:
    """What happens in a week: its round, by whoever answers it, and more, most of it about weeks before."""

    def __init__(self, site, seed):
        self.site, self.draw, self.mondays = site, random.Random(seed), []
        self.replaceable, self.replaced, self.said = seed % 2 == 1, False, 0
        site.apply(UNPROBED)

    def week(self, monday):
        self.mondays.append(monday)
        some = tuple(one for one in AGENTS if self.draw.random() < 0.8)
        self.site.inspect(monday, some, mail_01=self.draw.choice(["ok", "ok", "error"]))
        self.site.go(f"{self.after(monday, 4)}T10:00")
        for word in self.draw.sample(WORDS, 3):
            getattr(self, word)()
        self.site.settle()

    def after(self, monday, days):
        return str(date.fromisoformat(monday) + timedelta(days=days))

    def before(self):
        return self.draw.choice(self.mondays)

    def say(self, kind, by="buyer", **fields):
        """None where it is refused: said already, of a month that is not over, of another contract."""
        try:
            made = self.site.say(kind, by, amendment="true", **fields)
        except StatementError:
            return None
        self.said += 1
        return made

    def late(self):
        monday = self.before()
        for name in AGENTS:
            self.site.send(name, self.site.look(name, f"weekly/{monday}", at(f"{monday}T11:00")))

    def obligation(self, day):
        return "PD-37" if self.replaced and day >= "2026-08-10" else "LH-31"

    def waiver(self):
        begin, unit = self.before(), self.draw.choice(BOTH)
        span = {"from_": begin, "to": self.after(begin, self.draw.randrange(1, 40))}
        self.say("waiver", "operator", obligation=self.obligation(begin), unit=unit, reason="停电", **span)

    def not_done(self):
        day = self.before()
        self.say("not_done", obligation=self.obligation(day), unit="county", period=day[:7])

    def visit(self):
        unit = self.draw.choice(BOTH)
        self.say("visit", "operator", unit=unit, at=f"{self.before()}T08:00")

    def change(self):
        monday = self.before()
        span = {"from_": f"{monday}T12:00", "to": f"{monday}T18:00"}
        told = {"change": "C-1", "system": "portal", "what": "升级"}
        entry = self.say("change_requested", "operator", **told, **span)
        if entry is not None:
            self.say("change_approved", entry=str(entry), approved="true")

    def estate(self):
        text = self.draw.choice([UNPROBED, MOVED, SILENT])
        self.replaced = self.replaceable and len(self.mondays) > 6
        self.site.apply(OTHER if self.replaced else text)

    def scan(self):
        self.site.scan(self.draw.choice(AGENTS), ended=at(f"{self.before()}T20:00"))

    def rebuild(self):
        derive.rebuild(self.site.context)

    def sealed(self):
        with self.site.context.read() as conn:
            over = [
                one for one in scorecards.periods(conn, self.site.world.at) if one.to_ms < self.site.world.at
            ]
        if over:
            derive.catch_up(self.site.context)
            scorecards.seal(self.site.context, over[-1].name, by="manager")


def ledgers(site, asked):
    with site.context.read() as conn:
        return [cadence.ledger(conn, at_ms, period, whole_term=period is None) for period, at_ms in asked]


def from_scratch(site, asked, monkeypatch):
    """Nothing remembered, and no round left to be read."""
    for held in (backup_rows._kept, backup_rows._ended, lapse_months.TOLD, scanned.READ):
        held.clear()
    backups._memory.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(cadence, "_rounds", lambda conn, _, within: (store.rounds(conn, *within), None))
        return ledgers(site, asked)


@pytest.mark.parametrize("seed", range(2))
def test_a_ledger_is_the_one_that_is_made_from_scratch(site, seed, monkeypatch):
    course, left, monday = Course(site, seed), 0, "2026-07-06"
    whole = cadence._rounds

    def counted(conn, asked, within):
        nonlocal left
        made = whole(conn, asked, within)
        left += made[1] is not None and len(made[0]) < len(store.rounds(conn, *within))
        return made

    monkeypatch.setattr(cadence, "_rounds", counted)
    for number in range(13):
        course.week(monday)
        monday, now = course.after(monday, 7), site.world.at
        if number % 4:
            continue
        with site.context.read() as conn:
            names = [one.name for one in scorecards.periods(conn, now) if one.from_ms <= now]
        asked = [(names[-1], now), (course.draw.choice(names), now - course.draw.randrange(2) * DAY)]
        assert ledgers(site, asked) == from_scratch(site, asked, monkeypatch)
    assert (left or course.replaced) and course.said > 6


def random_rounds(draw):
    found = []
    for number in range(60):
        opened = draw.randrange(0, 100) * DAY // 2
        for unit in BOTH[: draw.randrange(1, 3)]:
            last = None if draw.random() < 0.2 else opened + draw.randrange(0, 8 * DAY)
            came, entry = opened + draw.randrange(DAY, 20 * DAY), draw.randrange(100)
            found.append(UnitRound(f"w{number}", unit, "w", entry, came, opened, last, 9, 9, 1, 1, "B"))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_store_leaves_out_the_rounds_that_reading_all_of_them_would_leave_out(tmp_path, seed):
    draw = random.Random(seed)
    database = Database(f"sqlite:///{tmp_path}/rounds.db")
    with database.write() as conn:
        create_tables(conn)
        store.save_rounds(conn, random_rounds(draw))
        for _ in range(40):
            within = store.Within(
                draw.randrange(50) * DAY, draw.randrange(70) * DAY, draw.randrange(70) * DAY, 80
            )
            every, since = store.rounds(conn, *within), draw.randrange(60) * DAY
            first = store.unparted(conn, within, since)
            assert first == unparted(every, since)
            assert store.done(conn, within, first) == tuple(one for one in every if when(one) >= first)
            inside = tuple(one for one in every if since <= when(one) < first + DAY)
            assert store.done(conn, within, since, first + DAY) == inside
            waited = {(r.from_ms, max(r.received_ms, r.from_ms + 1)) for r in every if when(r) < first}
            assert sorted(store.waited(conn, within, first)) == sorted(waited)
            windows = [f"w{n}" for n in range(0, 60, 7)]
            assert store.recorded(conn, within, windows) == {r.window for r in every} & set(windows)
            assert store.recorded(conn, within, []) == frozenset()
    database.close()
