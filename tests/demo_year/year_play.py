"""A collector and its agents whose clock is set: real outbox, signature, intake and log, nothing waits.

An agent here is a state directory with the agent's own outbox and sealer; what it would have looked at is
made up (`sight`), judged by the check itself, and goes the way of every result.
"""

import hmac
import json
import os
from base64 import b64encode
from collections.abc import Iterable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from agent.clock import Offset, Sample
from agent.outbox import UNSENT, Finished, Outbox
from agent.seal import Moment, Sealer
from agent.state import Identity, Machine
from checks import registry
from checks.api import Seen, worst
from checks.codec import from_json
from checks.plan import parse as parse_plan
from checks.result import Result, encode, params_digest
from checks.wire import frame as frames
from checks.wire import strict_json, token
from checks.wire.entry import sign_statement
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer
from collector.context import open_context
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
SEND_FRAMES = 4
PASSWORD = "Right-horse-7"


class Hands:
    """A clock that is set."""

    def __init__(self, ms):
        self.ms = ms

    def __call__(self):
        return self.ms


class Site:
    """The collector's directory, open, with its clock."""

    def __init__(self, place, begin, origin):
        self.place, self.hands, self.open = Path(place), Hands(begin), ExitStack()
        (self.place / "keys").mkdir(parents=True)
        for name in ("log.key", "token.key"):
            (self.place / "keys" / name).write_text(os.urandom(32).hex())
            (self.place / "keys" / name).chmod(0o600)
        settings = f"origin: {origin}\nlisten: 127.0.0.1:0\nurl: http://127.0.0.1:8443\nid: one\n"
        (self.place / "collector.yaml").write_text(settings)
        self.context = self.open.enter_context(open_context(self.place, self.hands))
        (self.place / "policy").write_text(f"log {self.context.vkey}\nquorum none\n")
        self.publisher = Publisher(self.context)
        self.batches = Batches(self.context, self.publisher, Metrics(), Plans(self.context))
        self.nodes = {}
        self.counted = {"results": 0, "batches": 0}

    def close(self):
        """Shut everything."""
        for node in self.nodes.values():
            node.outbox.close()
        self.open.close()

    def account(self, name, role):
        """An account whose password is known."""
        with self.context.write() as conn:
            accounts.create(conn, name, PASSWORD, role, must_change=False)

    def apply(self, text, by="admin"):
        """An estate comes into force; agents that it names are enrolled."""
        read = read_estate("estate.yaml", lambda _: text.encode(), installed())
        estates.apply(self.context, read, by=by)
        for node in self.nodes.values():
            node.fetch()

    def node(self, name):
        """The agent of this name, enrolled at its first use."""
        if name not in self.nodes:
            self.nodes[name] = Node(self, name)
        return self.nodes[name]

    def entries(self):
        """How many entries the log has."""
        with self.context.read() as conn:
            return conn.exec_driver_sql("SELECT count(*) FROM entry").scalar_one()

    def settle(self):
        """What the server's timers do: derive, close rounds that ended, publish."""
        derive.catch_up(self.context)
        rounds.close_due(self.context)
        self.publisher.publish()


class Node:
    """An agent: key, outbox, chain."""

    def __init__(self, site, name):
        self.site, self.name = site, name
        context = site.context
        self.signer = Signer(sha256(f"{context.origin}/{name}".encode()).digest())
        secret = token.parse_token(lifecycle.create_token(context, name, name, by="admin"))
        mark = sha256(name.encode()).hexdigest()
        raw = strict_json.dumps(
            {
                "v": 1,
                "log": context.origin,
                "token": secret.id,
                "public": self.signer.public.hex(),
                "alg": 1,
                "machine": mark,
                "hostname": f"{name}.example",
                "boot": "b1",
                "wall": context.now(),
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
        lifecycle.approve(context, known.code, by="admin")
        identity = Identity(
            status="approved",
            url="http://127.0.0.1:8443",
            tls_pin="-",
            origin=context.origin,
            vkey=context.vkey,
            agent=name,
            epoch=known.epoch,
            public=self.signer.public.hex(),
            token=secret.id,
            statement=b64encode(raw).decode(),
            machine=Machine(mark, mark, ""),
        )
        state = site.place.parent / "agents" / name
        state.mkdir(parents=True, mode=0o700)
        self.outbox = Outbox(state / "outbox.db")
        self.sealer = Sealer(self.outbox, identity, self.signer)
        self.began = context.now()
        self.plan = self.digest = None
        self.cut_off = False  # no line to the collector: what is seen is signed and waits
        self.fetch()

    def fetch(self):
        """The plan in force."""
        with self.site.context.read() as conn:
            held = plans.current(conn, self.name)
        if held is not None:
            self.plan, self.digest = parse_plan(held[0]), held[2]

    def send(self, finished: Iterable[Finished], now):
        """Spool, sign, send and have it answered at the instant `now`."""
        looks = list(finished)
        self.site.hands.ms = now
        if looks:
            self.outbox.record(looks)
            sample = Sample(now, now - self.began)
            self.sealer.flush(Moment(sample, "b1", Offset(0, 2), self.digest or ""))
            self.site.counted["results"] += len(looks)
        if not self.cut_off:
            self._deliver(now)

    def _deliver(self, now):
        waiting = list(self.outbox.batches(UNSENT))
        for start in range(0, len(waiting), SEND_FRAMES):
            part = waiting[start : start + SEND_FRAMES]
            self.outbox.mark_sent([one.seq for one in part])
            acks = self.site.batches.take(b"".join(frames.encode(one.frame) for one in part))
            assert [ack.status for ack in acks] == ["ok"] * len(part), acks
            self.outbox.accept([(one.seq, None, now) for one in part], now)
        self.site.counted["batches"] += len(waiting)
        self.outbox.prove([one.seq for one in waiting])
        self.outbox.drop_old(now - 7 * DAY, now)


class Sights:
    """Lines of one plan item on one agent, made quickly: only times change between two of one kind."""

    def __init__(self, item, vantage):
        self.item, self.vantage = item, vantage
        self.check = registry.get(item.check)
        self.params = from_json(self.check.params, item.params, "params")
        self.digest = params_digest(item.params)
        self._made = {}

    def one(self, t0, slot, facts, *, word, error=None, round_id=None, plan=""):
        """A look that saw `facts` (called `word`: equal words, equal facts)."""
        if round_id is not None or word is None:
            line = encode(self._result(t0, slot, facts, error, round_id))
        else:
            parts = self._made.get(word)
            if parts is None:
                parts = self._made[word] = self._split(facts, error)
            line = b"%s%d%s%d%s%d%s" % (parts[0], slot, parts[1], t0, parts[2], t0 + 20, parts[3])
        return Finished(line=line, t0=t0, t1=t0 + 20, plan=plan)

    def _split(self, facts, error):
        marks = 1_111_111_111_111, 2_222_222_222_222
        whole = encode(self._result(marks[1], marks[0], facts, error, None))
        before, _, rest = whole.partition(b"%d" % marks[0])
        middle, _, rest = rest.partition(b"%d" % marks[1])
        between, _, after = rest.partition(b"%d" % (marks[1] + 20))
        return before, middle, between, after

    def _result(self, t0, slot, facts, error, round_id):
        readings = ()
        if error is None:
            seen = Seen(from_json(self.check.facts, facts, "facts"), t0)
            readings = tuple(self.check.judge(seen, self.params))
        return Result(
            check=self.item.check,
            version=self.item.version,
            asset=self.item.asset,
            target=self.item.target,
            vantage=self.vantage,
            slot=slot,
            t0=t0,
            t1=t0 + 20,
            params=self.digest,
            facts=None if error else facts,
            readings=readings,
            state=worst(r.state for r in readings),
            error=error,
            round=round_id,
        )
