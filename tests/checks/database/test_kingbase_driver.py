"""Kingbase's own driver, tried on PostgreSQL behind a sys_* shim: never on the product itself."""

import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from parts import loaded

from agent.secrets import Secret
from agent.sources import sql_kingbase
from checks.api import ErrorKind, ObservationError
from checks.codec import to_json
from checks.sql import Reach

QUESTIONS = (
    *("alive", "connections", "locks", "transactions", "replication", "space", "settings", "statistics"),
    *("archiver", "accounts", "backups"),
)
OWN_WAY = b"R" + struct.pack(">II", 8, 20)  # a way to log in that no PostgreSQL has
LATE_S = 40


@pytest.fixture(scope="module")
def driver():
    return pytest.importorskip("ksycopg2", reason="NOT TESTED: Kingbase's driver (ksycopg2) is not installed")


@pytest.fixture
def door():
    """`door(port, say)`: a door before a server. Who comes first is told `say`; the next are let through
    (`port` None: they are all told it, again and again)."""
    stop, threads, listeners = threading.Event(), [], []

    def told(sock, say):
        sock.settimeout(60)
        while not stop.is_set() and sock.recv(65_536):
            sock.sendall(say)

    def through(sock, port):
        with socket.create_connection(("127.0.0.1", port)) as far:
            while not stop.is_set():
                for one in select.select([sock, far], [], [], 0.05)[0]:
                    data = one.recv(65_536)
                    if not data:
                        return
                    (far if one is sock else sock).sendall(data)

    def serve(listener, port, say):
        first = True
        while not stop.is_set():
            if not select.select([listener], [], [], 0.02)[0]:
                continue
            sock, _ = listener.accept()
            with sock, suppress(OSError):
                told(sock, say) if first or port is None else through(sock, port)
            first = False

    def start(port, say):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=serve, args=(listener, port, say)))
        threads[-1].start()
        return listener.getsockname()[1]

    yield start
    stop.set()
    for thread in threads:
        thread.join(120)
    for listener in listeners:
        listener.close()


@pytest.fixture
def serve():
    """`serve(act)`: a listener that does this to whoever comes."""
    stop, threads = threading.Event(), []

    def loop(listener, act):
        with listener:
            while not stop.is_set():
                if select.select([listener], [], [], 0.02)[0]:
                    sock, _ = listener.accept()
                    sock.settimeout(60)
                    with sock, suppress(OSError):
                        act(sock)

    def start(act):
        listener = socket.create_server(("127.0.0.1", 0))
        threads.append(threading.Thread(target=loop, args=(listener, act)))
        threads[-1].start()
        return listener.getsockname()[1]

    yield start
    stop.set()
    for thread in threads:
        thread.join(120)


def reach(port, timeout_ms=60_000, **more):
    return Reach("127.0.0.1", port=port, platform="kingbase", timeout_ms=timeout_ms, tls="off", **more)


@pytest.mark.parametrize("question", QUESTIONS)
def test_where_psycopg_knows_no_way_in_the_same_facts_are_read_by_the_own_driver(
    driver, cluster, shim, door, question
):
    plain = shim.look(f"database.{question}")
    # Of one who knocks first is asked what psycopg does not know; the dial to see who listens comes second.
    shut = type(shim)("kingbase", door(cluster.port, OWN_WAY), shim.state, database="shim")
    found = shut.look(f"database.{question}", tls="off")
    assert shape(to_json(found.facts)) == shape(to_json(plain.facts))
    assert [(one.name, one.state) for one in found.readings] == [
        (one.name, one.state) for one in plain.readings
    ]


def shape(facts):
    """Names and types, without what moves from second to second."""
    if isinstance(facts, dict):
        return {name: shape(value) for name, value in facts.items()}
    if isinstance(facts, list):
        return [shape(value) for value in facts[:1]]
    return type(facts).__name__


def test_a_statement_is_refused_by_right_by_writing_and_by_time(driver, cluster, shim):
    secret = Secret("database", {"user": "inspector", "password": "not-a-real-Secret-7"})
    session = sql_kingbase.connect(reach(cluster.port, database="shim"), secret, time.monotonic() + 60)
    try:
        for statement, kind in (
            ("SELECT * FROM pg_authid", ErrorKind.DENIED),
            ("CREATE TABLE no_table (a int)", ErrorKind.DENIED),
            ("SELECT * FROM no_such_table", ErrorKind.UNSUPPORTED),
        ):
            with pytest.raises(ObservationError) as caught:
                session.rows(statement)
            assert caught.value.kind is kind
        assert session.rows("SELECT %s::int + 1", (1,)) == [(2,)]
        assert session.rows("SELECT '\\x0102'::bytea, '2026-01-02T03:04:05+08'::timestamptz") == [
            (b"\x01\x02", datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC))
        ]
        assert session.rows("SELECT '100 %'") == [("100 %",)]
    finally:
        session.close()
    session = sql_kingbase.connect(reach(cluster.port, database="shim"), secret, time.monotonic() + 2)
    with pytest.raises(ObservationError) as caught:
        session.rows("SELECT pg_sleep(60)")
    session.close()
    assert caught.value.kind is ErrorKind.TIMEOUT


def test_a_wrong_password_is_denied_and_not_shown(driver, cluster, shim):
    secret = Secret("database", {"user": "inspector", "password": "hidden-Word-1"})
    with pytest.raises(ObservationError) as caught:
        sql_kingbase.connect(reach(cluster.port, database="shim"), secret, time.monotonic() + 60)
    assert caught.value.kind is ErrorKind.DENIED and "hidden-Word-1" not in str(caught.value)


@pytest.mark.parametrize(
    ("say", "kinds"),
    [
        (b"", {ErrorKind.TIMEOUT}),
        (b"R" + struct.pack(">II", 8, 3), {ErrorKind.TIMEOUT}),  # the password, again and again
        (bytes(range(256)) * 40, {ErrorKind.GARBLED}),
        (b"\x1b[2J\x1b[31m" * 200, {ErrorKind.GARBLED, ErrorKind.TIMEOUT}),
        ("数据库未启动\r\n".encode("gb18030") * 20, {ErrorKind.GARBLED, ErrorKind.TIMEOUT}),
        (b"E" + struct.pack(">I", 10_000_000) + b"x" * 10_000_000, {ErrorKind.GARBLED, ErrorKind.TIMEOUT}),
    ],
    ids=["silent", "login_loop", "garbage", "escapes", "not_utf8", "ten_megabytes"],
)
def test_a_bad_peer_is_a_typed_error_within_the_deadline(driver, door, say, kinds):
    secret = Secret("database", {"user": "a", "password": "hidden-Word-1"})
    port = door(None, say)
    began = time.monotonic()
    with pytest.raises(ObservationError) as caught:
        sql_kingbase.connect(reach(port), secret, time.monotonic() + 1)
    assert time.monotonic() - began < 1 + LATE_S
    assert caught.value.kind in kinds and "hidden-Word-1" not in str(caught.value)


def test_a_child_that_nobody_ends_is_ended_by_the_kernel():
    words = [sys.executable, "-m", "agent.sources.sql_kingbase_child", "1"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.wait(LATE_S) == -signal.SIGALRM  # its input is open still


def test_nobody_there_is_refused(driver):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ObservationError) as caught:
        sql_kingbase.connect(reach(port), Secret("database", {"user": "a"}), time.monotonic() + 60)
    assert caught.value.kind is ErrorKind.REFUSED


CERTIFICATES = {
    "expired": lambda one: one.issue("expired", "127.0.0.1", days=(-60, -30)),
    "another_name": lambda one: one.issue("elsewhere", "192.0.2.1"),
    "its_own": lambda one: one.issue("its-own", "127.0.0.1", own=True),
}


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_a_certificate_that_nobody_vouches_for_ends_the_login(driver, serve, tmp_path, certificate):
    authority = loaded("checks/service/conftest.py").Authority(tmp_path)
    path = CERTIFICATES[certificate](authority)

    def act(sock):
        if not sock.recv(8):
            return  # who only looked whether anybody listens
        sock.sendall(b"S")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, path.replace(".pem", ".key"))
        with context.wrap_socket(sock, server_side=True) as made:
            made.recv(65_536)

    at = Reach("127.0.0.1", port=serve(act), platform="kingbase", tls="verify", ca=authority.pem)
    secret = Secret("database", {"user": "a", "password": "hidden-Word-1"})
    with pytest.raises(ObservationError) as caught:
        sql_kingbase.connect(at, secret, time.monotonic() + 60)
    assert caught.value.kind is ErrorKind.REFUSED and "hidden-Word-1" not in str(caught.value)


def test_without_the_driver_it_is_said_what_to_install(door, monkeypatch, tmp_path):
    from agent.sources.means import Means
    from agent.sources.memory import Transient
    from agent.sources.sql import open_sql

    monkeypatch.setitem(sys.modules, "ksycopg2", None)  # as if it were not installed
    (tmp_path / "secrets.yaml").write_text("database: {user: a, password: hidden-Word-1}\n")
    (tmp_path / "secrets.yaml").chmod(0o600)
    with pytest.raises(ObservationError, match="pip install ksycopg2") as caught:
        open_sql(Transient(), Means(state=tmp_path)).connections(reach(door(None, OWN_WAY)))
    assert caught.value.kind is ErrorKind.UNSUPPORTED
