"""A collector on a clock that the test moves, and agents whose batches go through the real intake."""

import hmac
import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from checks.api import ErrorKind, Reading, State, Unit
from checks.result import Result, encode
from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire import strict_json, token
from checks.wire.chain import chain_hash
from checks.wire.entry import sign_statement
from checks.wire.frame import Frame
from checks.wire.header import Clock, Header, Kind
from checks.wire.numbers import ENC_GZIP, EntryKind
from checks.wire.signing import Signer
from collector.cli_server import make
from collector.context import Context, open_context
from collector.estate.catalog import installed
from collector.estate.loading import Loaded, read_estate
from collector.evidence.accepted import Accepted
from collector.evidence.enrolment import read_statement
from collector.evidence.examine import Batch, examine
from collector.jobs import lifecycle
from collector.jobs.placing import BatchWork
from collector.jobs.sequencer import load_standing

ORIGIN = "derive.example/log"
START = 1_795_190_400_000  # 2026-11-21T00:00+08:00
EMPTY = bodies.body_root(bytes(16), []).hex()


@dataclass(frozen=True, slots=True)
class Sight:
    """One look as a test writes it down."""

    target: str
    t: int
    state: str = "ok"
    check: str = "service.tcp"
    round: str | None = None
    asset: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=lambda: {"n": 1})
    readings: tuple[Reading, ...] = ()
    vantage: str | None = None

    def line(self, agent: str) -> bytes:
        failed = self.state == "error"
        state = State.UNKNOWN if failed else State(self.state)
        readings = self.readings or (Reading("connect", 1, Unit.MICROSECONDS, state),)
        return encode(
            Result(
                check=self.check,
                version=1,
                asset=self.asset,
                target=self.target,
                vantage=self.vantage or agent,
                slot=self.t,
                t0=self.t,
                t1=self.t + 5,
                params=sha256(strict_json.dumps(self.params)).hexdigest(),
                facts=None if failed else self.facts,
                readings=() if failed else readings,
                state=state,
                error=ErrorKind.TIMEOUT if failed else None,
                round=self.round,
            )
        )


@dataclass
class World:
    """The collector, its clock, its agents."""

    directory: Path
    at: int = START
    context: Context = field(init=False)
    agents: dict[str, "Sim"] = field(default_factory=dict)

    def now(self) -> int:
        return self.at

    def open(self) -> None:
        self.context = open_context(self.directory, self.now)

    def reopen(self) -> None:
        """As after a restart."""
        self.context.close()
        self.open()

    def agent(self, name: str) -> "Sim":
        if name not in self.agents:
            self.agents[name] = Sim(self, name)
        return self.agents[name]

    def estate(self, text: str) -> Loaded:
        return read_estate("estate.yaml", lambda _: text.encode(), installed())


@dataclass
class Sim:
    """One agent's chain."""

    world: World
    name: str
    seq: int = 0
    prev: str = ""
    epoch: int = 1
    boot: str = "boot-1"
    plan: str = ""
    offset_us: int | None = 0

    def __post_init__(self) -> None:
        context = self.world.context
        self.signer = Signer(sha256(self.name.encode() + os.urandom(4)).digest())
        secret = token.parse_token(lifecycle.create_token(context, self.name, self.name, by="test"))
        raw = strict_json.dumps(
            {
                "v": 1,
                "log": ORIGIN,
                "token": secret.id,
                "public": self.signer.public.hex(),
                "alg": 1,
                "machine": "11" * 32,
                "hostname": f"{self.name}.example",
                "boot": self.boot,
                "wall": self.world.at,
                "versions": {"roundseal": "0"},
                "key_protection": "file",
                "nonce": os.urandom(16).hex(),
            }
        )
        body = {
            "statement": b64encode(raw).decode(),
            "mac": hmac.new(secret.secret, raw, sha256).hexdigest(),
            "signature": b64encode(sign_statement(EntryKind.ENROL, raw, self.signer)[0].sig).decode(),
        }
        known = lifecycle.enrol(context, read_statement(json.dumps(body).encode()))
        lifecycle.approve(context, known.code, by="test")
        self.prev = chain_hash(raw).hex()

    def send(self, *sights: Sight, **changes: Any) -> Accepted:
        """One batch through the intake; the chain moves on."""
        lines = [sight.line(self.name) for sight in sights]
        to_ms = max((sight.t + 5 for sight in sights), default=self.world.at)
        values: dict[str, Any] = {
            "log": ORIGIN,
            "agent": self.name,
            "epoch": self.epoch,
            "seq": self.seq,
            "prev": self.prev,
            "kind": Kind.RESULTS,
            "n": len(lines),
            "bytes": len(bodies.join(lines)),
            "root": bodies.body_root(bytes(16), lines).hex() if lines else EMPTY,
            "from_ms": min((sight.t for sight in sights), default=to_ms),
            "to_ms": to_ms,
            "clock": Clock(self.world.at, 5000, self.boot, self.offset_us, True),
            "seen": None,
            "plan": self.plan,
            "code": "22" * 32,
            "machine": "11" * 32,
        }
        raw = headers.encode(Header(**{**values, **changes}))
        enc = ENC_GZIP if lines else 0
        made = Frame(raw, frames.sign_header(raw, self.signer), bytes(16), enc, frames.pack_body(lines, enc))
        return self._place(frames.encode(made), raw)

    def _place(self, piece: bytes, raw: bytes) -> Accepted:
        context = self.world.context

        def standing(agent: str, epoch: int) -> Any:
            with context.read() as conn:
                return load_standing(conn, agent, epoch)

        batch = examine(piece, ORIGIN, standing)
        assert isinstance(batch, Batch), batch
        work = BatchWork(batch, ORIGIN, context.signer)
        context.writer.place([work])
        assert work.accepted is not None, work.ack
        self.prev, self.seq = chain_hash(raw).hex(), self.seq + 1
        return work.accepted


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    place = tmp_path / "collector"
    # The log never goes back in time: its first entry must not be from today.
    monkeypatch.setattr("collector.cli_server.open_context", lambda at: open_context(at, lambda: START))
    make(place, ORIGIN, "127.0.0.1:0", "http://127.0.0.1:1", None)
    made = World(place)
    made.open()
    yield made
    made.context.close()


@pytest.fixture
def sight() -> Callable[..., Sight]:
    return Sight
