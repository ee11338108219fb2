"""A day's backlog of 100 servers (144 000 batches of 50): is it drained in 60 s, nothing lost, pages alive?

    python tests/bench/bench_backlog.py [--share F] [--repeats N]

F of the 144 000 batches (default 0.05), N times, each on a fresh copy of the collector; the figures for all
are scaled from that, and said to be. Sixteen frames a request, as agents send them, with one line of each
host check; afterwards fsck counts every batch once. Best and median last, with the machine's speed.
"""

import argparse
import http.client
import os
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load import collector, cpu_seconds, drive, real_lines, requests, serving
from machine import Case, Speed

from collector.context import open_context
from collector.jobs.fsck import Fsck

BATCHES, SERVERS, PER, COUNT, BAR_S, BAR_PAGE_S = 144_000, 100, 16, 50, 60.0, 1.0


@dataclass(frozen=True)
class Run:
    """Seconds and CPU seconds for what was sent; `page` is the slowest answer of /readyz meanwhile."""

    seconds: float
    cpu: float
    lost: int
    problems: int
    page: float
    pages: int
    moment: Case


def watch(port: int, stop: threading.Event, times: list[float]) -> None:
    """Ask what a page asks, now and then."""
    while not stop.wait(0.2):
        begin = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/readyz")
        connection.getresponse().read()
        connection.close()
        times.append(time.perf_counter() - begin)


def drain(prepared: Path, work: list[list[bytes]], speed: Speed) -> Run:
    """Once, on a copy."""
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "collector"
        shutil.copytree(prepared, directory)
        with serving(directory, "--plain-http") as (pid, port), speed.around() as moment:
            stop = threading.Event()
            watcher = threading.Thread(target=watch, args=(port, stop, times))
            watcher.start()
            before, mine = cpu_seconds(pid), sum(os.times()[:4])
            got = drive(port, work, 16)
            cpu = cpu_seconds(pid) - before
            moment.ours_s = cpu + sum(os.times()[:4]) - mine
            stop.set()
            watcher.join()
        with open_context(directory) as context:
            report = Fsck(context).run()
    lost = PER * sum(map(len, work)) - report.batches
    page = max(times, default=0.0)
    return Run(got["seconds"], cpu, lost, len(report.problems), page, len(times), moment)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=0.05, help="of the 144 000 batches")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    total = max(SERVERS, int(BATCHES * args.share / PER))
    sent, speed, runs = total * PER, Speed(), list[Run]()
    scale = BATCHES / sent
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "collector"
        chains = collector(directory, SERVERS)
        work = requests(chains, real_lines(), count=COUNT, per=PER, total=total)
        for number in range(args.repeats):
            run = drain(directory, work, speed)
            runs.append(run)
            print(
                f"run {number + 1}: {run.seconds:.1f} s, {sent * COUNT / run.seconds:.0f} results/s, "
                f"server CPU {run.cpu:.1f} s ({1e5 * run.cpu / sent / COUNT:.2f} s/100k); speed loop "
                f"{run.moment.before_ms:.1f} ms before, {run.moment.after_ms:.1f} after (factor "
                f"{speed.factor(run.moment):.2f}), others kept {run.moment.others:.2f} cores busy",
                flush=True,
            )
    best, middle = min(run.seconds for run in runs), median(run.seconds for run in runs)
    lost, problems = sum(abs(run.lost) for run in runs), sum(run.problems for run in runs)
    page = max(run.page for run in runs)
    print(f"{sent} of {BATCHES} batches of {COUNT} ({sent / BATCHES:.1%})" + "; scaled to all" * (scale > 1))
    print(f"lost {lost}, fsck problems {problems}")
    print(f"/readyz meanwhile: slowest {page:.2f} s of {sum(run.pages for run in runs)} (bar {BAR_PAGE_S} s)")
    cpus = [run.cpu * scale for run in runs]
    print(f"server CPU for all: best of {len(runs)}: {min(cpus):.0f} s, median {median(cpus):.0f} s")
    print(speed.said())
    held = best * scale <= BAR_S
    print(
        f"drained, all of it: best of {len(runs)}: {best * scale:.0f} s, median {middle * scale:.0f} s "
        f"(at most {BAR_S:.0f}): {'HELD' if held else 'MISSED'}"
    )
    return 0 if held and not lost and not problems and page < BAR_PAGE_S else 1


if __name__ == "__main__":
    sys.exit(main())
