"""A small real collector for the agent's tests: the HTTP of docs/architecture.md over http.server, in memory.

It checks everything that the real one checks (signature, root, chain) and logs into a real tree, so the
agent's proofs are real. `faults` holds what the next POSTs to /v1/batches shall do instead.
"""

import hmac
import json
import re
import ssl
import threading
import time
from base64 import b64decode, b64encode
from collections import deque
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from checks.wire import frame, header, note, strict_json, tiles, tree
from checks.wire.chain import chain_hash
from checks.wire.checkpoint import Checkpoint, sign_checkpoint
from checks.wire.entry import Entry
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind, pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer, verify
from checks.wire.token import Token, make_token

ORIGIN = "standin.example/log"
_AUTH = re.compile(
    r'Roundseal agent="(.+?)",epoch="(\d+)",key="([0-9a-f]+)",time="(\d+)",'
    r'nonce="([0-9a-f]{32})",signature="(.+?)"'
)


class Collector:
    """State and rules; one per test."""

    def __init__(self, tls=None):
        self.signer = Signer(bytes(range(32)))
        self.vkey = note.make_vkey(ORIGIN, self.signer.public)
        self.lock = threading.RLock()
        self.secret = bytes(16)
        self.token_used = {}
        self.public = None
        self.agent = "web-01"
        self.epoch = 1
        self.approved = True
        self.statement = b""
        self.head = None  # (seq, chain hash hex, header)
        self.batches = []  # (header, lines) in log order
        self.leaves = []
        self.places = {}  # header hash -> (idx, received)
        self.plan = None
        self.plan_made = 0
        self.plan_signature = None
        self.faults = deque()
        self.requests = 0
        self.seen_paths = deque(maxlen=1000)
        self.offset_ms = 0
        self.frozen_size = None  # a log that publishes no newer checkpoint
        self.lies = None  # leaves of another history
        self.tls = tls
        self.server = None

    # control

    def start(self):
        collector = self

        class Handler(_Handler):
            owner = collector

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # clients that hang up are part of the tests

        self.server = Server(("127.0.0.1", self.port if self.server else 0), Handler)
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls[:2])
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def token(self, name="t1"):
        pin = self.tls[2] if self.tls else None
        return make_token(Token(name, self.secret, pin, self.vkey.digest))

    def serve_plan(self, **fields):
        """Sign and serve a plan; `items` and `rounds` as plan JSON."""
        self.plan_made += 1
        plan = {
            "v": 1,
            "log": ORIGIN,
            "agent": self.agent,
            "epoch": self.epoch,
            "made_ms": self.plan_made,
            "estate": "00" * 32,
            "timezone": "Asia/Shanghai",
            "flush_ms": 1000,
            "items": [],
            "rounds": [],
        }
        self.plan = strict_json.dumps({**plan, **fields})
        self.plan_signature = self.signer.sign(pae(pae_type("plan"), self.plan))
        return sha256(self.plan).hexdigest()

    def results(self):
        with self.lock:
            return [json.loads(line) for _, lines in self.batches for line in lines]

    def headers(self):
        with self.lock:
            return [head for head, _ in self.batches]

    # rules

    def enrol(self, body):
        value = json.loads(body)
        statement = b64decode(value["statement"])
        said = json.loads(statement)
        mac = hmac.new(self.secret, statement, sha256).hexdigest()
        if not hmac.compare_digest(mac, value["mac"]):
            return 401, {"status": "bad_token"}
        public = bytes.fromhex(said["public"])
        if not verify(public, pae(pae_type("enrol"), statement), b64decode(value["signature"])):
            return 400, {"status": "bad_signature"}
        if self.token_used.setdefault(said["token"], statement) != statement:
            return 401, {"status": "bad_token", "detail": "used"}
        self.public, self.statement = public, statement
        return 202, {"status": "pending", "agent": self.agent, "epoch": self.epoch, "code": "x"}

    def signed(self, method, path, authorization):
        found = _AUTH.fullmatch(authorization or "")
        if not found or self.public is None:
            return False
        agent, epoch, _, when, nonce, signature = found.groups()
        message = pae(pae_type("get"), f"{method}|{path}|{nonce}|{when}".encode())
        good = verify(self.public, message, b64decode(signature))
        return good and agent == self.agent and int(epoch) == self.epoch

    def take(self, data):
        """Acks of one request."""
        with self.lock:
            return [self._take_one(frame.decode(one)) for one in frame.pieces(data)]

    def _take_one(self, one):
        if self.public is None:
            return {"status": "unknown_key"}
        try:
            head = header.parse(one.header)
            lines = frame.check(one, head, self.public)
        except WireError as error:
            return {"status": error.code, "detail": error.detail}
        ack = {"agent": head.agent, "epoch": head.epoch, "seq": head.seq}
        if head.log != ORIGIN:
            return {"status": "wrong_log", **ack}
        if not self.approved:
            return {"status": "pending", "retry_after": 1, **ack}
        place = self.places.get(sha256(one.header).digest())
        if place:
            return {"status": "known", "idx": place[0], "received": place[1], **ack}
        seq, chain = (self.head[0], self.head[1]) if self.head else (-1, chain_hash(self.statement).hex())
        if head.seq > seq + 1:
            return {"status": "gap", "want": seq + 1, **ack}
        if head.seq <= seq and self.answers_behind:
            _, _, newest, signature = self.head
            return {
                "status": "behind",
                "header": b64encode(newest).decode(),
                "signature": b64encode(signature).decode(),
                **ack,
            }
        if head.seq <= seq or head.prev != chain:
            return {"status": "fork", "head": {"seq": seq, "hash": chain}, **ack}
        received = self.now()
        entry = Entry(EntryKind.BATCH, received, one.header, one.signatures)
        idx = len(self.leaves)
        self.leaves.append(entry.leaf)
        self.places[sha256(one.header).digest()] = (idx, received)
        self.head = (head.seq, chain_hash(one.header).hex(), one.header, one.signatures[0].sig)
        self.batches.append((head, lines))
        return {"status": "ok", "idx": idx, "received": received, **ack}

    answers_behind = False

    def now(self):
        return time.time_ns() // 1_000_000 + self.offset_ms

    def log_file(self, path):
        with self.lock:
            leaves = list(self.lies if self.lies is not None else self.leaves)
        if self.frozen_size is not None:
            leaves = leaves[: self.frozen_size]
        if path == "checkpoint":
            return sign_checkpoint(Checkpoint(ORIGIN, len(leaves), tree.root(leaves)), self.signer)
        tile = tiles.parse_path(path)
        level = leaves
        for _ in range(tile.level * tiles.HEIGHT):
            level = tree.parents(level[: len(level) & ~1])
        return b"".join(level[tile.n * 256 : tile.n * 256 + tile.width])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Collector

    def log_message(self, *args):
        pass

    def _answer(self, status, value, **headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        owner = self.owner
        owner.seen_paths.append(self.path)
        if self.path == "/v1/log":
            self._answer(
                200, {"status": "ok", "origin": ORIGIN, "vkey": str(owner.vkey), "time": owner.now()}
            )
        elif self.path.startswith("/log/"):
            try:
                self._answer(200, owner.log_file(self.path[5:]))
            except (WireError, IndexError):
                self._answer(404, {"status": "not_found"})
        elif not owner.signed("GET", self.path, self.headers.get("Authorization")):
            self._answer(401, {"status": "unknown_key"})
        elif self.path == "/v1/agents/self":
            self._answer(
                *(
                    (200, {"status": "approved", "agent": owner.agent, "epoch": owner.epoch})
                    if owner.approved
                    else (202, {"status": "pending"})
                )
            )
        elif self.path == "/v1/plan":
            self._plan(owner)
        else:
            self._answer(404, {"status": "not_found"})

    def _plan(self, owner):
        if owner.plan is None:
            return self._answer(404, {"status": "no_plan"})
        tag = f'"{sha256(owner.plan).hexdigest()}"'
        if self.headers.get("If-None-Match") == tag:
            return self._answer(304, b"")
        signature = b64encode(owner.plan_signature).decode()
        return self._answer(200, owner.plan, ETag=tag, Roundseal_Signature=signature)

    def do_POST(self):
        owner = self.owner
        received = owner.now()
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/enrol":
            return self._answer(*owner.enrol(data))
        owner.requests += 1
        fault = owner.faults.popleft() if owner.faults else None
        if fault == "lose_answer":
            owner.take(data)
            self.close_connection = True
            return None
        if fault == "hang_up":
            self.close_connection = True
            return None
        if fault is not None:
            return self._answer(*fault)
        acks = owner.take(data)
        extra = {"Roundseal_Time": f"{received},{owner.now()}"}
        if owner.plan is not None:
            extra["Roundseal_Plan"] = sha256(owner.plan).hexdigest()
        codes = {
            "ok": 200,
            "known": 200,
            "gap": 409,
            "fork": 409,
            "behind": 409,
            "pending": 403,
            "unknown_key": 401,
            "wrong_log": 421,
        }
        if len(acks) == 1:
            return self._answer(codes.get(acks[0]["status"], 400), acks[0], **extra)
        return self._answer(200, acks, **extra)
