"""Every page of an estate of 27 systems, 500 assets and a year: how long an answer takes.

    python tests/bench/bench_pages.py [--pack luohe-2026|pingdingshan-2024] [--keep DIR] [--profile PATH]

The store is that of bench_scorecard.py (with `--keep` it stays in DIR for another run). Pages are asked for
through the application itself, by somebody who is logged in, without a server between. Printed: of each page
the first answer of a process that knows nothing, and the median of ten, in milliseconds of CPU and by the
clock; then the median of three after its figures have become too old to be shown again. The bar is 100 ms
of CPU for the median of ten.
"""

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent))

import bench_scorecard as year
from flask.testing import FlaskClient

from collector.context import Context, open_context
from collector.jobs import derive
from collector.store import accounts
from collector.store.accounts import Role
from collector.web.app import create_app

BAR_MS = 100.0
TIMES = 10
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
    """Milliseconds of CPU and by the clock."""
    used, begun = time.process_time(), time.perf_counter()
    call()
    return 1000 * (time.process_time() - used), 1000 * (time.perf_counter() - begun)


def main() -> int:
    """Fill, then ask."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pack", default="luohe-2026")
    asked.add_argument("--keep", type=Path, help="keep the store here, or use what is there")
    asked.add_argument("--profile", help="where the time of this page goes")
    asked.add_argument("--only", help="this page alone")
    given = asked.parse_args()
    with ExitStack() as stack:
        keep = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "collector"
        clock = SimpleNamespace(now=0)
        year.store(keep, given.pack, clock)
        context = stack.enter_context(open_context(keep, lambda: clock.now))
        return measured(context, clock, given)


def measured(context: Context, clock: SimpleNamespace, given: argparse.Namespace) -> int:
    """The table."""
    clock.now = max(clock.now, year.at(year.FIRST + timedelta(days=366)))
    client = logged_in(context)
    slow = 0
    print(f"{'page':20} {'first':>8} {'again':>8} {'clock':>8} {'changed':>8}   ms")
    for page in (given.only,) if given.only else PAGES:

        def ask(page: str = page) -> None:
            answer = client.get(page)
            if answer.status_code != 200:
                raise SystemExit(f"{page}: {answer.status_code}")

        first, _ = cpu(ask)
        again = [cpu(ask) for _ in range(TIMES)]
        if given.profile == page:
            seen = cProfile.Profile()
            client.application.extensions.pop("roundseal_judging", None)
            seen.runcall(ask)
            pstats.Stats(seen).sort_stats("cumtime").print_stats(60)
        changed = []
        for _ in range(TIMES // 3):
            clock.now += 60_000
            changed.append(cpu(ask)[0])
        usual = median(one for one, _ in again)
        slow += usual > BAR_MS
        print(
            f"{page:20} {first:8.0f} {usual:8.0f} {median(b for _, b in again):8.0f} {median(changed):8.0f}"
        )
    print(f"{slow} pages above {BAR_MS:.0f} ms")
    return 1 if slow else 0


def logged_in(context: Context) -> FlaskClient:
    """A client with a session."""
    derive.catch_up(context)
    with context.write() as conn:
        if accounts.get(conn, "bench") is None:
            accounts.create(conn, "bench", PASSWORD, Role.ADMIN, must_change=False)
    client = create_app(context).test_client()
    page = client.get("/login").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = client.post("/login", data={"name": "bench", "password": PASSWORD, "csrf_token": token})
    if answer.status_code != 302:
        raise SystemExit(f"login: {answer.status_code}")
    return client


if __name__ == "__main__":
    sys.exit(main())
