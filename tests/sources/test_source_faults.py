"""Databases, controllers and vSphere that misbehave before anybody is logged in: a typed error each, within
the deadline, in plain words and under TLS."""

import select
import socket
import ssl
import struct
import threading
import time

import pytest
from parts import loaded

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

_parts = loaded("checks/service/conftest.py")

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


def packet(number, data):
    """A packet of MySQL's protocol."""
    return struct.pack("<I", len(data))[:3] + bytes([number % 256]) + data


def asks_again(source):
    """A server that never has enough of logging in."""

    def act(sock, stop):
        number = 1
        if source == "mysql":
            sock.sendall(packet(0, GREETING))
        while not stop.is_set() and sock.recv(65_536):
            number += 1
            if source == "postgresql":
                sock.sendall(b"R" + struct.pack(">II", 8, 3))  # the password, in the clear
            elif source == "mysql":
                first = b"\xfedialog\0" if number == 2 else b""
                sock.sendall(packet(number, first + b"\x04Password: "))
                number += 1
            elif source == "redis":
                sock.sendall(b"-NOAUTH Authentication required.\r\n")
            else:
                sock.sendall(b"HTTP/1.1 401 No\r\nX-Auth-Token: a\r\nContent-Length: 0\r\n\r\n")

    return act


@pytest.mark.parametrize("source", SOURCES)
def test_a_login_that_never_ends_is_a_typed_error(looks, peer, source):
    found = fails(looks, source, peer(asks_again(source)), SOON)
    assert found in {*TYPED, ErrorKind.DENIED}
    if source in ("redis", "redfish"):
        assert found is ErrorKind.DENIED


def opened_then_closed(sock, stop):
    """A controller that grants each session and then knows none of them."""
    while not stop.is_set():
        asked = sock.recv(65_536)
        if not asked:
            return
        made = asked.startswith(b"POST")
        status = b"201 Created\r\nX-Auth-Token: a" if made else b"401 No"
        sock.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")


def test_a_controller_that_forgets_each_session_at_once_is_denied(looks, peer):
    assert fails(looks, "redfish", peer(opened_then_closed), LONG) is ErrorKind.DENIED


def test_a_login_that_took_too_long_is_hung_up_and_not_left_to_the_garbage(looks, peer):
    over = threading.Event()

    def act(sock, stop):
        silent(sock, stop)
        over.set()

    assert fails(looks, "postgresql", peer(act), SOON) is ErrorKind.TIMEOUT
    assert over.wait(30)


def says_it_back(source):
    """A server whose refusal repeats all that was sent to it, credentials too."""

    def act(sock, stop):
        heard = b""
        if source == "mysql":
            sock.sendall(packet(0, GREETING))
        while not stop.is_set():
            came = sock.recv(65_536)
            if not came:
                return
            heard += came
            words = heard.replace(b"\r", b" ").replace(b"\n", b" ").replace(b"\0", b" ")
            if source == "postgresql" and b"hidden-Word-1" not in heard:
                sock.sendall(b"R" + struct.pack(">II", 8, 3))
            elif source == "postgresql":
                field = b"SFATAL\0C28P01\0M" + words + b"\0\0"
                sock.sendall(b"E" + struct.pack(">I", len(field) + 4) + field)
            elif source == "mysql" and b"hidden-Word-1" not in heard:
                sock.sendall(packet(2, b"\xfemysql_clear_password\0"))
            elif source == "mysql":
                sock.sendall(packet(4, b"\xff" + struct.pack("<H", 1045) + b"#28000" + words))
            elif source == "redis":
                sock.sendall(b"-ERR unknown: " + words + b"\r\n")
            else:
                body = b'{"error": "' + words.replace(b'"', b"'") + b'"}'
                head = b"HTTP/1.1 401 %s\r\nX-Said: %s\r\nContent-Length: %d\r\n\r\n"
                sock.sendall(head % (words, words, len(body)) + body)

    return act


@pytest.mark.parametrize("source", SOURCES)
def test_a_server_that_repeats_the_credentials_in_its_refusal_is_not_quoted(looks, peer, source):
    # `fails` looks for the password in the error.
    assert fails(looks, source, peer(says_it_back(source)), SOON) in {*TYPED, ErrorKind.DENIED}


@pytest.mark.parametrize("address", ["192.0.2.1", "127.example", "localhost.example", "::1:2:3"])
def test_a_server_of_mysql_elsewhere_that_wants_the_password_in_the_clear_does_not_get_it(address):
    sent = []

    class Conn:
        host, password, _secure = address, b"hidden-Word-1", False
        write_packet = staticmethod(sent.append)

    from agent.sources import sql_mysql

    for way in sql_mysql._CLEAR.values():
        with pytest.raises(ObservationError, match="in the clear") as caught:
            way(Conn()).authenticate(None)
        assert caught.value.kind is ErrorKind.DENIED and not sent


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
