"""Huai'an in small: three simulated months of backups in minutes, a dozen defects on chosen days.

    demo_backup.py [--days 92] [--counties 10] [--seed 7] [--keep DIR]

A city platform (a full every Monday, increments every day), counties with a sealed dump every night and its
copy, a backup server reached by SFTP. The dumps, seals, copies and looks are real; the clock is set. What
the agents saw is signed, taken in and logged as always. Then `roundseal-collector backups DIR --json` must
show exactly what was planted, each with the day it was first provable and the lines it breaks; the pages of
the served collector and the exported record (json, xlsx, docx) must show just that. Exit 0 where all do.
"""

import argparse
import base64
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import demo_parts as parts
import demo_plants
import demo_shown
import files
import world as w

from checks import result
from checks.plan import parse as parse_plan
from collector.context import open_context
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import derive, estates
from collector.jobs.checkpoints import Publisher
from collector.metrics import Metrics
from collector.store import accounts, plans
from collector.web.batches import Batches
from collector.web.plans import Plans

FIRST = date(2026, 6, 1)
worksite = parts.worksite
ESTATE = """\
estate: huaian
timezone: Asia/Shanghai
contract: {{pack: huaian-2025, start: 2026-06-01}}
assets:
  - {{id: city, kind: server, agent: city}}
{assets}
  - {{id: backup-1, kind: backup, via: city, ssh: {{address: 127.0.0.1, port: {port}, secret: sftp}}}}
objects:
  - {{id: city/oa-files, asset: city, drill: city, name: 市级平台文件, kind: files, params: {{
      backup.manifest: {{path: "{live}", base_every: 6}},
      backup.tree: {{layout: increments, artefacts: 8, rolling: 0}}}}}}
{objects}
places:
  - {{id: backup-server, asset: backup-1, path: "{server}/{{object}}/", name: 备份服务器, params: {{
      backup.postgres: {{artefacts: 1, sealed: {{refused: false}}}}}}}}
backups:
  - object: city/oa-files
    clause: HA-05 HA-06 HA-07 HA-09 HA-10 HA-12
    full: {{every: week, on: monday, window: "00:00-05:00", grace: 3h, keep: 3 months}}
    incremental: {{every: day, window: "00:00-05:00", grace: 3h, keep: 3 months, to: last}}
    source: {{kind: tree, path: "{appliance}/%Y%m%d"}}
    drill: {{every: month, restore_within: 12h}}
  - object: county/*/oa-db
    clause: HA-05 HA-08 HA-09 HA-10 HA-11 HA-12
    full: {{every: day, window: "00:00-05:00", grace: 3h, keep: 3 months}}
    source: {{kind: postgres, path: "{counties}/{{object}}/%Y%m%d.dump.age"}}
    copy: {{to: backup-server, within: 2h, equal: sha256}}
    sealed: {{scheme: age, for: [ops, buyer-escrow]}}
    access: {{mode: "0600"}}
    drill: {{every: month, restore_within: 12h, questions: people}}
backup_success: {{at_least: 99%, over: year}}
backup_questions:
  people: [{{id: people, sql: "SELECT count(*) FROM person", expected: "40"}}]
"""


def say(text=""):
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Demo:
    """The place, its clock, its agents."""

    def __init__(self, top, world, counties, seed):
        self.top, self.world, self.seed = top, world, seed
        self.pg = world.open.enter_context(w.SERVER.running(15))
        files.keys(world)
        self.workers = world.open.enter_context(ThreadPoolExecutor(4))
        self._memory = {}
        self.city = parts.City(self)
        self.counties = [parts.County(self, number) for number in range(1, counties + 1)]
        self.port = parts.sshd(self)
        for number in range(1, counties + 1):
            self.state(f"county-{number}")  # before two looks of one agent want it at once

    def state(self, agent):
        """An agent's directory, with the verification key."""
        place = self.top / "agents" / agent
        if not place.exists():
            place.mkdir(parents=True, mode=0o700)
            (place / "secrets.yaml").write_bytes((self.world.folder("state") / "secrets.yaml").read_bytes())
            (place / "secrets.yaml").chmod(0o600)
        return place

    def estate(self):
        """The estate file's text."""
        numbers = [one.number for one in self.counties]
        key = "sealed: {secret: ops}"
        objects = "\n".join(
            f"  - {{id: county/xian-{n}/oa-db, asset: county-{n}, drill: county-{n},"
            f" name: {n}县数据库, kind: database, params: {{"
            f"backup.fingerprint: {{}}, backup.drill: {{sealed: {{secret: ops}}}}, "
            f"backup.postgres: {{{key}, must_match: true, database: oa_{n}, databases: [oa_{n}]}}}}}}"
            for n in numbers
        )
        return ESTATE.format(
            assets="\n".join(f"  - {{id: county-{n}, kind: server, agent: county-{n}}}" for n in numbers),
            objects=objects,
            port=self.port,
            live=self.city.live,
            server=self.top / "server",
            appliance=self.city.place,
            counties=self.top / "counties",
        )

    def look(self, name, item, at):
        """One look of an agent; its line, as it is signed."""
        kept = self._memory.setdefault((name, item.check, item.target), {})
        return parts.look(self.state(name), name, item, at, kept)


class Collector:
    """The collector and its log, with a clock that is set."""

    def __init__(self, demo, place):
        self.demo, self.place = demo, place
        self.hands = worksite.Hands(worksite.at(FIRST.isoformat(), "00:05"))
        worksite._directory(place)
        self.context = demo.world.open.enter_context(open_context(place, self.hands))
        with self.context.write() as conn:
            accounts.create(conn, "admin", worksite.PASSWORD, "admin", must_change=False)
        self.publisher = Publisher(self.context)
        self.batches = Batches(self.context, self.publisher, Metrics(), Plans(self.context))
        text = demo.estate()
        estates.apply(
            self.context, read_estate("estate.yaml", lambda _: text.encode(), installed()), by="admin"
        )
        names = ["city", *(f"county-{one.number}" for one in demo.counties)]
        self.agents = {name: worksite.Agent(name, self.context) for name in names}
        for agent in self.agents.values():
            agent.enrol()
        self.plans = {}
        with self.context.read() as conn:
            for name, agent in self.agents.items():
                held = plans.current(conn, name)
                agent.plan, self.plans[name] = held[2], parse_plan(held[0]).items
                (demo.top / "plans").mkdir(exist_ok=True)
                (demo.top / "plans" / name).write_bytes(held[0])

    def look(self, name, at, wanted):
        """The looks of an agent that `wanted(check)` picks, sent at once; their results."""
        self.hands.ms = at + 60_000
        return self.looks([name], at, wanted)

    def looks(self, names, at, wanted):
        """The same of several agents, side by side."""
        self.hands.ms = at + 60_000
        asked = [(name, item) for name in names for item in self.plans[name] if wanted(item.check)]
        found = list(self.demo.workers.map(lambda one: self.demo.look(*one, at), asked))
        for name in names:
            self.send(
                name,
                [result.encode(made) for (who, _), made in zip(asked, found, strict=True) if who == name],
            )
        return found

    def send(self, name, lines):
        """What an agent saw, taken in."""
        if lines:
            acks = self.batches.take(self.agents[name].batch(lines, self.hands.ms))
            assert [ack.status for ack in acks] == ["ok"], acks

    def drills(self, names, at):
        """The restore drills of these agents, in programs whose clock says `at`."""
        self.hands.ms = at + 1_800_000
        script = Path(__file__).with_name("demo_drill.py")

        def hold(some):
            asked = json.dumps({"agents": some}).encode()
            return w.run(sys.executable, script, self.demo.top, at, input=asked).stdout

        for said in self.demo.workers.map(hold, [names[i::3] for i in range(3)]):
            for name, _, line in (row.partition("\t") for row in said.decode().splitlines()):
                self.send(name, [base64.b64decode(line)])


def live(demo, collector, planted, days):
    """Day by day: work, the night's jobs, their mishaps, the looks in the morning."""
    for number in range(days):
        day = FIRST + timedelta(days=number)
        today = [one for one in planted if one.number == number]
        night(demo, collector, day, today)
        for one in today:
            one.by_day(demo, day)
        at = worksite.at(day.isoformat(), "08:30")
        collector.looks(
            list(collector.plans), at, lambda check: check not in ("backup.manifest", "backup.drill")
        )
        for one in (one for one in today if one.noon):
            county = next(held for held in demo.counties if held.name == one.object)
            one.noon(county, day)
            county.send(day)
            at = worksite.at(day.isoformat(), "12:30")
            collector.looks([f"county-{county.number}", "city"], at, lambda check: check == "backup.postgres")
        held = drilled_on(demo, day)
        if held:
            off = {one.object for one in today if not one.drill}
            collector.drills(
                [name for name, thing in held.items() if thing not in off],
                worksite.at(day.isoformat(), "20:00"),
            )
        if number % 7 == 6:
            say(
                f"  {day}  {sum(1 for _ in demo.top.rglob('*.age'))} dumps,"
                f" {time.monotonic() - demo.begun:.0f} s"
            )


def drilled_on(demo, day):
    """Whose restore drill a day has (agent -> object): the counties' on a Monday, the city's on the Wednesday
    after it, when its newest is an increment that rests on two others."""
    if day.weekday() == 0 and 8 <= day.day <= 14:
        return {f"county-{one.number}": one.name for one in demo.counties}
    return {"city": demo.city.name} if day.weekday() == 2 and 10 <= day.day <= 16 else {}


def night(demo, collector, day, today):
    """The jobs of one night."""
    demo.city.work(day)
    made = collector.look(
        "city", worksite.at(day.isoformat(), "00:40"), lambda check: check == "backup.manifest"
    )
    manifest = next(demo.state("city").rglob(made[0].facts["artefacts"][0]["file"]))
    demo.city.back_up(day, manifest)
    list(demo.workers.map(lambda county: county_night(county, day, today), demo.counties))


def county_night(county, day, today):
    """One county's job, and its copy."""
    county.work(day)
    mine = [one for one in today if one.object == county.name]
    job = next((one.job for one in mine if one.job), None)
    if job is None:
        county.back_up(day)
    else:
        job(county, day)
    if county.path(day).exists():
        county.send(day)


def compare(found, planted):
    """Prints what was planted beside what is shown; how many planted are not shown, and shown not planted."""
    bad = [one for one in found["problems"] if one["outcome"] != "warn"]
    missed = 0
    say(f"{'planted':34} {'object':22} {'first provable':14} {'reason':20} breaks")
    for one in planted:
        mine = [p for p in bad if one.explains(p)]
        named = [
            p for p in mine if p["reason"] in one.reasons and day_of(p["first_provable_ms"]) == one.shown_on()
        ]
        missed += not named
        for p in named[:1]:
            say(
                f"{one.what:34} {one.object:22} {day_of(p['first_provable_ms'])!s:14} {p['reason']:20}"
                f" {' '.join(p['clause'])}"
            )
        if not named:
            seen = [
                (p["reason"], str(day_of(p["first_provable_ms"])), p["artefact"] or p["slot"]) for p in mine
            ]
            say(f"{one.what:34} {one.object:22} NOT SHOWN on {one.shown_on()} as {one.reasons}: {seen}")
    stray = [p for p in bad if not any(one.explains(p) for one in planted)]
    for p in stray[:20]:
        say(
            f"shown, and not planted: {p['object']} {p['reason']} {p['artefact'] or p['slot']}"
            f" {day_of(p['first_provable_ms'])}"
        )
    return missed, len(stray)


def day_of(ms):
    """The day in Shanghai."""
    return w.datetime.fromtimestamp(ms / 1000, w.ZONE).date()


def summary(found):
    """Figures per contract line, as the obligation ledger takes them, without their problems."""
    lines = found["obligations"]["lines"]
    return {
        name: {key: value for key, value in line.items() if key not in ("problems", "objects")}
        | {"objects": len(line["objects"]), "problems": sum(p["outcome"] == "bad" for p in line["problems"])}
        for name, line in lines.items()
    }


def elsewhere(shown, found, names):
    """Whether pages and record say just what the command says; lines about what only one of them does."""
    every = [demo_shown.key(one) for one in found["problems"]]
    standing = [demo_shown.key(one) for one in found["problems"] if one["until_ms"] is None]
    pages = shown.pages(["", *names])
    yield from demo_shown.differences("the page of all", standing, demo_shown.rows_of_page(pages[""]))
    for name in names:
        mine = [demo_shown.key(one) for one in found["problems"] if one["object"] == name]
        yield from demo_shown.differences(f"the page of {name}", mine, demo_shown.rows_of_page(pages[name]))
    told = json.loads(shown.record("json").read_bytes())["problems"]
    yield from demo_shown.differences("the record", every, [demo_shown.key(one) for one in told])
    rows = demo_shown.rows_of_workbook(shown.record("xlsx"))
    yield from demo_shown.differences("the record's workbook", every, rows)
    text = demo_shown.text_of_docx(shown.record("docx"))
    yield from (f"the record's docx does not show {one}" for one in every if one[1] not in text)
    yield from (f"the record's docx does not show {one}" for one in every if one[2] not in text)
    say(f"pages of {len(names)} objects, record of {len(told)} problems in json, xlsx, docx: read")


def run(top, world, args):
    """The whole demonstration; how much is amiss."""
    demo = Demo(top, world, args.counties, args.seed)
    demo.begun = time.monotonic()
    planted = demo_plants.chosen(demo, args.days, FIRST)
    collector = Collector(demo, top / "collector")
    say(
        f"{args.days} days, {args.counties} counties, {len(planted)} defects;"
        f" backup server by SFTP on port {demo.port}"
    )
    live(demo, collector, planted, args.days)
    last = FIRST + timedelta(days=args.days - 1)
    collector.hands.ms = worksite.at(last.isoformat(), "12:00")
    derive.catch_up(collector.context)
    collector.publisher.publish()
    say(f"  lived through in {time.monotonic() - demo.begun:.0f} s")
    at = w.datetime.fromtimestamp(collector.hands.ms / 1000 + 60, w.ZONE)
    shown = demo_shown.Shown(top / "collector", at, FIRST, last)
    found = shown.account()
    (top / "backups.json").write_text(json.dumps(found, ensure_ascii=False, indent=1))
    missed, stray = compare(found, planted)
    say(json.dumps({"clauses": summary(found)}, ensure_ascii=False))
    amiss = list(elsewhere(shown, found, [demo.city.name, *(one.name for one in demo.counties)]))
    for line in amiss[:20]:
        say(line)
    say(
        f"shown {len(planted) - missed} of {len(planted)} planted, {stray} not planted,"
        f" {len(amiss)} not the same on pages and in the record; {time.monotonic() - demo.begun:.0f} s"
    )
    return missed + stray + len(amiss)


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--days", type=int, default=92)
    given.add_argument("--counties", type=int, default=10)
    given.add_argument("--seed", type=int, default=7)
    given.add_argument("--keep", type=Path)
    args = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="rs-demo-") as place:
        top = args.keep or Path(place)
        top.mkdir(parents=True, exist_ok=True)
        with w.World(top / "world", 500_000, args.seed) as world:
            amiss = run(top, world, args)
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main())
