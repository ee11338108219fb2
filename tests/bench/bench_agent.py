"""What an agent costs: resident memory and CPU time of a real run, signing, spooling and sending included.

    .venv/bin/python tests/bench/bench_agent.py [SECONDS] [ITEMS]

Starts a real agent process on a plan of host checks against a stand-in collector in this process, lets
it start up, then reads its memory and CPU time from /proc over SECONDS. Figures come last.
"""

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agent import enrol
from agent.state import State

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("agent_standin", HERE.parent / "agent" / "standin.py")
standin = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(standin)

TICKS = os.sysconf("SC_CLK_TCK")
CHECKS = ("host.cpu", "host.memory", "host.load", "host.filesystem", "host.network", "host.disk_io", "host.uptime",
          "host.ports", "host.processes")


def items(count, every_ms):
    for number in range(count):
        check = CHECKS[number % len(CHECKS)]
        yield {"kind": "regular", "check": check, "version": 1, "target": f"t{number}", "asset": None, "params": {},
               "every_ms": every_ms, "deadline_ms": 900, "hold_ms": every_ms * 3, "confirm": 2, "canary": False}


def memory(pid):
    """Resident and proportional KiB."""
    found = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return int(found["Rss"].split()[0]), int(found["Pss"].split()[0])


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    collector = standin.Collector().start()
    collector.serve_plan(items=list(items(count, 1000)), flush_ms=10_000)
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        enrol.start(state, collector.url, collector.token(), force=False)
        process = subprocess.Popen([sys.executable, "-m", "agent.cli", "run", "--state", str(state.root)],
                                   stderr=subprocess.DEVNULL)
        time.sleep(8)
        begun, cpu_before, results_before = time.monotonic(), cpu(process.pid), len(collector.results())
        time.sleep(seconds)
        cpu_after, elapsed = cpu(process.pid), time.monotonic() - begun
        resident, proportional = memory(process.pid)
        results = len(collector.results()) - results_before
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    used = cpu_after - cpu_before
    print(f"{count} host checks each second for {elapsed:.0f} s: {results} results logged, {used:.2f} s of CPU")
    print(f"agent memory: {resident / 1024:.1f} MiB resident, {proportional / 1024:.1f} MiB proportional")
    print(f"agent CPU: {1000 * used / max(results, 1):.3f} s per 1000 checks")


if __name__ == "__main__":
    main()
