"""A real receiver in a process of its own, real senders beside it."""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from parts import loaded

from agent.receive.keep import Keeper
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.received import open_received
from agent.state import State

CHECKS = Path(__file__).parents[1] / "checks" / "conftest.py"
_looks = loaded("checks/conftest.py")
looked, why = _looks.looked, _looks.why

SECRETS = """
traps: {community: s3cr3t-traps}
md5: {user: md5, auth: md5, auth_password: authpass12, privacy: des, privacy_password: privpass12}
sha: {user: sha, auth: sha, auth_password: authpass12, privacy: aes128, privacy_password: privpass12}
sha256: {user: sha256, auth: sha256, auth_password: authpass12, privacy: aes128, privacy_password: privpass12}
sha512: {user: sha512, auth: sha512, auth_password: authpass12, privacy: aes128, privacy_password: privpass12}
signed: {user: signed, auth: sha, auth_password: authpass12}
plain: {user: plain}
"""
USERS = "traps, md5, sha, sha256, sha512, signed, plain"


@pytest.fixture
def state(tmp_path):
    """A state directory whose agent.yaml asks for a receiver at free ports of loopback."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    (place / "secrets.yaml").write_text(SECRETS)
    (place / "secrets.yaml").chmod(0o600)
    (place / "agent.yaml").write_text(
        f"receive: {{syslog: {{port: 0}}, traps: {{port: 0, secrets: [{USERS}]}}}}\n"
    )
    return place


@pytest.fixture
def ears(state):
    """The source, with the memory of its looks."""
    return open_received(Transient(), Means(state=state))


@pytest.fixture
def keeper(state):
    """A running receiver."""
    made = Keeper(State(state))
    made.start()
    yield made
    made.close()


@pytest.fixture
def ports(keeper, state):
    """Ports by kind: `syslog` (UDP and TCP) and `traps`."""
    return listening(state)


def listening(state):
    """Where it listens, once it does."""
    until = time.monotonic() + 60
    while True:
        try:
            places = open_received(Transient(), Means(state=state)).receiver().places
            found = [int(re.search(r":(\d+)$", one)[1]) for one in places]
            return {"syslog": found[0], "traps": found[2]}
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.fixture
def counted(state):
    """Wait until the receiver has counted so many messages of all senders."""

    def wait(messages):
        until = time.monotonic() + 60
        while True:
            seen = open_received(Transient(), Means(state=state)).receiver()
            if seen.messages >= messages:
                return seen
            assert time.monotonic() < until, seen
            time.sleep(0.02)

    return wait


@pytest.fixture
def program():
    """Run a program that must be there."""

    def run(*words):
        if shutil.which(words[0]) is None:
            pytest.skip(f"NOT TESTED: {words[0]} is not installed")
        subprocess.run(words, check=True, timeout=60, capture_output=True)

    return run


@pytest.fixture
def datagram():
    """Send bytes to a port of loopback, from another of its addresses if wanted."""

    def send(port, data, source="127.0.0.1"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((source, 0))
            sock.sendto(data, ("127.0.0.1", port))

    return send
