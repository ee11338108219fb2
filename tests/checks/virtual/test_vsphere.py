"""A vCenter: the govmomi simulator where it is at hand, and its recorded answers anywhere.

How the simulator is built, and what writes its answers to vsphere/, stands in record_vsphere.py;
ROUNDSEAL_VCSIM says where it lies.
"""

import http.server
import os
import re
import threading

import pytest
from parts import loaded

from agent.sources import vsphere
from agent.sources.means import Means
from agent.sources.protocols import open_protocols
from checks import registry
from checks.api import ErrorKind, State
from checks.codec import FieldError, from_json
from checks.vsphere import Vcenter

recording = loaded("checks/virtual/record_vsphere.py")
QUIET = {"tools": False, "verify": False}
SNAPSHOT = (
    '<propSet><name>snapshot</name><val xsi:type="VirtualMachineSnapshotInfo"><rootSnapshotList>'
    "<createTime>2026-01-05T10:00:00Z</createTime><childSnapshotList>"
    "<createTime>2026-02-05T10:00:00.5Z</createTime></childSnapshotList></rootSnapshotList></val></propSet>"
)


@pytest.fixture
def net(tmp_path):
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    (place / "secrets.yaml").write_text(
        "vsphere: {user: inspect, password: pa55-word}\nwrong: {user: inspect, password: not-this}\n"
    )
    (place / "secrets.yaml").chmod(0o600)
    return open_protocols(Means(state=place))


@pytest.fixture
def vcsim():
    """The address of a running simulator's web service."""
    program = os.environ.get("ROUNDSEAL_VCSIM", "")
    if not program:
        pytest.skip("NOT TESTED: no govmomi simulator (ROUNDSEAL_VCSIM)")
    with recording.simulator(program) as address:
        yield address


def test_the_simulators_inventory_is_read_and_what_is_stopped_there_is_seen(vcsim, net, looked, why):
    params = {**QUIET, "url": vcsim, "hosts": 3, "running": ["DC0_H0_VM0"]}
    assert looked("virtual.vsphere", params, net, "ok", ("pa55-word",)).state is State.OK
    assert looked("virtual.datastores", {"url": vcsim, "verify": False}, net, "ok").state is State.OK
    # The same, as somebody who may switch a machine off.
    session = vsphere._Session(Vcenter(vcsim, verify=False))
    content = session.call("RetrieveServiceContent", ("ServiceInstance", "ServiceInstance"))
    login = "<userName>inspect</userName><password>pa55-word</password>"
    session.call("Login", vsphere._reference(content, "sessionManager"), login)
    name = session.call(
        "FindByInventoryPath",
        vsphere._reference(content, "searchIndex"),
        "<inventoryPath>/DC0/vm/DC0_H0_VM0</inventoryPath>",
    )
    machine = vsphere._reference(name, "returnval")
    session.call(
        "CreateSnapshot_Task", machine, "<name>before</name><memory>false</memory><quiesce>false</quiesce>"
    )
    session.call("PowerOffVM_Task", machine)
    found = looked("virtual.vsphere", params, net, "crit")
    assert why(found)["DC0_H0_VM0:power"] == "powered_off"
    assert "DC0_H0_VM0:oldest_snapshot" in why(found)


def test_a_login_or_certificate_that_is_not_accepted_is_denied(vcsim, net, looked):
    params = {"url": vcsim, "verify": False, "secret": "wrong"}
    assert looked("virtual.vsphere", params, net, "unknown", ("not-this",)).error is ErrorKind.DENIED
    assert looked("virtual.datastores", {"url": vcsim}, net, "unknown").error is ErrorKind.DENIED


# Its recorded answers, changed as a real one might be


@pytest.fixture
def recorded():
    """Serve the recorded answers, each changed by a function of (name, text); gives the address."""
    started = []

    def start(change=lambda name, text: text):
        class Answers(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                place = recording.HERE / recording.name_of(body)
                text = change(place.stem, place.read_text("utf-8") if place.exists() else "")
                data = text.encode()
                self.send_response(500 if "Fault>" in text else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                """Quiet."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        started.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/sdk"

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_recorded_of_recordings_is_the_same(recorded, tmp_path):
    recording.record(recorded(), tmp_path)
    found = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    assert found == {one.name: one.read_bytes() for one in recording.HERE.iterdir()}


def swapped(where, old, new, count=1):
    return lambda name, text: text.replace(old, new, count) if name == where else text


MACHINES, HOSTS = "RetrievePropertiesEx.VirtualMachine", "RetrievePropertiesEx.HostSystem"
STORES = "RetrievePropertiesEx.Datastore"


@pytest.mark.parametrize("wrong", [{"url": "ftp://a/"}, {"url": "https://u:p@a/sdk"}, {"timeout_ms": 0}])
def test_an_address_that_cannot_be_is_refused(wrong):
    with pytest.raises(FieldError):
        from_json(registry.get("virtual.vsphere").params, {"url": "https://a/sdk", **wrong}, "params")


def test_the_recorded_inventory_is_in_order(recorded, net, looked, why):
    url = recorded()
    found = looked("virtual.vsphere", {**QUIET, "url": url, "hosts": 3, "running": ["DC0_H0_VM0"]}, net)
    assert found.state is State.OK and why(found)["DC0_H0_VM0:power"] == "ok"
    assert looked("virtual.datastores", {"url": url, "expected": ["LocalDS_0"]}, net).state is State.OK


def test_a_machine_that_is_off_or_gone_is_a_fault_only_where_it_must_run(recorded, net, looked, why):
    url = recorded(swapped(MACHINES, "poweredOn", "poweredOff", -1))
    found = why(looked("virtual.vsphere", {**QUIET, "url": url, "running": ["DC0_H0_VM0", "ledger"]}, net))
    assert found["DC0_H0_VM0:power"] == "powered_off" and found["ledger:power"] == "missing"
    assert "DC0_H0_VM1:power" not in found


def test_hosts_that_are_gone_ill_or_in_maintenance(recorded, net, looked, why):
    def change(name, text):
        if name != HOSTS:
            return text
        text = text.replace(">connected<", ">notResponding<", 1).replace(">green<", ">red<", 1)
        return text.replace(">4294430720<", ">1572864000<")

    found = why(looked("virtual.vsphere", {**QUIET, "url": recorded(change), "hosts": 4}, net))
    assert found["hosts"] == "too_few"
    assert {"disconnected", "health_critical", "too_high"} <= set(found.values())


def test_old_snapshots_and_idle_tools_are_told(recorded, net, looked, why):
    url = recorded(swapped(MACHINES, "<propSet>", f"{SNAPSHOT}<propSet>"))
    found = looked("virtual.vsphere", {"url": url}, net)
    assert "snapshots_left" in why(found).values() and "tools_not_running" in why(found).values()
    machine = next(one for one in found.facts["machines"] if one["snapshots"])
    assert machine["snapshots"] == 2 and machine["oldest_snapshot"] == 1_767_607_200_000


def test_datastores_that_are_full_away_or_promised_twice(recorded, net, looked, why):
    def change(name, text):
        if name != STORES:
            return text
        text = re.sub(r"(freeSpace</name><val[^>]*>)\d+", r"\g<1>1000", text, count=1)
        text = re.sub(r"(uncommitted</name><val[^>]*>)\d+", r"\g<1>900000000000", text)
        return text

    url = recorded(change)
    found = why(looked("virtual.datastores", {"url": url, "expected": ["backup"]}, net, "crit"))
    assert found["backup"] == "missing"
    assert "nearly_full" in found.values() and "overcommitted" in found.values()
    url = recorded(swapped(STORES, ">true<", ">false<", -1))
    assert set(why(looked("virtual.datastores", {"url": url}, net)).values()) == {"not_accessible"}


def test_what_this_user_may_not_see_is_unknown(recorded, net, looked, why):
    url = recorded(lambda name, text: re.sub(r"<propSet>.*?</propSet>", "", text) if name == STORES else text)
    assert looked("virtual.datastores", {"url": url}, net).state is State.UNKNOWN
    empty = recorded(lambda name, text: re.sub(r"<objects>.*</objects>", "", text, flags=re.DOTALL))
    assert why(looked("virtual.vsphere", {"url": empty}, net))["hosts"] == "no_parts"


def test_pages_are_joined(recorded, net, looked):
    def change(name, text):
        if name == STORES:
            return text.replace("<objects>", "<token>2</token><objects>", 1)
        if name == "ContinueRetrievePropertiesEx":
            return (recording.HERE / f"{STORES}.xml").read_text("utf-8").replace("LocalDS", "Second")
        return text

    found = looked("virtual.datastores", {"url": recorded(change)}, net)
    assert {one["name"][:6] for one in found.facts["datastores"]} == {"LocalD", "Second"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<html>a page</html", ErrorKind.GARBLED),
        ("", ErrorKind.GARBLED),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', ErrorKind.GARBLED),
        ("<a/>", ErrorKind.GARBLED),
        ("<e><Fault><faultstring>no such method</faultstring></Fault></e>", ErrorKind.UNSUPPORTED),
        ("<e><Fault><detail><NoPermissionFault/></detail></Fault></e>", ErrorKind.DENIED),
    ],
)
def test_what_is_no_such_service_is_a_typed_error(recorded, net, looked, text, kind):
    url = recorded(lambda name, whole: text)
    assert looked("virtual.datastores", {"url": url}, net).error is kind
