"""nginx: no configuration, no right, servers that are gone, then all up; on nginx itself where it is."""

import contextlib
import http.server
import shutil
import socket
import threading

import pytest

from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from checks import registry
from checks.api import ErrorKind, Source, State
from checks.codec import from_json
from checks.middleware._nginx import Server, servers

CONFIG = r"""# configuration file /etc/nginx/nginx.conf:
user www-data;
events { worker_connections 768; }
http {
    log_format main '$remote_addr "$request" ${time_local} {x}';
    upstream app {
        least_conn;
        server 127.0.0.1:%d weight=5;
        server 127.0.0.1:%d backup max_fails=3;
        server 127.0.0.1:%d down;  # taken out
        keepalive 32;
    }
    server {
        listen 80;
        location ~ ^/(a|b)\.php$ { fastcgi_pass unix:/run/php.sock; }
        location / { proxy_pass http://app/; proxy_set_header Host "a;b{c"; }
        location /old { proxy_pass http://127.0.0.1:%d/x; }
        location /free { proxy_pass http://$somewhere; }
    }
}
"""
PAGE = b"Active connections: 7 \nserver accepts handled requests\n 100 98 250 \nReading: 0 Writing: 1 \n"


@pytest.fixture
def host():
    return open_source(Source.HOST, Transient(), Means())


@pytest.fixture
def nginx(tmp_path, monkeypatch):
    """A program of this name that prints a configuration, or ends as it is told."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place), prepend=":")

    def say(text, code=0, told=""):
        (tmp_path / "said").write_text(text)
        program = place / "nginx"
        program.write_text(f"#!/bin/sh\necho '{told}' >&2\ncat {tmp_path}/said\nexit {code}\n")
        program.chmod(0o755)

    return say


@pytest.fixture
def ports():
    """Two ports that listen and one that nobody listens on."""
    with contextlib.ExitStack() as stack:
        made = []
        for listens in (True, True, False):
            sock = stack.enter_context(socket.socket())
            sock.bind(("127.0.0.1", 0))
            if listens:
                sock.listen()
            made.append(sock.getsockname()[1])
        yield made


@pytest.fixture
def page():
    """A server of a status page; its URL."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/status"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "url", ["http://example.org/", "http://127.0.0.1.example.org/", "-o/etc/passwd", "file:///a"]
)
def test_only_a_page_of_this_machine_is_asked_for(url, host):
    with pytest.raises(ValueError):
        from_json(registry.get("middleware.nginx").params, {"expected": [], "status": url}, "params")
    with pytest.raises(Exception, match="not allowed"):
        host.command("page", url)


@pytest.mark.parametrize(
    "text",
    ["http {", "}", "http { server }", "a { b; } }", 'a "b', "upstream a { server b:70000; }", "{" * 99],
)
def test_what_is_no_configuration_is_not_read(text):
    with pytest.raises(ValueError):
        servers(text)


def test_whom_a_configuration_names():
    found = servers(CONFIG % (1, 2, 3, 4))
    assert found == (
        Server("app", "127.0.0.1:1", "127.0.0.1", 1, ""),
        Server("app", "127.0.0.1:2", "127.0.0.1", 2, ""),
        Server("app", "127.0.0.1:3", "127.0.0.1", 3, "disabled"),
        Server("127.0.0.1:4", "127.0.0.1:4", "127.0.0.1", 4, ""),
    )
    assert servers("upstream s { server [::1]:53; server unix:/a; }") == (
        Server("s", "[::1]:53", "::1", 53, ""),
        Server("s", "unix:/a", "", 0, "unchecked"),
    )
    assert servers("") == ()


def test_a_program_that_is_not_there_may_not_or_says_nonsense(host, nginx, looked):
    nginx("", 1, "nginx: [emerg] open() failed (13: Permission denied)")
    assert looked("middleware.nginx", {"expected": []}, host).error is ErrorKind.DENIED
    nginx("http {")
    assert looked("middleware.nginx", {"expected": []}, host, "unknown").error is ErrorKind.GARBLED


def test_servers_are_tried_from_beside_it(host, nginx, ports, looked, why):
    up, other, gone = ports
    nginx(CONFIG % (up, other, gone, up))
    params = {"expected": ["app"], "ignore": [f"app/127.0.0.1:{gone}"]}
    assert looked("middleware.nginx", params, host, "ok").state is State.OK
    nginx(CONFIG % (up, gone, gone, gone))
    found = why(looked("middleware.nginx", {"expected": ["app", "api"]}, host, "crit"))
    assert found["api:members_up"] == "missing" and found["app:members_up"] == "member_missing"
    assert found[f"127.0.0.1:{gone}:members_up"] == "no_member"


def test_servers_that_no_time_was_left_for_are_unknown(host, nginx, ports, looked, why):
    nginx("upstream a { " + "".join(f"server 192.0.2.{at}:81; " for at in range(1, 60)) + "}")
    found = looked("middleware.nginx", {"expected": ["a"], "timeout_ms": 1500, "connect_ms": 400}, host)
    # Where no route leads there they are down at once.
    assert set(why(found).values()) <= {"state_unknown", "member_down", "no_member"}


def test_connections_of_its_status_page(host, nginx, page, looked, why):
    if shutil.which("curl") is None:
        pytest.skip("NOT TESTED: curl is not installed")
    nginx("events { }")
    params = {
        "expected": [],
        "status": page,
        "active": {"warn": 5, "crit": 10},
        "dropped": {"warn": 1, "crit": None},
    }
    found = looked("middleware.nginx", params, host)
    assert why(found) == {"connections_active": "many", "connections_dropped": "many"}
    assert [one.value for one in found.readings] == [7, 2]
    fine = why(
        looked(
            "middleware.nginx", {"expected": [], "status": page, "active": {"warn": 9, "crit": None}}, host
        )
    )
    assert fine["connections_active"] == "ok"
    nobody = {"expected": [], "status": "http://127.0.0.1:1/"}
    assert why(looked("middleware.nginx", nobody, host)) == {"connections_active": "not_reported"}


def test_nginx_itself(host, tmp_path, ports, looked, why, monkeypatch):
    real = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if real is None:
        pytest.skip("NOT TESTED: nginx is not installed")
    up, _, gone = ports
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
        f"http {{ access_log off; upstream app {{ server 127.0.0.1:{up}; server 127.0.0.1:{gone}; }}\n"
        f"server {{ listen 127.0.0.1:1; location / {{ proxy_pass http://app; }} }} }}\n"
    )
    place = tmp_path / "bin"
    place.mkdir()
    # Its own words for a configuration of ours; only where it lies is another place.
    (place / "nginx").write_text(f'#!/bin/sh\nexec {real} -c {config} -p {tmp_path} "$@"\n')
    (place / "nginx").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    found = why(looked("middleware.nginx", {"expected": ["app"]}, host))
    assert found == {"app:members_up": "member_missing", f"app/127.0.0.1:{gone}": "member_down"}
