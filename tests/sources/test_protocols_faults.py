"""Every protocol client against bad peers: a code word within the deadline, whatever the peer does."""

import base64
import socket
import ssl
import struct
from contextlib import suppress

import pytest
from parts import loaded

from agent.sources.means import Means
from agent.sources.protocols import open_protocols
from checks import protocols as p
from checks.api import ErrorKind, ObservationError

_parts = loaded("checks/service/conftest.py")

MS = 300
PASSWORD = "pa55Word"
PLAIN = {"timeout_ms": MS}


@pytest.fixture
def net(tmp_path):
    path = tmp_path / "secrets.yaml"
    path.write_text(f"it: {{user: tester, password: {PASSWORD}}}\n")
    path.chmod(0o600)
    return open_protocols(Means(state=tmp_path))


def end(port, **more):
    return p.Endpoint("127.0.0.1", port, timeout_ms=MS, **more)


def http(port):
    step = p.Step(f"http://127.0.0.1:{port}/", text="welcome")
    return p.Script((step,), timeout_ms=MS, max_bytes=100_000)


HOLDING = {"t": p.Register(p.Kind.HOLDING, 0)}
CLIENTS = {
    "steps": lambda net, port: net.run(http(port))[0],
    "smtp": lambda net, port: net.smtp(end(port)),
    "smtp_tls": lambda net, port: net.smtp(end(port, tls=p.Tls.TLS)),
    "imap": lambda net, port: net.imap(end(port)),
    "ldap": lambda net, port: net.ldap(end(port), "dc=example"),
    "websocket": lambda net, port: net.websocket(
        f"ws://127.0.0.1:{port}/", verify=True, ca="", timeout_ms=MS
    ),
    "smpp": lambda net, port: net.smpp(end(port, secret="it")),
    "sip": lambda net, port: net.sip(end(port), udp=False),
    "modbus": lambda net, port: net.modbus(end(port), 1, HOLDING),
    "nut": lambda net, port: net.nut(end(port), "ups"),
    "rtsp": lambda net, port: net.rtsp(f"rtsp://127.0.0.1:{port}/1", secret="", seconds=1, timeout_ms=MS),
    "onvif": lambda net, port: net.onvif(
        f"http://127.0.0.1:{port}/", secret="it", verify=True, ca="", timeout_ms=MS
    ),
}


def outcome(found):
    return found.outcome if isinstance(found, p.StepSeen) else found.talk.outcome


def gone(sock, seconds):
    """Wait until the other side has hung up, reading what it says."""
    sock.settimeout(seconds)
    with suppress(TimeoutError):
        while sock.recv(4096):
            pass


def closes(sock, _stop):
    pass


def closes_after_a_word(sock, _stop):
    sock.sendall(b"2")
    sock.shutdown(socket.SHUT_WR)
    gone(sock, 3)


def silent(sock, _stop):
    gone(sock, 3)


def says(data, times=1):
    def act(sock, _stop):
        for _ in range(times):
            sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        gone(sock, 3)

    return act


def drips(sock, stop):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000:
        sock.sendall(bytes([byte]))
        if stop.wait(0.02):
            return


def endless(data):
    def act(sock, stop):
        while not stop.is_set():
            sock.sendall(data)

    return act


FAULTS = {
    "closes": closes,
    "closes_after_a_word": closes_after_a_word,
    "silent": silent,
    "drips": drips,
    "garbage": says(bytes(range(256)) * 4 + b"\r\n\r\n"),
    "not_utf8": says("目录服务器\r\n\r\n".encode("gb18030") * 20),
    "escapes": says(b"\x1b[2J\x1b]0;x\x07220 \x1b[31mred\r\n\r\n" * 20),
    "ten_megabytes": says(b"x" * 65536, 160),
    "endless_lines": endless(b"220-more to come\r\n* more\r\n" * 100),
    "endless_zeros": endless(bytes(65536)),
    "endless_headers": endless(b"HTTP/1.1 200 OK\r\n" + b"X-More: y\r\n" * 5000),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_bad_peer_is_a_code_word_within_the_deadline(net, peer, client, fault):
    port = peer(FAULTS[fault])
    try:
        found = CLIENTS[client](net, port)
    except ObservationError as error:
        pytest.fail(f"{client} took {fault} for its own fault: {error}")
    word = outcome(found)
    assert word and word.isascii()
    if client not in ("steps", "onvif") or fault not in ("drips",):
        assert word != "answered", found


@pytest.mark.parametrize("client", CLIENTS)
def test_nobody_there_is_refused(net, client):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert outcome(CLIENTS[client](net, sock.getsockname()[1])) == "refused"


def over_tls(port, ca, **more):
    return p.Endpoint("127.0.0.1", port, tls=p.Tls.TLS, ca=ca, timeout_ms=30_000, **more)


UNDER_TLS = {
    "steps": lambda net, port, ca: net.run(
        p.Script((p.Step(f"https://127.0.0.1:{port}/"),), ca=ca, timeout_ms=30_000)
    )[0],
    "smtp": lambda net, port, ca: net.smtp(over_tls(port, ca, secret="it")),
    "imap": lambda net, port, ca: net.imap(over_tls(port, ca, secret="it")),
    "ldap": lambda net, port, ca: net.ldap(over_tls(port, ca, secret="it"), "dc=example"),
    "smpp": lambda net, port, ca: net.smpp(over_tls(port, ca, secret="it")),
    "sip": lambda net, port, ca: net.sip(over_tls(port, ca), udp=False),
    "websocket": lambda net, port, ca: net.websocket(
        f"wss://127.0.0.1:{port}/", verify=True, ca=ca, timeout_ms=30_000
    ),
    "onvif": lambda net, port, ca: net.onvif(
        f"https://127.0.0.1:{port}/", secret="it", verify=True, ca=ca, timeout_ms=30_000
    ),
}
CERTIFICATES = {
    "expired": lambda one: one.issue("expired", "127.0.0.1", days=(-60, -30)),
    "another_name": lambda one: one.issue("elsewhere", "192.0.2.1"),
    "its_own": lambda one: one.issue("its-own", "127.0.0.1", own=True),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return _parts.Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("certificate", CERTIFICATES)
@pytest.mark.parametrize("client", UNDER_TLS)
def test_a_certificate_that_nobody_vouches_for_ends_the_talk_before_it_began(
    net, peer, authority, client, certificate
):
    path = CERTIFICATES[certificate](authority)
    heard = []

    def act(sock, _stop):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, path.replace(".pem", ".key"))
        with context.wrap_socket(sock, server_side=True) as made:
            heard.append(made.recv(4096))

    assert outcome(UNDER_TLS[client](net, peer(act), authority.pem)) == "tls_verify"
    assert not any(heard)


WITH_A_LOGIN = {
    "steps": lambda net, port: net.run(
        p.Script(
            (p.Step(f"http://127.0.0.1:{port}/", headers={"Authorization": "Basic ${basic}"}),),
            "it",
            timeout_ms=MS,
        )
    )[0],
    "smtp": lambda net, port: net.smtp(end(port, secret="it")),
    "imap": lambda net, port: net.imap(end(port, secret="it")),
    "ldap": lambda net, port: net.ldap(end(port, secret="it"), "dc=example"),
    "smpp": CLIENTS["smpp"],
    "rtsp": lambda net, port: net.rtsp(f"rtsp://127.0.0.1:{port}/1", secret="it", seconds=1, timeout_ms=MS),
    "onvif": CLIENTS["onvif"],
}
CHALLENGE = b'WWW-Authenticate: Digest realm="r", nonce="%d", qop="auth", algorithm=MD5'


def refusal(client, number, heard):
    """What a server of this protocol says to one more question: log in again. `heard` may stand in it."""
    if client in ("steps", "onvif"):
        head = b"HTTP/1.1 401 Again %s\r\n" + CHALLENGE + b"\r\nContent-Length: %d\r\n\r\n%s"
        return head % (heard, number, len(heard), heard)
    if client == "rtsp":
        return b"RTSP/1.0 401 Again %s\r\nCSeq: %d\r\n" % (heard, number) + CHALLENGE % number + b"\r\n\r\n"
    if client == "smtp":
        return b"250-x\r\n250 AUTH LOGIN\r\n" if number == 1 else b"334 again %s\r\n" % heard
    if client == "imap":
        done = b"* CAPABILITY IMAP4rev1\r\na OK done\r\n"
        return done if number == 1 else b"+ again %s\r\n" % heard + b"a BAD %s\r\n" % heard
    if client == "ldap":
        said = b"\x0a\1\x0e\4\0\4" + bytes([min(len(heard), 90)]) + heard[:90]
        body = b"\2\1\2\x61" + bytes([len(said)]) + said
        return b"\x30" + bytes([len(body)]) + body
    return struct.pack(">IIII", 16 + len(heard) + 1, 0x80000002, 0x0E, number) + heard + b"\0"


def asks_again(client, heard_back):
    def act(sock, stop):
        heard, number = b"", 0
        sock.sendall({"smtp": b"220 x\r\n", "imap": b"* OK x\r\n"}.get(client, b""))
        while not stop.is_set():
            came = sock.recv(65_536)
            if not came:
                return
            number, heard = number + 1, heard + came
            sock.sendall(refusal(client, number, b" ".join(heard.split()) if heard_back else b""))

    return act


@pytest.mark.parametrize("heard_back", [False, True], ids=["asks_again", "repeats_what_it_heard"])
@pytest.mark.parametrize("client", WITH_A_LOGIN)
def test_a_login_that_never_ends_ends_and_shows_no_credential(net, peer, client, heard_back):
    try:
        found = WITH_A_LOGIN[client](net, peer(asks_again(client, heard_back)))
    except ObservationError as error:
        found, shown = error.kind, str(error)
        denied = found is ErrorKind.DENIED
    else:
        shown = repr(found)
        denied = getattr(found, "logged_in", None) is not True and getattr(found, "bind", None) != 0
    assert denied
    for form in (PASSWORD, base64.b64encode(f"tester:{PASSWORD}".encode()).decode(), PASSWORD.encode().hex()):
        assert form not in shown


def test_ten_megabytes_of_a_page_are_too_long(net, peer):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n"

    def act(sock, _stop):
        sock.recv(4096)
        sock.sendall(head + b"x" * 65536)
        gone(sock, 3)

    assert net.run(http(peer(act)))[0].outcome == "too_long"


@pytest.mark.parametrize("place", [b"http://[bad/", b"http://a:99999/", b"gopher://a/", b"http://u:p@a/"])
def test_a_redirect_to_nowhere_is_no_fault_of_ours(net, peer, place):
    def act(sock, _stop):
        sock.recv(4096)
        sock.sendall(b"HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n")

    assert net.run(http(peer(act)))[0].outcome == "redirect_bad"


def test_a_form_with_a_password_is_not_sent_on_to_another_host(net, peer):
    def act(sock, _stop):
        sock.recv(4096)
        sock.sendall(b"HTTP/1.1 307 Go\r\nLocation: http://other.invalid/\r\nContent-Length: 0\r\n\r\n")

    step = p.Step(f"http://127.0.0.1:{peer(act)}/", method=p.Verb.POST, form={"password": "${password}"})
    assert net.run(p.Script((step,), "it", timeout_ms=30_000))[0].outcome == "redirect_bad"


def test_a_ticket_in_a_header_stays_with_its_host(net, peer):
    heard = []

    def second(sock, _stop):
        heard.append(sock.recv(4096))
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    port = peer(second)

    def first(sock, _stop):
        sock.recv(4096)
        sock.sendall(
            b"HTTP/1.1 302 Go\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\nLocation: http://localhost:%d/\r\n\r\n"
            % port
        )

    step = p.Step(f"http://127.0.0.1:{peer(first)}/", headers={"Authorization": "Basic ${basic}"})
    assert net.run(p.Script((step,), "it", timeout_ms=30_000))[0].status == 200
    assert b"Authorization" not in heard[0] and b"Cookie" not in heard[0]


def test_a_password_does_not_travel_in_the_clear_to_another_machine():
    from agent.sources import protocols_mail

    class Far:
        address, tls = "192.0.2.1", ""

    with pytest.raises(ObservationError, match="in the clear"):
        protocols_mail._auth(Far(), (), {"user": "a", "password": "b"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://a/"},
        {"url": "http://user:word@a/"},
        {"url": "http://a/?p=${password}"},
        {"url": "http://a:99999/"},
        {"url": "http://[a/"},
        {"url": "http://a/", "json": "{}"},
        {"url": "http://a/", "status": ()},
        {"url": "http://a/", "take": {"a": "xpath:b"}},
    ],
)
def test_a_step_that_would_leak_or_means_nothing_is_refused(wrong):
    with pytest.raises(ValueError):
        p.Step(**wrong)
