"""service.ntp against chronyd itself, one that is wrong, and peers that are none."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from ports import free_port

from checks.api import ErrorKind, State

CONF = """{source}
port {port}
cmdport 0
bindaddress 127.0.0.1
allow 127.0.0.1
pidfile {place}/pid
bindcmdaddress /
"""


def why(result):
    return {one.name: one.reason or one.state.value for one in result.readings}


@contextmanager
def chronyd(place, *before, source="local stratum 3"):
    """A time server of its own clock; `before`: the words that change what it takes for the time."""
    program = shutil.which("chronyd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or os.geteuid() or (before and shutil.which(before[0]) is None):
        pytest.skip("NOT TESTED: chronyd as root")
    port = free_port(socket.SOCK_DGRAM)
    (place / "conf").write_text(CONF.format(source=source, port=port, place=place))
    words = [*before, program, "-x", "-n", "-f", str(place / "conf"), "-u", "root"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, start_new_session=True, **quiet) as process:
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until and process.poll() is None and not _answers(port):
                pass
            yield {"host": "127.0.0.1", "port": port}
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def _answers(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        try:
            sock.sendto(b"\x23" + bytes(47), ("127.0.0.1", port))
            return len(sock.recv(100)) >= 48
        except OSError:
            time.sleep(0.02)
            return False


def test_a_server_that_says_nothing_or_is_not_there_is_down(observed):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        at = {"host": "127.0.0.1", "port": silent.getsockname()[1], "timeout_ms": 300}
        assert why(observed("service.ntp", at, "crit_silent")) == {"answer": "timeout"}
    closed = {**at, "port": free_port(socket.SOCK_DGRAM)}
    assert why(observed("service.ntp", closed, "crit_refused")) == {"answer": "refused"}


def test_a_network_that_does_not_carry_the_question_says_nothing_about_the_server(observed):
    result = observed("service.ntp", {"host": "255.255.255.255", "timeout_ms": 300}, "unknown")
    assert result.error in (None, ErrorKind.UNREACHABLE) and result.state is State.UNKNOWN


def test_an_answer_that_is_no_time_is_garbled(observed):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def reply():
            asked, address = sock.recvfrom(100)
            # The question itself, sent back: right length and cookie, and not a server's mode.
            sock.sendto(asked[:24] + asked[40:48] + asked[32:], address)

        thread = threading.Thread(target=reply)
        thread.start()
        at = {"host": "127.0.0.1", "port": sock.getsockname()[1]}
        assert why(observed("service.ntp", at, "crit_garbled")) == {"answer": "garbled"}
        thread.join()


def test_a_server_whose_clock_nobody_keeps_is_down(tmp_path, observed):
    # No local clock and no server of its own: it answers, and says that it has no time.
    with chronyd(tmp_path, source="") as at:
        assert why(observed("service.ntp", at, "crit_unsynchronised")) == {"answer": "unsynchronised"}


def test_a_server_with_this_machines_time_agrees_with_it(tmp_path, observed):
    with chronyd(tmp_path) as at:
        result = observed("service.ntp", {**at, "offset_ms": {"warn": 20_000, "crit": 30_000}}, "ok")
        assert why(result) == {"answer": "ok", "stratum": "ok", "offset": "ok"}
        far = observed("service.ntp", {**at, "stratum": {"warn": 3, "crit": 16}}, "warn_stratum")
        assert why(far)["stratum"] == "too_high"


def test_a_server_whose_clock_is_wrong_is_found(tmp_path, observed, libfaketime):
    with chronyd(tmp_path, "env", f"LD_PRELOAD={libfaketime}", "FAKETIME=+90s") as at:
        result = observed("service.ntp", at, "crit")
        assert why(result) == {"answer": "ok", "stratum": "ok", "offset": "clock_off"}
        (offset,) = (one.value for one in result.readings if one.name == "offset")
        assert 60_000 < offset < 120_000
