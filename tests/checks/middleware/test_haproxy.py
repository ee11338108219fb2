"""A real HAProxy of this host: a server down, one in maintenance, none left; and what is no such page."""

import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import threading
import time

import pytest

from agent.sources.means import Means
from agent.sources.protocols import open_protocols
from checks.api import State

CONFIG = """global
    maxconn 100
    stats socket {place}/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
frontend web
    bind 127.0.0.1:{web}
    maxconn 50
    default_backend app
backend app
    server a 127.0.0.1:{good} check inter 50 fall 1 rise 1
    server b 127.0.0.1:{gone} check inter 50 fall 1 rise 1
backend plain
    server c 127.0.0.1:{good}
listen stats
    bind 127.0.0.1:{stats}
    stats enable
    stats uri /stats
    stats auth tester:pa55-word
"""


def free_ports(count):
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [sock.getsockname()[1] for sock in socks]


@pytest.fixture
def app():
    """A server that answers, and a way to end it."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()

    def stop():
        if thread.is_alive():
            made.shutdown()
            thread.join()
            made.server_close()

    yield made.server_port, stop
    stop()


@pytest.fixture
def haproxy(tmp_path, app):
    """Parameters of its page, and its own administration."""
    program = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("NOT TESTED: haproxy is not installed")
    web, stats, gone = free_ports(3)
    place = tmp_path / "haproxy"
    place.mkdir()
    config = CONFIG.format(place=place, web=web, stats=stats, gone=gone, good=app[0])
    (place / "conf").write_text(config)

    def admin(command):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(place / "admin.sock"))
            sock.sendall(f"{command}\n".encode())
            return sock.makefile("rb").read()

    with (
        (place / "log").open("wb") as log,
        subprocess.Popen([program, "-db", "-f", str(place / "conf")], stdout=log, stderr=log) as process,
    ):
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until and process.poll() is None:
                with contextlib.suppress(OSError):
                    if b"DOWN" in admin("show stat"):
                        break
                time.sleep(0.05)
            yield {"url": f"http://127.0.0.1:{stats}/stats", "secret": "stats"}, admin
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def net(tmp_path):
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    (place / "secrets.yaml").write_text(
        "stats: {user: tester, password: pa55-word}\nwrong: {user: tester, password: not-this}\n"
    )
    (place / "secrets.yaml").chmod(0o600)
    return open_protocols(Means(state=place))


def eventually(look, wanted):
    """Look until it is so: HAProxy takes a few checks to notice."""
    until = time.monotonic() + 60
    while True:
        found = look()
        if wanted(found) or time.monotonic() > until:
            return found
        time.sleep(0.1)


def test_a_login_that_is_refused_is_no_reading_of_pools(haproxy, net, looked, why):
    params, _ = haproxy
    found = looked("middleware.haproxy", {**params, "secret": "wrong"}, net, "crit_login", ("not-this",))
    assert found.state is State.CRIT
    assert why(found)["balancer_pools"] == "not_reported"


def test_a_server_that_is_down_is_a_warning_and_the_last_one_a_fault(haproxy, net, looked, why, app):
    params, admin = haproxy
    params = {**params, "expected": ["app", "ledger"], "ignore": ["plain/c"]}
    found = why(looked("middleware.haproxy", params, net, "crit", ("pa55-word",)))
    assert found["app:members_up"] == "member_missing" and found["app/b"] == "member_down"
    assert found["ledger:members_up"] == "missing"
    assert found["web/frontend:sessions_used"] == "ok" and found["app:requests_waiting"] == "ok"
    quiet = {**params, "expected": ["app"], "ignore": ["plain/c", "app/b"]}
    assert looked("middleware.haproxy", quiet, net, "ok").state is State.OK
    admin("set server app/b state maint")
    assert why(looked("middleware.haproxy", params, net))["app/b"] == "member_disabled"
    admin("set server app/a state drain")
    assert why(looked("middleware.haproxy", params, net))["app/a"] == "draining"
    admin("set server app/a state ready")
    app[1]()
    found = eventually(
        lambda: why(looked("middleware.haproxy", quiet, net)), lambda seen: seen["app:members_up"] != "ok"
    )
    assert found["app:members_up"] == "no_member"


def test_a_server_that_nobody_checks_is_not_known_to_be_up(haproxy, net, looked, why):
    params, _ = haproxy
    params = {**params, "ignore": ["app/b"]}
    found = looked("middleware.haproxy", params, net, "unknown")
    assert found.state is State.UNKNOWN and why(found)["plain/c"] == "not_monitored"


def test_another_page_is_no_table(net, looked, why, tmp_path):
    (tmp_path / "stats;csv").write_text("a,b,c\n")

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *args):
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        found = why(
            looked("middleware.haproxy", {"url": f"http://127.0.0.1:{server.server_port}/stats"}, net)
        )
        server.shutdown()
        thread.join()
    assert found["stats"] == "garbled" and found["balancer_pools"] == "not_reported"
