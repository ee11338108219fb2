"""What one more result costs after 1, 6 and 12 months: keeping it, and what is judged after it.

    python tests/bench/bench_growth.py [--assets N]

Three stores as bench_scorecard.py fills them, with fewer assets and as many days, asked in turn so that all
meet the same machine. In each turn a morning's looks at the backups of 27 systems and a run of each of their
probes are kept as the deriver keeps them; then, after one look more, the scorecard of the last month that is
over, its ledger of obligations (cadence) and its faults and findings are made. Printed: the least CPU
milliseconds of all turns, the same after a whole morning, how many calls of functions judging after one look
takes (the machine's speed is not in that, nor what C does in a call), and how each has grown to the twelfth
month, from the first and from the sixth. The first month's scorecard has more to tell than the others': all
flaws are new in it. The bars: keeping, less than half as much again; what is judged after one result, at
most a tenth more from the first month to the twelfth, in milliseconds and in calls.
"""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import bench_scorecard as year
from machine import Speed

from checks.plan import Plan
from collector.context import Context, open_context
from collector.jobs import backup_folds, cadence, faults, scorecards
from collector.store import plans, runs
from collector.store.backups import LookRow
from collector.store.runs import RunRow

MONTHS = (1, 6, 12)
TURNS, COUNTED = 10, 2
KEPT, JUDGED = 1.5, 1.1
PARTS = ("scorecard", "ledger", "findings")


def cpu(call: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    begun = time.process_time()
    call()
    return 1000 * (time.process_time() - begun)


def calls(call: Callable[[], object]) -> float:
    """How many functions it calls, Python's and C's."""
    made = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        call()
    finally:
        sys.setprofile(None)
    return float(made)


@dataclass
class Store:
    """A store of so many days, the period that is asked for, and what its turns took."""

    context: Context
    days: int
    period: str
    planned: dict[str, Plan]
    took: dict[str, list[float]] = field(default_factory=dict)

    def turn(self, number: int, site: ModuleType) -> None:
        """A morning and what is judged after it; one look more, and what is judged after that."""
        day = year.FIRST + timedelta(days=self.days + 2 * number)
        at = year.at(day)
        seen = [
            RunRow(n + 1, at, at + 1, "ok", 1, 600_000, 1, 1, 1, 0, 1, 0, 1, 1)
            for n in range(2 * year.SYSTEMS)
        ]
        looks = [self.look(n, number, 0, site) for n in range(year.SYSTEMS)]
        self.note("kept", cpu(lambda: self.keep(looks, seen)))
        for name, call in self.judging():
            self.note(f"{name} of a morning", cpu(call))
        self.keep([self.look(number % year.SYSTEMS, number, 1, site)], [])
        for name, call in self.judging():
            if number < TURNS - COUNTED:
                self.note(name, cpu(call))
            else:
                self.note(f"{name} calls", calls(call))

    def look(self, n: int, number: int, more: int, site: ModuleType) -> LookRow:
        """The look at an object on the morning of a turn, or on the next."""
        day = year.FIRST + timedelta(days=self.days + 2 * number + more)
        item = next(one for one in self.planned[f"a{n}"].items if one.check.startswith("backup."))
        return year.look_row(n, day, site, item)

    def keep(self, looks: Sequence[LookRow], seen: Sequence[RunRow]) -> None:
        """As the deriver does."""
        with self.context.write() as conn:
            backup_folds.save(conn, backup_folds.kept_of(conn, looks))
            runs.save(conn, seen)

    def judging(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """What is made after a result."""
        now = self.context.now()
        yield "scorecard", lambda: scorecards.scorecard(self.context, self.period)
        with self.context.read() as conn:
            yield "ledger", lambda: cadence.ledger(conn, now, self.period)
            yield "findings", lambda: faults.told(conn, now, self.period)

    def note(self, name: str, took: float) -> None:
        """What something took in a turn."""
        self.took.setdefault(name, []).append(took)

    def least(self, name: str) -> float:
        """The least of all turns but the first, which reads what the others have in memory."""
        found = self.took[name]
        return min(found[1:] if len(found) > COUNTED else found)


def opened(months: int, place: Path, stack: ExitStack) -> Store:
    """A store of so many months."""
    year.DAYS = 30 * months + 5
    clock: Any = SimpleNamespace(now=0)
    year.store(place, "luohe-2026", clock)
    clock.now = year.at(year.FIRST + timedelta(days=year.DAYS + 2 * TURNS + 1))
    context = stack.enter_context(open_context(place, lambda: clock.now))
    with context.read() as conn:
        planned = {agent: plan for agent, _, plan in plans.current_plans(conn)}
        periods = scorecards.periods(conn, clock.now)
    filled = year.at(year.FIRST + timedelta(days=year.DAYS))
    over = [one.name for one in periods if one.to_ms <= filled]
    return Store(context, year.DAYS, over[-1], planned)


def told(stores: dict[int, Store]) -> bool:
    """Prints how all has grown to the last month; whether the bars hold."""
    last, good = stores[MONTHS[-1]], True
    bars = {"kept": KEPT, **{name: JUDGED for part in PARTS for name in (part, f"{part} calls")}}
    for name in last.took:
        grown = [last.least(name) / stores[months].least(name) for months in MONTHS[:-1]]
        word = ""
        if name in bars:
            good = good and grown[0] <= bars[name]
            word = f": {'HELD' if grown[0] <= bars[name] else 'MISSED'} (bar {bars[name]})"
        since = [f"x {by:.2f} since month {months}" for by, months in zip(grown, MONTHS, strict=False)]
        print(f"{name}: {', '.join(since)}{word}")
    return good


def main() -> int:
    """Three stores, one more result in each."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--assets", type=int, default=40)
    year.ASSETS = asked.parse_args().assets
    gc.set_threshold(50_000, 20, 100)  # as commands and the server have it
    site = year.module("backupsite", year.ROOT / "tests" / "backups" / "collector" / "backupsite.py")
    speed = Speed()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = {months: opened(months, place / str(months), stack) for months in MONTHS}
        with speed.around():
            for number in range(TURNS):
                for one in stores.values():
                    one.turn(number, site)
        for months, one in stores.items():
            parts = ", ".join(f"{name} {one.least(name):.0f}" for name in one.took)
            print(f"{months:2} months ({one.period}): {parts}", flush=True)
        good = told(stores)
    print(speed.said())
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
