"""Every page of an estate of 27 systems, 500 assets and a year: how long an answer takes.

    python tests/bench/bench_pages.py [--pack luohe-2026|pingdingshan-2024] [--keep DIR] [--profile PATH]

The store is that of bench_scorecard.py less three weeks, so that the last month runs (with `--keep` it stays
in DIR for another run). Pages are asked for through the application itself, by somebody who is logged in,
without a server between, garbage collected as the server has it. Printed, in milliseconds:

    first   the first answer of a process that knows nothing, in this order, nothing made ready by a thread
    again   the median of ten, the asking thread's CPU; `clock`: by the clock, whatever else runs
    later   a minute and another result later, at once: what is shown is older than `fresh`, the next is made
    said    right after somebody stated something: nothing older may be shown, so the asker may have to wait

The bar is 100 ms of CPU for `again` and `later`.
"""

import argparse
import cProfile
import gc
import importlib
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent))

import bench_scorecard as year
from flask.testing import FlaskClient

from collector.context import Context, open_context
from collector.jobs import derive, statements
from collector.store import accounts, estates, evidence
from collector.store.accounts import Role
from collector.web.app import create_app

BAR_MS = 100.0
TIMES = 10
LEFT_OUT = 20  # days of the year
PASSWORD = "Right-horse-7"
PAGES = (
    "/today",
    "/",
    "/periods",
    "/settlement",
    "/obligations",
    "/faults",
    "/statements",
    "/archive",
    "/documents",
    "/systems",
    "/systems/s0",
    "/assets",
    "/backups",
    "/rounds",
    "/scans",
    "/agents",
    "/evidence",
)


def cpu(call: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of this thread's CPU and by the clock."""
    used, begun = time.thread_time(), time.perf_counter()
    call()
    return 1000 * (time.thread_time() - used), 1000 * (time.perf_counter() - begun)


def main() -> int:
    """Fill, then ask."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pack", default="luohe-2026")
    asked.add_argument("--keep", type=Path, help="keep the store here, or use what is there")
    asked.add_argument("--profile", help="where the time of this page goes")
    asked.add_argument("--only", help="this page alone")
    asked.add_argument("--often", type=int, default=3, help="so many minutes and statements a page")
    given = asked.parse_args()
    year.DAYS -= LEFT_OUT
    gc.set_threshold(50_000, 20, 100)  # as the server does
    with ExitStack() as stack:
        keep = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "collector"
        clock = SimpleNamespace(now=0)
        year.store(keep, given.pack, clock)
        context = stack.enter_context(open_context(keep, lambda: clock.now))
        with context.read() as conn:
            clock.now = evidence.last_received(conn) + year.DAY
        return measured(Asker(context, clock), given)


class Asker:
    """Somebody with a browser, and the clock on the wall."""

    def __init__(self, context: Context, clock: SimpleNamespace) -> None:
        self.context, self.clock = context, clock
        self.client = logged_in(context)
        self.app = self.client.application
        self.rounds = 0

    def ask(self, page: str) -> None:
        """One answer."""
        answer = self.client.get(page)
        if answer.status_code != 200:
            raise SystemExit(f"{page}: {answer.status_code}")

    def passes(self) -> None:
        """A minute passes, and another result comes: of a round with one asset."""
        self.clock.now += 60_000
        day = datetime.fromtimestamp(self.clock.now / 1000, UTC).date()
        with self.context.read() as conn:
            digest = estates.newest(conn).digest
        kept, year.ASSETS = year.ASSETS, 1
        made = year.record(day, digest, "")
        year.ASSETS = kept
        self.rounds += 1
        name = f"weekly/{day.isoformat()}/{self.rounds}"
        made = replace(made, window=replace(made.window, id=name))
        year.log_record(self.context, made)
        derive.catch_up(self.context)

    def says(self) -> None:
        """Somebody states something, a minute later."""
        self.clock.now += 60_000
        when = datetime.fromtimestamp(self.clock.now / 1000 - 60, UTC).isoformat()
        statements.add(self.context, "visit", {"unit": "u0", "at": when}, by="works")
        derive.catch_up(self.context)

    @contextmanager
    def ready(self):
        """While a thread makes figures ready."""
        renewing = importlib.import_module("collector.web.renewing").Renewing(self.app)
        renewing.start()
        try:
            yield renewing
        finally:
            renewing.stop()

    def rest(self) -> None:
        """Until that thread has nothing to do for a while."""
        while True:
            used = time.process_time() - time.thread_time()
            time.sleep(1.2)
            if time.process_time() - time.thread_time() - used < 0.02:
                return


def measured(one: Asker, given: argparse.Namespace) -> int:
    """The table."""
    pages = (given.only,) if given.only else PAGES
    first = {page: cpu(lambda page=page: one.ask(page))[0] for page in pages}
    one.app.extensions["roundseal_judging"].forget()
    used = time.process_time() - time.thread_time()
    with one.ready():
        one.rest()
        print(f"made ready at the start: {time.process_time() - time.thread_time() - used:.1f} s CPU")
        print(f"{'page':16}" + "".join(f"{name:>8}" for name in ("first", "again", "clock", "later", "said")))
        slow = sum(line(one, page, first[page], given) for page in pages)
    print(f"{slow} pages above {BAR_MS:.0f} ms")
    return 1 if slow else 0


def line(one: Asker, page: str, first: float, given: argparse.Namespace) -> bool:
    """A page's figures; whether it misses the bar."""
    one.ask(page)
    again = [cpu(lambda: one.ask(page)) for _ in range(TIMES)]
    if given.profile == page:
        seen = cProfile.Profile()
        seen.runcall(one.ask, page)
        pstats.Stats(seen).sort_stats("cumtime").print_stats(60)
    later, said = [], []
    for _ in range(given.often):
        one.passes()
        later.append(cpu(lambda: one.ask(page))[0])
        one.rest()
    for _ in range(given.often):
        one.says()
        said.append(cpu(lambda: one.ask(page))[1])
        one.rest()
    usual, grown = median(took for took, _ in again), median(later)
    shown = (first, usual, median(took for _, took in again), grown, median(said))
    print(f"{page:16}" + "".join(f"{took:8.0f}" for took in shown), flush=True)
    return max(usual, grown) > BAR_MS


def logged_in(context: Context) -> FlaskClient:
    """A client with a session."""
    derive.catch_up(context)
    with context.write() as conn:
        if accounts.get(conn, "bench") is None:
            accounts.create(conn, "bench", PASSWORD, Role.ADMIN, must_change=False)
            accounts.create(conn, "works", PASSWORD, Role.OPERATOR, must_change=False)
    client = create_app(context).test_client()
    page = client.get("/login").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = client.post("/login", data={"name": "bench", "password": PASSWORD, "csrf_token": token})
    if answer.status_code != 302:
        raise SystemExit(f"login: {answer.status_code}")
    return client


if __name__ == "__main__":
    sys.exit(main())
