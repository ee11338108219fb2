"""SNMP: this machine's snmpd, and devices replayed by our own responder.

Devices of known makers are replayed from recordings of real ones where the folder of them is beside the
project; they are chosen by their sysObjectID, the smallest that has what is looked at. Without the folder
a short recording of our own stands in, which is said.
"""

import os
import re
import signal
import socket
import tarfile
import time
from pathlib import Path

from demo_parts import PROBER, Asset, Part, free_port, program, until

from agent.sources.snmp_ber import GET, NULL, encode_oid, message
from agent.sources.snmp_responder import Responder, recording

ROOT = Path(__file__).resolve().parents[2]
WALKS = ROOT.parent / "shared" / "data" / "snmp.tar.xz"
COMMUNITY = "demo-Estate-7"
MAKERS = {  # asset: kind, sysObjectID's beginning (two of them: the maker has had two numbers)
    "huawei-1": ("switch", ("1.3.6.1.4.1.2011.",)),
    "h3c-1": ("switch", ("1.3.6.1.4.1.25506.",)),
    "cisco-1": ("switch", ("1.3.6.1.4.1.9.1.",)),
    "hikvision-1": ("recorder", ("1.3.6.1.4.1.39165", "1.3.6.1.4.1.50001")),
    "apc-1": ("ups", ("1.3.6.1.4.1.318.",)),
}
SYS, IF = "1.3.6.1.2.1.1.", "1.3.6.1.2.1.2.2.1."
_MOST_LINES = 6000
_OBJECT = re.compile(rb"^1\.3\.6\.1\.2\.1\.1\.2\.0\|6\|\.?([0-9.]+)", re.MULTILINE)

_held = {}


def real():
    """Recordings of real devices by sysObjectID, shortest first; none without the folder."""
    if "found" not in _held:
        found = []
        if WALKS.exists():
            with tarfile.open(WALKS) as tar:
                for member in tar:
                    if member.name.endswith(".snmprec"):
                        data = tar.extractfile(member).read()
                        named = _OBJECT.search(data)
                        lines = data.splitlines()
                        if named and len(lines) <= _MOST_LINES:
                            found.append((named.group(1).decode() + ".", lines))
        _held["found"] = sorted(found, key=lambda one: (len(one[1]), one[0]))
    return _held["found"]


def table(lines):
    """OID -> (tag, value) of plain lines."""
    made = {}
    for line in lines:
        oid, _, rest = line.partition(b"|")
        tag, _, value = rest.partition(b"|")
        made.setdefault(oid.decode(), (tag.decode(), value))
    return made


def up_ports(rows):
    """Index and name of ports that are up, of those whose name is theirs alone."""
    names = {}
    for oid, (tag, value) in rows.items():
        if oid.startswith("1.3.6.1.2.1.31.1.1.1.1.") and value and "x" not in tag:
            names[oid.rpartition(".")[2]] = value.decode("utf-8", "replace")
    for oid, (tag, value) in rows.items():
        if oid.startswith(IF + "2.") and "x" not in tag and value:
            names.setdefault(oid.rpartition(".")[2], value.decode("utf-8", "replace"))
    counts = list(names.values())
    return [
        (index, name)
        for index, name in names.items()
        if counts.count(name) == 1
        and rows.get(f"{IF}7.{index}", ("", b""))[1] == b"1"
        and rows.get(f"{IF}8.{index}", ("", b""))[1] == b"1"
        and f"{IF}14.{index}" in rows
    ]


def own(object_id, *more):
    """A short recording of our own: two ports, both up."""
    lines = [f"{SYS}1.0|4|a device of the demonstration", f"{SYS}2.0|6|{object_id}", f"{SYS}3.0|67|8640000"]
    for at in (1, 2):
        rows = {2: f"4|port{at}", 3: "2|6", 5: "66|1000000000", 7: "2|1", 8: "2|1"}
        rows |= {10: "65|1000", 13: "65|0", 14: "65|0", 16: "65|1000", 19: "65|0", 20: "65|0"}
        lines += [f"{IF}{column}.{at}|{value}" for column, value in rows.items()]
    return [line.encode() for line in (*lines, *more)]


class Device(Part):
    """A device that is replayed. `with_ports`: its ports are looked at."""

    with_ports = True
    checks = ("network.device",)

    def __init__(self, place, name, kind, lines, origin="own recording"):
        self.name, self.kind, self.origin = name, kind, origin
        super().__init__(place)
        self.rows = table(lines) | {f"{SYS}5.0": ("4", name.encode())}
        self.ports = up_ports(self.rows)[:2]
        self.port = free_port(socket.SOCK_DGRAM)
        self.responder = None
        self.since = time.monotonic()
        self.changed, self.community = {}, COMMUNITY
        self.names = {"port": self.ports[0][1] if self.ports else "-"}

    def assets(self):
        params = {"network.*": {"timeout_ms": 6000}, "network.device": {"name": self.name}}
        checks = [*self.checks]
        if self.ports:
            checks.append("network.interfaces")
            params["network.interfaces"] = {"expected": [name for _, name in self.ports]}
        section = {"address": "127.0.0.1", "port": self.port, "version": 2, "secret": "snmp"}
        return [Asset(self.name, self.kind, {"via": PROBER, "snmp": section}, checks, params)]

    def secrets(self):
        return {"snmp": {"community": COMMUNITY}}

    def start(self):
        self._serve({})

    def stop(self):
        if self.responder is not None:
            self.responder.__exit__(None, None, None)
            self.responder = None

    def tick(self):
        if self.responder is not None:
            self._serve(self.changed, self.community)

    def _held(self, changed, community):
        # A recording stands still; a device's uptime does not.
        began = int(self.rows.get(f"{SYS}3.0", ("67", b"8640000"))[1])
        ticks = (began + int((time.monotonic() - self.since) * 100)) % 2**32
        rows = self.rows | {f"{SYS}3.0": ("67", str(ticks).encode())} | changed
        lines = [f"{oid}|{tag}|".encode() + value for oid, (tag, value) in rows.items()]
        return {community.encode(): recording(lines)}

    def _serve(self, changed, community=COMMUNITY):
        self.changed, self.community = changed, community
        if self.responder is None:
            self.responder = Responder(self._held(changed, community), self.port)
            self.port = self.responder.port
        else:
            self.responder.replace(self._held(changed, community))

    # faults

    def heal(self):
        """As it was recorded."""
        self._serve({})

    def link_down(self):
        """The first of its ports loses its link."""
        self._serve({f"{IF}8.{self.ports[0][0]}": ("2", b"2")})

    def port_shut(self):
        """Somebody shuts the first of its ports."""
        index = self.ports[0][0]
        self._serve({f"{IF}7.{index}": ("2", b"2"), f"{IF}8.{index}": ("2", b"2")})

    def errors(self):
        """Its first port counts a million errors since the last look."""
        oid = f"{IF}14.{self.ports[0][0]}"
        tag, value = self.rows[oid]
        self._serve({oid: (tag, str((int(value) + 1_000_000) % 2**32).encode())})

    def swapped(self):
        """Another device answers at its address."""
        self._serve({f"{SYS}5.0": ("4", b"spare")})

    def other_community(self):
        """Somebody changes its community: it is silent to the old one."""
        self._serve({}, "changed-Word-9")

    def silent(self):
        """It is gone."""
        self.stop()


class Lab(Device):
    """A device that has only what standard MIBs have: processors, memory, a disk, sensors."""

    checks = ("network.device", "network.cpu", "network.memory", "network.storage", "network.sensors")

    def __init__(self, place):
        hr, entity = "1.3.6.1.2.1.25.", "1.3.6.1.2.1.99.1.1.1."
        more = (
            f"{hr}3.2.1.2.1|6|{hr}3.1.3", f"{hr}3.2.1.3.1|4|cpu", f"{hr}3.3.1.2.1|2|20",
            f"{hr}2.3.1.2.1|6|{hr}2.1.2", f"{hr}2.3.1.3.1|4|Physical memory", f"{hr}2.3.1.4.1|2|4096",
            f"{hr}2.3.1.5.1|2|1000000", f"{hr}2.3.1.6.1|2|400000",
            f"{hr}2.3.1.2.2|6|{hr}2.1.4", f"{hr}2.3.1.3.2|4|/data", f"{hr}2.3.1.4.2|2|4096",
            f"{hr}2.3.1.5.2|2|9000000", f"{hr}2.3.1.6.2|2|3000000",
            "1.3.6.1.2.1.47.1.1.1.1.7.1|4|inlet",
            f"{entity}1.1|2|8", f"{entity}2.1|2|9", f"{entity}3.1|2|0", f"{entity}4.1|2|31",
            f"{entity}5.1|2|1",
        )  # fmt: skip
        super().__init__(place, "lab-1", "switch", own("1.3.6.1.4.1.99999.1", *more))
        self.busy = {f"{hr}3.3.1.2.1": ("2", b"97")}
        self.full = {f"{hr}2.3.1.6.1": ("2", b"960000")}
        self.stored = {f"{hr}2.3.1.6.2": ("2", b"8460000")}
        self.hot = {f"{entity}4.1": ("2", b"52")}

    def assets(self):
        (one,) = super().assets()
        one.params["network.sensors"] = {"temperature": {"warn": 45, "crit": 50}}
        one.params["network.storage"] = {"expected": ["/data"]}
        return [one]

    def cpu_busy(self):
        """Its processor is at 97 per cent."""
        self._serve(self.busy)

    def memory_full(self):
        """96 per cent of its memory are in use."""
        self._serve(self.full)

    def disk_full(self):
        """94 per cent of its disk are in use."""
        self._serve(self.stored)

    def overheats(self):
        """52 °C at its inlet."""
        self._serve(self.hot)


class Ups(Device):
    """A UPS by RFC 1628."""

    checks = ("network.device", "network.ups")

    def __init__(self, place):
        base = "1.3.6.1.2.1.33.1."
        more = [f"{base}2.1.0|2|2", f"{base}2.2.0|2|0", f"{base}2.3.0|2|42", f"{base}2.4.0|2|99"]
        more += [f"{base}4.1.0|2|3", f"{base}4.4.1.5.1|2|37", f"{base}6.1.0|66|0"]
        super().__init__(place, "ups-1", "ups", own("1.3.6.1.4.1.99999.2", *more))
        self.base = base

    def on_battery(self):
        """The mains fail."""
        self._serve({f"{self.base}4.1.0": ("2", b"5")})

    def battery_low(self):
        """Its battery is low: 20 per cent, four minutes."""
        given = {"2.1": b"3", "2.3": b"4", "2.4": b"20"}
        self._serve({f"{self.base}{oid}.0": ("2", value) for oid, value in given.items()})

    def overloaded(self):
        """Its first line carries 96 per cent."""
        self._serve({f"{self.base}4.4.1.5.1": ("2", b"96")})


CONF = """agentaddress udp:127.0.0.1:{port}
rocommunity {community} 127.0.0.1
sysName {name}
sysServices 72
createUser inspect SHA-256 "{auth}" AES "{priv}"
rouser inspect authpriv
"""
AUTH, PRIV = "auth-Word-12", "priv-Word-12"


class Snmpd(Part):
    """This machine's own snmpd, asked by v3 with authentication and encryption."""

    name = "snmpd"
    programs = ("snmpd",)

    def __init__(self, place):
        super().__init__(place)
        self.port = free_port(socket.SOCK_DGRAM)

    def assets(self):
        section = {"address": "127.0.0.1", "port": self.port, "version": 3, "secret": "snmp-v3"}
        params = {
            "network.*": {"timeout_ms": 8000},
            "network.device": {"name": "this-machine"},
            # Its speed is said to be 10 Mbit/s, and a busy machine talks faster than that to itself.
            "network.interfaces": {"expected": ["lo"], "use": {"warn": None, "crit": None}},
            "network.memory": {"used": {"warn": 98, "crit": 100}},
        }
        checks = ["network.device", "network.interfaces", "network.memory"]
        return [Asset("neighbour-1", "server", {"via": PROBER, "snmp": section}, checks, params)]

    def secrets(self):
        words = {"user": "inspect", "auth": "sha256", "auth_password": AUTH}
        return {"snmp-v3": {**words, "privacy": "aes128", "privacy_password": PRIV}}

    def start(self, name="this-machine"):
        conf = self.place / "snmpd.conf"
        given = {"port": self.port, "community": COMMUNITY, "name": name, "auth": AUTH, "priv": PRIV}
        conf.write_text(CONF.format(**given))
        state = self.place / "persist"
        state.mkdir(exist_ok=True)
        words = [program("snmpd"), "-f", "-Lf", self.place / "log", "-C", "-c", conf, "-I", "-smux", "-r"]
        self.run("snmpd", words, ready=self._answers, env={**os.environ, "SNMP_PERSISTENT_DIR": str(state)})

    def _answers(self):
        asked = [(encode_oid(f"{SYS}5.0"), NULL, b"")]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.3)
            sock.sendto(message(1, COMMUNITY.encode(), GET, 1, 0, 0, asked), ("127.0.0.1", self.port))
            try:
                return bool(sock.recv(2000))
            except OSError:
                return False

    def renamed(self):
        """Somebody gives it another name."""
        self.end("snmpd")
        self.start("renamed")

    def heal(self):
        """As it was."""
        if "snmpd" in self.running:
            self.end("snmpd")
        self.start()

    def hangs(self):
        """It is there and does not answer."""
        self.signal("snmpd", signal.SIGSTOP)

    def goes_on(self):
        """It answers again."""
        self.signal("snmpd", signal.SIGCONT)
        until(self._answers, what="snmpd")


def makers(place):
    """The replayed devices of known makers."""
    made = []
    for name, (kind, prefixes) in MAKERS.items():
        found = next(
            (
                lines
                for object_id, lines in real()
                if object_id.startswith(prefixes) and (kind == "recorder" or len(up_ports(table(lines))) > 1)
            ),
            None,
        )
        lines = found or own(prefixes[0].rstrip(".") + ".1")
        made.append(Device(place, name, kind, lines, "recording of a real one" if found else "own recording"))
    return made


def parts(place):
    """All of them."""
    return [Snmpd(place), *makers(place), Lab(place), Ups(place)]
