"""Scorecards of a month over a year in the store: 27 systems, 500 assets, 3 000 checks a round.

    python tests/bench/bench_scorecard.py [--pack luohe-2026|pingdingshan-2024] [--keep DIR]

The log holds the estate, a year of weekly inspection records of 3 000 looks, monthly scan reports and
statements; tables hold a year of backup looks and of availability runs (as the deriver would have left
them). Printed: CPU seconds of a first scorecard in a process that knows nothing, of the next one, of one
after another result, and of closing a quarter; then of `roundseal-collector scorecard` as a whole, with
Python's start and all that it imports (user and system time of the process, the best of five). Garbage is
collected as the command has it. The bars: a month within a second, the first in a process too, and by the
command as a whole; a quarter within ten.
"""

import argparse
import cProfile
import gc
import importlib.util
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import collector.cli_server as server  # noqa: E402
from checks.plan import Item, Window  # noqa: E402
from checks.result import decode  # noqa: E402
from checks.wire import strict_json  # noqa: E402
from checks.wire.numbers import EntryKind  # noqa: E402
from collector.backups.lines import distilled  # noqa: E402
from collector.cli_server import make  # noqa: E402
from collector.context import Context, open_context  # noqa: E402
from collector.estate.catalog import installed  # noqa: E402
from collector.estate.loading import read_estate  # noqa: E402
from collector.inspection import record as records  # noqa: E402
from collector.inspection.human import HumanPart  # noqa: E402
from collector.inspection.record import Counts, ItemReading, MachineItem, Place, Record  # noqa: E402
from collector.jobs import backup_folds, derive, estates, projection, scans  # noqa: E402
from collector.jobs import scorecards as jobs  # noqa: E402
from collector.scans.model import Finding, Scan  # noqa: E402
from collector.scans.severity import Severity  # noqa: E402
from collector.store import plans, runs, series  # noqa: E402
from collector.store.backups import LookRow  # noqa: E402
from collector.store.runs import RunRow  # noqa: E402
from collector.store.series import SeriesRow  # noqa: E402

SYSTEMS, UNITS, ASSETS = 27, 9, 500
CHECKS = ("host.load", "host.cpu", "host.memory", "host.filesystem", "host.uptime", "host.processes")
HOUR, DAY = 3_600_000, 86_400_000
FIRST = date(2024, 6, 10)
DAYS = 365
KEPT = 95  # days of backups that stand
PERIOD = ""  # the last one
MONTH_S, QUARTER_S = 1, 10


def at(day: date, hour: float = 0) -> int:
    """UTC ms of a local hour in China."""
    begun = datetime.fromisoformat(f"{day.isoformat()}T00:00+08:00").timestamp()
    return int(begun * 1000 + hour * HOUR)


def estate(pack: str) -> str:
    """The estate file."""
    units = "\n".join(f"  - {{id: u{i}, name: 单位{i}}}" for i in range(UNITS))
    systems = "\n".join(
        f"  - {{id: s{i}, unit: u{i % UNITS}, name: 系统{i}, service: p{i}, target: 99.9%, owner: o{i}}}"
        for i in range(SYSTEMS)
    )
    assets = "\n".join(
        f"  - {{id: a{i}, kind: server, system: s{i % SYSTEMS}, agent: a{i}}}" for i in range(ASSETS)
    )
    probes = "\n".join(
        f"  - {{id: p{i}, check: service.tcp, from: [a{i}, a{i + 1}], every: 10m,"
        f" params: {{host: h{i}.example, port: 443}}}}"
        for i in range(SYSTEMS)
    )
    objects = "\n".join(f"  - {{id: o/{i}, asset: a{i}, system: s{i}}}" for i in range(SYSTEMS))
    return f"""\
estate: bench
timezone: Asia/Shanghai
contract: {{pack: {pack}, start: {FIRST.isoformat()}}}
units:
{units}
systems:
{systems}
assets:
{assets}
probes:
{probes}
objects:
{objects}
backups:
  - object: o/*
    level: unchanged
    source: {{kind: file, path: "/backup/{{object}}/*.dmp"}}
    full: {{every: day, window: "00:00-05:00", grace: 3h, keep: 3 months}}
rounds:
  - {{id: weekly, every: week, on: monday, window: "09:00-17:00", assets: all, checks: [{", ".join(CHECKS)}]}}
"""


def record(monday: date, digest: str, previous: str) -> Record:
    """A closed round of 3 000 good looks."""
    begun = at(monday, 9)
    reading = ItemReading("load", 1, "ratio", "ok")
    items = tuple(
        MachineItem(
            check,
            1,
            f"a{i}",
            f"a{i}",
            f"a{i}",
            begun + i * 1000,
            False,
            "ok",
            (reading,),
            "same",
            Place(1, i),
        )
        for i in range(ASSETS)
        for check in CHECKS
    )
    n = len(items)
    return Record(
        v=1,
        round="weekly",
        name="weekly",
        window=Window(f"weekly/{monday.isoformat()}", begun, at(monday, 17), at(monday, 17) + 6 * DAY),
        timezone="Asia/Shanghai",
        estate=digest,
        closed_ms=begun + HOUR,
        previous=previous,
        overview=Counts(n, n, 0, 0, 0, n, 0, 0, 0, 0),
        problems=(),
        unclear=(),
        carried_over=(),
        not_inspected=(),
        items=items,
        findings=(),
        human=HumanPart(),
    )


def fill(context, clock, text: str) -> None:
    """A year of everything."""
    clock.now = at(FIRST, 1)
    estates.apply(context, read_estate("estate.yaml", lambda _: text.encode(), installed()), by="cli")
    with context.read() as conn:
        from collector.store.estates import newest

        digest = newest(conn).digest
    previous, day = "", FIRST
    while day < FIRST + timedelta(days=DAYS):
        clock.now = at(day, 12)
        if day.weekday() == 0:
            made = record(day, digest, previous)
            previous = records.digest(records.encode(made))
            log_record(context, made)
        if day.day == 15:
            scan(context, clock.now)
        day += timedelta(days=1)
    tables(context)
    derive.catch_up(context)


def log_record(context, made: Record) -> None:
    """Its entry, as closing a round makes it."""
    window, counts = made.window, ("due", "done", "late", "missed", "errors", "problems")
    header = {
        "window": window.id,
        "round": "weekly",
        "from": window.from_ms,
        "to": window.to_ms,
        "until": window.until_ms,
        "estate": made.estate,
        "counts": {name: getattr(made.overview, name) for name in counts},
    }
    projection.log(context, [(EntryKind.RECORD, header, records.encode(made))])


def scan(context, now: int) -> None:
    """A monthly report about every asset with 300 findings."""
    found = tuple(
        Finding(f"CVE-2024-{i:04d}", f"a{i}", "443/tcp", f"flaw {i}", Severity.MEDIUM) for i in range(300)
    )
    hosts = tuple(f"a{i}" for i in range(ASSETS))
    made = Scan("nessus", "10", ("10.0.0.0/16",), hosts, now - HOUR, now, found)
    scans.add(context, made, scans.Source(str(now).encode(), "scan.nessus", "cli", hosts))


def tables(context) -> None:
    """What the deriver would have left of probes and of looks at backups."""
    site = module("backupsite", ROOT / "tests" / "backups" / "collector" / "backupsite.py")
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    with context.write() as conn:
        rows = []
        for number in range(2 * SYSTEMS):
            name = f"p{number // 2}"
            agent = f"a{number // 2 + number % 2}"
            row = SeriesRow(
                number + 1, "service.tcp", name, agent, None, 1_500_000, at(days[-1], 23), 0, "ok", None, 1, 0
            )
            series.save(conn, [row], [], [])
            for d in days:
                rows.append(
                    RunRow(number + 1, at(d), at(d, 23.83), "ok", 144, 600_000, 1, 1, 1, 0, 1, 0, 1, 1)
                )
        for begin in range(0, len(rows), 5000):
            runs.save(conn, rows[begin : begin + 5000])
        planned = {agent: plan for agent, _, plan in plans.current_plans(conn)}
        for n in range(SYSTEMS):
            item = next(one for one in planned[f"a{n}"].items if one.check.startswith("backup."))
            backup_folds.save(conn, backup_folds.kept_of(conn, [look_row(n, d, site, item) for d in days]))


def look_row(n: int, day: date, site: ModuleType, item: Item) -> LookRow:
    """The look of a morning at an object's place: its newest artefact."""
    t = at(day, 9)
    base = {**site.artefact("county/xian-3/oa-db", "disk", day, day, 9), "read_at": t - HOUR}
    base["made"] = {**base["made"], "source": ""}
    kept = [day - timedelta(days=back) for back in range(KEPT) if day - timedelta(days=back) >= FIRST]
    listed = [
        {
            "name": f"{of:%Y%m%d}.dmp",
            "bytes": 2_400_000_000 + of.toordinal() % 97 * 1_000_000,
            "modified": at(of, 1 + 1 / 6) + 1_800_000,
        }
        for of in kept
    ]
    facts = {
        "artefacts": [{"base": base, "same_as": ""}],
        "stands": {"count": len(listed), "listed": listed, "unfinished": []},
    }
    result = decode(site.worksite.result(item, f"a{n}", t, facts))
    seen = strict_json.dumps(distilled(result)).decode()
    # Each morning's looks are an entry of their own, as batches are.
    return LookRow(1 + (day - FIRST).days, n, item.check, item.target, f"a{n}", t, t + 1000, 0, None, seen)


def module(name: str, path: Path) -> ModuleType:
    """A module beside the tests."""
    spec = importlib.util.spec_from_file_location(name, path)
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


def timed(what: str, call) -> tuple[Any, float]:
    """What it gives, and how long it took: CPU seconds of this process."""
    begun, clock = time.process_time(), time.perf_counter()
    got = call()
    took = time.process_time() - begun
    print(f"{what}: {took:.3f} s CPU, {time.perf_counter() - clock:.3f} by the clock", flush=True)
    return got, took


def close(context, clock, names) -> None:
    """Seal these periods one after the other, as somebody would who waits for each."""
    for name in names:
        clock.now += 60_000
        jobs.seal(context, name, by="cli")
        derive.catch_up(context)


def profile(call) -> None:
    """The functions that take longest, callees included."""
    seen = cProfile.Profile()
    seen.runcall(call)
    pstats.Stats(seen).sort_stats("cumtime").print_stats(45)


def store(here: Path, pack: str, clock: SimpleNamespace) -> None:
    """A year of everything in this directory, unless it is there already; `clock.now` is its clock."""
    if here.exists():
        return
    clock.now = at(FIRST) - HOUR
    server.open_context = lambda where: open_context(where, lambda: clock.now)
    make(here, "bench.example/log", "127.0.0.1:0", "http://127.0.0.1:1", None)
    with open_context(here, lambda: clock.now) as context:
        timed("filling", lambda: fill(context, clock, estate(pack)))


def main() -> int:
    """Fill, then measure."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pack", default="luohe-2026")
    asked.add_argument("--profile", action="store_true", help="where the time of one scorecard goes")
    asked.add_argument("--assets", type=int, default=ASSETS)
    asked.add_argument("--keep", type=Path, help="keep the store here, or use what is there")
    given = asked.parse_args()
    globals()["ASSETS"] = given.assets
    clock = SimpleNamespace(now=0)
    gc.set_threshold(50_000, 20, 100)
    with ExitStack() as stack:
        here = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "collector"
        store(here, given.pack, clock)
        clock.now = at(FIRST + timedelta(days=DAYS + 1))
        with open_context(here, lambda: clock.now) as context:
            missed = measured(context, clock, given.profile)
        return int(command(here) > MONTH_S or missed)


def command(here: Path) -> float:
    """The last period's scorecard by the command, five times; the least of its CPU seconds.

    As installed: with its bytecode written, which the first run does where a file was changed since.
    """
    program, best = Path(sys.executable).with_name("roundseal-collector"), float("inf")
    asked = [program, "scorecard", here, "--period", PERIOD]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(asked, stdout=subprocess.DEVNULL, env=env)
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        ended = subprocess.run(asked, stdout=subprocess.DEVNULL, env=env)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        clock = time.perf_counter() - begun
        best = min(best, took)
        print(
            f"the command (exit {ended.returncode}): {took:.2f} s CPU, {clock:.2f} by the clock", flush=True
        )
    print(f"the command, the best of five: {best:.2f} s CPU (bar {MONTH_S})")
    return best


def measured(context: Context, clock: SimpleNamespace, profiled: bool) -> int:
    """What a scorecard and closing a quarter cost; 1 where a bar is missed."""
    with context.read() as conn:
        names = [one.name for one in jobs.periods(conn, clock.now)]
        last = names[-1]
    globals()["PERIOD"] = last
    _, first = timed(f"{last}, first", lambda: jobs.scorecard(context, last))
    made, again = timed(f"{last}, again", lambda: jobs.scorecard(context, last))
    if profiled:
        profile(lambda: jobs.scorecard(context, last))
    scan(context, clock.now)
    derive.catch_up(context)
    timed(f"{last}, after a new result", lambda: jobs.scorecard(context, last))
    timed(f"{names[0]}, the year's first", lambda: jobs.scorecard(context, names[0]))
    kinds = Counter(one.kind for one in made.facts.items)
    print(", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
    lines = f"{len(made.facts.items)} items, {len(made.scorecard.lines)} lines"
    print(f"{lines}, total {made.scorecard.total}")
    quarter = names[-3:] if len(names) == 12 else names[-1:]
    _, closing = timed(f"closing {', '.join(quarter)}", lambda: close(context, clock, quarter))
    month = f"a month {again:.2f} s CPU, the first time {first:.2f} (bar {MONTH_S})"
    print(f"{month}, closing a quarter {closing:.2f} (bar {QUARTER_S})")
    return int(max(first, again) > MONTH_S or closing > QUARTER_S)


if __name__ == "__main__":
    sys.exit(main())
