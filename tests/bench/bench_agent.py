"""What an agent costs: resident memory and CPU time of a real run, signing, spooling and sending included.

    .venv/bin/python tests/bench/bench_agent.py [SECONDS] [ITEMS] [--minutes N]

Starts a real agent process on a plan of host checks against a stand-in collector in this process, over TLS,
lets it settle, then reads its memory and CPU time from /proc. Two kinds of plan:

dense      ITEMS looks (30) each second for SECONDS (60), sent every ten: what a look costs as one of many
           (all host checks that a default plan has; without the two that walk through all processes, whose
           cost is that of the machine's table; simple ones, of which each reads one small file)
deployed   each host check once a minute, sent each minute, for N minutes (3; 0: left out): here the upkeep
           of plan, log and clock weighs as much as the looks; once more without what the agent does for
           its memory (one malloc arena that gives back what is free, no columns of instructions, no tables
           of a language)

A look gives several readings (host.cpu three): other monitoring counts each of these as a check. Both are
printed. Memory depends on the build of Python; the bar means that of Debian 12: run this with the Python of
an environment made by `/usr/bin/python3 -m venv`. 1 MiB is 1 048 576 bytes, 1 MB a million; the bar, set
beside figures of other agents in MiB, is held against MiB. Figures and bars come last; 1 where one is missed.
"""

import argparse
import datetime
import hashlib
import importlib.util
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from agent import daemon, enrol
from agent.state import State
from checks import registry

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("agent_standin", HERE.parent / "agent" / "standin.py")
standin = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(standin)

BAR_MIB, BAR_S = 28, 0.23
TICKS = os.sysconf("SC_CLK_TCK")
WARM_S = 8
SETTLE_S = daemon.SETTLED_S + 5
DEFAULT = tuple(
    check for check in registry.ids() if check.startswith("host.")
)  # `host.*` of the sample estate
WALKING = ("host.ports", "host.processes")  # through all sockets, all processes
# What the agent sets for itself when it starts (and the unit for it), undone: for comparison.
PLAIN = {
    "MALLOC_ARENA_MAX": "16",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_TOP_PAD_": "131072",
    "PYTHONNODEBUGRANGES": "",
    "LC_ALL": "",
}
SIMPLE = ("host.load", "host.uptime", "host.memory", "host.cpu")


class Cost(NamedTuple):
    """Of one run: looks and readings in the measured stretch, CPU seconds, KiB resident and proportional."""

    looks: int
    readings: int
    cpu: float
    resident: int
    proportional: int

    @property
    def per_1000(self):
        return 1000 * self.cpu / max(self.looks, 1)

    @property
    def per_1000_readings(self):
        return 1000 * self.cpu / max(self.readings, 1)


def items(checks, count, every_ms):
    for number in range(count):
        yield {
            "kind": "regular",
            "check": checks[number % len(checks)],
            "version": 1,
            "target": f"t{number // len(checks)}",
            "asset": None,
            "params": {},
            "every_ms": every_ms,
            "deadline_ms": min(every_ms * 9 // 10, 20_000),
            "hold_ms": every_ms * 3,
            "confirm": 2,
            "canary": False,
        }


def memory(pid):
    """Resident and proportional KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    found = dict(line.split(":", 1) for line in lines)
    return int(found["Rss"].split()[0]), int(found["Pss"].split()[0])


def cpu(pid):
    """Seconds, of its children that have ended too (a look may run a program)."""
    # The process's own clock counts nanoseconds (clock_getcpuclockid(3)); the ticks of /proc are 10 ms.
    own = time.clock_gettime(~pid << 3 | 2)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return own + sum(map(int, fields[13:15])) / TICKS


def start(state, environment):
    command = [sys.executable, "-m", "agent.cli", "run", "--state", str(state.root)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def run_once(state, environment):
    process = start(state, environment)
    time.sleep(WARM_S)
    end(process)


def certificate(folder):
    """Files of a certificate for 127.0.0.1, and the digest of its key that agents pin."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    signed = builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    (folder / "cert.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "cert.pem"), str(folder / "key.pem"), hashlib.sha256(public).digest()


def table_sizes():
    """Processes, and TCP and UDP sockets of any state."""
    processes = sum(name.isdigit() for name in os.listdir("/proc"))
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6", "udp", "udp6")]
    return processes, sum(len(t.read_text().splitlines()) - 1 for t in tables if t.exists())


@contextmanager
def running(collector, checks, count, every_ms=1000, flush_ms=10_000, given=None):
    """An agent with its byte code made, on this plan; yields its process."""
    collector.serve_plan(items=list(items(checks, count, every_ms)), flush_ms=flush_ms)
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder + "/pyc", "PYTHONDONTWRITEBYTECODE": ""}
        environment |= given or {}
        enrol.start(state, collector.url, collector.token(), force=False)
        run_once(state, environment)  # leaves the byte code that an installed agent has
        process = start(state, environment)
        try:
            yield process
        finally:
            end(process)


def counted(collector, begun, ended):
    """Looks and readings of this stretch (ms); what it has sent, so all of them once it has ended."""
    looks = [line for line in collector.results() if begun <= line["t0"] < ended]
    return len(looks), sum(len(line.get("readings", ())) for line in looks)


def now_ms():
    return time.time_ns() // 1_000_000


def measure(checks, count, seconds, tls, settle_s=SETTLE_S, **plan):
    collector = standin.Collector(tls).start()
    with running(collector, checks, count, **plan) as process:
        time.sleep(settle_s)
        before, begun = cpu(process.pid), now_ms()
        time.sleep(seconds)
        used, ended = cpu(process.pid) - before, now_ms()
        resident, proportional = memory(process.pid)
    collector.stop()
    return Cost(*counted(collector, begun, ended), used, resident, proportional)


def bare():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    time.sleep(0.5)
    resident, _ = memory(process.pid)
    process.communicate(b"\n")
    return resident


def plans(seconds, count, minutes, tls):
    """(what it is, its cost) of each plan."""
    least = tuple(check for check in DEFAULT if check not in WALKING)
    yield f"dense, all {len(DEFAULT)} host checks", measure(DEFAULT, count, seconds, tls)
    yield "dense, without host.ports and host.processes", measure(least, count, seconds, tls)
    yield f"dense, simple checks ({', '.join(SIMPLE)})", measure(SIMPLE, count, seconds, tls)
    if minutes:
        long = {"every_ms": 60_000, "flush_ms": 60_000, "settle_s": daemon.SETTLED_S + 20}
        name = f"deployed, all {len(DEFAULT)} host checks once a minute"
        yield name, measure(DEFAULT, len(DEFAULT), 60 * minutes, tls, **long)
        plain = measure(DEFAULT, len(DEFAULT), 60, tls, **long, given=PLAIN)
        yield "the same with the C library's own memory settings", plain


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=int, nargs="?", default=60)
    parser.add_argument("items", type=int, nargs="?", default=30)
    parser.add_argument("--minutes", type=int, default=3)
    args = parser.parse_args()
    interpreter = bare()
    processes, sockets = table_sizes()
    with tempfile.TemporaryDirectory() as folder:
        found = list(plans(args.seconds, args.items, args.minutes, certificate(Path(folder))))
    print(
        f"dense: {args.items} looks a second for {args.seconds} s; deployed: {args.minutes} minutes; over TLS"
    )
    print(f"this machine: {processes} processes, {sockets} TCP and UDP sockets, {os.cpu_count()} processors")
    print(f"load average {os.getloadavg()[0]:.1f}; bare interpreter {interpreter / 1024:.1f} MiB resident")
    print(f"Python {platform.python_version()} ({platform.python_build()[1]}), {sys.base_prefix}")
    print(f"host checks: {', '.join(DEFAULT)}")
    for name, cost in found:
        print(
            f"{name}: {cost.looks} looks, {cost.readings} readings, {cost.cpu:.2f} s of CPU, "
            f"{cost.resident / 1024:.1f} MiB ({cost.resident * 1024 / 1e6:.1f} MB) resident, "
            f"{cost.proportional / 1024:.1f} MiB proportional, "
            f"{cost.resident / interpreter:.2f} times the interpreter"
        )
    for name, cost in found:
        print(
            f"agent CPU per 1000 looks: {cost.per_1000:.3f} s, per 1000 readings: "
            f"{cost.per_1000_readings:.3f} s, {name}"
        )
    said = bars(dict(found))
    print("\n".join(said))
    return int(any("MISSED" in line for line in said))


def bars(found):
    """A line for each bar: HELD or MISSED. The second is for readings, as other agents count their checks."""
    dense = next(cost for name, cost in found.items() if name.startswith("dense, all"))
    at_rest = next((cost for name, cost in found.items() if name.startswith("deployed")), dense)
    word = {True: "HELD", False: "MISSED"}
    mib, seconds = at_rest.resident / 1024, dense.per_1000_readings
    return [
        f"resident with host checks only: {mib:.2f} MiB (at most {BAR_MIB}): {word[mib <= BAR_MIB]}",
        f"CPU per 1000 readings, dense, all host checks: {seconds:.3f} s (at most {BAR_S}): "
        f"{word[seconds <= BAR_S]}",
    ]


if __name__ == "__main__":
    sys.exit(main())
