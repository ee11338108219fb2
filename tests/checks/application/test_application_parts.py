"""Applications that others wrote, started here: Tomcat's examples behind a login and its single sign-on,
RabbitMQ, Prometheus, Kamailio, pymodbus, websockets, Net::SMPP, LibreOffice.

What is not installed is skipped, saying so. tomcat10-examples, rabbitmq-server and kamailio are in no list of
packages of ours, since Debian starts them and lets them listen.
"""

import contextlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest
from ports import free_port

from checks.api import State

DEBIAN_PYTHON = "/usr/bin/python3"  # the parts are Debian's packages, not this environment's


def needs(*paths: str) -> None:
    missing = [path for path in paths if not Path(path).exists() and shutil.which(path) is None]
    if missing:
        pytest.skip(f"NOT TESTED: not installed: {', '.join(missing)}")


@contextlib.contextmanager
def running(words, port, patience_s=120.0, **more):
    """A server until the end; it takes connections when this is entered."""
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more) as process:
        try:
            until = time.monotonic() + patience_s
            while process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            assert process.poll() is None, f"{words[0]} ended"
            yield process
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def place():
    """A folder that servers with an identity of their own can enter."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


# Tomcat: a transaction behind a login form, and one login for two applications

SERVER = """<Server port="-1"><Service name="Catalina">
<Connector port="{port}" address="127.0.0.1" protocol="HTTP/1.1"/>
<Engine name="Catalina" defaultHost="localhost">
<Realm className="org.apache.catalina.realm.MemoryRealm" pathname="{place}/users.xml"/>
<Host name="localhost" appBase="{place}/none" autoDeploy="false" deployOnStartup="false">
<Valve className="org.apache.catalina.authenticator.SingleSignOn"/>
<Context path="/one" docBase="{examples}"/>
<Context path="/two" docBase="{examples}"/>
</Host></Engine></Service></Server>
"""
EXAMPLES = "/usr/share/tomcat10-examples/examples"
PROTECTED = "jsp/security/protected/index.jsp"


@pytest.fixture(scope="module")
def tomcat():
    """Address of a Tomcat with its examples twice, under /one and /two, and single sign-on between them."""
    needs("/usr/share/tomcat10/bin/catalina.sh", EXAMPLES, "java")
    with tempfile.TemporaryDirectory() as made:
        place, port = Path(made), free_port()
        for folder in ("conf", "logs", "temp", "work", "none"):
            (place / folder).mkdir()
        shutil.copy("/etc/tomcat10/web.xml", place / "conf/web.xml")
        (place / "conf/server.xml").write_text(SERVER.format(port=port, place=place, examples=EXAMPLES))
        (place / "users.xml").write_text(
            '<tomcat-users><user name="tester" password="pa55-word" roles="tomcat"/></tomcat-users>'
        )
        env = {**os.environ, "CATALINA_BASE": made, "CATALINA_HOME": "/usr/share/tomcat10"}
        with running(["/usr/share/tomcat10/bin/catalina.sh", "run"], port, env=env):
            yield f"http://127.0.0.1:{port}"


def logged_in(at, secret="tester"):
    """Steps: the page that wants a login, the login, the page."""
    form = {"j_username": "${user}", "j_password": "${password}"}
    steps = [
        {"name": "form", "url": f"{at}/one/{PROTECTED}", "text": "j_security_check"},
        {
            "name": "login",
            "url": f"{at}/one/jsp/security/protected/j_security_check",
            "method": "POST",
            "form": form,
            "text": "You are logged in as remote user",
        },
    ]
    return {"secret": secret, "steps": steps}


def test_a_form_is_filled_in_and_what_was_submitted_is_found_again(tomcat, observed, why):
    script = logged_in(tomcat)
    session = f"{tomcat}/one/servlets/servlet/SessionExample"
    script["steps"] += [
        {
            "name": "submit",
            "url": session,
            "method": "POST",
            "form": {"dataname": "inspection", "datavalue": "entry-4711"},
            "status": [200],
        },
        {"name": "query", "url": session, "text": "inspection = entry-4711"},
    ]
    result = observed("application.transaction", {"script": script})
    assert set(why(result).values()) == {"ok"}, why(result)
    assert [one.name for one in result.readings][-2:] == ["query:answer", "total"]


def test_a_login_that_tomcat_refuses_is_critical(tomcat, observed, why):
    result = observed("application.transaction", {"script": logged_in(tomcat, "wrong")})
    assert result.state is State.CRIT
    assert why(result)["login:answer"] != "ok"


def test_one_login_serves_both_applications_and_a_made_up_ticket_neither(tomcat, observed, why):
    script = logged_in(tomcat)
    use = {"name": "use", "url": f"{tomcat}/two/{PROTECTED}"}
    forged = {**use, "headers": {"Cookie": "JSESSIONIDSSO=0123456789ABCDEF"}, "absent": "You are logged in"}
    script["steps"].append({**use, "text": "You are logged in as remote user"})
    result = observed("application.sso", {"script": script, "forged": forged})
    assert result.state is State.OK, why(result)
    without = {"secret": "tester", "steps": [{**use, "text": "You are logged in as remote user"}]}
    assert observed("application.sso", {"script": without, "forged": forged}).state is State.CRIT


# RabbitMQ: queues by its management plugin


@pytest.fixture(scope="module")
def rabbit():
    """Address of a broker's management plugin and the port for rabbitmqadmin's requests."""
    needs("/usr/lib/rabbitmq/bin/rabbitmq-server")
    with tempfile.TemporaryDirectory() as made:
        place, amqp, port, spread = Path(made), free_port(), free_port(), free_port()
        (place / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (place / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{amqp}\n"
            f"management.tcp.port = {port}\nmanagement.tcp.ip = 127.0.0.1\n"
            "default_user = tester\ndefault_pass = pa55-word\nmanagement.rates_mode = none\n"
        )
        env = {
            **os.environ,
            "HOME": made,
            "RABBITMQ_NODENAME": f"test{port}@localhost",
            "RABBITMQ_DIST_PORT": str(spread),
            "RABBITMQ_CONFIG_FILE": str(place / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(place / "mnesia"),
            "RABBITMQ_LOG_BASE": str(place / "log"),
            "RABBITMQ_PID_FILE": str(place / "pid"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
        }
        with running(["/usr/lib/rabbitmq/bin/rabbitmq-server"], port, env=env):
            yield f"http://127.0.0.1:{port}"


def told(at, path, body=None, method=None):
    """What the broker answers to its administrator."""
    request = urllib.request.Request(
        at + path, None if body is None else json.dumps(body).encode(), method=method
    )
    request.add_header("Authorization", "Basic dGVzdGVyOnBhNTUtd29yZA==")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def test_queues_without_a_consumer_and_with_too_many_messages(rabbit, observed, why):
    for name in ("orders", "quiet"):
        told(rabbit, f"/api/queues/%2F/{name}", {"durable": True}, "PUT")
    message = {"properties": {}, "routing_key": "orders", "payload": "x", "payload_encoding": "string"}
    for _ in range(5):
        told(rabbit, "/api/exchanges/%2F/amq.default/publish", message, "POST")
    until = time.monotonic() + 60
    while time.monotonic() < until:  # its figures are brought up to date every few seconds
        queues = {one["name"]: one for one in json.loads(told(rabbit, "/api/queues"))}
        if queues["orders"].get("messages") == 5 and "messages" in queues["quiet"]:
            break
        time.sleep(0.5)
    asked = {"url": f"{rabbit}/api/queues", "secret": "tester", "consumers": {"warn": None, "crit": None}}
    result = observed("application.queue", {**asked, "messages": {"warn": 2, "crit": 100}})
    values = {one.name: one.value for one in result.readings}
    assert values["orders:messages"] == 5 and values["quiet:messages"] == 0
    assert result.state is State.WARN
    assert (
        why(observed("application.queue", {**asked, "expect": ["billing"]}))["billing:messages"] == "missing"
    )
    refused = observed("application.queue", {**asked, "secret": "wrong"})
    assert refused.state is State.CRIT or refused.error is not None


# Prometheus: an interface that tells how its upstream is and when it last succeeded


def test_an_interface_tells_its_upstream_and_its_last_success(place, observed, why):
    needs("prometheus")
    port = free_port()
    (place / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
        f"  - {{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
    )
    words = [
        "prometheus",
        f"--config.file={place}/prometheus.yml",
        f"--storage.tsdb.path={place}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    at = f"http://127.0.0.1:{port}"
    with running(words, port):
        first = "data.activeTargets.0"
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{at}/api/v1/targets", timeout=5) as page,
            ):
                if b'"health":"up"' in page.read():
                    break
            time.sleep(0.2)
        step = {
            "name": "upstream",
            "url": f"{at}/api/v1/targets",
            "equals": {f"{first}.health": "up"},
            "read": [f"{first}.lastScrape"],
        }
        asked = {"script": {"steps": [step]}, "success": f"{first}.lastScrape"}
        result = observed("application.interface", asked)
        assert result.state is State.OK, why(result)
        assert {one.name for one in result.readings} >= {"upstream:answer", "last_success"}
        wrong = {**step, "equals": {f"{first}.health": "down"}}
        result = observed("application.interface", {**asked, "script": {"steps": [wrong]}})
        assert result.state is State.CRIT and why(result)["upstream:answer"] == "field_unexpected"


# Kamailio: a SIP server as a conference unit's registrar

KAMAILIO = """
#!KAMAILIO
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
mpath="{modules}"
children=1
log_stderror=yes
fork=no
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
request_route {{
  if ($rm == "OPTIONS") {{ sl_send_reply("200", "OK"); exit; }}
  sl_send_reply("404", "no");
}}
"""


def test_a_sip_server_answers_options_over_udp_and_tcp(place, observed, why):
    needs("kamailio")
    port = free_port()
    modules = next(iter(Path("/usr/lib").glob("*/kamailio/modules")), None)
    assert modules is not None
    (place / "kamailio.cfg").write_text(KAMAILIO.format(port=port, modules=modules).lstrip())
    words = ["kamailio", "-f", f"{place}/kamailio.cfg", "-DD", "-E", "-m", "16", "-M", "4", "-Y", str(place)]
    with running(words, port):
        for udp in (True, False):
            result = observed("application.meeting", {"address": "127.0.0.1", "port": port, "udp": udp})
            assert why(result) == {"answer": "ok", "status": "ok"}


# pymodbus: registers of a sensor

MODBUS = """
import sys
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer
unit = ModbusSlaveContext(
    di=ModbusSequentialDataBlock(1, [0, 1]), hr=ModbusSequentialDataBlock(1, [235, 412, 0, 0]),
    ir=ModbusSequentialDataBlock(1, [7, 8]), co=ModbusSequentialDataBlock(1, [1, 0]),
)
StartTcpServer(context=ModbusServerContext(slaves=unit, single=True), address=("127.0.0.1", int(sys.argv[1])))
"""


REGISTERS = {"temperature": 0, "humidity": 1, "absent": 900}


def test_registers_of_a_modbus_server_that_others_wrote(observed, why):
    if subprocess.run(
        [DEBIAN_PYTHON, "-c", "import pymodbus.server"], capture_output=True, check=False
    ).returncode:
        pytest.skip("NOT TESTED: not installed: python3-pymodbus, python3-serial-asyncio")
    port = free_port()
    with running([DEBIAN_PYTHON, "-c", MODBUS, str(port)], port):
        asked = {
            "address": "127.0.0.1",
            "port": port,
            "registers": {name: {"kind": "holding", "at": at} for name, at in REGISTERS.items()},
            "meanings": {
                "temperature": {"divisor": 10, "unit": "celsius", "high": {"warn": 30, "crit": 35}},
                "humidity": {"divisor": 10, "unit": "percent", "high": {"warn": 40, "crit": 80}},
            },
        }
        result = observed("application.modbus", asked)
        values = {one.name: (one.value, str(one.state)) for one in result.readings}
        assert [float(values["temperature"][0]), values["temperature"][1]] == [23.5, "ok"]
        assert [float(values["humidity"][0]), values["humidity"][1]] == [41.2, "warn"]
        assert values["absent"][1] != "ok"


# websockets

SOCKETS = """
import asyncio, sys, websockets
async def echo(socket):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Future()
asyncio.run(main())
"""


def test_a_websocket_server_that_others_wrote(observed, why):
    if subprocess.run(
        [DEBIAN_PYTHON, "-c", "import websockets"], capture_output=True, check=False
    ).returncode:
        pytest.skip("NOT TESTED: not installed: python3-websockets")
    port = free_port()
    with running([DEBIAN_PYTHON, "-c", SOCKETS, str(port)], port):
        found = why(observed("application.websocket", {"url": f"ws://127.0.0.1:{port}/"}))
        assert found == {"answer": "ok", "handshake": "ok", "pong": "ok"}


# Net::SMPP: a gateway that takes a bind

GATEWAY = r"""
use strict; use Net::SMPP;
my $listener = Net::SMPP->new_listen('127.0.0.1', smpp_version => 0x34, port => $ARGV[0]) or die "listen: $!";
while (1) {
  my $smpp = $listener->accept or next;
  while (my $pdu = $smpp->read_pdu()) {
    if ($pdu->{cmd} == 0x00000006) { $smpp->unbind_resp(seq => $pdu->{seq}); last }
    if ($pdu->{cmd} == 0x00000015) { $smpp->enquire_link_resp(seq => $pdu->{seq}); next }
    my $good = ($pdu->{system_id} // '') eq 'tester' && ($pdu->{password} // '') eq 'pa55';
    my %answer = (seq => $pdu->{seq}, status => $good ? 0 : 0x0e, system_id => 'gateway');
    if ($pdu->{cmd} == 9) { $smpp->bind_transceiver_resp(%answer) }
    elsif ($pdu->{cmd} == 2) { $smpp->bind_transmitter_resp(%answer) }
    else { $smpp->bind_receiver_resp(%answer) }
    last unless $good;
  }
  $smpp->close;
}
"""


def test_an_sms_gateway_that_others_wrote_takes_the_bind(observed, why):
    needs("perl")
    if subprocess.run(["perl", "-MNet::SMPP", "-e1"], capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: not installed: libnet-smpp-perl")
    port = free_port()
    with running(["perl", "-e", GATEWAY, str(port)], port):
        at = {"address": "127.0.0.1", "port": port}
        result = observed("application.sms", {**at, "secret": "short"})
        assert result.state is State.OK, why(result)
        assert observed("application.sms", {**at, "secret": "wrong"}).state is not State.OK


# LibreOffice behind a page that hands it what is posted


class Converter(http.server.BaseHTTPRequestHandler):
    """POST a document, get its PDF."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
        part = body.split(b"--" + boundary)[1]
        with tempfile.TemporaryDirectory() as made:
            source = Path(made) / "sample.txt"
            source.write_bytes(part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n"))
            words = [
                "soffice",
                "--headless",
                f"-env:UserInstallation=file://{made}/profile",
                "--convert-to",
                "pdf",
            ]
            subprocess.run([*words, "--outdir", made, source], check=True, capture_output=True, timeout=110)
            made_pdf = (Path(made) / "sample.pdf").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "application/pdf")
        self.send_header("Content-Length", str(len(made_pdf)))
        self.end_headers()
        self.wfile.write(made_pdf)

    def log_message(self, *_: object) -> None:
        pass


def test_a_sample_document_is_converted_by_libreoffice(observed, why):
    needs("soffice")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Converter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        step = {
            "name": "convert",
            "url": f"http://127.0.0.1:{server.server_port}/",
            "method": "POST",
            "upload": {
                "filename": "sample.txt",
                "content": b64encode("巡检样例\f第二页\n".encode()).decode(),
            },
        }
        asked = {"script": {"steps": [step], "timeout_ms": 120_000}, "pages": 2}
        result = observed("application.conversion", asked)
        server.shutdown()
    assert result.state is State.OK, why(result)
