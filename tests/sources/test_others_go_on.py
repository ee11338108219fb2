"""Peers of every source that hold a look up at once: the others are looked at all the while."""

import socket
import threading

import pytest

from agent.heavy import Heavy
from agent.memory import LookMemory, Recent
from agent.outbox import Outbox
from agent.sources.means import Means
from checks import registry
from checks.api import ObservationError, State
from checks.codec import from_json
from checks.result import Item, When

LONG = 600_000
# Of each source one check, and what it is told beside address, port and time; `url` stands for both.
HELD = {
    "ssh": ("network.ssh", {}),
    "sftp": ("file.log", {"logs": ["/var/log/x"]}),
    "snmp": ("network.device", {"version": 2}),
    "redfish": ("server.health", {"tls": False}),
    "postgresql": ("database.connections", {"platform": "postgresql", "tls": "off"}),
    "kingbase": ("database.connections", {"platform": "kingbase", "tls": "off"}),
    "mysql": ("database.connections", {"platform": "mysql", "tls": "off"}),
    "psql": ("database.connections", {"platform": "postgresql", "client": "psql", "ssh": {}}),
    "redis": ("database.redis", {"tls": "off"}),
    "steps": ("application.transaction", {"script": "http"}),
    "mail": ("application.mail", {}),
    "directory": ("application.directory", {"base": "dc=x"}),
    "websocket": ("application.websocket", {"url": "ws"}),
    "sms": ("application.sms", {"secret": "any"}),
    "meeting": ("application.meeting", {"udp": False}),
    "modbus": ("application.modbus", {"registers": {"t": {"kind": "holding", "at": 0}}}),
    "nut": ("application.nut", {"ups": "a"}),
    "camera": ("application.camera", {"stream": "rtsp"}),
    "vsphere": ("virtual.datastores", {"url": "http", "secret": "any"}),
}


@pytest.fixture
def heavy(tmp_path):
    parts = "{user: a, password: hidden, community: look}"
    names = ("ssh", "snmp", "redfish", "database", "any", "redis", "cache", "vsphere")
    (tmp_path / "secrets.yaml").write_text("".join(f"{name}: {parts}\n" for name in names))
    (tmp_path / "secrets.yaml").chmod(0o600)
    made = Heavy("web-01", Means(state=tmp_path))
    yield made
    made.close()


@pytest.fixture
def recent(tmp_path):
    outbox = Outbox(tmp_path / "outbox.db")
    yield Recent(outbox)
    outbox.close()


@pytest.fixture
def silent():
    """Ports, TCP and UDP, of peers that take what comes and say nothing."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=100) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", 0))
        yield stream.getsockname()[1], datagrams.getsockname()[1]


def script(port):
    return {"script": {"steps": [{"url": f"http://127.0.0.1:{port}/"}], "timeout_ms": 60_000}}


def item(source, silent):
    check_id, more = HELD[source]
    port = silent[source == "snmp"]
    given = {"address": "127.0.0.1", "port": port, **more}
    for place in {"url", "stream"} & more.keys():
        given = {**more, place: f"{more[place]}://127.0.0.1:{port}/x"}
    if "ssh" in more:  # the client's machine is the silent one
        given["ssh"] = {"address": "127.0.0.1", "port": port}
    given["timeout_ms"] = 60_000
    if "script" in more:
        given = script(port)
    check = registry.get(check_id)
    from_json(check.params, given, "params")  # what is told is understood
    return Item(check_id, check.version, source, None, given)


def test_one_good_target_is_looked_at_while_every_source_waits_for_a_silent_one(heavy, recent, silent, peer):
    def page(sock, _stop):
        sock.recv(4096)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    ended = {}

    def held(source):
        try:
            ended[source] = heavy.look(item(source, silent), When(0), LookMemory(recent, source), LONG)
        except ObservationError as error:
            ended[source] = error

    threads = [threading.Thread(target=held, args=(source,)) for source in HELD]
    for thread in threads:
        thread.start()
    given = script(peer(page))
    good = Item(
        "application.transaction", registry.get("application.transaction").version, "good", None, given
    )
    for slot in range(3):
        result = heavy.look(good, When(slot), LookMemory(recent, "good"), LONG)
        assert (result.error, result.state) == (None, State.OK)
    assert not ended, ended  # every one still waits, and none has cost the good one anything
    heavy.close()
    for thread in threads:
        thread.join(60)
    assert len(ended) == len(HELD)
