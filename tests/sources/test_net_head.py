"""The quick reading of a head beside http.client's: the same facts, or it is left to http.client."""

import socket
import threading
from dataclasses import replace

import pytest

from agent.sources import net_head, net_http
from checks.probes import HttpAsk

BODY = b"<h1>notice</h1>" + b"x" * 300
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 315\r\n\r\n"
assert len(BODY) == 315

ORDINARY = {
    "plain": PLAIN + BODY,
    "error": PLAIN.replace(b"200 OK", b"503 Service Unavailable") + BODY,
    "no_reason": PLAIN.replace(b"200 OK", b"404") + BODY,
    "old": PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0") + BODY,
    "more_than_told": PLAIN + BODY + b"and more",
    "less_than_told": PLAIN + BODY[:-20],
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no_type": b"HTTP/1.1 200 OK\r\nServer:\r\ncontent-length:  3\r\n\r\nabc",
    "zipped_wrongly": PLAIN.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + BODY,
}
ODD = {
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "until_the_end": b"HTTP/1.1 200 OK\r\n\r\nabc",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN + BODY,
    "nothing": b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
    "twice": PLAIN.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + BODY,
    "space_at_the_end": PLAIN.replace(b"utf-8", b"utf-8 ") + BODY,
    "folded": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 3\r\n\r\nabc",
    "eight_bits": "HTTP/1.1 200 OK\r\nServer: 服务\r\nContent-Length: 3\r\n\r\nabc".encode(),
    "bare_line_ends": b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    "negative": b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "no_http": b"SSH-2.0-x\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    "cut_in_the_head": PLAIN[:40],
    "silent": b"",
}


def seen(answer, pause=0, **wanted):
    """What a probe says of a server that sends these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            sock, _ = listener.accept()
            with sock:
                sock.recv(4096)
                sock.sendall(answer[:pause] if pause else answer)
                if pause:
                    sock.sendall(answer[pause:])

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        given = {"method": "GET", "host": "", "text": "notice", "max_redirects": 0, "max_bytes": 1 << 20}
        found = net_http.ask(
            HttpAsk(url, **{**given, "verify": True, "ca": "", "timeout_ms": 20_000, **wanted})
        )
        thread.join()
    return replace(found, url="", location="", resolve_us=0, connect_us=0, first_byte_us=0, total_us=0)


@pytest.mark.parametrize("name", [*ORDINARY, *ODD])
@pytest.mark.parametrize("most", [1 << 20, 100])
def test_both_readings_give_the_same_facts(monkeypatch, name, most):
    answer = {**ORDINARY, **ODD}[name]
    quick = seen(answer, max_bytes=most)
    monkeypatch.setattr(net_head, "quick", lambda data: None)
    assert seen(answer, max_bytes=most) == quick


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_answers_are_read_quickly(name):
    assert net_head.quick(ORDINARY[name]) is not None


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_left_to_http_client(name):
    assert net_head.quick(ODD[name]) is None


def test_a_head_that_comes_in_two_parts_is_read_all_the_same():
    assert seen(ORDINARY["plain"], pause=30) == seen(ORDINARY["plain"])
