"""The year as agents see it: probes every ten minutes and each second while failing, rounds, backups."""

import json
import random
from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import year_estate as estates
from year_people import OPERATOR
from year_play import Sights
from year_tale import COPY, DAY, FAKED, FAKED_WEEKS, HOUR, MINUTE, MODEL, SECOND, at, probe_at

from checks.recurrence import windows
from collector.jobs.estates import run_round

RECORDINGS = Path(__file__).resolve().parents[1] / "checks" / "recordings"
QUARTER = 6 * HOUR
SLOT = 10 * MINUTE
AGAIN = 3  # looks each second after it answers again: two make it sure


@dataclass(frozen=True)
class Part:
    """A window of a round: of several that can be answered that which began at `begins`, ms."""

    round: str
    begins: int | None


class Life:
    """Plays a tale on a site."""

    def __init__(self, site, found, tale):
        self.site, self.found, self.tale = site, found, tale
        self.now, self.estate = at(tale.begin) - HOUR, ""
        self._estate(self.now)
        self.outside = site.node("outside")

    def _estate(self, ms):
        """The estate as it is now, applied where it has changed."""
        self.now = ms
        text = estates.text(self.found, self.tale, ms)
        if text != self.estate:
            self.site.hands.ms = ms
            self.site.apply(text)
            self.estate = text
            self.probes = {}

    def _probed(self):
        """The probe of each system that is there."""
        if not self.probes:
            by_target = {item.target: item for item in self.outside.plan.items}
            for k in range(len(self.found.systems)):
                item = by_target.get(f"p-{estates.system_id(k)}")
                if item is not None:
                    self.probes[k] = Sights(item, "outside")
        return self.probes

    def day(self, day, people):
        """One day of it all, in the order in which it happens."""
        begin = at(day)
        self._estate(begin)
        rounds = at(day, "10:00"), lambda: self.rounds(day)
        backups = at(day, "08:30"), lambda: self.backups(day)
        late = at(day, "20:00"), lambda: self.backups(day, late=True)
        work = [*{1: [rounds], 3: [backups, late]}.get(day.weekday(), []), *self._specials(day)]
        if self.tale.moved is not None and begin <= self.tale.moved[0] < begin + DAY:
            moved = self.tale.moved[0]
            work.append((moved, lambda: self._estate(moved)))
        looks = sorted(self._looks(begin), key=lambda one: one.t0)
        cuts = sorted({*self._cuts(begin), *(when for when, _ in work), begin + DAY})
        done = 0
        for cut in cuts:
            people.upto(cut)
            upto = bisect_right(looks, cut, key=lambda one: one.t1)
            self.outside.cut_off = self.tale.held[0] <= cut < self.tale.held[1]
            self.outside.send(looks[done:upto], cut)
            done = upto
            for when, act in work:
                if when == cut:
                    self.site.hands.ms = cut
                    act()

    def _cuts(self, begin):
        yield from range(begin + QUARTER, begin + DAY + 1, QUARTER)
        if begin < self.tale.held[1] < begin + DAY:
            yield self.tale.held[1]
        for one in self.tale.outages:
            # An agent sends a change at once, and then every minute, here soon every ten: so people know.
            soon = range(one.begin + 2 * SECOND, min(one.end, one.begin + SLOT), MINUTE)
            mine = (*soon, *range(one.begin + SLOT, one.end, SLOT), one.end + (AGAIN + 1) * SECOND)
            if one.onset is not None:
                mine += one.onset + 2 * SECOND, one.onset + 4 * MINUTE
            yield from (cut for cut in mine if begin < cut < begin + DAY)

    def _looks(self, begin):
        plan = self.outside.digest
        for number, sights in self._probed().items():
            bad = [one for one in self.tale.outages if one.system == number]
            for slot in range(begin, begin + DAY, SLOT):
                t0 = probe_at(number, slot)
                word = next((one.word for one in bad if one.begin <= t0 < one.end), "ok")
                yield sights.one(t0, slot, connection(word), word=word, plan=plan)
            for one in bad:
                for t0 in range(one.begin + SECOND, one.end + AGAIN * SECOND, SECOND):
                    if begin <= t0 < begin + DAY and t0 != probe_at(number, t0 - t0 % SLOT):
                        word = one.word if t0 < one.end else "ok"
                        yield sights.one(t0, t0 - t0 % SLOT, connection(word), word=word, plan=plan)

    def rounds(self, day):
        """The week's round."""
        weekly = Part("weekly", at(day, "09:00"))
        self._round(day, at(day, "10:00"), weekly)

    def _specials(self, day):
        """What is done on a day for the occasions: before a holiday the plan asks for a round of its own;
        before a key moment somebody has the week's round run, and the agents answer it."""
        for one in self.tale.occasions:
            if one.looked == day:
                begins, now = at(day, "15:00"), at(day, "15:20")
                part = Part("holidays", None) if one.told is None else Part("weekly", begins)
                if one.told is not None:
                    yield begins, self._run
                yield now, partial(self._round, day, now, part, one.silent)

    def _run(self):
        run_round(self.site.context, "weekly", by=OPERATOR)
        for node in self.site.nodes.values():
            node.fetch()

    def _round(self, day, now, wanted, silent=None):
        """The looks of a round by every server that is not away; `silent`: number of one more that is."""
        monday = day - timedelta(days=day.weekday())
        for number, system in estates.servers(self.found, self.tale, self.now).items():
            if (system % len(self.found.units), monday) in self.tale.absent or number == silent:
                continue
            node = self.site.node(estates.server_id(number))
            seen = self._seen(number, day)
            looks = []
            for part in (one for one in node.plan.rounds if one.id == wanted.round):
                every = windows(part, node.plan.timezone, now - 5 * MINUTE, now)
                for window in (one for one in every if wanted.begins in (None, one.from_ms)):
                    for k, item in enumerate(part.items):
                        t0 = now - 5 * MINUTE + k * SECOND
                        sights = Sights(item, node.name)
                        more = {"word": None, "round_id": window.id, "plan": node.digest}
                        facts = seen.get(item.check) or connection("ok")
                        looks.append(sights.one(t0, t0, facts, **more))
            node.send(looks, now)

    def _seen(self, number, day):
        """What a server's checks see; of one the memory stands still for weeks, one shows another's."""
        weeks = self.tale.weeks()
        faked = [weeks[k] for k in FAKED_WEEKS if k < len(weeks)]
        if day - timedelta(days=day.weekday()) not in faked:
            return host_facts(number, day)
        if number == FAKED:
            return {**host_facts(number, day), "host.memory": host_facts(number, faked[0])["host.memory"]}
        return host_facts(MODEL if number == COPY else number, day)

    def backups(self, day, *, late=False):
        """What stands at each place: in the morning, and in the evening where something came late."""
        now = at(day, "20:00" if late else "08:30")
        for number in self._probed():
            if late and (number, day) not in self.tale.backups_late:
                continue
            node = self.site.node(estates.server_id(number))
            looks = []
            for item in node.plan.items:
                if item.check == "backup.file":
                    facts = self._standing(number, day, late)
                    looks.append(
                        Sights(item, node.name).one(now - 5000, now, facts, word=None, plan=node.digest)
                    )
            node.send(looks, now)

    def _standing(self, number, day, late):
        days = [day - timedelta(days=7 * k) for k in range(14)]
        made = [self._artefact(number, one, day) for one in days if self._stands(number, one, day, late)]
        listed = [{key: base[key] for key in ("name", "bytes", "modified")} for base in made]
        stands = {"count": len(listed), "listed": listed, "unfinished": []}
        return {"artefacts": [{"base": base, "same_as": ""} for base in made[:2]], "stands": stands}

    def _stands(self, number, of, day, late):
        if (
            of < self.found.begin
            or not self.tale.is_there(number, of)
            or (number, of) in self.tale.backups_missed
        ):
            return False
        return of != day or late or (number, of) not in self.tale.backups_late

    def _artefact(self, number, of, day):
        start = at(of, "18:10" if (number, of) in self.tale.backups_late else "01:10")
        digest = sha256(f"{number}{of}".encode()).hexdigest()
        return {
            "name": f"{of:%Y%m%d}.dmp",
            "kind": "full",
            "bytes": 2_400_000_000 + of.toordinal() % 97 * 1_000_000,
            "parts": 1,
            "modified": start + 1_800_000,
            "sha256": digest,
            "read_at": at(day, "08:20") if start < at(day, "08:20") else start + 2_000_000,
            "made": {
                "start": start,
                "end": start + 1_700_000,
                "tool": "sys_dump",
                "source": "",
                "system": "",
            },
            "placed": {
                "mode": 0o600,
                "owner": "backup",
                "group": "backup",
                "filesystem": 1,
                "inode": of.toordinal(),
                "links": 1,
                "link_to": "",
                "parents_open": [],
            },
            "seal": None,
            "id": "",
            "parent": "",
            "fingerprint": "",
            "expected": "",
            "recorded": digest,
            "trouble": "",
        }


def connection(word):
    """Facts of a TCP probe."""
    took = {"ok": 1200, "slow": 3_000_000}.get(word)
    outcome = "connected" if took else word
    return {
        "connection": {"outcome": outcome, "address": "192.0.2.17", "resolve_us": 240, "connect_us": took}
    }


@cache
def recorded():
    """Facts of the recordings of host checks, of a machine in good order."""
    names = ("host.cpu", "host.memory", "host.filesystem", "host.uptime")
    return {name: (RECORDINGS / name / "ok.json").read_text() for name in names}


def host_facts(number, day):
    """What host checks saw on a server on a day: figures that move as those of a real machine do."""
    rng = random.Random(f"{number} {day}")
    found = {name: json.loads(text)["facts"] for name, text in recorded().items()}
    after = found["host.cpu"]["span"]["after"]
    after["user"] += rng.randrange(20, 150)
    after["idle"] += rng.randrange(400, 2000)
    found["host.memory"]["memory"]["available"] -= 4096 * rng.randrange(1, 2_000_000)
    boot = found["host.uptime"]["boot"]
    boot["uptime_ms"] += (day.toordinal() - 739_000) * DAY + 86_400 * number + rng.randrange(1000)
    return found
