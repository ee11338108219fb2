"""How many probes one core makes: the last line is HTTP probes a second and core.

The servers are processes of their own, so only the prober's CPU time is counted: rates are per second
of CPU, which other work on the machine moves little. Wall-clock rates are printed beside them.

    python tests/bench/bench_probes.py [SECONDS]
"""

import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Callable

from agent.sources.net import open_net
from checks.api import State
from checks.result import Item, When, encode, look
from checks.service import http, icmp, tcp

_PAGE = b"<html><h1>notice</h1>" + b"x" * 1000 + b"</html>"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(_PAGE) + _PAGE


def serve(listener: socket.socket, *, answers: bool) -> None:
    """Take connections for ever."""
    while True:
        connection, _ = listener.accept()
        with connection:
            if answers and connection.recv(4096):
                connection.sendall(_ANSWER)


def rate(probe: Callable[[], None], seconds: float) -> tuple[float, float]:
    """Median of three: probes a second of CPU, probes a second of wall clock."""
    rows = []
    for _ in range(3):
        count, cpu, wall = 0, time.process_time(), time.perf_counter()
        while time.perf_counter() - wall < seconds:
            probe()
            count += 1
        rows.append((count / (time.process_time() - cpu), count / (time.perf_counter() - wall)))
    return statistics.median(row[0] for row in rows), statistics.median(row[1] for row in rows)


def started(*, answers: bool) -> int:
    """Port of a server process."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    multiprocessing.Process(target=serve, args=(listener,), kwargs={"answers": answers}, daemon=True).start()
    with listener:
        return int(listener.getsockname()[1])


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    multiprocessing.set_start_method("fork")
    net = open_net()
    quiet, talking = started(answers=False), started(answers=True)

    def looked(check, params: dict) -> Callable[[], None]:
        item = Item(check.id, check.version, "target", None, params)

        def probe() -> None:
            result = look(check, item, net, vantage="here", when=When(0), now=lambda: time.time_ns() // 10**6)
            assert result.state is State.OK, result
            encode(result)

        return probe

    rows = [
        ("TCP connections alone", lambda: net.tcp("127.0.0.1", quiet, timeout_ms=1000)),
        ("service.tcp, looked, judged, encoded", looked(tcp.CHECK, {"host": "127.0.0.1", "port": quiet})),
        (
            "service.http, looked, judged, encoded",
            looked(http.CHECK, {"url": f"http://127.0.0.1:{talking}/", "text": "notice"}),
        ),
    ]
    print(f"{'':40}{'per CPU-s':>12}{'wall':>12}")
    figure = 0.0
    for name, probe in rows:
        probe()
        figure, wall = rate(probe, seconds)
        print(f"{name:40}{figure:12.0f}{wall:12.0f}")
    try:
        probe = looked(icmp.CHECK, {"host": "127.0.0.1", "count": 1, "gap_ms": 10})
        print(f"{'service.icmp, one echo':40}{rate(probe, seconds)[0]:12.0f}")
    except AssertionError:
        print("service.icmp: not permitted here")
    print(f"http_probes_per_core_second {figure:.0f}")


if __name__ == "__main__":
    main()
