"""Real counterparts for probes: scripted listeners, web servers, openssl with an own CA; and recordings.

With ROUNDSEAL_RECORD=1 every look that a test names is written to tests/checks/recordings/<id>/<name>.json.
"""

import json
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import recordings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from agent.sources.net import open_net
from checks import registry
from checks.result import Item, Result, When, decode, encode, look, rejudge


@pytest.fixture
def observed():
    """Look with a check through the real network, take the line through its bytes and judge it again."""
    kept = []

    def run(check_id: str, params: dict, name: str = "") -> Result:
        check = registry.get(check_id)
        item = Item(check_id, check.version, "target", None, params)
        result = look(
            check,
            item,
            open_net(),
            vantage="here",
            when=When(slot=0),
            now=lambda: time.time_ns() // 1_000_000,
        )
        line = encode(result)
        again = decode(line)
        assert again == result
        if result.error is None:
            assert rejudge(check, again, params) == result.readings
            assert all(reading.reason for reading in result.readings if reading.state.value != "ok")
        if name:
            kept.append((check_id, name, recordings.of_line(line, params, result.t0)))
        return result

    yield run
    # At the end, when a test that had given up its rights has them again.
    for recording in kept:
        recordings.keep(*recording)


def _refuses() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    return _refuses()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue of connections is full: whoever connects waits."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket, threading.Event], None]], int]]:
    """Start a listener whose connections run through a script; gives its port."""
    stop = threading.Event()
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []

    def one(connection: socket.socket, script) -> None:
        with connection, suppress(OSError):
            connection.settimeout(60)
            script(connection, stop)

    def loop(listener: socket.socket, script) -> None:
        while not stop.is_set():
            if not select.select([listener], [], [], 0.05)[0]:
                continue
            connection, _ = listener.accept()
            threads.append(threading.Thread(target=one, args=(connection, script)))
            threads[-1].start()

    def start(script) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        thread = threading.Thread(target=loop, args=(listener, script))
        thread.start()
        threads.append(thread)
        return listener.getsockname()[1]

    yield start
    stop.set()
    for thread in threads:
        thread.join(60)
    for listener in listeners:
        listener.close()


def read_request(connection: socket.socket) -> bytes:
    """The head of a request, up to its empty line."""
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(4096)
        if not part:
            break
        request += part
    return request


@pytest.fixture
def answer(serve):
    """Start a web server that answers every request with these bytes; gives its port."""

    def start(raw: bytes) -> int:
        def script(connection: socket.socket, _stop) -> None:
            read_request(connection)
            connection.sendall(raw)

        return serve(script)

    return start


@pytest.fixture
def page(answer):
    """Start a web server that answers with a whole, well-formed answer; gives its port."""

    def start(body: bytes, status: str = "200 OK", headers: tuple[str, ...] = ()) -> int:
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        return answer("\r\n".join(head).encode() + body)

    return start


# Certificates -------------------------------------------------------------------------------------


class Authority:
    """A CA made for this run, and the certificates it signs: files NAME.pem and NAME.key."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        self.root = self._make(self.name, self.key.public_key(), (), -3650, 3650, ca=True)
        self.pem = self.root.public_bytes(serialization.Encoding.PEM).decode()

    def _make(self, subject, public, names, start, end, *, ca=False, signed_by=None, sha=None):
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if signed_by else self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=start))
            .not_valid_after(now + timedelta(days=end, hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(signed_by or self.key, sha or hashes.SHA256())

    def issue(self, name: str, *names: str, days=(-1, 400), own=False, bits=0, sha=None, common="") -> str:
        """Certificate for these names; own: self-signed; bits: an RSA key of that size. Gives its path."""
        key = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common or name)])
        alternative = [
            x509.IPAddress(ip_address(n)) if re.fullmatch(r"[0-9.:]+", n) else x509.DNSName(n) for n in names
        ]
        signed_by = key if own else None
        made = self._make(subject, key.public_key(), alternative, *days, signed_by=signed_by, sha=sha)
        path = self.place / f"{name}.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (self.place / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return str(path)


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def s_server() -> Iterator[Callable[..., int]]:
    """Start `openssl s_server` with a certificate and options; gives its port."""
    running: list[subprocess.Popen] = []

    def start(pem: str, *options: str) -> int:
        key = pem.removesuffix(".pem") + ".key"
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pem, "-key", key, "-www"]
        process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        for line in process.stdout:
            if found := re.match(r"ACCEPT .*:(\d+)", line):
                return int(found[1])
        raise AssertionError("openssl s_server did not start")

    yield start
    for process in running:
        process.kill()
        process.communicate()


# A network of its own ------------------------------------------------------------------------------

_LOOK = """
import json, sys, time
from agent.sources.net import open_net
from checks import registry
from checks.result import Item, When, encode, look
check = registry.get(sys.argv[1])
item = Item(check.id, check.version, "target", None, json.loads(sys.argv[2]))
now = lambda: time.time_ns() // 1_000_000
sys.stdout.buffer.write(encode(look(check, item, open_net(), vantage="here", when=When(slot=0), now=now)))
"""


@pytest.fixture
def apart():
    """Look from within a network namespace of its own, made ready by a few shell lines."""

    def run(setup: str, check_id: str, params: dict, name: str = "") -> Result:
        if os.geteuid() != 0 or subprocess.run(["unshare", "-nm", "true"], capture_output=True).returncode:
            pytest.skip("NOT TESTED: needs root and network namespaces")
        script = f"set -e\nip link set lo up\n{setup}\n" + 'exec "$@"'
        look = [sys.executable, "-c", _LOOK, check_id, json.dumps(params)]
        command = [
            "unshare",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            script,
            "sh",
            *look,
        ]
        done = subprocess.run(command, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        result = decode(done.stdout)
        if result.error is None:
            assert rejudge(registry.get(check_id), result, params) == result.readings
        if name:
            recordings.keep(check_id, name, recordings.of_line(done.stdout, params, result.t0))
        return result

    return run


# A router that gives back what is for 10.8.0.0/16, and delivers nothing.
ROUTER = """
mount -t tmpfs none /run
ip netns add router
ip link add va type veth peer name vb netns router
ip addr add 10.9.0.1/24 dev va
ip link set va up
ip -n router addr add 10.9.0.2/24 dev vb
ip -n router link set vb up
ip netns exec router sysctl -qw net.ipv4.ip_forward=1
ip -n router route add unreachable 10.8.0.0/16
ip route add default via 10.9.0.2
"""


@pytest.fixture
def router() -> str:
    """Shell lines for `apart`: a router that says that 10.8.0.0/16 is unreachable."""
    return ROUTER
