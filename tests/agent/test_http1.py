"""The agent's HTTP exchange against a peer that says exactly these bytes, in pieces of any size."""

import contextlib
import socket
import threading

import pytest

from agent.http1 import Response, exchange


def asked(answer, *, piece=1 << 16, most=1000, body=None, headers=None):
    """What an exchange makes of `answer`, and the request it sent."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(60)

        def speak():
            with contextlib.suppress(OSError):
                for at in range(0, len(answer), piece):
                    theirs.sendall(answer[at : at + piece])
                theirs.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=speak)
        thread.start()
        try:
            found = exchange(ours, "POST", "/p", headers or {"Host": "h"}, body, most)
        finally:
            with contextlib.suppress(OSError):
                ours.shutdown(socket.SHUT_RD)
            thread.join(60)
        return found, theirs.recv(1 << 16)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + bytes(1001),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1f4\r\n" + bytes(500) + b"\r\n1f5\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1001),
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nName : x\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
def test_an_answer_that_is_cut_short_too_long_or_malformed_is_a_value_error(answer):
    for piece in (1 << 16, 7) if len(answer) < 5000 else (1 << 16,):
        with pytest.raises(ValueError):
            asked(answer, piece=piece)


@pytest.mark.parametrize("piece", [1, 3, 1 << 16])
@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", (200, b"hello", True)),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", (304, b"", True)),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 \r\n\r\n", (204, b"", True)),
        (b"HTTP/1.1 200\r\n\r\nto the end", (200, b"to the end", False)),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", (200, b"ok", False)),
        (b"HTTP/1.1 503 No\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", (503, b"", False)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok?", (200, b"ok", False)),
        (
            b"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nT:x\r\n\r\n",
            (200, b"hello!", True),
        ),
    ],
)
def test_an_answer_is_read_to_the_end_that_it_tells(answer, wanted, piece):
    found, _ = asked(answer, piece=piece)
    # What came behind an answer may come in one piece with it or later: only the former can be seen.
    lasts = found.lasts if b"ok?" not in answer else wanted[2]
    assert (found.status, found.body, lasts) == wanted


def test_a_request_says_its_length_and_header_names_come_back_in_lower_case():
    found, said = asked(b"HTTP/1.1 200 OK\r\nX-Y:  z \r\nContent-Length: 0\r\n\r\n", body=b"abc")
    assert found == Response(200, {"x-y": "z", "content-length": "0"}, b"", True)
    assert said == b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"


def test_a_header_of_ours_that_holds_a_line_end_is_not_sent():
    with pytest.raises(ValueError, match="line end"):
        asked(b"", headers={"Host": "h\r\nX: y"})
