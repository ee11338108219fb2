"""What a restore drill costs: the start of a throwaway PostgreSQL, then all phases of a drill.

    flock /tmp/bench.lock .venv/bin/python tests/bench/bench_drill.py [ROWS] [ROUNDS]

First, for each PostgreSQL here (Debian's, the wheel's): a cell, `initdb`, a server that answers; best and
median of ROUNDS (5), and the CPU time of all of it. The bar is 2 s. Then a database of ROWS (100 000)
documents is dumped and drilled: time of each phase, and its ratio to the restore.
"""

import argparse
import importlib.util
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

from agent.drills import programs
from agent.drills.drill import LocalDrills
from agent.drills.journal import Desk
from agent.drills.server import Server
from agent.drills.settings import Drills
from agent.drills.work import Work
from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks.backup.drill import Params

BAR_S = 2.0
HERE = Path(__file__).resolve().parents[1]


def cpu() -> float:
    """Seconds of this process and of all that it has waited for."""
    return sum(
        one.ru_utime + one.ru_stime
        for one in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def started(place: Path, one: programs.Programs) -> tuple[float, float]:
    """Wall and CPU seconds from nothing to an answer."""
    (place / "drills").mkdir(exist_ok=True)
    work = Work(Desk(place / "drills"), Drills(), "bench", 300)
    before, begun = cpu(), time.perf_counter()
    try:
        work.make_room(1, 0)
        server = Server(work, work.make_cell(one.binds), one)
        server.init("UTF8")
        server.start()
        took = time.perf_counter() - begun
    finally:
        work.clean()
    return took, cpu() - before


def main() -> None:
    """Print the figures."""
    words = argparse.ArgumentParser()
    words.add_argument("rows", type=int, nargs="?", default=100_000)
    words.add_argument("rounds", type=int, nargs="?", default=5)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        os.chmod(place, 0o755)
        for one in programs.installed(Drills()):
            seen = [started(place, one) for _ in range(given.rounds)]
            walls = [wall for wall, _ in seen]
            best, median = min(walls), statistics.median(walls)
            spent = min(seconds for _, seconds in seen)
            word = "within" if best < BAR_S else "OVER"
            print(f"PostgreSQL {one.major} ({one.kind}) up in {best:.2f} s best, {median:.2f} s median,")
            print(f"  {spent:.2f} CPU s: {word} {BAR_S:g} s")
        drilled(place, given.rows)


def drilled(place: Path, rows: int) -> None:
    """One drill of a real dump, phase by phase."""
    spec = importlib.util.spec_from_file_location("bench_server", HERE / "backups/logical/server.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.running(15) as pg:
        pg.create("oa_db", rows=rows)
        pg.tool("pg_dump", "-Fc", "-f", place / "oa.dump", "oa_db")
    source = open_backups(Transient(), Means(state=place), time.time_ns() // 1_000_000)
    wish = Params(path=str(place / "oa.dump"), compare="none")
    one, _ = LocalDrills(source, Drills(), place).drill(wish)
    times = {phase.name: phase.end - phase.start for phase in one.phases}
    size, took = one.restored.bytes / 1e6, one.took / 1000
    print(f"drill of {size:.0f} MB of COPY text, {one.restored.rows} rows: {took:.1f} s")
    for name, took in times.items():
        print(f"  {name:<8} {took / 1000:7.2f} s  {took / max(times['restore'], 1):5.2f} of the restore")


if __name__ == "__main__":
    main()
