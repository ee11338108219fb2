"""What the intake benches share: real result lines, pre-signed requests of many agents, the load client.

The client is a process of its own: one thread, many connections, every request made beforehand; it
counts answers and refuses to go on when one is not good.
"""

import hmac
import json
import os
import pickle
import re
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from checks import registry  # noqa: E402
from checks.result import Item, When, encode, look  # noqa: E402
from checks.wire import frame as frames  # noqa: E402
from checks.wire import header as headers  # noqa: E402
from checks.wire import lines as bodies  # noqa: E402
from checks.wire import strict_json, token  # noqa: E402
from checks.wire.chain import chain_hash  # noqa: E402
from checks.wire.entry import sign_statement  # noqa: E402
from checks.wire.header import Clock, Header, Kind  # noqa: E402
from checks.wire.numbers import EntryKind  # noqa: E402
from checks.wire.signing import Signer  # noqa: E402

ORIGIN = "bench.example/log"
# So long ago that no chain of minutes reaches today: what is later than its receipt is no evidence.
START_MS = time.time_ns() // 1_000_000 - 400 * 86_400_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def probe_lines() -> list[bytes]:
    """One line each of a TCP and an HTTP probe against a listener of our own; the rest as in real_lines."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from agent.sources.net import open_net

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port, net, found = server.server_port, open_net(), []
        for check_id, params in (
            ("service.tcp", {"host": "127.0.0.1", "port": port}),
            ("service.http", {"url": f"http://127.0.0.1:{port}/"}),
        ):
            item = Item(check_id, registry.get(check_id).version, "web-01", "web-01", params)
            when = When(now_ms())
            line = look(registry.get(check_id), item, net, vantage="web-01", when=when, now=now_ms)
            found.append(encode(line))
        server.shutdown()
    return [template(line) for line in found]


def template(line: bytes) -> bytes:
    """A line with places for its target and times."""
    marked = line.replace(b"%", b"%%").replace(b'"target":"web-01"', b'"target":"web-01-%02d"')
    return re.sub(rb'"(slot|t0|t1)":\d{13}', rb'"\1":%013d', marked)


def real_lines() -> list[bytes]:
    """One line of each host check, looked on this very machine; target and times are left to be filled in."""
    from agent.sources.host import open_host
    from agent.sources.memory import Transient

    memory = Transient()
    found = []
    for turn in range(2):  # rates need a look before
        host = open_host(memory)
        found = []
        for check_id in registry.matching("host.*"):
            check = registry.get(check_id)
            item = Item(check_id, check.version, "web-01", "web-01", {})
            try:
                found.append(
                    encode(look(check, item, host, vantage="web-01", when=When(now_ms()), now=now_ms))
                )
            except Exception as error:  # a check that needs parameters has no line here
                print(f"  no line of {check_id}: {error}", file=sys.stderr)
        if turn == 0:
            time.sleep(1.1)
    return [template(line) for line in found]


@dataclass
class Chain:
    """One agent's chain, ready to sign."""

    name: str
    signer: Signer
    epoch: int
    prev: str
    seq: int = 0

    def frame(self, templates: list[bytes], count: int, at: int | None = None) -> bytes:
        # As agents do: each of its series once a minute, `count` of them in a batch, always newer.
        at = START_MS + 60_000 * (self.seq + 1) if at is None else at
        name = self.name.encode()
        lines = []
        for i in range(count):
            line = templates[i % len(templates)] % (i % 100, at, at + i, at + i + 1)
            lines.append(line.replace(b"web-01", name))
        raw = headers.encode(
            Header(
                ORIGIN, self.name, self.epoch, self.seq, self.prev, Kind.RESULTS, count,
                sum(map(len, lines)) + count, bodies.body_root(bytes(16), lines).hex(), at, at + 1000,
                Clock(at, 1, "boot-1", 0, True), None, "", "22" * 32, "11" * 32,
            )
        )  # fmt: skip
        self.prev, self.seq = chain_hash(raw).hex(), self.seq + 1
        signed = frames.sign_header(raw, self.signer)
        return frames.encode(frames.Frame(raw, signed, bytes(16), 1, frames.pack_body(lines)))


def collector(directory: Path, agents: int, url: str = "http://127.0.0.1:1") -> list[Chain]:
    """A fresh data directory with this many approved agents."""
    from collector.cli_server import make
    from collector.context import open_context
    from collector.evidence.enrolment import read_statement
    from collector.jobs import lifecycle

    make(directory, ORIGIN, "127.0.0.1:0", url, None)
    chains = []
    with open_context(directory) as context:
        for i in range(agents):
            name = f"a{i:04d}x"
            signer = Signer(sha256(name.encode()).digest())
            text = lifecycle.create_token(context, name, name, by="bench")
            parsed = token.parse_token(text)
            raw = strict_json.dumps(
                {
                    "v": 1, "log": ORIGIN, "token": parsed.id, "public": signer.public.hex(), "alg": 1,
                    "machine": "11" * 32, "hostname": name, "boot": "boot-1", "wall": now_ms(),
                    "versions": {}, "key_protection": "file", "nonce": "00",
                }
            )  # fmt: skip
            signature = sign_statement(EntryKind.ENROL, raw, signer)[0].sig
            body = {
                "statement": b64encode(raw).decode(),
                "mac": hmac.new(parsed.secret, raw, sha256).hexdigest(),
                "signature": b64encode(signature).decode(),
            }
            known = lifecycle.enrol(context, read_statement(json.dumps(body).encode()))
            lifecycle.approve(context, known.code, by="bench")
            chains.append(Chain(name, signer, known.epoch, chain_hash(raw).hex()))
    return chains


def requests(
    chains: list[Chain], templates: list[bytes], *, count: int, per: int, total: int
) -> list[list[bytes]]:
    """For each agent its requests in order: `per` frames of `count` lines each, `total` requests over all."""
    made: list[list[bytes]] = [[] for _ in chains]
    for i in range(total):
        chain = chains[i % len(chains)]
        body = b"".join(chain.frame(templates, count) for _ in range(per))
        head = f"POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        made[i % len(chains)].append(head + body)
    return made


@contextmanager
def serving(directory: Path, *options: str, derive: bool = True):
    """The server as a process of its own; yields (pid, port)."""
    # The pages for people are left out: nothing of them runs during intake.
    program = (
        "import functools; from collector import serve; from collector.cli import main; "
        "serve.running = functools.partial(serve.running, pages=False); "
        + ("" if derive else "serve._jobs = lambda context: []; ")
        + "main()"
    )
    command = [sys.executable, "-c", program, "serve", str(directory), *options]
    log = (directory.parent / "server.log").open("w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
    try:
        said = process.stdout.readline()
        if "listening" not in said:
            raise SystemExit(
                f"the server did not start: {said!r}\n" + (directory.parent / "server.log").read_text()
            )
        yield process.pid, int(said.rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def family(pid: int) -> list[int]:
    """The process and its children: the server and its provers."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(int(child) for one in threads for child in one.read_text().split())]


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and its children, all of which still run."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def drive(port: int, work: list[list[bytes]], connections: int, tls: bool = False) -> dict[str, float]:
    """Run the client process over these requests; its figures."""
    args = [sys.executable, __file__, str(port), str(connections), "tls" if tls else "plain"]
    process = subprocess.run(args, input=pickle.dumps(work), stdout=subprocess.PIPE, check=False)
    if process.returncode:
        raise SystemExit("the client saw a bad answer")
    return json.loads(process.stdout)


def _client() -> int:
    """Entry point of the client process."""
    port, connections, tls = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "tls"
    work = pickle.loads(sys.stdin.buffer.read())
    queues = [[] for _ in range(connections)]
    for i, agent in enumerate(work):  # an agent stays on one connection: its order is its chain
        queues[i % connections].append(agent)
    plans = [plan for plan in map(_interleave, queues) if plan]
    talks = [(_connected(port, tls), plan) for plan in plans]
    begin, cpu = time.perf_counter(), time.process_time()
    times = _talked(talks, tls)
    if times is None:
        return 1
    times.sort()
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - begin,
                "client_cpu": time.process_time() - cpu,
                "requests": len(times),
                "p50_ms": 1000 * times[len(times) // 2],
                "p99_ms": 1000 * times[min(len(times) - 1, len(times) * 99 // 100)],
            }
        )
    )
    return 0


def _connected(port: int, tls: bool) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return sock
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(sock)


def _talked(talks: list[tuple[socket.socket, list[bytes]]], tls: bool) -> list[float] | None:
    """Seconds to each answer; None (it is printed) where one does not say `ok` for all."""
    poll, socks, at, sent, buffers = select.poll(), {}, {}, {}, {}
    times: list[float] = []
    for sock, plan in talks:
        number = sock.fileno()
        socks[number], at[number], buffers[number] = (sock, plan), 0, b""
        poll.register(sock, select.POLLIN)
        sock.sendall(plan[0])
        sent[number] = time.perf_counter()
    left = sum(len(plan) for _, plan in talks)
    while left:
        for number, _ in poll.poll(30_000):
            sock, plan = socks[number]
            buffers[number] += sock.recv(262_144)
            while tls and sock.pending():
                buffers[number] += sock.recv(262_144)
            answer = _answer(buffers[number])
            if answer is None:
                continue
            times.append(time.perf_counter() - sent[number])
            buffers[number] = b""
            if not _is_ok(answer):
                print(answer, file=sys.stderr)
                return None
            left -= 1
            at[number] += 1
            if at[number] < len(plan):
                sock.sendall(plan[at[number]])
                sent[number] = time.perf_counter()
            else:
                poll.unregister(sock)
    return times


def _is_ok(answer: tuple[int, bytes]) -> bool:
    """Whether all frames of a request were taken."""
    status, body = answer
    return status == 200 and 0 < body.count(b'"ok"') == body.count(b'"status"')


def _interleave(agents: list[list[bytes]]) -> list[bytes]:
    return [one[i] for i in range(max(map(len, agents), default=0)) for one in agents if i < len(one)]


def _answer(data: bytes) -> tuple[int, bytes] | None:
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    size = int(re.search(rb"content-length: (\d+)", head.lower())[1])
    return (int(head[9:12]), body) if len(body) >= size else None


if __name__ == "__main__":
    sys.exit(_client())
