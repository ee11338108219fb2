"""SNMP: our walker beside net-snmp's snmpbulkwalk, and 500 devices inspected through the agent's own path.

    python tests/bench/bench_snmp_speed.py [DEVICES]

Devices answer from recordings made here (a switch with 500 ports for the walk, one with 24 ports and 24
sensors for the rest), served by agent/sources/snmp_responder.py in processes of their own, whose CPU time
stands apart.

walk      22 columns of 500 ports, v2c. Rows a second of wall clock and of the walker's own CPU, best of
          five. Both read the same table of the same responder and decode it; snmpbulkwalk prints it too.
round     DEVICES (500) devices, each with 5 planned looks that give 30 readings or more, taken by the agent's
          pool and its child for heavy sources, recorded in an outbox; 2 % of them are dead (nobody answers),
          2 % slow (each answer waits 0.3 s). A dead one costs its own deadline; the others stand beside.

The last line is rows a second, times snmpbulkwalk's, and the seconds of the round.
"""

import multiprocessing
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.clock import Clock
from agent.memory import Recent
from agent.outbox import Outbox
from agent.runner import Eyes, Pool
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.snmp import open_snmp
from agent.sources.snmp_responder import Recording, recording, respond
from agent.timetable import Due
from checks import registry
from checks.result import Item
from checks.snmp import Peer

COLUMNS = [f"1.3.6.1.2.1.2.2.1.{n}" for n in range(1, 23)]
LOOKS = ("network.device", "network.interfaces", "network.cpu", "network.memory", "network.sensors")
SLOW_S = 0.3
TIMEOUT_MS = 10_000
PORTS, PORTS_WALK = 24, 500
REPEATS = 5


def lines(ports: int, number: int = 0) -> Iterator[str]:
    """A switch: system, interfaces (ifTable, ifXTable), processors, memory, sensors (ENTITY-SENSOR-MIB)."""
    yield "1.3.6.1.2.1.1.1.0|4|bench switch"
    yield "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10"
    yield "1.3.6.1.2.1.1.3.0|67|123456789"
    yield f"1.3.6.1.2.1.1.5.0|4|sw-{number}"
    for at in range(1, ports + 1):
        base = "1.3.6.1.2.1.2.2.1"
        texts = {
            1: (2, at),
            2: (4, f"GigabitEthernet0/0/{at}"),
            3: (2, 6),
            4: (2, 1500),
            5: (66, 1_000_000_000),
        }
        texts |= {6: ("4x", f"02000000{at:04x}"), 7: (2, 1), 8: (2, 1), 9: (67, 4711), 22: (6, "0.0")}
        texts |= {column: (65, 1000 * at + column) for column in range(10, 22)}
        for column, (tag, value) in texts.items():
            yield f"{base}.{column}.{at}|{tag}|{value}"
        more = "1.3.6.1.2.1.31.1.1.1"
        yield f"{more}.1.{at}|4|GE0/0/{at}"
        yield f"{more}.6.{at}|70|{10**10 + at}"
        yield f"{more}.10.{at}|70|{10**9 + at}"
        yield f"{more}.15.{at}|66|1000"
        yield f"{more}.18.{at}|4|port {at}"
    for at in (1, 2):
        yield f"1.3.6.1.2.1.25.3.2.1.2.{at}|6|1.3.6.1.2.1.25.3.1.3"
        yield f"1.3.6.1.2.1.25.3.3.1.2.{at}|2|{10 * at}"
    for at, (kind, size, used) in enumerate(((2, 4096, 1024), (4, 65536, 30000)), 1):
        row = {2: (6, f"1.3.6.1.2.1.25.2.1.{kind}"), 3: (4, f"memory {at}"), 4: (2, 1024)}
        for column, (tag, value) in {**row, 5: (2, size), 6: (2, used)}.items():
            yield f"1.3.6.1.2.1.25.2.3.1.{column}.{at}|{tag}|{value}"
    for at in range(1, 25):
        yield f"1.3.6.1.2.1.47.1.1.1.1.2.{at}|4|sensor {at}"
        yield f"1.3.6.1.2.1.47.1.1.1.1.5.{at}|2|8"
        yield f"1.3.6.1.2.1.47.1.1.1.1.7.{at}|4|temperature {at}"
        for column, value in ((1, 8), (2, 9), (3, 0), (4, 30 + at), (5, 1)):
            yield f"1.3.6.1.2.1.99.1.1.1.{column}.{at}|2|{value}"


def serve(sockets: list[socket.socket], held: Recording, delay_s: float) -> None:
    """Answer on all of these sockets until ended; a delay is waited out beside the other answers."""
    import selectors

    table = {b"public": held}
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                datagram, address = key.fileobj.recvfrom(65535)
                answer = respond(table, datagram)
                if delay_s:
                    threading.Timer(delay_s, key.fileobj.sendto, (answer, address)).start()
                else:
                    key.fileobj.sendto(answer, address)


class Served:
    """Responder processes of this run: ports to ask, and the CPU seconds they took."""

    def __init__(self) -> None:
        self.processes: list[multiprocessing.Process] = []

    def start(self, ports: int, count: int, delay_s: float = 0.0) -> list[int]:
        held = recording(line.encode() for line in lines(ports))
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            sock.bind(("127.0.0.1", 0))
        numbers = [sock.getsockname()[1] for sock in sockets]
        process = multiprocessing.Process(target=serve, args=(sockets, held, delay_s), daemon=True)
        process.start()
        self.processes.append(process)
        for sock in sockets:
            sock.close()
        return numbers

    def cpu(self) -> float:
        return sum(cpu_of(process.pid) for process in self.processes)

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
            process.join()


def cpu_of(pid: int | None) -> float:
    """CPU seconds of a process and its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served() -> Iterator[Served]:
    made = Served()
    try:
        yield made
    finally:
        made.end()


def best(take: Callable[[], int], cpu: Callable[[], float]) -> tuple[float, float, int]:
    """Rows a second of wall clock and of CPU, best of REPEATS; rows of one walk."""
    rows = 0
    found = []
    for _ in range(REPEATS):
        begun, wall = cpu(), time.perf_counter()
        rows = take()
        found.append((rows / (time.perf_counter() - wall), rows / max(cpu() - begun, 0.001)))
    return max(one[0] for one in found), max(one[1] for one in found), rows


def ours(port: int, means: Means) -> Callable[[], int]:
    source, peer = open_snmp(Transient(), means), Peer("127.0.0.1", port, 2, "bench", timeout_ms=60_000)

    def take() -> int:
        return sum(map(len, source.walk(peer, COLUMNS).values()))

    return take


def theirs(program: str, port: int) -> Callable[[], int]:
    words = [program, "-v2c", "-c", "public", "-On", "-Cr25", f"127.0.0.1:{port}", "1.3.6.1.2.1.2.2.1"]

    def take() -> int:
        made = subprocess.run(words, capture_output=True, check=True)
        return made.stdout.count(b"\n")

    return take


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def walks(made: Served, means: Means) -> tuple[float, float | None]:
    """Rows a second of CPU: ours, net-snmp's."""
    (port,) = made.start(PORTS_WALK, 1)
    mine = best(ours(port, means), time.process_time)
    print(f"our walker:   {mine[0]:9.0f} rows/s, {mine[1]:9.0f} rows a second of CPU ({mine[2]} rows a walk)")
    program = shutil.which("snmpbulkwalk")
    if program is None:
        print("NOT MEASURED: snmpbulkwalk (net-snmp) is not installed")
        return mine[1], None
    other = best(theirs(program, port), children)
    print(
        f"snmpbulkwalk: {other[0]:9.0f} rows/s, {other[1]:9.0f} rows a second of CPU ({other[2]} rows a walk)"
    )
    print(f"the responder took {made.cpu():.2f} s of CPU for both")
    return mine[1], other[1]


def looks(ports: list[int]) -> Iterator[Due]:
    """What a plan asks of these devices."""
    for number, port in enumerate(ports):
        params = {
            "address": "127.0.0.1",
            "port": port,
            "version": 2,
            "secret": "bench",
            "timeout_ms": TIMEOUT_MS,
        }
        for check in LOOKS:
            item = Item(check, registry.get(check).version, f"sw-{number}", None, params)
            yield Due(f"{check}|{number}", item, 0, 0, TIMEOUT_MS + 5000, False, memory=f"{check}|{number}")


def inspect(ports: list[int], means: Means, folder: Path) -> tuple[float, dict[str, list], float]:
    """Seconds, results by target, and CPU seconds of this process and the agent's children."""
    outbox = Outbox(folder / "outbox.db")
    clock = Clock()
    pool = Pool(Eyes("bench", means, clock), Recent(outbox), clock)
    found: dict[str, list] = {}
    begun, cpu = time.monotonic(), time.process_time() + children()
    wanted = 0
    for due in looks(ports):
        pool.submit(due)
        wanted += 1
    got = 0
    while got < wanted:
        time.sleep(0.02)
        pool.sweep()
        ended = pool.ended()
        outbox.record([done.finished for done in ended]) if ended else None
        for done in ended:
            found.setdefault(done.result.target, []).append((done.result, time.monotonic() - begun))
        got += len(ended)
    seconds = time.monotonic() - begun
    pool.close()
    outbox.close()
    return seconds, found, time.process_time() + children() - cpu


def round_of(count: int, made: Served, means: Means, folder: Path) -> float:
    """Seconds that the inspection of all devices took."""
    few = max(count // 50, 1)
    before = made.cpu()
    good = made.start(PORTS, count - 2 * few)
    slow = made.start(PORTS, few, SLOW_S)
    silent = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(few)]
    for sock in silent:
        sock.bind(("127.0.0.1", 0))
    dead = [sock.getsockname()[1] for sock in silent]
    # As in life: the dead and the slow stand among the others.
    mixed = list(good)
    for at, port in enumerate((*slow, *dead)):
        mixed.insert(at * 25 % len(mixed), port)
    seconds, found, cpu = inspect(mixed, means, folder)
    for sock in silent:
        sock.close()
    kinds = {port: "good" for port in good} | dict.fromkeys(slow, "slow") | dict.fromkeys(dead, "dead")
    done = {kind: [] for kind in ("good", "slow", "dead")}
    readings = []
    for number, port in enumerate(mixed):
        results = found[f"sw-{number}"]
        errors = [str(result.error) for result, _ in results if result.error]
        done[kinds[port]].append((max(at for _, at in results), errors))
        if kinds[port] != "dead":
            readings.append(sum(len(result.readings) for result, _ in results))
    for kind, rows in done.items():
        failed = sum(bool(errors) for _, errors in rows)
        last = max(at for at, _ in rows)
        print(f"{kind:5} {len(rows):4} devices, the last done after {last:6.1f} s; {failed} with errors")
    print(f"{len(mixed)} devices, {len(LOOKS)} looks, {min(readings)} to {max(readings)} readings each")
    print(f"{seconds:.1f} s; CPU: agent {cpu:.1f} s, responders {made.cpu() - before:.1f} s")
    lost = sum(len(errors) for kind in ("good", "slow") for _, errors in done[kind])
    if lost or min(readings) < 30 or any(len(errors) < len(LOOKS) for _, errors in done["dead"]):
        sys.exit(f"{lost} looks at devices that answer gave no reading, or a device fewer than 30")
    return seconds


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    multiprocessing.set_start_method("fork")
    with tempfile.TemporaryDirectory() as place, served() as made:
        folder = Path(place)
        (folder / "secrets.yaml").write_text("bench: {community: public}\n")
        (folder / "secrets.yaml").chmod(0o600)
        means = Means(state=folder)
        mine, other = walks(made, means)
        seconds = round_of(count, made, means, folder)
    beside = f", {mine / other:.2f} times snmpbulkwalk's" if other else ""
    print(f"{mine:.0f} rows a second of CPU{beside}; {count} devices inspected in {seconds:.1f} s")


if __name__ == "__main__":
    main()
