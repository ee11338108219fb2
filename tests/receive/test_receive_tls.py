"""Syslog over TLS: who may not speak first, then real senders (util-linux's logger, openssl)."""

import contextlib
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest
from parts import loaded

from agent.errors import AgentError
from agent.receive.engine import Engine
from agent.receive.ledger import Ledger
from agent.receive.server import Server
from agent.receive.streams import SHAKE_S, Stream, context
from agent.receive.usm import Opener
from agent.settings import ListenTls, Settings
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.received import open_received
from checks.codec import FieldError, from_json

_parts = loaded("checks/service/conftest.py")

HERE = {"address": "127.0.0.1", "silence": "unexpected"}
MESSAGE = b"<11>1 2026-11-22T08:00:00Z edge fw 1 - - disk failed"
FRAMED = b"%d %s" % (len(MESSAGE), MESSAGE)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return _parts.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def files(authority):
    """Certificate, key (0600) and root of the receiver."""
    authority.issue("receiver", "127.0.0.1")
    place = authority.place
    (place / "receiver.key").chmod(0o600)
    (place / "root.pem").write_text(authority.pem)
    return place


@pytest.fixture
def listens(state, files):
    """Start a receiver of TLS; its port."""
    keepers = []

    def start(more=""):
        wanted = f"port: 0, certificate: {files}/receiver.pem, key: {files}/receiver.key{more}"
        (state / "agent.yaml").write_text(f"receive: {{syslog_tls: {{{wanted}}}}}\n")
        keepers.append(_keeper(state))
        return _port(state)

    yield start
    for one in keepers:
        one.close()


@pytest.fixture
def tls(listens):
    """Senders need no certificate."""
    return listens()


@pytest.fixture
def mutual(listens, files):
    """They need one of ours."""
    return listens(f", ca: {files}/root.pem")


def _keeper(state):
    from agent.receive.keep import Keeper
    from agent.state import State

    made = Keeper(State(state))
    made.start()
    return made


def _port(state):
    until = time.monotonic() + 60
    while True:
        try:
            (place,) = open_received(Transient(), Means(state=state)).receiver().places
            assert place.startswith("syslog tls 127.0.0.1:")
            return int(place.rpartition(":")[2])
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def client(files, certificate=""):
    made = ssl.create_default_context(cafile=str(files / "root.pem"))
    if certificate:
        made.load_cert_chain(files / f"{certificate}.pem", files / f"{certificate}.key")
    return made


def refused(state):
    """Wait until somebody was not believed."""
    until = time.monotonic() + 60
    while not (seen := open_received(Transient(), Means(state=state)).receiver()).refused:
        assert time.monotonic() < until, seen
        time.sleep(0.02)
    return seen


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"certificate": "/a"},
        {"certificate": "a", "key": "/b"},
        {"certificate": "/a", "key": "/b", "ca": "c"},
    ],
)
def test_certificate_and_key_must_be_said(wrong):
    with pytest.raises(FieldError):
        from_json(Settings, {"receive": {"syslog_tls": wrong}}, "agent.yaml")


def test_a_key_that_others_may_read_is_refused(files):
    (files / "receiver.key").chmod(0o640)
    wanted = ListenTls(certificate=str(files / "receiver.pem"), key=str(files / "receiver.key"))
    with pytest.raises(AgentError, match="chmod 600"):
        context(wanted)


def test_who_speaks_no_tls_is_refused_and_delays_nobody(tls, files, state, ears, looked, counted):
    looked("network.syslog", HERE, ears)
    at = ("127.0.0.1", tls)
    with socket.create_connection(at), socket.create_connection(at) as noisy:
        noisy.sendall(b"<11>plain words on a port of TLS, more than a header of it\n")
        refused(state)
        with connected(tls, client(files)) as sock:
            for place in range(len(FRAMED)):
                sock.sendall(FRAMED[place : place + 1])
            counted(2)


def test_who_resets_before_he_is_taken_is_refused_and_ends_nothing(files, tmp_path):
    ledger = Ledger(tmp_path / "known")
    server = Server(ledger, frozenset(), Opener({}), Engine(b"\x80\0\0\0\x05here", 1))
    wanted = ListenTls(certificate=str(files / "receiver.pem"), key=str(files / "receiver.key"))
    port = server.syslog_tls("127.0.0.1", 0, context(wanted))
    for said in (b"", FRAMED):  # nobody takes them yet: the loop is not begun
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(said)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reading, writing = os.pipe()
    loop = threading.Thread(target=server.run, args=(reading,))
    loop.start()
    try:
        with connected(port, client(files)) as sock:
            sock.sendall(FRAMED)
            until = time.monotonic() + 60
            while ledger.sender("syslog", "127.0.0.1").messages < 3:
                assert loop.is_alive() and time.monotonic() < until
                time.sleep(0.02)
    finally:
        os.close(writing)
        loop.join()
        server.close()
        os.close(reading)
    assert ledger.sender("syslog", "127.0.0.1").refused == 2


def test_a_handshake_that_never_ends_is_given_up():
    with socket.socket() as sock:
        waiting = Stream(sock, "192.0.2.1", shaken=False, used=0.0)
        assert waiting.idle(SHAKE_S + 1) and not waiting.idle(SHAKE_S - 1)


def test_messages_are_whole_however_they_are_cut(tls, files, ears, looked, counted):
    looked("network.syslog", HERE, ears)
    with connected(tls, client(files)) as sock:
        sock.sendall(FRAMED + FRAMED[:20])
        sock.sendall(FRAMED[20:] + FRAMED * 500)
        counted(502)
    found = {one.name: one.value for one in looked("network.syslog", HERE, ears, "", ()).readings}
    assert found["log_errors"] == 502


def test_a_sender_without_a_certificate_of_ours_is_refused(mutual, files, state, authority):
    authority.issue("stranger", "stranger", own=True)
    for certificate in ("", "stranger"):
        with pytest.raises(OSError):
            speak(mutual, client(files, certificate))
    until = time.monotonic() + 60
    while (seen := refused(state)).refused < 2:
        assert time.monotonic() < until
    assert seen.messages == seen.refused


def test_a_sender_whose_certificate_expired_is_refused(mutual, files, state, authority):
    authority.issue("late", "late", days=(-60, -30))
    with pytest.raises(OSError):
        speak(mutual, client(files, "late"))
    until = time.monotonic() + 60
    while (seen := refused(state)).refused < 1:
        assert time.monotonic() < until
    assert seen.messages == seen.refused


def test_openssl_with_a_certificate_of_ours_is_heard(mutual, files, authority, ears, looked, counted):
    if shutil.which("openssl") is None:
        pytest.skip("NOT TESTED: openssl is not installed")
    authority.issue("sender", "sender")
    looked("network.syslog", HERE, ears)
    words = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{mutual}", "-verify_return_error"]
    words += ["-CAfile", files / "root.pem", "-cert", files / "sender.pem", "-key", files / "sender.key"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, stdin=subprocess.PIPE, **quiet) as process:
        process.stdin.write(FRAMED)
        process.stdin.flush()
        counted(1)
        process.kill()
    found = {one.name: one.value for one in looked("network.syslog", HERE, ears).readings}
    assert found["log_errors"] == 1


@contextlib.contextmanager
def connected(port, made):
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as raw,
        made.wrap_socket(raw, server_hostname="127.0.0.1") as sock,
    ):
        yield sock


def speak(port, made):
    """Send one message and read: with TLS 1.3 a client hears only then that it is refused."""
    with connected(port, made) as sock:
        sock.sendall(FRAMED)
        if not sock.recv(1):
            raise ConnectionResetError
