"""Intake: results a second, CPU, latency, bytes at rest; real lines of a check, plain HTTP on loopback.

    python tests/bench/bench_intake.py [--seconds S] [--agents N] [--tls] [--lines KIND] [--only NAME]

KIND is `tcp` (lines of service.tcp, about 380 bytes: the default), `probe` (half of them of service.http,
790 bytes) or `host` (one of each host check).

Prints the figures last. `--tls` repeats the first case with TLS and prints the difference. Everything is
on: every signature, root and line is checked, SQLite is WAL with synchronous=FULL, the deriver runs.
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load import (
    ROOT,  # noqa: F401 - makes the packages importable
    collector,
    cpu_seconds,
    drive,
    family,
    probe_lines,
    real_lines,
    requests,
    serving,
)

from checks.wire.signing import Signer, verify

CATCH_UP_S = 10.0
# name, lines a batch, batches a request, connections, bar in results/s
CASES = (
    ("50x4", 50, 4, 16, 100_000),
    ("50x1", 50, 1, 16, 60_000),
    ("200x1", 200, 1, 16, 200_000),
    ("single", 50, 1, 1, 0),
)


def run(
    name: str, count: int, per: int, connections: int, args: argparse.Namespace, tls: bool
) -> dict[str, float]:
    """One case on a fresh collector."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "collector"
        chains = collector(directory, args.agents, "https://127.0.0.1:1" if tls else "http://127.0.0.1:1")
        expected = {"single": 20_000, "50x1": 90_000}.get(name, 150_000)
        total = max(args.agents, int(args.seconds * expected / (count * per)))
        work = requests(chains, args.templates, count=count, per=per, total=total)
        warm = [agent[:1] for agent in work]
        work = [agent[1:] for agent in work]
        options = [] if tls else ["--plain-http"]
        options += [] if args.provers is None else ["--provers", str(args.provers)]
        with serving(directory, *options, derive=not args.no_derive) as (
            pid,
            port,
        ):
            drive(port, warm, connections, tls)
            before = cpu_seconds(pid)
            got = drive(port, work, connections, tls)
            acked = cpu_seconds(pid) - before
            behind, took = (0, 0.0) if args.no_derive else catching_up(directory)
            _settle(pid)
            cpu = cpu_seconds(pid) - before
            rss = _resident_kib(pid)
        results = got["requests"] * count * per
        size = sum(path.stat().st_size for path in directory.glob("collector.db*"))
        everything = total * count * per
        entries, bodies = at_rest(directory)
        return {
            **got,
            "rate": results / got["seconds"],
            "cpu": 100_000 * acked / results,
            "cpu_all": 100_000 * cpu / results,
            "bytes": size / everything,
            "entry_bytes": entries / everything,
            "body_bytes": bodies / everything,
            "rss": rss / 1024,
            "behind": behind,
            "took": took,
        }


def _resident_kib(pid: int) -> int:
    total = 0
    for one in family(pid):
        lines = Path(f"/proc/{one}/status").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return total


def catching_up(directory: Path) -> tuple[int, float]:
    """How many entries the derived tables were behind at the last answer, and for how long."""
    conn = sqlite3.connect(f"file:{directory / 'collector.db'}?mode=ro", uri=True)
    begin, first = time.perf_counter(), None
    while True:
        size = conn.execute("SELECT max(idx) + 1 FROM entry").fetchone()[0]
        derived = (conn.execute("SELECT next FROM derive_cursor WHERE name = 'batches'").fetchone() or [0])[0]
        first = size - derived if first is None else first
        took = time.perf_counter() - begin
        if derived >= size or took > CATCH_UP_S:
            conn.close()
            return first, took
        time.sleep(0.02)


def at_rest(directory: Path) -> tuple[int, int]:
    """Bytes of the entries and of the bodies themselves, without the database around them."""
    with closing(sqlite3.connect(f"file:{directory / 'collector.db'}?mode=ro", uri=True)) as conn:
        return tuple(
            conn.execute(f"SELECT coalesce(sum(length(data)), 0) FROM {table}").fetchone()[0]
            for table in ("entry", "body")
        )


def verify_us() -> float:
    """CPU of one signature check: the yardstick that makes figures of busy machines comparable."""
    signer, message = Signer(bytes(32)), bytes(500)
    signature = signer.sign(message)
    begin = time.process_time()
    for _ in range(3000):
        verify(signer.public, message, signature)
    return (time.process_time() - begin) / 3000 * 1e6


def _settle(pid: int) -> None:
    """Wait until the server is idle: what it derives behind the answers belongs to the bill."""
    while True:
        before = cpu_seconds(pid)
        time.sleep(0.5)
        if cpu_seconds(pid) - before < 0.05:
            return


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4.0, help="about how long each case runs")
    parser.add_argument("--agents", type=int, default=64)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--no-derive", action="store_true", help="intake alone")
    parser.add_argument("--only")
    parser.add_argument("--provers", type=int, help="as of `serve`; its default if not given")
    parser.add_argument("--lines", choices=("tcp", "probe", "host"), default="tcp", help="of which checks")
    args = parser.parse_args()
    args.templates = {"tcp": lambda: probe_lines()[:1], "probe": probe_lines, "host": real_lines}[
        args.lines
    ]()
    rows, good = [], True
    cases = [(*case, False) for case in CASES if args.only in (None, case[0])]
    if args.tls:
        cases.append((*CASES[0], True))
    for name, count, per, connections, bar, tls in cases:
        got = run(name, count, per, connections, args, tls)
        good &= got["rate"] >= bar
        rows.append((name + (" tls" if tls else ""), got, bar))
    print(f"one Ed25519 verification here and now: {verify_us():.0f} µs")
    size = sum(map(len, args.templates)) // len(args.templates)
    print(f"{args.lines} lines: {size} bytes on average, of {len(args.templates)} checks")
    print(
        f"{'case':10}{'results/s':>11}{'bar':>9}{'CPU s/100k':>12}{'+derived':>10}"
        f"{'p50 ms':>8}{'p99 ms':>8}{'B/result':>10}{'RSS MiB':>9}{'client CPU':>11}"
    )
    for name, got, bar in rows:
        print(
            f"{name:10}{got['rate']:11.0f}{bar:9}{got['cpu']:12.2f}{got['cpu_all']:10.2f}{got['p50_ms']:8.1f}"
            f"{got['p99_ms']:8.1f}{got['bytes']:10.1f}{got['rss']:9.0f}"
            f"{got['client_cpu'] / got['seconds']:11.0%}"
        )
    for name, got, _ in rows:
        print(
            f"{name}: {got['entry_bytes']:.1f} B/result are entries, {got['body_bytes']:.1f} bodies; derived "
            f"tables {got['behind']:.0f} batches behind at the last answer, level {got['took']:.1f} s later"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
