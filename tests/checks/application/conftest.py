"""Real counterparts for protocol checks: listeners that speak the protocol, a web application, recordings.

With ROUNDSEAL_RECORD=1 every look that a test names is written to tests/checks/recordings/<id>/<name>.json.
"""

import importlib.util
import json
import os
import re
import select
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from agent.sources.means import Means
from agent.sources.protocols import open_protocols
from checks import registry
from checks.result import Item, When, decode, encode, look, rejudge


def _load(name):
    """A module beside this one, under a name that no other has (importlib mode)."""
    spec = importlib.util.spec_from_file_location(
        f"application_{name}", Path(__file__).with_name(f"{name}.py")
    )
    sys.modules[f"application_{name}"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


for _name in ("talkers", "web_app"):
    _load(_name)

RECORDINGS = Path(__file__).parents[1] / "recordings"
SECRETS = """
tester: {user: tester, password: "pa55-word", token: "shared-t0ken"}
wrong: {user: tester, password: "not-this", token: "other-t0ken"}
admin: {user: "cn=admin,dc=example,dc=org", password: "pa55-word"}
notadmin: {user: "cn=admin,dc=example,dc=org", password: "not-this"}
short: {user: tester, password: "pa55"}
"""
HIDDEN = ("pa55-word", "shared-t0ken", "not-this", "other-t0ken")


@pytest.fixture
def net(tmp_path):
    """The protocols as this host speaks them, with some secrets."""
    path = tmp_path / "secrets.yaml"
    path.write_text(SECRETS)
    path.chmod(0o600)
    return open_protocols(Means(state=tmp_path))


@pytest.fixture
def observed(net):
    """Look with a check, take the line through its bytes, judge it again; nothing secret is in it."""

    def run(check_id, params, name="", source=None):
        check = registry.get(check_id)
        item = Item(check_id, check.version, "target", None, params)
        now = lambda: time.time_ns() // 1_000_000  # noqa: E731
        result = look(check, item, source or net, vantage="here", when=When(slot=0), now=now)
        line = encode(result)
        assert not any(word.encode() in line for word in HIDDEN)
        again = decode(line)
        assert again == result
        if result.error is None:
            assert rejudge(check, again, params) == result.readings
            assert all(reading.reason for reading in result.readings if reading.state.value != "ok")
        if name and os.environ.get("ROUNDSEAL_RECORD"):
            record(check_id, name, params, json.loads(line), result.t0)
        return result

    return run


def record(check_id, name, params, line, taken_at):
    seen = {"error": line["error"]["kind"]} if "error" in line else {"facts": line["facts"]}
    expect = {"state": line.get("state", "unknown"), "readings": line.get("readings", [])}
    place = RECORDINGS / check_id
    place.mkdir(parents=True, exist_ok=True)
    whole = {"params": params, **seen, "taken_at": taken_at, "expect": expect}
    # Where the test ran is nobody's business.
    text = re.sub(
        r"/tmp/[^\"]*?/test_[a-z_]+[0-9]*", "/opt/app", json.dumps(whole, ensure_ascii=False, indent=1)
    )
    (place / f"{name}.json").write_text(text + "\n", "utf-8")


@pytest.fixture
def why():
    """Reading name -> its reason (or ok)."""
    return lambda result: {r.name: r.reason or r.state.value for r in result.readings}


@pytest.fixture
def closed_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Lines:
    """A connection read by lines and lengths."""

    def __init__(self, sock):
        self.sock = sock
        self.held = b""

    def line(self, end=b"\r\n"):
        while end not in self.held:
            part = self.sock.recv(4096)
            if not part:
                raise ConnectionError
            self.held += part
        found, self.held = self.held.split(end, 1)
        return found.decode()

    def exactly(self, count):
        while len(self.held) < count:
            part = self.sock.recv(4096)
            if not part:
                raise ConnectionError
            self.held += part
        found, self.held = self.held[:count], self.held[count:]
        return found

    def say(self, *lines):
        self.sock.sendall(b"".join(line.encode() + b"\r\n" for line in lines))


@pytest.fixture
def serve():
    """Start a listener whose connections run through a script; gives its port."""
    stop = threading.Event()
    threads, listeners = [], []

    def one(connection, script):
        with connection, suppress(OSError):
            connection.settimeout(10)
            peer = Lines(connection)
            try:
                script(peer, stop)
            finally:
                peer.sock.close()  # TLS has put another in its place

    def loop(listener, script):
        while not stop.is_set():
            if select.select([listener], [], [], 0.02)[0]:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=one, args=(connection, script)))
                threads[-1].start()

    def start(script):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=loop, args=(listener, script)))
        threads[-1].start()
        return listener.getsockname()[1]

    yield start
    stop.set()
    for thread in list(threads):
        thread.join(10)
    for listener in listeners:
        listener.close()
