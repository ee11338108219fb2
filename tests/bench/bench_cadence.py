"""The obligation ledger of a year: 27 systems, 500 assets, 3 000 checks, a round every week.

    python tests/bench/bench_cadence.py [--assets N] [--rounds N]

Rows of the derived tables are written as closing a round writes them, then the ledger is asked for a month
and for the whole term, cold (the first time) and again. CPU milliseconds, the least of five. The bar is
100 ms for a month's ledger.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from collector.cli_server import make
from collector.context import Context, open_context
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.inspection.obligations_looks import Looked
from collector.jobs import cadence, derive, estates
from collector.judging.ground import UnitRound
from collector.store import cadence as check_rows
from collector.store import scorecards

BAR_MS = 100.0
WEEK = 7 * 86_400_000
SYSTEMS, UNITS, CHECKS = 27, 10, 60


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1000)


def estate(assets: int) -> str:
    """27 systems of ten units, on so many servers, inspected every week."""
    lines = ["estate: bench", "contract: {pack: luohe-2026, start: 2026-06-10}", "units:"]
    lines += [f"  - {{id: u{n}, name: U{n}}}" for n in range(UNITS)]
    lines += ["systems:", *(f"  - {{id: s{n}, unit: u{n % UNITS}, owner: o}}" for n in range(SYSTEMS))]
    lines += ["assets:"]
    lines += [f"  - {{id: a{n}, kind: server, system: s{n % SYSTEMS}, agent: a{n}}}" for n in range(assets)]
    lines += ["rounds:", "  - {id: weekly, every: week, on: monday, assets: all, checks: [host.load]}"]
    return "\n".join(lines) + "\n"


def fill(context: Context, rounds: int, assets: int) -> None:
    """What closing so many rounds leaves in the derived tables."""
    first = at("2026-06-15T09:00")
    for number in range(rounds):
        opened = first + number * WEEK
        window = f"weekly/{number}"
        units = [
            UnitRound(
                window, f"u{n}", "weekly", number, opened + 1000, opened, opened + 900, 300, 300,
                assets // UNITS, assets // UNITS, "C",
            )
            for n in range(UNITS)
        ]  # fmt: skip
        checks = [
            Looked(
                window, f"host.check{n}", number, opened + 1000, opened, opened + 900, 50, 50, 0, 0, -1, -1
            )
            for n in range(CHECKS)
        ]
        with context.write() as conn:
            scorecards.save_rounds(conn, units)
            check_rows.save(conn, checks)


def cpu(work: Callable[[], object], times: int = 5) -> tuple[float, float]:
    """Milliseconds of CPU: the first time, and the least of the later ones."""
    took = []
    for _ in range(times + 1):
        begin = time.process_time()
        work()
        took.append(1000 * (time.process_time() - begin))
    return took[0], min(took[1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=52)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "collector"
        make(place, "bench.example/log", "127.0.0.1:0", "http://127.0.0.1:1", None)
        with open_context(place) as context:
            text = estate(given.assets)
            loaded = read_estate("estate.yaml", lambda _: text.encode(), installed())
            estates.apply(context, loaded, by="bench")
            derive.catch_up(context)
            fill(context, given.rounds, given.assets)
            now = max(context.now(), at("2027-06-11T00:00"))
            with context.read() as conn:
                for name, whole in (("2027-05", False), ("term", True)):

                    def ask(whole: bool = whole, name: str = name) -> object:
                        period = None if whole else name
                        return cadence.ledger(conn, now, period, whole_term=whole)

                    first, again = cpu(ask)
                    rows = sum(
                        len(line.rows)
                        for line in cadence.ledger(conn, now, None if whole else name, whole_term=whole).lines
                    )
                    bar = f" (bar {BAR_MS:.0f})" if not whole else ""
                    print(f"{name}: {rows} rows, first {first:.0f} ms, again {again:.0f} ms CPU{bar}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
