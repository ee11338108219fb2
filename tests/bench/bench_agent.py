"""What an agent costs: resident memory and CPU time of a real run, signing, spooling and sending included.

    .venv/bin/python tests/bench/bench_agent.py [SECONDS] [ITEMS]

Starts a real agent process on a plan of host checks (ITEMS of them, each once a second) against a
stand-in collector in this process, lets it settle, then reads its memory and CPU time from /proc over
SECONDS. Then the same with the cheapest check only: what is left is the agent itself. Figures come last.
"""

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from agent import enrol
from agent.state import State

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("agent_standin", HERE.parent / "agent" / "standin.py")
standin = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(standin)

TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_S = 8
HOST = tuple(
    f"host.{name}"
    for name in ("cpu", "memory", "load", "filesystem", "network", "disk_io", "uptime", "ports", "processes")
)


class Cost(NamedTuple):
    """Of one run: looks in the measured stretch, CPU seconds, KiB resident and proportional."""

    looks: int
    cpu: float
    resident: int
    proportional: int

    @property
    def per_1000(self):
        return 1000 * self.cpu / max(self.looks, 1)


def items(checks, count):
    for number in range(count):
        yield {
            "kind": "regular",
            "check": checks[number % len(checks)],
            "version": 1,
            "target": f"t{number}",
            "asset": None,
            "params": {},
            "every_ms": 1000,
            "deadline_ms": 900,
            "hold_ms": 3000,
            "confirm": 2,
            "canary": False,
        }


def memory(pid):
    """Resident and proportional KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    found = dict(line.split(":", 1) for line in lines)
    return int(found["Rss"].split()[0]), int(found["Pss"].split()[0])


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(checks, count, seconds):
    collector = standin.Collector().start()
    collector.serve_plan(items=list(items(checks, count)), flush_ms=10_000)
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        enrol.start(state, collector.url, collector.token(), force=False)
        command = [sys.executable, "-m", "agent.cli", "run", "--state", str(state.root)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(SETTLE_S)
        before, begun = cpu(process.pid), time.time_ns() // 1_000_000
        time.sleep(seconds)
        used, ended = cpu(process.pid) - before, time.time_ns() // 1_000_000
        resident, proportional = memory(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    collector.stop()
    looks = [line for line in collector.results() if begun <= line["t0"] < ended]
    return Cost(len(looks), used, resident, proportional)


def bare():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    time.sleep(0.5)
    resident, _ = memory(process.pid)
    process.communicate(b"\n")
    return resident


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    interpreter = bare()
    whole = measure(HOST, count, seconds)
    least = measure(("host.load",), count, seconds)
    print(
        f"{count} looks a second for {seconds} s, sent every 10 s over plain HTTP; Python {sys.version.split()[0]}"
    )
    print(f"{len(HOST)} host checks: {whole.looks} looks logged, {whole.cpu:.2f} s of CPU")
    print(f"host.load only: {least.looks} looks logged, {least.cpu:.2f} s of CPU")
    print(f"bare interpreter: {interpreter / 1024:.1f} MiB resident")
    print(
        f"agent memory: {whole.resident / 1024:.1f} MiB resident, {whole.proportional / 1024:.1f} MiB "
        f"proportional, {whole.resident / interpreter:.2f} times the interpreter"
    )
    print(f"agent CPU per 1000 checks: {whole.per_1000:.3f} s with all host checks")
    print(f"agent CPU per 1000 checks: {least.per_1000:.3f} s with host.load only")


if __name__ == "__main__":
    main()
