"""Databases, controllers and vSphere that misbehave before anybody is logged in: a typed error each, within
the deadline, in plain words and under TLS."""

import importlib.util
import select
import socket
import ssl
import struct
import sys
import time
from pathlib import Path

import pytest

from agent.sources import bmc_session
from agent.sources.bmc import open_bmc
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.protocols import open_protocols
from agent.sources.sql import open_sql
from checks.api import ErrorKind, ObservationError
from checks.bmc import Reach as Controller
from checks.database.redis import Params as RedisReach
from checks.sql import Reach
from checks.vsphere import Vcenter

_SPEC = importlib.util.spec_from_file_location(
    "sql_authority", Path(__file__).parents[1] / "checks" / "service" / "conftest.py"
)
sys.modules["sql_authority"] = _parts = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_parts)

DATABASES = ("postgresql", "mysql")
SOURCES = (*DATABASES, "redis", "redfish", "vsphere")
SOON = 2000  # libpq knows no shorter time
LONG = 30_000
LATE_S = 40  # a machine's slowness: nobody waits longer than his deadline and this
GREETING = (
    b"\x0a8.0.1\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<H", 0xFFFF)
    + b"\x21" + struct.pack("<HH", 2, 0x000F) + b"\x15" + bytes(10) + b"123456789012\0"
    + b"mysql_native_password\0"
)  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return _parts.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def looks(tmp_path, authority):
    """`looks(source, port, timeout_ms, tls)`: the first look at such a target."""
    (tmp_path / "ca.pem").write_text(authority.pem)
    word = "user: inspect, password: hidden-Word-1"
    path = tmp_path / "secrets.yaml"
    path.write_text(
        f"database: {{{word}}}\nredfish: {{{word}, ca: {tmp_path}/ca.pem}}\nvsphere: {{{word}}}\n"
    )
    path.chmod(0o600)
    means = Means(state=tmp_path)
    sql, bmc, net = open_sql(Transient(), means), open_bmc(means, Transient()), open_protocols(means)

    def look(source, port, timeout_ms, tls):
        told = {"port": port, "timeout_ms": timeout_ms, "tls": tls, "ca": authority.pem}
        if source in DATABASES:
            sql.connections(Reach("127.0.0.1", platform=source, **told))
        elif source == "redis":
            sql.redis(RedisReach("127.0.0.1", **told))
        elif source == "redfish":
            bmc.health(Controller("127.0.0.1", port, tls=tls != "off", timeout_ms=timeout_ms))
        else:
            url = f"http{'' if tls == 'off' else 's'}://127.0.0.1:{port}/sdk"
            net.datastores(Vcenter(url, "vsphere", ca=authority.pem, timeout_ms=timeout_ms))

    yield look
    bmc_session.close_all()


def fails(looks, source, port, timeout_ms=LONG, tls="off"):
    """The error of a look, which kept its deadline and shows nothing of a credential."""
    if source != "postgresql" and timeout_ms == SOON:
        timeout_ms = 500
    began = time.monotonic()
    with pytest.raises(ObservationError) as caught:
        looks(source, port, timeout_ms, tls)
    assert time.monotonic() - began < timeout_ms / 1000 + LATE_S
    assert "hidden-Word-1" not in str(caught.value)
    return caught.value.kind


def silent(sock, stop):
    """Until the other side hangs up."""
    while not stop.is_set() and select.select([sock], [], [], 0.05)[0] in ([], [sock]):
        if select.select([sock], [], [], 0)[0] and not sock.recv(65_536):
            return


def says(data, times=1):
    def act(sock, stop):
        for _ in range(times):
            sock.sendall(data)
        silent(sock, stop)

    return act


def drips(sock, stop):
    while not stop.wait(0.02):
        sock.sendall(b"E")


def endless(sock, stop):
    while not stop.is_set():
        sock.sendall(b"N" + bytes(65_535))


PLAIN = {
    "closes": (lambda sock, stop: None, LONG),
    "silent": (silent, SOON),
    "drips": (drips, SOON),
    "garbage": (says(bytes(range(1, 256)) * 8), SOON),
    "not_utf8": (says("数据库未启动\r\n".encode("gb18030") * 20), SOON),
    "escapes": (says(b"\x1b[2J\x1b[31mE\x00\x00\x00\x10SFATAL\x00\x1b[0m\x00" * 20), SOON),
    "ten_megabytes": (says(b"E\x00\xa0\x00\x00" + b"x" * 65_531, 160), SOON),
    "endless": (endless, SOON),
}
TYPED = {
    ErrorKind.GARBLED,
    ErrorKind.REFUSED,
    ErrorKind.TIMEOUT,
    ErrorKind.UNREACHABLE,
    ErrorKind.UNSUPPORTED,
}


@pytest.mark.parametrize("source", SOURCES)
def test_nobody_there_is_refused(looks, source):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert fails(looks, source, sock.getsockname()[1]) is ErrorKind.REFUSED


@pytest.mark.parametrize("fault", PLAIN)
@pytest.mark.parametrize("source", SOURCES)
def test_a_bad_peer_is_a_typed_error_within_the_deadline(looks, peer, source, fault):
    act, within = PLAIN[fault]
    found = fails(looks, source, peer(act), within)
    assert found in TYPED
    if fault == "silent":
        assert found is ErrorKind.TIMEOUT


def begins(source, then):
    """A server that agrees to TLS in its protocol's own words, and then does something else."""

    def act(sock, stop):
        if source == "postgresql":
            sock.recv(8)
            sock.sendall(b"S")
        elif source == "mysql":
            sock.sendall(struct.pack("<I", len(GREETING))[:3] + b"\0" + GREETING)
            sock.recv(36, socket.MSG_WAITALL)
        then(sock, stop)

    return act


def presents(certificate):
    """A handshake under this certificate."""

    def act(sock, _stop):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.replace(".pem", ".key"))
        with context.wrap_socket(sock, server_side=True) as made:
            made.recv(65_536)

    return act


IN_TLS = {
    "closes": (lambda sock, stop: None, LONG),
    "silent": (silent, SOON),
    "drips": (drips, SOON),
    "garbage": (says(bytes(range(1, 256)) * 8), SOON),
    "ten_megabytes": (says(b"x" * 65_536, 160), LONG),
}


@pytest.mark.parametrize("fault", IN_TLS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_handshake_of_tls_that_goes_wrong_is_a_typed_error(looks, peer, source, fault):
    act, within = IN_TLS[fault]
    found = fails(looks, source, peer(begins(source, act)), within, "require")
    assert found in TYPED
    if fault == "silent":
        assert found is ErrorKind.TIMEOUT


CERTIFICATES = {
    "expired": lambda one: one.issue("expired", "127.0.0.1", days=(-60, -30)),
    "another_name": lambda one: one.issue("elsewhere", "192.0.2.1"),
    "its_own": lambda one: one.issue("its-own", "127.0.0.1", own=True),
}


@pytest.mark.parametrize("certificate", CERTIFICATES)
@pytest.mark.parametrize("source", SOURCES)
def test_a_certificate_that_nobody_vouches_for_ends_the_login(looks, peer, authority, source, certificate):
    port = peer(begins(source, presents(CERTIFICATES[certificate](authority))))
    found = fails(looks, source, port, tls="verify")
    assert found in (ErrorKind.REFUSED, ErrorKind.DENIED)


@pytest.mark.parametrize("source", DATABASES)
def test_a_server_without_tls_is_refused_where_tls_is_required(looks, peer, source):
    def act(sock, stop):
        if source == "postgresql":
            sock.recv(8)
            sock.sendall(b"N")
            return
        plain = bytearray(GREETING)
        at = plain.index(b"12345678\0") + 9
        plain[at : at + 2] = struct.pack("<H", 0xFFFF & ~0x0800)
        sock.sendall(struct.pack("<I", len(plain))[:3] + b"\0" + plain)
        silent(sock, stop)

    assert fails(looks, source, peer(act), tls="require") is ErrorKind.REFUSED
