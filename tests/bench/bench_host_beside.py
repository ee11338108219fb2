"""One host, one moment: our readings beside node_exporter's and snmpd's, in points of a per cent.

    apt-get install prometheus-node-exporter snmpd
    python tests/bench/bench_host_beside.py [SECONDS]

CPU busy over SECONDS (10), memory and the root file system in use at the end of it. All three read the same
kernel within some milliseconds of each other (snmpd every five seconds: it is waited for); what the machine
does meanwhile is in all of them. Exit 1 where one is off by more than a point, or where neither of the others
is installed.
"""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

from agent.sources.host import open_host
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from checks import registry
from checks.api import ObservationError, Seen, Source
from checks.snmp import Peer

MOST = 1.0
_UCD = "1.3.6.1.4.1.2021."
_RAW = {
    **{"user": "50", "nice": "51", "kernel": "55", "idle": "53", "wait": "54"},
    **{"irq": "56", "soft": "61", "steal": "64"},
}
_IDLE = ("idle", "wait", "iowait")
Totals = Mapping[str, float]


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(words: list[str], answers: Callable[[], object]) -> Iterator[None]:
    """The program, from its first answer on."""
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
        try:
            end = time.monotonic() + 60
            while True:
                try:
                    answers()
                    break
                except (OSError, ObservationError):
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.1)
            yield
        finally:
            one.terminate()


class Ours:
    """The agent's own checks."""

    def __init__(self) -> None:
        self._host = open_host(Transient())

    def cpu(self) -> Totals:
        found = registry.get("host.cpu")
        facts = found.observe(self._host, found.params())
        after = facts.span.after
        names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
        return {name: getattr(after, name) for name in names}

    def memory(self) -> float:
        return self._reading("host.memory", "memory")

    def disk(self) -> float:
        found = registry.get("host.filesystem")
        mounts = found.observe(self._host, found.params()).mounts
        (root,) = [one for one in mounts if one.path == "/"]
        return 100 * root.used / root.total

    def _reading(self, check_id: str, name: str) -> float:
        found = registry.get(check_id)
        params = found.params()
        readings = found.judge(Seen(found.observe(self._host, params), 0), params)
        return float(next(one.value for one in readings if one.name == name))


class NodeExporter:
    """Prometheus' exporter."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics"

    def _rows(self) -> list[tuple[str, str, float]]:
        with urlopen(self._url, timeout=30) as answer:
            text = answer.read().decode()
        return [(n, labels, float(v)) for n, labels, v in re.findall(r"^(\w+)(\{.*\})? (\S+)$", text, re.M)]

    def cpu(self) -> Totals:
        made: dict[str, float] = {}
        for name, labels, value in self._rows():
            if name == "node_cpu_seconds_total":
                mode = re.search(r'mode="(\w+)"', labels)[1]
                made[mode] = made.get(mode, 0) + value
        return made

    def memory(self) -> float:
        rows = {name: value for name, _, value in self._rows()}
        return 100 - 100 * rows["node_memory_MemAvailable_bytes"] / rows["node_memory_MemTotal_bytes"]

    def disk(self) -> float:
        rows = {name: value for name, labels, value in self._rows() if 'mountpoint="/"' in labels}
        return 100 - 100 * rows["node_filesystem_free_bytes"] / rows["node_filesystem_size_bytes"]


class Snmpd:
    """net-snmp's agent, by our own walker."""

    def __init__(self, port: int, folder: Path) -> None:
        (folder / "secrets.yaml").write_text("snmp: {community: look}\n")
        (folder / "secrets.yaml").chmod(0o600)
        self._snmp = open_source(Source.SNMP, Transient(), Means(state=folder))
        self._peer = Peer("127.0.0.1", port, 2, timeout_ms=30_000)

    def _column(self, oid: str) -> Mapping[str, object]:
        return self._snmp.walk(self._peer, (oid,)).get(oid, {})

    def cpu(self) -> Totals:
        found = self._snmp.walk(self._peer, tuple(f"{_UCD}11.{at}" for at in _RAW.values()))
        return {name: sum(found.get(f"{_UCD}11.{at}", {}).values()) for name, at in _RAW.items()}

    def memory(self) -> float:
        found = self._snmp.walk(self._peer, (f"{_UCD}4.5", f"{_UCD}4.27"))
        whole, left = (next(iter(found[f"{_UCD}4.{at}"].values())) for at in ("5", "27"))
        return 100 - 100 * left / whole

    def disk(self) -> float:
        base = "1.3.6.1.2.1.25.2.3.1."
        (index,) = [at for at, name in self._column(f"{base}3").items() if name == b"/"]
        return 100 * self._column(f"{base}6")[index] / self._column(f"{base}5")[index]


def moment(looks: Mapping[str, Ours | NodeExporter | Snmpd]) -> dict[str, Totals]:
    """The totals of all, when snmpd has just read its own: it does so every five seconds."""
    daemon = looks.get("snmpd")
    first = daemon.cpu() if daemon else {}
    end = time.monotonic() + 60
    while daemon and daemon.cpu() == first and time.monotonic() < end:
        time.sleep(0.02)
    return {name: one.cpu() for name, one in reversed(looks.items())}


def busy(before: Totals, after: Totals) -> float:
    """Per cent of the time that was not idle."""
    grown = {name: after[name] - before[name] for name in after if name not in ("guest", "guest_nice")}
    return 100 - 100 * sum(grown.get(name, 0) for name in _IDLE) / sum(grown.values())


def main() -> int:
    """Print the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o700)
        looks: dict[str, Ours | NodeExporter | Snmpd] = {"roundseal": Ours()}
        program = shutil.which("node_exporter") or shutil.which("prometheus-node-exporter")
        if program:
            port = free_port(socket.SOCK_STREAM)
            node = NodeExporter(port)
            words = [program, f"--web.listen-address=127.0.0.1:{port}"]
            stack.enter_context(running(words, node.memory))
            looks["node_exporter"] = node
        if snmpd := shutil.which("snmpd"):
            port = free_port(socket.SOCK_DGRAM)
            (folder / "conf").write_text("rocommunity look 127.0.0.1\n")
            daemon = Snmpd(port, folder)
            words = [
                snmpd,
                "-f",
                "-Lf",
                "/dev/null",
                "-C",
                "-c",
                str(folder / "conf"),
                "-p",
                str(folder / "pid"),
            ]
            stack.enter_context(running([*words, f"udp:127.0.0.1:{port}"], daemon.memory))
            looks["snmpd"] = daemon
        before = moment(looks)
        time.sleep(seconds)
        after = moment(looks)
        rows = {
            "cpu": {name: busy(before[name], after[name]) for name in looks},
            "memory": {name: one.memory() for name, one in looks.items()},
            "disk /": {name: one.disk() for name, one in looks.items()},
        }
    worst = 0.0
    for what, found in rows.items():
        off = max(abs(value - found["roundseal"]) for value in found.values())
        worst = max(worst, off)
        print(
            f"{what:8}", *(f"{name} {value:6.2f} %" for name, value in found.items()), f"off {off:.2f} points"
        )
    missing = [name for name in ("node_exporter", "snmpd") if name not in looks]
    for name in missing:
        print(f"NOT MEASURED: {name} is not installed")
    print(f"host_beside_worst_points {worst:.2f}")
    return int(worst > MOST or len(missing) == 2)


if __name__ == "__main__":
    sys.exit(main())
