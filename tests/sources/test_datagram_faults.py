"""Peers of single questions that answer nonsense or without end: name servers, clocks, IPMI, TLS."""

import select
import shutil
import socket
import threading
import time

import pytest

from agent.sources import bmc_session
from agent.sources.bmc import open_bmc
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.net import open_net
from checks.api import ErrorKind, ObservationError
from checks.bmc import Reach
from checks.probes import DnsAsk, TlsAsk

LATE_S = 40  # a machine's slowness


@pytest.fixture
def floods():
    """`floods(answer, times)`: a port of UDP that answers each question so often; 0: without end."""
    stop = threading.Event()
    running = []

    def serve(sock, answer, times):
        while not stop.is_set():
            if not select.select([sock], [], [], 0.02)[0]:
                continue
            _, peer = sock.recvfrom(65_535)
            sent = 0
            while not stop.is_set() and (not times or sent < times):
                sock.sendto(answer, peer)
                sent += 1
                if sent % 50 == 0:
                    stop.wait(0.001)

    def start(answer, times=1):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(sock, answer, times))
        thread.start()
        running.append((sock, thread))
        return sock.getsockname()[1]

    yield start
    stop.set()
    for sock, thread in running:
        thread.join(60)
        sock.close()


@pytest.fixture
def streams():
    """A port of TCP that sends these bytes, again and again with a gap."""
    stop = threading.Event()
    running = []

    def serve(listener, data, gap):
        while not stop.is_set():
            if not select.select([listener], [], [], 0.02)[0]:
                continue
            sock, _ = listener.accept()
            with sock:
                sock.settimeout(60)
                try:
                    while not stop.wait(gap):
                        sock.sendall(data)
                except OSError:
                    continue

    def start(data, gap):
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(listener, data, gap))
        thread.start()
        running.append((listener, thread))
        return listener.getsockname()[1]

    yield start
    stop.set()
    for listener, thread in running:
        thread.join(120)
        listener.close()


@pytest.mark.parametrize("answer", [b"\x00", b"\xff" * 512, bytes(range(48))], ids=["short", "long", "48"])
def test_datagrams_without_end_are_over_at_the_deadline(floods, answer):
    port, net = floods(answer, 0), open_net()
    began = time.monotonic()
    named = net.dns(DnsAsk("a.example", "A", "127.0.0.1", port, 400))
    timed = net.time_server("127.0.0.1", port, timeout_ms=400)
    assert time.monotonic() - began < 1 + LATE_S
    assert named.outcome not in ("answered", "connected", "NOERROR")
    assert timed.offset_us is None


@pytest.mark.parametrize(
    ("data", "gap"),
    [(b"\x16", 0.02), (b"\x16\x03\x03\x3f\xff" + bytes(16_383), 0), (b"x" * 65_536, 0)],
    ids=["drips", "records", "ten_megabytes"],
)
def test_a_handshake_that_drips_or_never_ends_is_over_at_the_deadline(streams, data, gap):
    began = time.monotonic()
    found = open_net().tls(TlsAsk("127.0.0.1", streams(data, gap), "127.0.0.1", "", 400))
    assert time.monotonic() - began < 1 + LATE_S
    assert found.outcome and found.outcome != "connected"


ESCAPES = b"\x06\x00\xff\x07" + b"\x1b[2J\x1b[31m" * 20


@pytest.mark.parametrize(
    ("answer", "times"),
    [(bytes(range(256)), 1), (ESCAPES, 1), (b"\x06\x00\xff\x07" + bytes(60), 0)],
    ids=["garbage", "escapes", "endless"],
)
def test_a_controller_that_answers_nonsense_is_a_typed_error(floods, tmp_path, answer, times):
    if shutil.which("ipmitool") is None:
        pytest.skip("NOT TESTED: ipmitool is not installed")
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("ipmi: {user: inspect, password: hidden-Word}\n")
    secrets.chmod(0o600)
    bmc = open_bmc(Means(state=tmp_path), Transient())
    at = Reach("127.0.0.1", floods(answer, times), protocol="ipmi", secret="ipmi", timeout_ms=2000)
    began = time.monotonic()
    with pytest.raises(ObservationError) as caught:
        bmc.health(at)
    bmc_session.close_all()
    assert time.monotonic() - began < 2 + LATE_S
    assert caught.value.kind is not ErrorKind.DENIED and "hidden-Word" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
