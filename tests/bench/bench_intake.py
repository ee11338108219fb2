"""Intake: results a second, CPU, latency, bytes at rest; real lines of a check, plain HTTP on loopback.

    python tests/bench/bench_intake.py [--seconds S] [--repeats N] [--only NAME] [--agents N] [--tls]
                                       [--lines KIND] [--no-derive] [--provers N]

KIND is `tcp` (lines of service.tcp, about 380 bytes: the default), `probe` (half of them of service.http,
790 bytes) or `host` (one of each host check).

Each case runs N times, the cases in turn, each time on a fresh copy of its collector. The best and the median
of the runs are printed last, with the machine's own speed around each (`machine.py`); a bar counts as held if
the best run holds it. `--tls` runs the first case with TLS too. Everything is on: every signature, root and
line is checked, SQLite is WAL with synchronous=FULL, the deriver runs.
"""

import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

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
from machine import Case as Moment
from machine import Speed

from checks.wire.signing import Signer, verify

CATCH_UP_S = 10.0


@dataclass(frozen=True)
class Case:
    """Lines a batch, batches a request, connections; bars in results/s, CPU s/100k, ms (0: none)."""

    name: str
    count: int
    per: int
    connections: int
    rate: int
    cpu: float = 0.0
    p99: float = 0.0
    tls: bool = False


CASES = (
    Case("50x4", 50, 4, 16, 100_000, cpu=1.1),
    Case("50x1", 50, 1, 16, 60_000),
    Case("200x1", 200, 1, 16, 200_000),
    Case("single", 50, 1, 1, 0, p99=50.0),
)


@dataclass(frozen=True)
class Run:
    """One run. CPU of server and provers for 100 000 results: `cpu` when answered, `cpu_all` when derived."""

    rate: float
    cpu: float
    cpu_all: float
    p50: float
    p99: float
    size: float  # bytes of the database a result
    entry_size: float
    body_size: float
    rss: float  # MiB
    client: float  # cores that the load client kept busy
    behind: int
    took: float
    moment: Moment


@dataclass
class Prepared:
    """A collector with its agents, and every request of the case, made beforehand."""

    case: Case
    directory: Path
    work: list[list[bytes]]
    total: int
    runs: list[Run] = field(default_factory=list)

    def run(self, args: argparse.Namespace, speed: Speed) -> None:
        """Once, on a copy."""
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder) / "collector"
            shutil.copytree(self.directory, directory)
            self.runs.append(self._run(directory, args, speed))

    def _run(self, directory: Path, args: argparse.Namespace, speed: Speed) -> Run:
        case = self.case
        options = [] if case.tls else ["--plain-http"]
        options += [] if args.provers is None else ["--provers", str(args.provers)]
        with serving(directory, *options, derive=not args.no_derive) as (pid, port):
            drive(port, [agent[:1] for agent in self.work], case.connections, case.tls)
            with speed.around() as moment:
                before, mine = cpu_seconds(pid), sum(os.times()[:4])
                got = drive(port, [agent[1:] for agent in self.work], case.connections, case.tls)
                acked = cpu_seconds(pid) - before
                behind, took = (0, 0.0) if args.no_derive else catching_up(directory)
                _settle(pid)
                cpu = cpu_seconds(pid) - before
                moment.ours_s = cpu + sum(os.times()[:4]) - mine
            rss = _resident_kib(pid)
        results, everything = got["requests"] * case.count * case.per, self.total * case.count * case.per
        size = sum(path.stat().st_size for path in directory.glob("collector.db*"))
        entries, bodies = at_rest(directory)
        return Run(
            results / got["seconds"],
            100_000 * acked / results,
            100_000 * cpu / results,
            got["p50_ms"],
            got["p99_ms"],
            size / everything,
            entries / everything,
            bodies / everything,
            rss / 1024,
            got["client_cpu"] / got["seconds"],
            behind,
            took,
            moment,
        )


def prepare(case: Case, args: argparse.Namespace, folder: Path) -> Prepared:
    """Enrol the agents and sign everything that they will send."""
    directory = folder / (case.name + "-tls" * case.tls)
    url = "https://127.0.0.1:1" if case.tls else "http://127.0.0.1:1"
    chains = collector(directory, args.agents, url)
    expected = {"single": 20_000, "50x1": 90_000}.get(case.name, 150_000)
    total = max(2 * args.agents, int(args.seconds * expected / (case.count * case.per)))
    work = requests(chains, args.templates, count=case.count, per=case.per, total=total)
    return Prepared(case, directory, work, total)


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


def bars(case: Case, runs: Sequence[Run]) -> list[str]:
    """Each bar of a case with its best and median run: HELD, or MISSED even by the best."""
    found = [("results/s", case.rate, "at least", [run.rate for run in runs], max, ".0f")]
    found.append(("CPU s/100k", case.cpu, "at most", [run.cpu_all for run in runs], min, ".2f"))
    found.append(("p99 ms", case.p99, "at most", [run.p99 for run in runs], min, ".1f"))
    said = []
    for what, bar, way, values, best, form in found:
        if bar:
            held = best(values) >= bar if best is max else best(values) <= bar
            said.append(
                f"{case.name}: {what} best of {len(runs)}: {best(values):{form}}, "
                f"median {median(values):{form}} ({way} {bar}): {'HELD' if held else 'MISSED'}"
            )
    return said


def table(prepared: Sequence[Prepared], speed: Speed) -> None:
    """Best (by results/s) and median of each case."""
    print(
        f"{'case':17}{'results/s':>10}{'CPU s/100k':>12}{'+derived':>10}{'p50 ms':>8}{'p99 ms':>8}"
        f"{'B/result':>10}{'RSS MiB':>9}{'client':>8}{'others':>8}{'loop ms':>9}{'factor':>8}"
    )
    for one in prepared:
        best = max(one.runs, key=lambda run: run.rate)
        name = one.case.name + " tls" * one.case.tls
        _row(f"{name} best", [best], speed)
        _row(f"{name} median", one.runs, speed)


def _row(name: str, runs: Sequence[Run], speed: Speed) -> None:
    def mid(of: str) -> float:
        return median([getattr(run, of) for run in runs])

    print(
        f"{name:17}{mid('rate'):10.0f}{mid('cpu'):12.2f}{mid('cpu_all'):10.2f}{mid('p50'):8.1f}{mid('p99'):8.1f}"
        f"{mid('size'):10.1f}{mid('rss'):9.0f}{mid('client'):8.2f}"
        f"{median([run.moment.others for run in runs]):8.2f}"
        f"{median([run.moment.loop_ms for run in runs]):9.1f}"
        f"{median([speed.factor(run.moment) for run in runs]):8.2f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4.0, help="about how long each run of a case takes")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each case")
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
    cases = [case for case in CASES if args.only in (None, case.name)]
    cases += [replace(CASES[0], tls=True, rate=0, cpu=0)] if args.tls else []
    speed = Speed()
    with tempfile.TemporaryDirectory() as folder:
        prepared = [prepare(case, args, Path(folder)) for case in cases]
        for number in range(args.repeats):
            for one in prepared:
                one.run(args, speed)
                run = one.runs[-1]
                print(
                    f"run {number + 1} of {one.case.name}{' tls' * one.case.tls}: {run.rate:.0f} results/s, "
                    f"{run.cpu_all:.2f} CPU s/100k, p99 {run.p99:.1f} ms; speed loop "
                    f"{run.moment.before_ms:.1f} ms before, {run.moment.after_ms:.1f} after, "
                    f"others kept {run.moment.others:.2f} cores busy",
                    flush=True,
                )
    size = sum(map(len, args.templates)) // len(args.templates)
    print(f"{args.lines} lines: {size} bytes on average, of {len(args.templates)} checks")
    for one in prepared:
        run = one.runs[-1]
        print(
            f"{one.case.name}: {run.entry_size:.1f} B/result are entries, {run.body_size:.1f} bodies; "
            f"derived tables {run.behind} batches behind at the last answer, level {run.took:.1f} s later"
        )
    table(prepared, speed)
    print(f"{speed.said()}; one Ed25519 verification now: {verify_us():.0f} µs")
    said = [line for one in prepared for line in bars(one.case, one.runs)]
    print("\n".join(said))
    return int(any("MISSED" in line for line in said))


if __name__ == "__main__":
    sys.exit(main())
