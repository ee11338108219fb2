"""What one more result costs after 1, 6 and 12 months: keeping it, and what is judged after it.

    python tests/bench/bench_growth.py [--assets N]

A store as bench_scorecard.py fills it, with fewer assets and as many days. A morning's looks at the backups
of 27 systems and a run of each of their probes are kept as the deriver keeps them, several mornings in turn
(the median counts); after each a month's scorecard, its ledger of obligations (cadence) and its faults and
findings are made. Milliseconds of CPU as they were, how slow the machine was around them (machine.py), and
how they have grown from the first month to the twelfth at one speed. The bar is on keeping: less than half as
much again; of what is judged the growth is printed.
"""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from types import ModuleType, SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent))

import bench_scorecard as year
from machine import Speed

from collector.context import Context, open_context
from collector.jobs import backup_folds, cadence, faults, scorecards
from collector.store import plans, runs
from collector.store.runs import RunRow

MONTHS = (1, 6, 12)
MORNINGS = 9
BAR = 1.5


def cpu(call: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    begun = time.process_time()
    call()
    return 1000 * (time.process_time() - begun)


def one_more(context: Context, days: int, site: ModuleType) -> dict[str, float]:
    """Medians of keeping a morning, of a scorecard, a ledger and the findings after it; of all together."""
    took: dict[str, list[float]] = {"kept": [], "scorecard": [], "ledger": [], "findings": []}
    with context.read() as conn:
        planned = {agent: plan for agent, _, plan in plans.current_plans(conn)}
        period = [p for p in scorecards.periods(conn, context.now()) if p.to_ms <= context.now()][-1].name
    for number in range(MORNINGS):
        day = year.FIRST + timedelta(days=days + number)
        looks = []
        for n in range(year.SYSTEMS):
            item = next(one for one in planned[f"a{n}"].items if one.check.startswith("backup."))
            looks.append(year.look_row(n, day, site, item))
        at = year.at(day)
        seen = [
            RunRow(n + 1, at, at + 1, "ok", 1, 600_000, 1, 1, 1, 0, 1, 0, 1, 1)
            for n in range(2 * year.SYSTEMS)
        ]

        def keep(looks: list[object] = looks, seen: list[RunRow] = seen) -> None:
            with context.write() as conn:
                backup_folds.save(conn, backup_folds.kept_of(conn, looks))
                runs.save(conn, seen)

        took["kept"].append(cpu(keep))
        took["scorecard"].append(cpu(lambda: scorecards.scorecard(context, period)))
        with context.read() as conn:
            took["ledger"].append(cpu(lambda conn=conn: cadence.ledger(conn, context.now(), period)))
            took["findings"].append(cpu(lambda conn=conn: faults.told(conn, context.now(), period)))
    made = {name: median(found[1:]) for name, found in took.items()}
    return {**made, "all": sum(made.values())}


def main() -> int:
    """Three stores, one more result in each."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--assets", type=int, default=40)
    year.ASSETS = asked.parse_args().assets
    gc.set_threshold(50_000, 20, 100)  # as commands and the server have it
    site = year.module("backupsite", year.ROOT / "tests" / "backups" / "collector" / "backupsite.py")
    found, speed = [], Speed()
    for months in MONTHS:
        year.DAYS = 30 * months + 5
        with tempfile.TemporaryDirectory() as place:
            clock = SimpleNamespace(now=0)
            year.store(Path(place) / "collector", "luohe-2026", clock)
            clock.now = year.at(year.FIRST + timedelta(days=year.DAYS + MORNINGS + 1))
            there = open_context(Path(place) / "collector", lambda clock=clock: clock.now)
            with there as context, speed.around() as case:
                found.append(one_more(context, year.DAYS, site))
        told = ", ".join(f"{name} {took:.0f} ms" for name, took in found[-1].items())
        print(f"{months:2} months: {told}; speed loop {case.loop_ms:.1f} ms", flush=True)
    slower = speed.cases[-1].loop_ms / speed.cases[0].loop_ms
    grown = {name: found[-1][name] / found[0][name] / slower for name in found[0]}
    print("grown: " + ", ".join(f"{name} x {by:.2f}" for name, by in grown.items()) + f" (bar of kept {BAR})")
    print(speed.said())
    return int(grown["kept"] > BAR)


if __name__ == "__main__":
    sys.exit(main())
