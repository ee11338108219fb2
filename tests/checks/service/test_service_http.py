"""service.http against real servers, hostile ones first."""

import gzip
import hashlib
import http.server
import os
import threading
import time
from pathlib import Path

import pytest

from checks.api import ErrorKind, State
from checks.codec import FieldError


def _ask(port: int, path: str = "/", **more) -> dict:
    return {"url": f"http://127.0.0.1:{port}{path}", "timeout_ms": 20_000, **more}


def _reading(result, name: str):
    return next(reading for reading in result.readings if reading.name == name)


def test_a_server_that_takes_the_request_and_never_answers_is_down_at_the_deadline(observed, serve):
    port = serve(lambda connection, stop: stop.wait(300))
    result = observed("service.http", _ask(port, timeout_ms=300), "crit_timeout")
    assert (result.state, result.readings[0].reason) == (State.CRIT, "timeout")
    assert result.t1 - result.t0 < 60_000


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"]
)
def test_a_server_that_drips_bytes_for_ever_is_ended_by_the_total_deadline(observed, serve, head):
    def drip(connection, stop):
        connection.sendall(head)
        while not stop.wait(0.05):
            connection.sendall(b"x")

    result = observed("service.http", _ask(serve(drip), timeout_ms=400), "crit_drip")
    assert (result.state, result.readings[0].reason) == (State.CRIT, "timeout")
    assert result.t1 - result.t0 < 60_000


def test_a_refused_connection_is_down(observed, closed_port):
    result = observed("service.http", _ask(closed_port), "crit_refused")
    assert (result.state, result.error, result.readings[0].reason) == (State.CRIT, None, "refused")


def test_a_server_that_resets_is_down(observed, serve):
    import socket
    import struct

    def reset(connection, stop):
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    result = observed("service.http", _ask(serve(reset)), "crit_reset")
    assert (result.state, result.readings[0].reason) == (State.CRIT, "reset")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "closed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "garbled"),
        (b"HTTP/1.1 abc\r\n\r\n", "garbled"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "cut_short"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "cut_short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "cut_short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "cut_short"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * 200 + b"\r\n", "garbled"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000, "garbled"),
        (b"\x00\xff" * 50, "garbled"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\nContent-Length: 0\r\n\r\n", "garbled"),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "redirect_bad"),
    ],
)
def test_an_answer_that_is_none_is_down_and_named(observed, answer, raw, reason):
    result = observed("service.http", _ask(answer(raw)))
    assert (result.state, result.readings[0].reason) == (State.CRIT, reason)


def test_an_error_status_is_down_with_its_number(observed, page):
    result = observed("service.http", _ask(page(b"", "503 Service Unavailable")), "crit")
    status = _reading(result, "status")
    assert (status.value, status.state, status.reason) == (503, State.CRIT, "status_unexpected")


def test_a_login_page_in_place_of_the_page_is_noticed_by_its_text(observed, page):
    result = observed("service.http", _ask(page("请登录".encode()), text="公告"), "crit_text")
    assert (result.state, _reading(result, "text").reason) == (State.CRIT, "text_absent")


def test_a_text_behind_the_bound_is_unknown_and_not_absent(observed, page):
    port = page(b"x" * 5000 + "公告".encode())
    result = observed("service.http", _ask(port, text="公告", max_bytes=1000), "unknown")
    assert (result.state, _reading(result, "text").reason) == (State.UNKNOWN, "body_cut")
    assert result.facts["answer"]["body_bytes"] == 1000
    assert result.facts["answer"]["cut"] is True


def test_a_body_without_end_costs_no_more_than_the_bound(observed, serve):
    def flood(connection, stop):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stop.is_set():
            connection.sendall(b"y" * 65536)

    result = observed("service.http", _ask(serve(flood), max_bytes=1 << 20))
    assert result.facts["answer"]["body_bytes"] == 1 << 20
    assert result.facts["answer"]["digest"] == hashlib.sha256(b"y" * (1 << 20)).hexdigest()


def test_a_small_answer_that_unpacks_to_a_huge_one_is_bounded_too(observed, page):
    bomb = gzip.compress(bytes(50 << 20))
    result = observed(
        "service.http", _ask(page(bomb, headers=("Content-Encoding: gzip",)), max_bytes=1 << 20)
    )
    assert (result.facts["answer"]["body_bytes"], result.facts["answer"]["cut"]) == (1 << 20, True)


def test_a_body_in_a_coding_nobody_asked_for_is_unknown(observed, page):
    port = page(b"\x1b\x00", headers=("Content-Encoding: br",))
    result = observed("service.http", _ask(port, text="公告"), "unknown_encoding")
    assert (result.state, _reading(result, "text").reason) == (State.UNKNOWN, "encoding_unread")


def test_a_loop_of_redirects_ends(observed, page):
    port = page(b"", "302 Found", ("Location: /again",))
    result = observed("service.http", _ask(port), "crit_redirect_loop")
    assert (result.state, result.readings[0].reason) == (State.CRIT, "redirect_loop")
    assert result.facts["answer"]["redirects"] == 5


def test_no_permission_or_resolver_is_an_error_and_no_fact(observed):
    result = observed("service.http", {"url": "http://224.0.0.1/", "timeout_ms": 500}, "unknown_no_route")
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.UNREACHABLE)


_CHARSETS = ("gbk", "gb2312", "gb18030", "utf-8", "big5", "utf-16")
_SAID = [(c, s) for c in _CHARSETS for s in ("header", "page", "nowhere")]
# From their bytes alone these can't be told: Big5 from GBK, and a page in UTF-16 can't name itself in ASCII.
_SAID = [pair for pair in _SAID if pair not in {("big5", "nowhere"), ("utf-16", "page")}]


@pytest.mark.parametrize(("charset", "said"), _SAID)
def test_chinese_pages_are_read_in_the_charset_they_are_in(observed, page, charset, said):
    meta = f'<meta charset="{charset}">' if said == "page" else ""
    body = f"<html>{meta}<h1>公告</h1></html>".encode(charset)
    header = (f"Content-Type: text/html; charset={charset}",) if said == "header" else ()
    result = observed("service.http", _ask(page(body, headers=header), text="公告"), f"ok_{charset}")
    assert _reading(result, "text").state is State.OK


def test_a_charset_that_does_not_exist_does_not_hide_the_text(observed, page):
    port = page("公告".encode(), headers=("Content-Type: text/html; charset=x-none",))
    assert observed("service.http", _ask(port, text="公告")).state is State.OK


def test_a_charset_that_would_take_for_ever_to_decode_is_not_used(observed, page):
    port = page(b"a-" + b"9" * 500_000, headers=("Content-Type: text/html; charset=punycode",))
    result = observed("service.http", _ask(port, text="公告"))
    assert _reading(result, "text").reason == "text_absent"
    assert result.t1 - result.t0 < 60_000


def test_an_address_of_the_sixth_version_is_asked_too(observed, page):
    assert observed("service.tcp", {"host": "::1", "port": page(b"")}).readings[0].reason == "refused"
    assert observed("service.http", {"url": "http://[::1]:1/"}).readings[0].reason == "refused"


def test_text_written_in_character_references_is_found(observed, page):
    assert observed("service.http", _ask(page(b"<p>&#20844;&#x544a;</p>"), text="公告")).state is State.OK


def test_the_answer_of_a_real_web_server_is_ok_with_all_its_times(observed, tmp_path):
    (tmp_path / "index.html").write_text("<h1>公告</h1>", encoding="utf-8")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        result = observed("service.http", _ask(server.server_port, text="公告"), "ok")
        server.shutdown()
        thread.join()
    assert result.state is State.OK
    times = [_reading(result, name).value for name in ("connect", "first_byte", "total")]
    assert times[0] > 0
    assert times[2] >= times[0] + times[1]
    assert result.facts["answer"]["digest"] == hashlib.sha256("<h1>公告</h1>".encode()).hexdigest()


def test_an_answer_slower_than_declared_is_degraded_and_not_down(observed, serve):
    def slow(connection, stop):
        connection.recv(4096)
        time.sleep(0.06)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    result = observed("service.http", _ask(serve(slow), latency_ms={"warn": 50, "crit": None}), "warn")
    assert (result.state, _reading(result, "total").reason) == (State.WARN, "slow")
    assert _reading(result, "first_byte").value >= 60_000
    times = [_reading(result, name).value for name in ("connect", "first_byte", "total")]
    assert times[0] + times[1] <= times[2]


def test_a_redirect_is_followed_and_the_place_it_led_to_is_kept(observed, serve):
    def script(connection, stop):
        first = connection.recv(4096).split()[1]
        if first == b"/":
            connection.sendall("HTTP/1.1 302 Found\r\nLocation: /中文\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    port = serve(script)
    place = f"http://127.0.0.1:{port}/%E4%B8%AD%E6%96%87"
    result = observed("service.http", _ask(port, location=place), "ok_redirect")
    assert result.state is State.OK
    assert (result.facts["answer"]["url"], result.facts["answer"]["redirects"]) == (place, 1)


def test_a_redirect_may_be_what_is_expected(observed, page):
    port = page(b"", "301 Moved Permanently", ("Location: https://portal.example/",))
    wanted = _ask(port, follow=False, status=[301], location="https://portal.example/")
    assert observed("service.http", wanted).state is State.OK
    wrong = observed("service.http", {**wanted, "location": "https://other.example/"})
    assert (wrong.state, _reading(wrong, "location").reason) == (State.CRIT, "location_unexpected")


def test_one_server_of_many_is_asked_by_its_address_under_the_given_name(observed, serve):
    seen = []

    def script(connection, stop):
        seen.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    observed("service.http", _ask(serve(script), "/a b".replace(" ", "%20") + "?q=中", host="portal.example"))
    assert b"\r\nHost: portal.example\r\n" in seen[0]
    assert seen[0].startswith(b"GET /a%20b?q=%E4%B8%AD HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "more",
    [
        {"url": "ftp://a/"},
        {"url": "http://user:secret@a/"},
        {"url": "http://a/\r\nX: y"},
        {"url": "http://a:99999/"},
        {"host": "a\r\nX: y"},
        {"status": []},
        {"ca": "/etc/ssl/ca.pem"},
        {"method": "POST"},
        {"method": "HEAD", "text": "x"},
        {"timeout_ms": 0},
        {"colour": "blue"},
    ],
)
def test_parameters_that_cannot_be_meant_are_refused_by_name(observed, more):
    with pytest.raises(FieldError, match=r"service\.http\.params"):
        observed("service.http", {"url": "http://127.0.0.1/", **more})


# HTTPS --------------------------------------------------------------------------------------------


def _tls(port: int, authority, **more) -> dict:
    return {"url": f"https://127.0.0.1:{port}/", "ca": authority.pem, "timeout_ms": 20_000, **more}


@pytest.mark.parametrize(
    ("issue", "reason"),
    [
        ({"days": (-10, -1)}, "tls_expired"),
        ({"days": (2, 30)}, "tls_not_yet_valid"),
        ({"own": True}, "tls_self_signed"),
        ({"names": ("other.example",)}, "tls_wrong_name"),
    ],
)
def test_a_certificate_that_browsers_refuse_is_down_and_named(observed, authority, s_server, issue, reason):
    names = issue.pop("names", ("127.0.0.1",))
    port = s_server(authority.issue(f"http-{reason}", *names, **issue))
    result = observed("service.http", _tls(port, authority), f"crit_{reason}")
    assert (result.state, result.readings[0].reason) == (State.CRIT, reason)
    assert observed("service.http", _tls(port, authority, verify=False)).state is State.OK


def test_an_unknown_issuer_is_not_trusted_by_default(observed, authority, s_server):
    port = s_server(authority.issue("http-unknown", "127.0.0.1"))
    result = observed("service.http", {"url": f"https://127.0.0.1:{port}/"})
    assert (result.state, result.readings[0].reason) == (State.CRIT, "tls_untrusted")


def test_a_good_certificate_under_an_own_ca_is_ok_with_its_handshake_time(observed, authority, s_server):
    port = s_server(authority.issue("http-good", "127.0.0.1", "portal.example"))
    result = observed("service.http", _tls(port, authority, text="TLSv1.3", host="portal.example"), "ok_tls")
    assert result.state is State.OK
    assert _reading(result, "tls").value > 0


def test_an_old_server_is_weak_and_not_dead(observed, authority, s_server):
    port = s_server(authority.issue("http-old", "127.0.0.1"), "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    result = observed("service.http", _tls(port, authority), "warn_old_protocol")
    assert (result.state, _reading(result, "transport").reason) == (State.WARN, "old_protocol")


def test_a_plain_server_behind_https_is_down(observed, authority, serve):
    def plain(connection, stop):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    result = observed("service.http", _tls(serve(plain), authority), "crit_not_tls")
    assert (result.state, result.readings[0].reason) == (State.CRIT, "not_tls")


def test_a_system_without_trust_anchors_cannot_say_that_a_certificate_is_bad(observed, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    result = observed("service.http", {"url": "https://127.0.0.1:1/"}, "unknown_no_anchors")
    assert (result.state, result.error) == (State.UNKNOWN, ErrorKind.UNSUPPORTED)


def test_anchors_that_were_renewed_are_used_without_a_restart(
    observed, monkeypatch, tmp_path, authority, s_server
):
    anchors = tmp_path / "anchors.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(anchors))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    good = authority.issue("http-anchors", "127.0.0.1")
    ask = {"url": f"https://127.0.0.1:{s_server(good)}/", "timeout_ms": 20_000}
    anchors.write_text(Path(good).read_text())
    os.utime(anchors, (1, 1))
    assert observed("service.http", {**ask, "host": "other.example"}).state is State.CRIT
    anchors.write_text(authority.pem)
    assert observed("service.http", ask).state is State.OK


def test_a_name_that_no_greeting_can_hold_is_our_trouble(observed, authority, s_server):
    port = s_server(authority.issue("http-dot", "127.0.0.1"))
    assert observed("service.http", _tls(port, authority, host=".example")).error is ErrorKind.UNSUPPORTED


def test_a_ca_that_is_no_certificate_is_our_trouble(observed, authority, closed_port, s_server):
    port = s_server(authority.issue("http-good2", "127.0.0.1"))
    ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert observed("service.http", {**_tls(port, authority), "ca": ca}).error is ErrorKind.GARBLED
