"""A collector with a contract, a system that can fail, and real receivers of messages."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import luohe_site as sites
import pytest

from checks import registry
from checks.api import Seen, State
from checks.codec import from_json, to_json
from checks.host import load
from checks.sources import Load
from collector.evidence.bundle import Period
from collector.evidence.policy import parse_policy
from collector.jobs import bundles, derive, messages
from collector.jobs.checkpoints import Publisher
from collector.notify.sending import send
from collector.store import plans
from collector.verify.verify import Options, verify_bundle

ESTATE = """\
estate: told
timezone: Asia/Shanghai
contract: {{pack: luohe-2026, start: 2026-06-10}}
units: [{{id: centre, name: 交易中心}}, {{id: county, name: 县级中心}}]
systems:
  - {{id: portal, unit: centre, name: 门户网站, core: true, owner: ops-1, service: p}}
  - {{id: mail, unit: county, name: 邮件, owner: ops-1, service: q}}
assets:
  - {{id: web-01, kind: server, system: portal, agent: web-01}}
probes:
  - {{id: p, check: service.tcp, from: web-01, every: 60s, params: {{host: x, port: 1}}}}
  - {{id: q, check: service.tcp, from: web-01, every: 60s, params: {{host: y, port: 1}}}}
rounds:
  - {{id: weekly, every: week, on: monday, window: "09:00-17:00", assets: all, checks: [host.load]}}
notify:
{notify}
"""
MINUTE = 60_000
CONNECTED = {"outcome": "connected", "address": "192.0.2.17", "resolve_us": 240, "connect_us": 900}
REFUSED = {**CONNECTED, "outcome": "refused", "connect_us": None}


class Hook(BaseHTTPRequestHandler):
    """Keeps what it gets; answers with the server's `status`."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        """Nothing on the screen."""


@contextmanager
def hooking():
    """A real HTTP server: its address is `json://…`, its requests stand in `got`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        server.got, server.status, server.daemon_threads = [], 200, True
        server.url = f"json://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hook():
    with hooking() as server:
        yield server


class Told:
    """A collector whose `portal` and `mail` are looked at once a minute, and what it tells."""

    def __init__(self, site):
        self.site, self.world, self.context = site, site.world, site.context

    def apply(self, *rules, text=ESTATE):
        self.text = text.format(notify="\n".join(f"  - {rule}" for rule in rules) or "  []")
        self.site.apply(self.text)
        looks = self.world.estate(self.text).regular
        self.params = {look.target: to_json(dict(look.params)) for look in looks}
        self.agent = self.world.agent("web-01")
        with self.context.read() as conn:
            found = plans.current(conn, "web-01")
        self.agent.plan = found[2] if found else ""
        self.turn()

    def probe(self, minutes, down=(), system="p", sent_ms=MINUTE):
        """So many minutes of looks; crit where `down` (a range of them) says so; sent after the last."""
        begin = self.world.at
        sights = [self.look(system, begin + n * MINUTE, n in down) for n in range(minutes)]
        self.world.at = begin + (minutes - 1) * MINUTE + sent_ms
        self.agent.send(*sights)
        derive.catch_up(self.context)

    def look(self, system, t, down):
        """One look, judged as the check judges it."""
        check = registry.get("service.tcp")
        params = self.params[system]
        facts = {"connection": REFUSED if down else CONNECTED}
        seen = Seen(from_json(check.facts, facts, "facts"), t)
        readings = tuple(check.judge(seen, from_json(check.params, params, "params")))
        state = "crit" if down else "ok"
        return sites.worlds.Sight(system, t, state, params=params, facts=facts, readings=readings)

    def loaded(self, window, amount):
        """The round's look at the server's load, which is high or not."""
        check = registry.get("host.load")
        made = load.Facts(Load(amount, amount, amount, 1))
        readings = tuple(load.judge(Seen(made, self.world.at), load.Params()))
        state = max((one.state for one in readings), key=list(State).index)
        params = to_json(load.Params())
        place = {"check": check.id, "round": window, "asset": "web-01"}
        facts = to_json(made)
        return sites.worlds.Sight(
            "web-01", self.world.at, str(state), params=params, facts=facts, readings=readings, **place
        )

    def turn(self, deadline_s=60.0):
        """What the server's thread does at each of its turns, one after the other."""
        messages.prepare(self.context)
        due = messages.outgoing(self.context, self.context.now())
        return [messages.deliver(self.context, one, send, deadline_s) for one in due]

    def faults(self):
        from collector.jobs import faults

        derive.catch_up(self.context)
        with self.context.read() as conn:
            return faults.told(conn, self.world.at).account.faults

    def logged(self):
        from collector.store import messages as store

        with self.context.read() as conn:
            return store.every(conn)

    def verdict(self, target):
        """What the offline verifier says of everything up to now."""
        Publisher(self.context).publish()
        bundles.make_bundle(self.context, Period("all", 0, self.context.now()), target)
        policy = parse_policy(f"log {self.context.vkey}\nquorum none\n")
        return verify_bundle(target, policy, Options(None, True, 1))

    def outbox(self):
        from collector.store import messages as store

        with self.context.read() as conn:
            return store.lines(conn)


Told.sites, Told.estate = sites, ESTATE


@pytest.fixture
def told_class():
    """For collectors on other databases."""
    return Told


@pytest.fixture
def told(tmp_path):
    with sites.opened(tmp_path / "collector", sites.at("2026-07-01T08:00")) as site:
        yield Told(site)
