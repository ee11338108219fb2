"""service.http beside blackbox_exporter: probes a second of CPU, and how far the measured time is off.

Servers and exporter are processes of their own; rates are per second of the prober's CPU (user and system),
which other work on the machine moves little. The page is served after a known delay; the bias is what the
prober says beyond that delay, so it holds the server's own time for both. Figures stand last.

    python tests/bench/bench_probe.py [PROBES]
"""

import contextlib
import http.client
import multiprocessing
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.sources.net import open_net
from checks.api import State
from checks.result import Item, When, encode, look
from checks.service import http as page

PAGE = b"<html><h1>notice</h1>" + b"x" * 1000 + b"</html>"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
REPEATS = 5


def serve(listener: socket.socket, delay_ms: int) -> None:
    """Answer every connection after the delay, which is waited out exactly."""
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if connection.recv(4096):
                if delay_ms:
                    until = time.perf_counter() + delay_ms / 1000
                    time.sleep(delay_ms / 1000 - 0.0005)
                    while time.perf_counter() < until:
                        pass
                connection.sendall(ANSWER)


def started(delay_ms: int) -> int:
    """Port of a server process."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    multiprocessing.Process(target=serve, args=(listener, delay_ms), daemon=True).start()
    with listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def exporter() -> Iterator[tuple[int, int] | None]:
    """Port and process of a blackbox_exporter; None where it is not installed."""
    program = shutil.which("blackbox_exporter") or shutil.which("prometheus-blackbox-exporter")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as place, socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        sock.close()
        config = Path(place) / "blackbox.yml"
        config.write_text(
            "modules:\n  page:\n    prober: http\n    timeout: 5s\n    http:\n"
            "      preferred_ip_protocol: ip4\n      fail_if_body_not_matches_regexp: [notice]\n"
        )
        words = [
            program,
            f"--config.file={config}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(words, env={**os.environ, "GOMAXPROCS": "1"}, **quiet) as process:
            try:
                for _ in range(200):
                    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                        break
                    time.sleep(0.05)
                yield port, process.pid
            finally:
                process.terminate()


def ours(port: int) -> Callable[[], float]:
    """One look, judged and encoded; milliseconds that it says the page took."""
    params = {"url": f"http://127.0.0.1:{port}/", "text": "notice"}
    item = Item("service.http", page.CHECK.version, "target", None, params)
    net = open_net()

    def probe() -> float:
        result = look(
            page.CHECK, item, net, vantage="here", when=When(0), now=lambda: time.time_ns() // 10**6
        )
        assert result.state is State.OK, result
        encode(result)
        return float(next(r.value for r in result.readings if r.name == "total")) / 1000

    return probe


def theirs(port: int, exporter_port: int) -> Callable[[], float]:
    """One scrape of /probe over a kept connection; milliseconds that it says the page took."""
    connection = http.client.HTTPConnection("127.0.0.1", exporter_port)
    target = f"/probe?module=page&target=http://127.0.0.1:{port}/"

    def probe() -> float:
        connection.request("GET", target)
        text = connection.getresponse().read().decode()
        assert "\nprobe_success 1" in text, text
        return float(re.search(r"\nprobe_duration_seconds (\S+)", text)[1]) * 1000

    return probe


def cpu_of(pid: int | None) -> float:
    """CPU seconds of a process, or of this one."""
    if pid is None:
        return time.process_time()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rate(probe: Callable[[], float], pid: int | None, count: int) -> float:
    """Probes a second of CPU, best of REPEATS: other work can only slow it."""
    found = []
    for _ in range(REPEATS):
        begun = cpu_of(pid)
        for _ in range(count):
            probe()
        found.append(count / (cpu_of(pid) - begun))
    return max(found)


def bias(probes: dict[str, Callable[[], float]], delay_ms: int, count: int) -> dict[str, tuple[float, float]]:
    """Median and 99th percentile of milliseconds beyond the delay; the probers take turns."""
    found: dict[str, list[float]] = {name: [] for name in probes}
    for _ in range(count):
        for name, probe in probes.items():
            found[name].append(probe() - delay_ms)
            time.sleep(0.002)
    return {
        name: (statistics.median(times), statistics.quantiles(times, n=100)[98])
        for name, times in found.items()
    }


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    multiprocessing.set_start_method("fork")
    ports = {delay: started(delay) for delay in (0, 5, 50)}
    with exporter() as other:
        rows = {"service.http": (ours(ports[0]), None)}
        if other is None:
            print("NOT MEASURED: blackbox_exporter is not installed")
        else:
            rows["blackbox_exporter"] = (theirs(ports[0], other[0]), other[1])
        figures = {}
        for name, (probe, pid) in rows.items():
            for _ in range(100):
                probe()
            figures[name] = rate(probe, pid, count)
        for delay, port in ports.items():
            probes = {"service.http": ours(port)}
            if other is not None:
                probes["blackbox_exporter"] = theirs(port, other[0])
            for name, (middle, far) in bias(probes, delay, max(count // 4, 200)).items():
                print(f"{name:20} delay {delay:3} ms: bias {middle:+.3f} ms median, {far:+.3f} ms p99")
    for name, figure in figures.items():
        print(f"{name:20} {figure:8.0f} probes a second of CPU")
    if other is not None:
        print(f"ratio_to_blackbox {figures['service.http'] / figures['blackbox_exporter']:.2f}")
    print(f"http_probes_per_core_second {figures['service.http']:.0f}")


if __name__ == "__main__":
    main()
