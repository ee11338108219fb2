"""Every protocol client against bad peers: a code word within the deadline, whatever the peer does."""

import socket
from contextlib import suppress

import pytest

from agent.sources.means import Means
from agent.sources.protocols import open_protocols
from checks import protocols as p
from checks.api import ObservationError

MS = 300
PLAIN = {"timeout_ms": MS}


@pytest.fixture
def net(tmp_path):
    path = tmp_path / "secrets.yaml"
    path.write_text("it: {user: tester, password: pa55}\n")
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
