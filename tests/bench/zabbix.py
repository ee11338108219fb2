"""The peer beside which benches are run: Debian's Zabbix 6.0, its PostgreSQL, and senders of values.

    apt-get install zabbix-server-pgsql zabbix-agent2 postgresql

Everything lives in a folder of its own and on loopback: an own cluster (socket in that folder, no port), a
server with trapper items only, no triggers, no TLS. As root the cluster runs as `postgres` and the server as
`zabbix`, whom the packages made; otherwise both run as who calls. Settings are Debian's but for those here,
each with its reason.
"""

import gzip
import json
import os
import pickle
import pwd
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SERVER = Path("/usr/sbin/zabbix_server")
AGENT = Path("/usr/sbin/zabbix_agent2")
SQL = Path("/usr/share/zabbix-server-pgsql")
HOSTS, ITEMS = 100, 50
TABLES = {3: "history_uint", 0: "history", 4: "history_text"}
_FIRST = 1_000_000  # of the hosts' and items' numbers; the product's own are below
_TICKS = os.sysconf("SC_CLK_TCK")
START_S = 120
REST_S = 1.0
# What a burst needs beside Debian's defaults: caches that hold it, and no process that does anything else.
_SERVER = """
DBHost={socket}
DBName=zabbix
DBUser={user}
ListenIP=127.0.0.1
ListenPort={port}
SocketDir={folder}
PidFile={folder}/zabbix.pid
LogType=file
LogFile={folder}/zabbix.log
LogFileSize=0
Timeout=4
StartTrappers=4
StartDBSyncers=4
StartPollers=1
StartPollersUnreachable=1
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartIPMIPollers=0
StartVMwareCollectors=0
StartAlerters=1
StartEscalators=1
StartLLDProcessors=1
HousekeepingFrequency=0
CacheSize=64M
HistoryCacheSize=256M
HistoryIndexCacheSize=64M
TrendCacheSize=64M
"""
# Two that Zabbix's own figures were taken with, and no clean-up that falls into one run and not into another.
_CLUSTER = {"shared_buffers": "512MB", "max_wal_size": "4GB", "autovacuum": "off"}


def programs() -> Path | None:
    """Where Debian's newest PostgreSQL is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[4]))
    return found[-1].parent if found else None


def missing(*, agent: bool = False) -> list[str]:
    """Packages that are not installed here."""
    if agent:
        return [] if AGENT.exists() else ["zabbix-agent2"]
    found = [] if SERVER.exists() and (SQL / "schema.sql.gz").exists() else ["zabbix-server-pgsql"]
    return found if programs() else [*found, "postgresql"]


def not_measured(lacking: Sequence[str]) -> str:
    """What to say where packages are missing."""
    return f"NOT MEASURED: {', '.join(lacking)} not installed; as root: apt-get install {' '.join(lacking)}"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now; Zabbix takes none above 32767."""
    while True:
        port = random.randrange(10_000, 32_767)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


def tree(root: int) -> list[int]:
    """A process and everything below it that lives."""
    found, ahead = [], [root]
    while ahead:
        pid = ahead.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                ahead += map(int, children.read_text().split())
            except OSError:
                continue  # it has just ended: its parent's account has it now
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of a process tree, of those too that have ended and were waited for."""
    ticks = 0
    for pid in tree(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS


def packet(message: bytes) -> bytes:
    """As Zabbix's protocol frames it: ZBXD, flags 1, the length."""
    return b"ZBXD\x01" + struct.pack("<II", len(message), 0) + message


def asked(port: int, message: bytes) -> bytes:
    """One exchange on a connection of its own, as its senders and pollers do."""
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(packet(message))
        return answer(b"".join(iter(lambda: one.recv(65_536), b"")))


def answer(data: bytes) -> bytes:
    """What an answer says."""
    # Flags 1: four bytes of length, four that only compressed ones use.
    if data[:5] != b"ZBXD\x01" or len(data) < 13 or len(data) - 13 != struct.unpack("<I", data[5:9])[0]:
        raise SystemExit(f"no answer of Zabbix: {data[:80]!r}")
    return data[13:]


def _as(user: str) -> dict[str, object]:
    """Who runs a command: root runs neither the cluster nor the server itself."""
    return {"user": user, "group": user, "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}


def _user(name: str) -> str:
    return name if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _folder(place: Path, user: str) -> Path:
    """A new folder of that user."""
    place.mkdir(mode=0o755)
    if os.geteuid() == 0:
        shutil.chown(place, user, user)
    return place


def end(process: subprocess.Popen, how: signal.Signals) -> None:
    """Stop it and wait; whoever it started ends with it."""
    process.send_signal(how)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        for pid in reversed(tree(process.pid)):
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, signal.SIGKILL)
        process.wait()


@dataclass(frozen=True)
class Peer:
    """A running server with its cluster."""

    folder: Path
    port: int
    server: int
    cluster: int

    def cpu(self) -> float:
        """CPU seconds of both process trees."""
        return cpu_seconds(self.server) + cpu_seconds(self.cluster)

    def sql(self, text: str) -> str:
        return _sql(self.folder / "pg", text)

    def stored(self) -> int:
        """Values in the history tables: counted, not estimated."""
        return sum(int(self.sql(f"SELECT count(*) FROM {table}")) for table in TABLES.values())

    def database_bytes(self) -> int:
        names = ",".join(f"pg_total_relation_size('{table}')" for table in TABLES.values())
        return sum(map(int, self.sql(f"SELECT {names}").split("|")))

    def emptied(self) -> None:
        """Forget what a run has stored, so that each begins alike."""
        self.sql("TRUNCATE " + ",".join([*TABLES.values(), "trends", "trends_uint"]))
        self.sql("CHECKPOINT")
        rest(self.cpu)


def rest(cpu: Callable[[], float], most_s: float = 60.0) -> float:
    """Wait until it has been idle for a second; when it was last seen at work (time.perf_counter)."""
    begun = last = time.perf_counter()
    used = cpu()
    while time.perf_counter() - last < REST_S:
        time.sleep(0.05)
        now = cpu()
        # Two ticks in a twentieth of a second are work; one now and then is its timers.
        if now - used >= 2 / _TICKS:
            last = time.perf_counter()
        used = now
        if last - begun > most_s:
            raise SystemExit("the peer does not come to rest")
    return last


def _sql(place: Path, text: str | bytes, database: str = "zabbix") -> str:
    """Statements as the cluster's user; what they say, without ornaments."""
    words = [str(programs() / "psql"), "-h", str(place), "-d", database, "-v", "ON_ERROR_STOP=1", "-qXAt"]
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run(words, input=data, capture_output=True, check=False, **_as("postgres"))
    if done.returncode:
        raise SystemExit(f"psql: {done.stderr.decode()[-500:]}")
    return done.stdout.decode().strip()


def ended_by_a_signal() -> None:
    """Have SIGTERM end this process as an exception does: what it started ends with it."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


@contextmanager
def _cluster(folder: Path) -> Iterator[int]:
    """A PostgreSQL of its own; yields the process."""
    place, bins = _folder(folder / "pg", "postgres"), programs()
    make = [
        str(bins / "initdb"),
        "--no-sync",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-D",
        str(place / "data"),
    ]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, **_as("postgres"))
    settings = {**_CLUSTER, "listen_addresses": "", "unix_socket_directories": str(place)}
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "cluster.log").open("w") as log:
        process = subprocess.Popen(
            [str(bins / "postgres"), "-D", str(place / "data"), *words],
            stdout=log,
            stderr=log,
            **_as("postgres"),
        )
    try:
        until(lambda: (place / ".s.PGSQL.5432").exists(), process, folder / "cluster.log")
        yield process.pid
    finally:
        end(process, signal.SIGINT)


def until(answers: Callable[[], bool], process: subprocess.Popen, *logs: Path) -> None:
    end = time.monotonic() + START_S
    while not answers():
        if process.poll() is not None or time.monotonic() > end:
            said = "".join(one.read_text()[-500:] for one in logs if one.exists())
            raise SystemExit(f"{process.args[0]} did not start: {said}")
        time.sleep(0.1)


# Its templates, its own host, discovery and actions are left out: nothing of them is intake.
_NEEDED = tuple(
    f"INSERT INTO {table} "
    for table in ("role", "users", "usrgrp", "users_groups", "hstgrp", "config", "config_autoreg_tls")
)


def _filled(place: Path) -> None:
    """Zabbix's own tables and what its server wants to find; our hosts and their trapper items."""
    _sql(place, "CREATE DATABASE zabbix", "postgres")
    user = _user("zabbix")
    if user != _user("postgres"):
        _sql(place, f"CREATE ROLE {user} LOGIN SUPERUSER")
    _sql(place, gzip.decompress((SQL / "schema.sql.gz").read_bytes()))
    rows = gzip.decompress((SQL / "data.sql.gz").read_bytes()).decode().splitlines()
    _sql(place, "\n".join(row for row in rows if row.startswith(_NEEDED)))
    kinds = "(CASE WHEN i % 5 < 3 THEN 3 WHEN i % 5 = 3 THEN 0 ELSE 4 END)"
    _sql(
        place,
        f"INSERT INTO hosts (hostid, host, name) SELECT {_FIRST} + h, 'h' || h, 'h' || h "
        f"FROM generate_series(0, {HOSTS - 1}) h;"
        "INSERT INTO items (itemid, type, hostid, name, key_, value_type) "
        f"SELECT {_FIRST} + h * {ITEMS} + i, 2, {_FIRST} + h, 'i' || i, 'i' || i, {kinds} "
        f"FROM generate_series(0, {HOSTS - 1}) h, generate_series(0, {ITEMS - 1}) i;"
        f"INSERT INTO item_rtdata (itemid) SELECT itemid FROM items WHERE itemid >= {_FIRST};"
        "ANALYZE",
    )


@contextmanager
def running(folder: Path) -> Iterator[Peer]:
    """Cluster and server in this folder, until the first exchange works; both end with the block."""
    folder.chmod(0o755)
    port, work = free_port(), _folder(folder / "server", "zabbix")
    settings = folder / "zabbix_server.conf"
    settings.write_text(_SERVER.format(socket=folder / "pg", user=_user("zabbix"), folder=work, port=port))
    with _cluster(folder) as cluster, (folder / "server.log").open("w") as log:
        _filled(folder / "pg")
        process = subprocess.Popen(
            [str(SERVER), "-f", "-c", str(settings)], stdout=log, stderr=log, **_as("zabbix")
        )
        try:
            until(lambda: _takes(port), process, folder / "server.log", work / "zabbix.log")
            yield Peer(folder, port, process.pid, cluster)
        finally:
            end(process, signal.SIGTERM)


def _takes(port: int) -> bool:
    """Whether a value of one of our items is taken: some seconds after its start it knows them."""
    try:
        said = asked(port, sender([("h0", "i0", "1", int(time.time()), 0)]))
    except OSError:
        return False
    return b"processed: 1; failed: 0" in said


def sender(values: Sequence[tuple[str, str, str, int, int]]) -> bytes:
    """A message as zabbix_sender sends it: (host, key, value, clock, ns) each."""
    data = [dict(zip(("host", "key", "value", "clock", "ns"), one, strict=True)) for one in values]
    return json.dumps({"request": "sender data", "data": data}, separators=(",", ":")).encode()


def batches(count: int, total: int, begin: int) -> list[bytes]:
    """`total` packets of `count` values each: a host's items in turn, a second later each time around."""
    made, at = [], [0] * HOSTS
    for number in range(total):
        host, values = number % HOSTS, []
        for _ in range(count):
            turn, item = divmod(at[host], ITEMS)
            at[host] += 1
            values.append((f"h{host}", f"i{item}", _value(item, turn), begin + turn, 1000 * item))
        made.append(packet(sender(values)))
    return made


def _value(item: int, turn: int) -> str:
    if item % 5 < 3:
        return str(1_000_000 + (turn * 7919 + item * 104_729) % 9_000_000)
    if item % 5 == 3:
        return f"{(turn * 31 + item * 17) % 10_000 / 100:.2f}"
    return f"接口 eth{item % 4} state up, {turn % 60} errors since the last look"


def send(port: int, packets: Sequence[bytes], count: int, connections: int = 4) -> dict[str, float]:
    """Have a process of its own send them; its figures. SystemExit where a value was not taken."""
    words = [sys.executable, __file__, str(port), str(count), str(connections)]
    done = subprocess.run(words, input=pickle.dumps(list(packets)), stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit("the peer refused a batch")
    return json.loads(done.stdout)


def _client() -> int:
    """Entry point of the sending process: one thread, so many connections at a time, one packet on each."""
    port, count, connections = map(int, sys.argv[1:])
    left = iter(pickle.loads(sys.stdin.buffer.read()))
    poll, open_, times = select.poll(), {}, []
    wanted = f"processed: {count}; failed: 0".encode()

    def begin() -> None:
        data = next(left, None)
        if data is None:
            return
        sock = socket.create_connection(("127.0.0.1", port))
        open_[sock.fileno()] = (sock, time.perf_counter(), [])
        poll.register(sock, select.POLLIN)
        sock.sendall(data)

    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(connections):
        begin()
    while open_:
        for number, _ in poll.poll(60_000) or [(None, 0)]:
            if number is None:
                print("no answer within a minute", file=sys.stderr)
                return 1
            sock, since, parts = open_[number]
            data = sock.recv(65_536)
            parts.append(data)
            if data:
                continue
            poll.unregister(sock)
            sock.close()
            del open_[number]
            if wanted not in answer(b"".join(parts)):
                print(b"".join(parts), file=sys.stderr)
                return 1
            times.append(time.perf_counter() - since)
            begin()
    print(json.dumps({"seconds": time.perf_counter() - began, "client_cpu": time.process_time() - cpu,
                      "began": began}))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(_client())
