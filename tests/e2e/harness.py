"""A real collector and real agents as processes."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

from ports import free_port

from checks import plan as plans
from checks.plan import Plan, PlanItem
from checks.wire import entry as entries
from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire.frame import Frame
from checks.wire.numbers import EntryKind
from collector.cli_server import make
from collector.context import open_context
from collector.evidence.unzstd import unzstd
from collector.jobs import projection
from collector.jobs.placing import OwnWork
from collector.store import compact

BIN = Path(sys.executable).parent
ORIGIN = "e2e.example/log"
AGENT = "web-01"


def until(condition, seconds=180.0, every=0.05, what="this"):
    """What `condition` gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(every)
    return found


def fill(place):
    """Leave no byte free on the disk of `place`; delete `place/fill` to make room again."""
    with (place / "fill").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 20)):
            pass
        while file.write(bytes(512)):
            pass


class Target:
    """What the agents probe: a listener that accepts and closes; `open` False makes it refuse."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                self._socket.accept()[0].close()
            except OSError:
                return

    def close(self):
        self._socket.close()


@dataclass
class Program:
    """One of our programs, running; what it says on both streams goes to `log`."""

    process: subprocess.Popen
    log: Path

    @property
    def alive(self):
        return self.process.poll() is None

    @property
    def crashed_at(self):
        """Name of the crash point it died at, if it did."""
        text = self.log.read_text(errors="replace")
        return text.rpartition("crash point ")[2].split("\n")[0] if "crash point " in text else ""

    def said(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        if self.alive:
            os.kill(self.process.pid, signal.SIGKILL)
        return self.process.wait(60)

    def stop(self, seconds=60):
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def rss_kb(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0


@dataclass
class Seen:
    """Everything an agent is known to have signed, from looking into its outbox again and again."""

    headers: dict = field(default_factory=dict)  # seq -> header bytes
    lines: set = field(default_factory=set)


@dataclass
class Machine:
    """An agent's state directory and its process."""

    site: "Site"
    state: Path
    program: Program | None = None
    seen: Seen = field(default_factory=Seen)

    def start(self, crash="", env=None):
        made = {"MALLOC_ARENA_MAX": "1", "ROUNDSEAL_CRASH_AFTER": crash, **(env or {})}
        words = [BIN / "roundseal-agent", "run", "--state", self.state]
        self.program = self.site.spawn("agent", words, made)
        return self.program

    @property
    def alive(self):
        return self.program is not None and self.program.alive

    @property
    def outbox(self):
        return self.state / "outbox.db"

    def rows(self, sql, *values):
        """Read the outbox beside whoever writes it."""
        if not self.outbox.exists():
            return []
        db = sqlite3.connect(self.outbox, timeout=60)
        try:
            return db.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            db.close()

    def meta(self, key):
        rows = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(rows[0][0]) if rows else None

    def counts(self):
        return dict(self.rows("SELECT state, count(*) FROM batch GROUP BY state"))

    def batches(self):
        return {
            seq: Frame(header, (entries.Signature(1, key, sig),), seed, enc, data)
            for seq, header, key, sig, seed, enc, data in self.rows(
                "SELECT seq, header, key_id, signature, seed, enc, data FROM batch JOIN body ON id = body"
            )
        }

    def look(self, *, may_resign=False):
        """Take down what is signed; a number that was given once must never mean another header."""
        for seq, frame in self.batches().items():
            before = self.seen.headers.get(seq)
            if not may_resign:
                assert before in (None, frame.header), f"seq {seq} was signed twice"
            self.seen.headers[seq] = frame.header
            self.seen.lines.update(lines_of(frame))
        self.seen.lines.update(line for (line,) in self.rows("SELECT line FROM pending"))

    def status(self):
        """(exit code, value) of `roundseal-agent status --json`."""
        done = self.site.run("roundseal-agent", "status", "--state", self.state, "--json")
        return done.returncode, json.loads(done.stdout)

    def drained(self):
        """Whether nothing signed waits for an answer."""
        counts = self.counts()
        return not counts.get("unsent") and not counts.get("sent")


def lines_of(frame):
    header = headers.parse(frame.header)
    return frames.unpack_body(frame, header, unzstd) if header.n else []


class Site:
    """A collector's directory, its process, its agents."""

    def __init__(self, place, directory=None, tls=False):
        self.place = place
        self.directory = directory or place / "collector"
        self.port = free_port()
        self.tls = tls
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.target = Target()
        self.programs = []
        self.server = None
        self.machines = []
        self._count = 0

    def init(self):
        make(self.directory, ORIGIN, f"127.0.0.1:{self.port}", self.url, None)
        return self

    # processes

    def spawn(self, name, words, env=None):
        self._count += 1
        log = self.place / f"{self._count:03d}-{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(word) for word in words],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            )
        program = Program(process, log)
        self.programs.append(program)
        return program

    def run(self, name, *words, env=None):
        return subprocess.run(
            [str(BIN / name), *(str(word) for word in words)],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, **(env or {})},
        )

    def serve(self, crash="", env=None, wait=True):
        """Start the collector; with a crash point it may be dead before it listens."""
        words = [BIN / "roundseal-collector", "serve", self.directory]
        words += ["--listen", f"127.0.0.1:{self.port}", *([] if self.tls else ["--plain-http"])]
        self.server = self.spawn("collector", words, {"ROUNDSEAL_CRASH_AFTER": crash, **(env or {})})
        if wait:
            until(lambda: not self.server.alive or "listening" in self.server.said(), 180, what="the server")
            assert crash or self.server.alive, self.server.said()
        return self.server

    @property
    def alive(self):
        return self.server is not None and self.server.alive

    def close(self):
        for program in self.programs:
            program.kill()
        self.target.close()

    # setting up

    @contextmanager
    def context(self):
        with open_context(self.directory) as opened:
            yield opened

    def enrol(self, name=AGENT, state=None):
        """A new agent through the real commands, approved with the code that it printed."""
        state = state or self.place / f"state-{name}"
        token = self.run("roundseal-collector", "token", "create", self.directory, "--asset", name)
        assert token.returncode == 0, token.stderr
        said = self.run(
            "roundseal-agent", "enrol", self.url, token.stdout.strip(),
            "--state", state, "--no-wait", "--json",
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
        code = json.loads(said.stdout)["code"]
        done = self.run("roundseal-collector", "agents", "approve", self.directory, code)
        assert done.returncode == 0, done.stderr
        machine = Machine(self, state)
        self.machines.append(machine)
        return machine

    def plan(self, name=AGENT, probes=4, every_ms=1000, flush_ms=300, epoch=1):
        """Give the agent a fast plan, logged and signed as any other."""
        with self.context() as context:
            items = tuple(
                PlanItem(
                    kind="probe",
                    check="service.tcp",
                    version=1,
                    target=f"probe-{i}",
                    asset=None,
                    params={"host": "127.0.0.1", "port": self.target.port, "timeout_ms": 500},
                    every_ms=every_ms,
                    deadline_ms=900,
                    hold_ms=every_ms * 5 // 2,
                )
                for i in range(probes)
            )
            made = Plan(
                v=1,
                log=context.origin,
                agent=name,
                epoch=epoch,
                made_ms=context.now(),
                estate="00" * 32,
                timezone="Asia/Shanghai",
                flush_ms=flush_ms,
                items=items,
            )
            header = {"agent": name, "epoch": epoch, "estate": made.estate, "by": "e2e"}
            projection.log(context, [(EntryKind.PLAN, header, plans.encode(made))])

    def fill(self, size_mod_256):
        """Entries of the collector's own until the size is this modulo 256, in one commit."""
        with self.context() as context:
            count = (size_mod_256 - self.size()) % 256
            made = tuple(
                context.own_entry(EntryKind.COLLECTOR, {"event": "fill", "n": i}) for i in range(count)
            )
            if made:
                context.writer.place([OwnWork(made)])

    # looking

    def rows(self, sql, *values):
        db = sqlite3.connect(self.directory / "collector.db", timeout=60)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def size(self):
        return self.rows("SELECT count(*) FROM entry")[0][0]

    def logged(self, name=AGENT, epoch=1):
        """seq -> [(idx, entry)] of an agent's batches."""
        found = {}
        for idx, seq, data in self.rows(
            "SELECT idx, seq, data FROM entry WHERE kind = 1 AND agent = ? AND epoch = ? ORDER BY idx",
            name,
            epoch,
        ):
            found.setdefault(seq, []).append((idx, entries.parse(compact.unpack(data))))
        return found

    def get(self, path, timeout=60):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def fsck(self):
        """The program's own opinion, beside ours."""
        if find_spec("collector.cli_store") is None:
            return
        done = self.run("roundseal-collector", "fsck", self.directory, "--full")
        assert done.returncode == 0, done.stdout + done.stderr


def settle(site, machine, seconds=180):
    """Both run, nothing waits, and what was accepted is proven."""
    until(machine.drained, seconds, 0.2, "an empty spool")
    machine.program.stop()
    until(machine.drained, seconds, 0.2, "an empty spool")
