"""Real counterparts for protocol checks: listeners that speak the protocol, a web application, recordings."""

import select
import socket
import threading
from contextlib import suppress

import pytest

from agent.sources.means import Means
from agent.sources.protocols import open_protocols

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
def observed(net, looked):
    """Look with a check of protocols; nothing secret is in its line."""

    def run(check_id, params, name="", source=None):
        return looked(check_id, params, source or net, name, HIDDEN)

    return run


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
            connection.settimeout(60)
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
        thread.join(60)
    for listener in listeners:
        listener.close()
