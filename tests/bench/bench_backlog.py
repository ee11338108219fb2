"""A day's backlog of 100 servers (144 000 batches of 50): is it drained in 60 s, nothing lost, pages alive?

    python tests/bench/bench_backlog.py [--share F]     F of the 144 000 batches; default 0.05, and said so

Sixteen frames a request, as agents send them; afterwards fsck counts every batch once.
"""

import argparse
import http.client
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load import collector, cpu_seconds, drive, real_lines, requests, serving

from collector.context import open_context
from collector.jobs.fsck import Fsck

BATCHES, SERVERS, PER, COUNT, BAR = 144_000, 100, 16, 50, 60.0


def watch(port: int, stop: threading.Event, times: list[float]) -> None:
    """Ask what a page asks, now and then."""
    while not stop.wait(0.2):
        begin = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/readyz")
        connection.getresponse().read()
        connection.close()
        times.append(time.perf_counter() - begin)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=0.05)
    args = parser.parse_args()
    templates = real_lines()
    total = max(SERVERS, int(BATCHES * args.share / PER))
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "collector"
        chains = collector(directory, SERVERS)
        work = requests(chains, templates, count=COUNT, per=PER, total=total)
        with serving(directory, "--plain-http") as (pid, port):
            stop = threading.Event()
            watcher = threading.Thread(target=watch, args=(port, stop, times))
            watcher.start()
            before = cpu_seconds(pid)
            got = drive(port, work, 16)
            cpu = cpu_seconds(pid) - before
            stop.set()
            watcher.join()
        with open_context(directory) as context:
            report = Fsck(context).run()
    sent = total * PER
    lost = sent - report.batches
    seconds = got["seconds"] * BATCHES / sent
    print(f"{sent} of {BATCHES} batches of {COUNT} ({sent / BATCHES:.1%}); the rest is scaled, not run")
    print(
        f"drained in {got['seconds']:.1f} s = {seconds:.0f} s for all (bar {BAR:.0f}), "
        f"{sent * COUNT / got['seconds']:.0f} results/s"
    )
    print(f"server CPU {cpu:.1f} s = {cpu * BATCHES / sent:.0f} s for all")
    print(f"lost {lost}, fsck problems {len(report.problems)}")
    print(f"/readyz meanwhile: slowest {max(times, default=0):.2f} s of {len(times)} (bar 1 s)")
    return 0 if seconds <= BAR and not lost and not report.problems and max(times, default=0) < 1 else 1


if __name__ == "__main__":
    sys.exit(main())
