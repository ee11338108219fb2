"""A small real estate: a log, agents that sign, ninety days of results; for browser tests and pictures.

Everything goes the way of real evidence: enrolment, approval, plans, signed batches, intake, deriver.
Facts of host checks are looked up on this machine; those of probes are made up, and judged by the check.
"""

import hmac
import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from checks import registry
from checks.api import ErrorKind, Seen, worst
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
from checks.wire.header import Clock, Header, Kind
from checks.wire.numbers import ENC_GZIP, EntryKind
from checks.wire.signing import Signer
from collector.context import Context, open_context
from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.evidence.enrolment import read_statement
from collector.jobs import derive, estates, lifecycle, rounds
from collector.jobs.checkpoints import Publisher
from collector.metrics import Metrics
from collector.store import accounts, plans
from collector.web.batches import Batches
from collector.web.plans import Plans

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ZONE = ZoneInfo("Asia/Shanghai")
PASSWORD = "Right-horse-7"

ESTATE = """
estate: linjiang
timezone: Asia/Shanghai
units:
  - {id: centre, name: 交易中心}
  - {id: office, name: 办公室}
systems:
  - id: portal
    unit: centre
    name: 门户网站
    core: true
    service: {all: [portal-web, portal-db]}
    target: 99.9%
  - {id: mail, unit: office, name: 办公邮件, service: mail-smtp, target: 99%}
  - {id: archive, unit: office, name: 档案系统}
assets:
  - {id: web-01, kind: server, system: portal, agent: web-01, name: 门户一号机, model: R740, location: A3-12}
  - id: db-01
    kind: server
    system: portal
    agent: db-01
    name: 数据库主机
    params: {host.filesystem: {used: {warn: 0, crit: 0}}}
  - {id: mail-01, kind: server, system: mail, agent: mail-01}
  - {id: sw-core-1, kind: switch, system: portal, name: 核心交换机}
probes:
  - id: portal-web
    check: service.tcp
    from: [web-01, db-01]
    every: 15m
    params: {host: portal.example, port: 443, latency_ms: {warn: 200, crit: null}}
  - {id: portal-db, check: service.tcp, from: [web-01], every: 30m, params: {host: db.example, port: 5432}}
  - {id: mail-smtp, check: service.tcp, from: [mail-01], every: 30m, params: {host: mail.example, port: 25}}
checks:
  - {check: host.cpu, assets: [web-01, db-01], every: 1h}
  - {check: host.memory, assets: [web-01, db-01], every: 1h}
  - {check: host.filesystem, assets: [web-01, db-01], every: 1h}
  - {check: host.uptime, assets: [web-01, db-01], every: 1h}
rounds:
  - id: weekly
    name: 每周巡检
    every: week
    on: monday
    window: "09:00-17:00"
    assets: [web-01, db-01, mail-01]
    checks: [host.cpu, host.memory, host.filesystem, host.uptime]
windows:
  - {id: w-patch, from: "2026-10-18T22:00", to: "2026-10-19T02:00", systems: [portal], reason: 系统补丁}
"""


class Hands:
    """A clock that is set."""

    def __init__(self, ms: int) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


@dataclass
class Agent:
    """An agent's key and chain."""

    name: str
    context: Context
    signer: Signer = field(default_factory=lambda: Signer(os.urandom(32)))
    epoch: int = 1
    seq: int = 0
    prev: str = ""
    plan: str = ""

    def enrol(self, *, approve: bool = True) -> None:
        """Through the collector's own functions."""
        text = lifecycle.create_token(self.context, self.name, self.name, by="admin")
        parsed = token.parse_token(text)
        statement = {
            "v": 1,
            "log": self.context.origin,
            "token": parsed.id,
            "public": self.signer.public.hex(),
            "alg": 1,
            "machine": sha256(self.name.encode()).hexdigest(),
            "hostname": f"{self.name}.linjiang.example",
            "boot": "b1",
            "wall": self.context.now(),
            "versions": {"roundseal": "0"},
            "key_protection": "file",
            "nonce": os.urandom(16).hex(),
        }
        raw = strict_json.dumps(statement)
        signature = sign_statement(EntryKind.ENROL, raw, self.signer)[0].sig
        mac = hmac.new(parsed.secret, raw, sha256).hexdigest()
        body = {"statement": b64encode(raw).decode(), "mac": mac, "signature": b64encode(signature).decode()}
        known = lifecycle.enrol(self.context, read_statement(json.dumps(body).encode()))
        self.epoch, self.prev = known.epoch, chain_hash(raw).hex()
        if approve:
            lifecycle.approve(self.context, known.code, by="admin")

    def batch(self, lines: list[bytes], now: int) -> bytes:
        """The next frame; the chain moves on."""
        body = bodies.join(lines)
        header = Header(
            log=self.context.origin,
            agent=self.name,
            epoch=self.epoch,
            seq=self.seq,
            prev=self.prev,
            kind=Kind.RESULTS,
            n=len(lines),
            bytes=len(body),
            root=bodies.body_root(bytes(16), lines).hex(),
            from_ms=now - DAY,
            to_ms=now,
            clock=Clock(now + 3, 5000, "b1", 3000, True),
            seen=None,
            plan=self.plan,
            code="22" * 32,
            machine=sha256(self.name.encode()).hexdigest(),
        )
        raw = headers.encode(header)
        signed = Frame(
            raw, frames.sign_header(raw, self.signer), bytes(16), ENC_GZIP, frames.pack_body(lines)
        )
        self.seq, self.prev = self.seq + 1, chain_hash(raw).hex()
        return frames.encode(signed)


def result(item: object, vantage: str, t0: int, facts: object = None, **more: object) -> bytes:
    """A result line: these facts, judged by the check itself; or an error."""
    plan_item = item
    check = registry.get(plan_item.check)
    error = more.get("error")
    made = Result(
        check=plan_item.check,
        version=plan_item.version,
        asset=plan_item.asset,
        target=plan_item.target,
        vantage=vantage,
        slot=t0 - t0 % MINUTE,
        t0=t0,
        t1=t0 + 20,
        params=params_digest(plan_item.params),
        facts=None,
        readings=(),
        state=worst(()),
        error=error,
        round=more.get("round"),
    )
    if error is None:
        params = from_json(check.params, plan_item.params, "params")
        readings = tuple(check.judge(Seen(from_json(check.facts, facts, "facts"), t0), params))
        made = replace(made, facts=facts, readings=readings, state=worst(r.state for r in readings))
    return encode(made)


@dataclass
class Site:
    """The running estate."""

    context: Context
    hands: Hands
    agents: dict[str, Agent]
    batches: Batches
    publisher: Publisher


def at(day: str, clock: str = "00:00") -> int:
    """A local instant."""
    return int(datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=ZONE).timestamp() * 1000)


NOW = at("2026-11-21", "15:04")
FIRST = at("2026-08-23")
OUTAGES = {
    "portal-web": [(at("2026-11-01", "14:03"), at("2026-11-01", "14:50"), "timeout")],
    "portal-db": [(at("2026-11-13", "23:10"), at("2026-11-14", "00:40"), "refused")],
}
SLOW = {"portal-web": [(at("2026-10-07", "09:00"), at("2026-10-07", "11:30"))]}
SILENT = [(at("2026-10-22", "02:00"), at("2026-10-22", "09:00"))]
LOST = {"mail-01": at("2026-11-18", "08:00")}


@contextmanager
def site(place: Path, days: int = 90, estate: str = ESTATE) -> Iterator[Site]:
    """Ninety days of it (or fewer), up to NOW."""
    hands = Hands(max(FIRST, NOW - NOW % DAY - days * DAY))
    _directory(place)
    with open_context(place, hands) as context:
        with context.write() as conn:
            for name, role in (("admin", "admin"), ("zhao", "operator"), ("gast", "viewer")):
                accounts.create(conn, name, PASSWORD, role, must_change=False)
        publisher = Publisher(context)
        made = Site(context, hands, {}, Batches(context, publisher, Metrics(), Plans(context)), publisher)
        estates.apply(context, read_estate("estate.yaml", lambda _: estate.encode(), installed()), by="admin")
        for name in ("web-01", "db-01", "mail-01"):
            made.agents[name] = Agent(name, context)
            made.agents[name].enrol()
        _live(made)
        Agent("db-02", context).enrol(approve=False)
        yield made


def _directory(place: Path) -> None:
    (place / "keys").mkdir(parents=True)
    for name in ("log.key", "token.key"):
        (place / "keys" / name).write_text(os.urandom(32).hex())
        (place / "keys" / name).chmod(0o600)
    settings = "origin: evidence.linjiang.example\nlisten: 127.0.0.1:0\nurl: http://127.0.0.1:8443\nid: one\n"
    (place / "collector.yaml").write_text(settings)


def _live(made: Site) -> None:
    """Day by day: what agents saw, sent at the day's end; rounds closed as they end."""
    facts = _host_facts()
    begin = made.hands.ms
    while begin < NOW:
        end = made.hands.ms = min(begin + DAY, NOW)
        for name, agent in made.agents.items():
            with made.context.read() as conn:
                held = plans.current(conn, name)
            assert held is not None
            agent.plan = held[2]
            lines = list(_day(name, parse_plan(held[0]), (begin, end), facts))
            for start in range(0, len(lines), 400):
                part = lines[start : start + 400]
                acks = made.batches.take(agent.batch(part, end))
                assert [ack.status for ack in acks] == ["ok"], acks
        _close(made)
        begin = end
    derive.catch_up(made.context)
    made.publisher.publish()


def _close(made: Site) -> None:
    """What the server's timer does."""
    derive.catch_up(made.context)
    rounds.close_due(made.context)


def _day(name: str, plan: Plan, span: tuple[int, int], facts: dict[str, object]) -> Iterator[bytes]:
    """Lines of one agent's day."""
    if span[0] >= LOST.get(name, NOW + DAY):
        return
    for item in plan.items:
        if item.kind == "probe":
            yield from _probe(name, item, span)
        elif span[1] > NOW - 2 * DAY:
            for slot in range(span[0], span[1] - 10 * MINUTE, item.every_ms):
                yield result(item, name, slot + 4 * MINUTE, facts[item.check])
    for part in plan.rounds:
        for window in windows(part, plan.timezone, span[0], span[1]):
            if span[0] <= window.from_ms < span[1]:
                yield from _round(name, part.items, window, facts)


def _round(name: str, items: object, window: object, facts: dict[str, object]) -> Iterator[bytes]:
    """A round: on time, but for a week when one agent was away, and an error now and then."""
    day = datetime.fromtimestamp(window.from_ms / 1000, ZONE).date().isoformat()
    if (name, day) == ("mail-01", "2026-11-02"):
        return
    start = window.from_ms + 7 * MINUTE
    if (name, day) == ("db-01", "2026-11-09"):
        start = window.to_ms + 95 * MINUTE
    for number, item in enumerate(items):
        denied = name == "mail-01" and item.check == "host.filesystem"
        more = {"round": window.id, "error": ErrorKind.DENIED if denied else None}
        yield result(item, name, start + number * 1500, facts[item.check], **more)


def _probe(name: str, item: object, span: tuple[int, int]) -> Iterator[bytes]:
    for slot in range(span[0], span[1], item.every_ms):
        t0 = slot + int.from_bytes(sha256(f"{name}{item.target}{slot}".encode()).digest()[:4], "big") % (
            item.every_ms // 2
        )
        if any(a <= t0 < b for a, b in SILENT) or t0 >= min(span[1], LOST.get(name, NOW)):
            continue
        bad = next((why for a, b, why in OUTAGES.get(item.target, ()) if a <= t0 < b), None)
        slow = any(a <= t0 < b for a, b in SLOW.get(item.target, ()))
        took = 350_000 if slow else 1200 + t0 % 700
        connection = {
            "outcome": bad or "connected",
            "address": "192.0.2.17",
            "resolve_us": 240,
            "connect_us": None if bad else took,
        }
        yield result(item, name, t0, {"connection": connection})


def _host_facts() -> dict[str, object]:
    """What the host checks see on this machine, now."""
    from agent.sources.host import open_host
    from agent.sources.memory import Transient
    from checks.codec import to_json

    found = {}
    host = open_host(Transient())
    for name in ("host.cpu", "host.memory", "host.filesystem", "host.uptime"):
        check = registry.get(name)
        found[name] = to_json(check.observe(host, check.params()))
    return found
