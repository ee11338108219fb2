"""A real collector with real signed batches for two days, and bundles of it to be spoiled one way at a time.

Everything goes the way of real evidence: enrolment, approval, estate, plans, frames through the intake,
deriver, rounds, checkpoints. Facts of host checks are those of a made-up machine; the checks judge them.
"""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from checks import registry
from checks.api import ErrorKind, Seen, State, worst
from checks.codec import from_json
from checks.plan import Plan
from checks.plan import parse as parse_plan
from checks.recurrence import windows
from checks.result import Result, encode, params_digest
from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire import strict_json, token
from checks.wire.chain import chain_hash
from checks.wire.entry import sign_statement
from checks.wire.frame import Frame
from checks.wire.header import Clock, Header, Kind, Loss, Resume, Rotate, SeenNote
from checks.wire.numbers import ENC_GZIP, ENC_RAW, EntryKind
from checks.wire.signing import Signer
from collector.context import Context, open_context
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.evidence.enrolment import read_statement
from collector.evidence.examine import Batch, examine
from collector.jobs import derive, estates, lifecycle, rounds, statements
from collector.jobs.checkpoints import Publisher
from collector.jobs.placing import BatchWork
from collector.jobs.sequencer import load_standing
from collector.store import plans

ORIGIN = "yard.example/log"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_794_758_400_000  # Monday 2026-11-16T00:00+08:00
EMPTY = bodies.body_root(bytes(16), []).hex()
ESTATE = """
estate: yard
timezone: Asia/Shanghai
units: [{id: centre, name: 中心}]
systems:
  - {id: portal, unit: centre, name: 门户网站, service: {all: [portal-web, portal-db]}, target: 99.9%}
  - {id: mail, unit: centre, name: 邮件, service: mail-smtp}
assets:
  - {id: web-01, kind: server, system: portal, agent: web-01}
  - {id: db-01, kind: server, system: portal, agent: db-01}
  - {id: watch-01, kind: server, agent: watch-01}
probes:
  - id: portal-web
    check: service.tcp
    from: [watch-01, db-01]
    every: 5m
    params: {host: portal.example, port: 443}
  - {id: portal-db, check: service.tcp, from: [web-01], every: 5m, params: {host: db.example, port: 5432}}
  - {id: mail-smtp, check: service.tcp, from: [watch-01], every: 10m, params: {host: mail.example, port: 25}}
checks:
  - {check: host.filesystem, assets: [web-01, db-01], every: 1h}
rounds:
  - id: daily
    name: 每日巡检
    every: day
    window: "09:00-11:00"
    assets: [web-01, db-01]
    checks: [host.filesystem, host.uptime]
windows:
  - {id: w-patch, from: "2026-11-16T14:00", to: "2026-11-16T15:00", systems: [portal], reason: 补丁}
"""
FACTS: dict[str, dict[str, Any]] = {
    "host.filesystem": {
        "mounts": [
            {
                "path": "/",
                "device": "/dev/sda1",
                "kind": "xfs",
                "read_only": False,
                "total": 100 * 2**30,
                "free": 60 * 2**30,
                "available": 60 * 2**30,
                "inodes": 100_000,
                "inodes_free": 99_000,
                "trouble": "",
            }
        ]
    },
    "host.uptime": {
        "boot": {
            "boot_id": "b-2",
            "booted_at": START - 30 * DAY,
            "uptime_ms": 31 * DAY,
            "previous_boot_id": "b-2",
            "marked_at": None,
        }
    },
}


class Hands:
    """A clock that is set."""

    def __init__(self, ms: int) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


def line(item: Any, vantage: str, t0: int, facts: Any = None, **more: Any) -> bytes:
    """A result line: these facts as the check itself judges them; or an error; or a lie (`state`)."""
    check = registry.get(item.check)
    made = Result(
        check=item.check,
        version=item.version,
        asset=item.asset,
        target=item.target,
        vantage=vantage,
        slot=t0 - t0 % (5 * MINUTE),
        t0=t0,
        t1=t0 + 20,
        params=more.get("params") or params_digest(item.params),
        facts=None,
        readings=(),
        state=worst(()),
        error=more.get("error"),
        round=more.get("round"),
    )
    if made.error is not None:
        return encode(made)
    params = from_json(check.params, item.params, "params")
    readings = tuple(check.judge(Seen(from_json(check.facts, facts, "facts"), t0), params))
    if more.get("state"):
        readings = tuple(replace(reading, state=State(more["state"])) for reading in readings)
    return encode(replace(made, facts=facts, readings=readings, state=worst(r.state for r in readings)))


def connection(ok: bool, took: int = 900) -> dict[str, Any]:
    """Facts of a TCP probe."""
    return {
        "connection": {
            "outcome": "connected" if ok else "refused",
            "address": "192.0.2.17",
            "resolve_us": 240,
            "connect_us": took if ok else None,
        }
    }


@dataclass
class Agent:
    """An agent's key and chain, in the hands of the test."""

    yard: "Yard"
    name: str
    signer: Signer
    epoch: int = 1
    seq: int = 0
    prev: str = ""
    boot: str = "boot-1"
    offset_us: int = 0
    seen: SeenNote | None = None

    def header(self, lines: list[bytes], **changes: Any) -> Header:
        """The next header over these lines."""
        now = self.yard.hands.ms
        made = Header(
            log=ORIGIN,
            agent=self.name,
            epoch=self.epoch,
            seq=self.seq,
            prev=self.prev,
            kind=Kind.RESULTS,
            n=len(lines),
            bytes=len(bodies.join(lines)),
            root=bodies.body_root(bytes(16), lines).hex() if lines else EMPTY,
            from_ms=now - HOUR,
            to_ms=now,
            clock=Clock(now, 5000, self.boot, self.offset_us, True),
            seen=self.seen,
            plan=self.yard.plan_digest(self.name),
            code="22" * 32,
            machine=sha256(self.name.encode()).hexdigest(),
        )
        return replace(made, **changes)

    def send(self, lines: list[bytes], *signers: Signer, **changes: Any) -> BatchWork:
        """One batch through the intake; the chain moves on where it was accepted."""
        raw = headers.encode(self.header(lines, **changes))
        enc = ENC_GZIP if lines else ENC_RAW
        signed = frames.sign_header(raw, *(signers or (self.signer,)))
        piece = frames.encode(Frame(raw, signed, bytes(16), enc, frames.pack_body(lines, enc)))
        context = self.yard.context

        def standing(agent: str, epoch: int) -> Any:
            with context.read() as conn:
                return load_standing(conn, agent, epoch)

        batch = examine(piece, ORIGIN, standing)
        assert isinstance(batch, Batch), batch
        work = BatchWork(batch, ORIGIN, context.signer)
        context.writer.place([work])
        if work.accepted is not None:
            self.prev, self.seq = chain_hash(raw).hex(), self.seq + 1
        return work

    def good(self, lines: list[bytes], *signers: Signer, **changes: Any) -> None:
        """A batch that must be accepted."""
        work = self.send(lines, *signers, **changes)
        assert work.accepted is not None, work.ack

    def bare(self, kind: Kind, *signers: Signer, **changes: Any) -> None:
        """loss, resume, rotate."""
        self.good([], *signers, kind=kind, **changes)

    def rotate(self, seed: bytes) -> None:
        """From the next batch on another key signs."""
        new = Signer(seed)
        self.bare(Kind.ROTATE, self.signer, new, rotate=Rotate(new.public.hex()))
        self.signer = new


@dataclass
class Yard:
    """The collector, its clock, its agents."""

    directory: Path
    hands: Hands = field(default_factory=lambda: Hands(START - 2 * HOUR))
    agents: dict[str, Agent] = field(default_factory=dict)
    first: dict[str, "Agent"] = field(default_factory=dict)
    context: Context = field(init=False)
    publisher: Publisher = field(init=False)

    def open(self) -> None:
        """Make and open the data directory."""
        (self.directory / "keys").mkdir(parents=True)
        for name in ("log.key", "token.key"):
            place = self.directory / "keys" / name
            place.write_text(sha256(name.encode()).hexdigest())
            place.chmod(0o600)
        settings = f"origin: {ORIGIN}\nlisten: 127.0.0.1:0\nurl: http://127.0.0.1:1\nid: one\n"
        (self.directory / "collector.yaml").write_text(settings)
        self.context = open_context(self.directory, self.hands)
        self.publisher = Publisher(self.context)

    def enrol(self, name: str, tag: str = "") -> Agent:
        """A new life of an agent, through the collector's own functions."""
        agent = Agent(self, name, Signer(sha256(f"{name}{tag}".encode()).digest()))
        secret = token.parse_token(lifecycle.create_token(self.context, name, name, by="test"))
        raw = strict_json.dumps(
            {
                "v": 1,
                "log": ORIGIN,
                "token": secret.id,
                "public": agent.signer.public.hex(),
                "alg": 1,
                "machine": sha256(name.encode()).hexdigest(),
                "hostname": f"{name}.example",
                "boot": "boot-1",
                "wall": self.hands.ms,
                "versions": {"roundseal": "0"},
                "key_protection": "file",
                "nonce": sha256(tag.encode()).hexdigest()[:32],
            }
        )
        body = {
            "statement": b64encode(raw).decode(),
            "mac": hmac.new(secret.secret, raw, sha256).hexdigest(),
            "signature": b64encode(sign_statement(EntryKind.ENROL, raw, agent.signer)[0].sig).decode(),
        }
        known = lifecycle.enrol(self.context, read_statement(json.dumps(body).encode()))
        lifecycle.approve(self.context, known.code, by="test")
        agent.epoch, agent.prev = known.epoch, chain_hash(raw).hex()
        self.agents[name] = agent
        self.first.setdefault(name, agent)
        return agent

    def plan_digest(self, name: str) -> str:
        """Digest of the agent's current plan."""
        with self.context.read() as conn:
            held = plans.current(conn, name)
        return "" if held is None else str(held[2])

    def plan(self, name: str) -> Plan:
        """The agent's current plan."""
        with self.context.read() as conn:
            held = plans.current(conn, name)
        assert held is not None
        return parse_plan(held[0])

    def apply(self, text: str = ESTATE) -> None:
        """Apply an estate."""
        loaded = read_estate("estate.yaml", lambda _: text.encode(), installed())
        estates.apply(self.context, loaded, by="test")

    def hour(self, *, skip: Iterable[str] = ()) -> None:
        """An hour passes: agents look, send, the collector derives, closes rounds, publishes."""
        begin = self.hands.ms
        self.hands.ms = begin + HOUR
        for name, agent in self.agents.items():
            if name in skip:
                continue
            found = list(looks(self.plan(name), name, begin, begin + HOUR))
            if found:
                agent.good(found)
        self.settle()

    def settle(self) -> None:
        """What the server's threads do."""
        derive.catch_up(self.context)
        rounds.close_due(self.context)
        head = self.publisher.publish()
        assert head is not None
        note = sha256(head.note.encode()).hexdigest()
        for agent in self.agents.values():
            agent.seen = SeenNote(head.size, note)


OUTAGES = {"portal-web": [(START + 12 * HOUR, START + 12 * HOUR + 17 * MINUTE)]}
PATCHED = (START + 14 * HOUR, START + 14 * HOUR + 30 * MINUTE)


def looks(plan: Plan, name: str, begin: int, end: int) -> Iterator[bytes]:
    """Lines of one agent's hour."""
    for item in plan.items:
        for slot in range(begin - begin % item.every_ms, end, item.every_ms):
            t0 = slot + 1000 * (1 + len(name))
            if begin <= t0 < end:
                yield line(item, name, t0, facts_of(item, t0))
    for part in plan.rounds:
        for window in windows(part, plan.timezone, begin, end):
            if begin <= window.from_ms < end:
                for number, item in enumerate(part.items):
                    denied = (name, item.check) == ("db-01", "host.uptime")
                    more = {"round": window.id, "error": ErrorKind.DENIED if denied else None}
                    t0 = window.from_ms + 7 * MINUTE + number
                    yield line(item, name, t0, facts_of(item, t0), **more)


def facts_of(item: Any, t0: int) -> dict[str, Any]:
    """What there is to see."""
    if item.check in FACTS:
        return FACTS[item.check]
    down = any(a <= t0 < b for a, b in OUTAGES.get(item.target, ()))
    down = down or (item.target == "portal-db" and PATCHED[0] <= t0 < PATCHED[1])
    return connection(not down, 700 + t0 // 1000 % 500)


def build(directory: Path) -> Yard:
    """Two days: Monday whole, Tuesday until eleven."""
    yard = Yard(directory)
    yard.open()
    yard.apply()
    for name in ("web-01", "db-01", "watch-01", "old-01"):
        yard.enrol(name)
    statements.add(yard.context, "approval", {"window": "w-patch"}, by="test")
    yard.settle()
    yard.agents["old-01"].good([], kind=Kind.LOSS, loss=Loss(0, 3, "disk_full"))
    lifecycle.revoke(yard.context, "old-01", reason="retired", by="test")
    del yard.agents["old-01"]
    for hour in range(-2, 35):
        _events(yard, hour)
        yard.hour()
    return yard


def _events(yard: Yard, hour: int) -> None:
    agents = yard.agents
    if hour in (3, 30):
        agents["db-01"].rotate(sha256(f"db-01 {hour}".encode()).digest())
    if hour == 8:
        web = agents["web-01"]
        web.bare(Kind.LOSS, loss=Loss(2, 3, "disk_full"))
    if hour == 10:
        watch = agents["watch-01"]
        watch.boot = "boot-2"
        watch.bare(Kind.RESUME, resume=Resume(watch.seq - 3, watch.seq - 1, "restored"))
    if hour == 16:
        agents["web-01"].offset_us = 90_000_000
    if hour == 20:  # another estate: tighter limits
        yard.apply(ESTATE.replace("every: 10m", "every: 15m"))
    if hour == 22:
        lifecycle.revoke(yard.context, "watch-01", reason="key_lost", by="test")
        yard.enrol("watch-01", "again")
        yard.settle()
