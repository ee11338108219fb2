"""What an agent costs: resident memory and CPU time of a real run, signing, spooling and sending included.

    .venv/bin/python tests/bench/bench_agent.py [SECONDS] [ITEMS]

Starts a real agent process on a plan of host checks (ITEMS of them, each once a second) against a
stand-in collector in this process, lets it settle, then reads its memory and CPU time from /proc over
SECONDS. Then the same over TLS, without the two checks that walk through all processes (their cost is that
of the machine's table), and with the cheapest check only: what is left is the agent. Figures come last.
"""

import datetime
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

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


def start(state, environment):
    command = [sys.executable, "-m", "agent.cli", "run", "--state", str(state.root)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def run_once(state, environment):
    process = start(state, environment)
    time.sleep(SETTLE_S)
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


def measure(checks, count, seconds, tls=None):
    collector = standin.Collector(tls).start()
    collector.serve_plan(items=list(items(checks, count)), flush_ms=10_000)
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder + "/pyc", "PYTHONDONTWRITEBYTECODE": ""}
        enrol.start(state, collector.url, collector.token(), force=False)
        run_once(state, environment)  # leaves the byte code that an installed agent has
        process = start(state, environment)
        time.sleep(SETTLE_S)
        before, begun = cpu(process.pid), time.time_ns() // 1_000_000
        time.sleep(seconds)
        used, ended = cpu(process.pid) - before, time.time_ns() // 1_000_000
        resident, proportional = memory(process.pid)
        end(process)
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
    processes, sockets = table_sizes()
    whole = measure(HOST, count, seconds)
    with tempfile.TemporaryDirectory() as folder:
        secure = measure(HOST, count, seconds, certificate(Path(folder)))
    small = measure(HOST[:-2], count, seconds)
    least = measure(("host.load",), count, seconds)
    print(f"{count} looks a second for {seconds} s, sent every 10 s; load average {os.getloadavg()[0]:.1f}")
    print(f"this machine: {processes} processes, {sockets} TCP and UDP sockets, {os.cpu_count()} processors")
    print(f"checks: {', '.join(HOST)}")
    print(f"{len(HOST)} host checks: {whole.looks} looks logged, {whole.cpu:.2f} s of CPU")
    print(f"host.load only: {least.looks} looks logged, {least.cpu:.2f} s of CPU")
    print(f"bare interpreter: {interpreter / 1024:.1f} MiB resident")
    for name, cost in (("plain HTTP", whole), ("HTTPS", secure)):
        print(
            f"agent memory over {name}: {cost.resident / 1024:.1f} MiB resident, "
            f"{cost.proportional / 1024:.1f} MiB proportional, "
            f"{cost.resident / interpreter:.2f} times the interpreter"
        )
    for name, cost in (
        ("all of them", whole),
        ("all of them, HTTPS", secure),
        ("all but host.ports and host.processes", small),
        ("host.load only", least),
    ):
        print(f"agent CPU per 1000 checks: {cost.per_1000:.3f} s with {name}")


if __name__ == "__main__":
    main()
