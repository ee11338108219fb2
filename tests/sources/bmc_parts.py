"""Controllers to look at: OpenIPMI's ipmi_sim, and a Redfish tree behind a small HTTP server of ours.

The tree (redfish_tree.json: path -> document) is a part of DMTF's public-rackmount1 mock-up, BSD-3 (NOTICE);
its Storage documents are our own. A document may be changed while it is served.
"""

import contextlib
import copy
import datetime
import ipaddress
import json
import secrets
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TREE = Path(__file__).with_name("redfish_tree.json")
USER, PASSWORD = "inspect", "Insp3ct"
SENSORS = {  # number: (entity, instance, type, event type, name, unit, limits unr ucr unc lnr lcr lnc, value)
    1: (3, 1, 1, 1, b"CPU1 Temp", 1, (0, 90, 80, 0, 0, 0), 40),
    2: (29, 1, 4, 1, "机箱风扇".encode(), 18, (0, 0, 0, 0, 5, 10), 60),
    3: (10, 1, 8, 0x6F, b"PS1 Status", 0, (0,) * 6, 1),
    4: (10, 2, 8, 0x6F, b"PS\xff\xfe2", 0, (0,) * 6, 1),
    5: (32, 1, 12, 0x6F, b"DIMM A1", 0, (0,) * 6, 0x40),
    6: (4, 1, 13, 0x6F, b"Drive 1", 0, (0,) * 6, 1),
    7: (3, 1, 7, 0x6F, b"CPU1 Status", 0, (0,) * 6, 0x80),
}


def ipmi_missing() -> str:
    """Which program is not here."""
    return next((name for name in ("ipmi_sim", "ipmitool") if shutil.which(name) is None), "")


class Simulator:
    """A running ipmi_sim: `set(number, value)` moves one of its sensors."""

    def __init__(self, place: Path, port: int) -> None:
        self.place, self.port = place, port

    def set(self, number: int, value: int) -> None:
        (self.place / f"s{number}.val").write_text(str(value))

    def ask(self, *words: str) -> str:
        argv = ("ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(self.port), "-U", USER)
        made = subprocess.run((*argv, "-P", PASSWORD, "-L", "USER", *words), capture_output=True, check=False)
        return made.stdout.decode("utf-8", "replace")


def _record(number: int) -> str:
    """A full sensor record (IPMI 2.0, 43.1) as the simulator's command takes it."""
    entity, instance, kind, event, name, unit, limits, _ = SENSORS[number]
    analog = event == 1
    support = sum(1 << bit for bit, limit in zip((5, 4, 3, 2, 1, 0), limits, strict=True) if limit)
    events = (0x0A80 if analog else 0x7FFF).to_bytes(2, "little") * 2
    readable = bytes([support, support]) if analog else b"\xff\x7f"
    body = bytes([0x20, 0, number, entity, instance, 0x7F, 0x68, kind, event]) + events + readable
    body += bytes(
        [0 if analog else 0xC0, unit, 0, 0, 1, *[0] * 9, 0xFF, 0, *limits, *[0] * 5, 0xC0 | len(name)]
    )
    body += name
    return " ".join(f"0x{one:02x}" for one in bytes([number, 0, 0x51, 1, len(body)]) + body)


def _script(place: Path) -> str:
    lines = [
        "mc_setbmc 0x20",
        "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02",
        "sel_enable 0x20 1000 0x0a",
    ]
    for number, (_, _, kind, event, _, _, limits, value) in SENSORS.items():
        (place / f"s{number}.val").write_text(str(value))
        poll = f'poll 100 file "{place}/s{number}.val"'
        lines.append(f"sensor_add 0x20 0 {number} {kind} {event} {poll}")
        if event == 1:
            given = "".join("1" if limit else "0" for limit in limits)
            lines.append(
                f"sensor_set_threshold 0x20 0 {number} settable {given} {' '.join(map(str, limits))}"
            )
        bits = ("000111111111111" if event == 1 else "1" * 15,) * 4
        lines.append(f"sensor_set_event_support 0x20 0 {number} enable scanning per-state {' '.join(bits)}")
        lines.append(f"main_sdr_add 0x20 {_record(number)}")
    return "\n".join([*lines, "mc_enable 0x20"]) + "\n"


@contextlib.contextmanager
def simulator(place: Path) -> Iterator[Simulator]:
    """ipmi_sim with SENSORS, ready to be asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    auths = "".join(
        f"  allowed_auths_{role} none md2 md5 straight\n"
        for role in ("callback", "user", "operator", "admin")
    )
    # Without a guid the simulator speaks IPMI 1.5 only.
    (place / "lan.conf").write_text(
        f'name "bmc1"\nset_working_mc 0x20\nstartlan 1\n  addr 127.0.0.1 {port}\n  priv_limit admin\n'
        f"  guid a123456789abcdefa123456789abcdef\n{auths}endlan\n"
        f'user 2 true "{USER}" "{PASSWORD}" user 10 none md2 md5 straight\n'
    )
    (place / "bmc.emu").write_text(_script(place))
    (place / "state").mkdir()
    argv = ("ipmi_sim", "-c", place / "lan.conf", "-f", place / "bmc.emu", "-s", place / "state", "-n")
    quiet = subprocess.DEVNULL
    with subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        try:
            made = Simulator(place, port)
            until = time.monotonic() + 60
            while "CPU1 Temp" not in made.ask("sdr", "elist"):
                assert process.poll() is None, "ipmi_sim ended"
                assert time.monotonic() < until, "ipmi_sim does not answer"
            yield made
        finally:
            process.kill()


class Tree:
    """A served Redfish tree. `mode`: '' or how it misbehaves; `basic`: it has no sessions."""

    def __init__(self, documents: dict[str, object]) -> None:
        self.documents = documents
        self.mode = ""
        self.basic = False
        self.tokens: dict[str, str] = {}
        self.asked: list[str] = []
        self.port = 0
        self.pin = ""
        self.certificate = Path()

    def __getitem__(self, path: str) -> dict:
        return self.documents["/redfish/v1/" + path]


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    tree: Tree

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(self, status: int, body: object = None, **headers: str) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.tree.asked.append(f"POST {self.path}")
        if self.tree.basic:
            return self._send(404)
        if given != {"UserName": USER, "Password": PASSWORD}:
            return self._send(401)
        token = secrets.token_hex(8)
        place = f"/redfish/v1/SessionService/Sessions/{token[:4]}"
        self.tree.tokens[token] = place
        return self._send(201, {}, X_Auth_Token=token, Location=place)

    def do_DELETE(self) -> None:
        self.tree.asked.append("DELETE")
        self.tree.tokens.pop(self.headers.get("X-Auth-Token", ""), None)
        self._send(204)

    def do_GET(self) -> None:
        self.tree.asked.append(f"GET {self.path}")
        misbehave = getattr(self, f"_{self.tree.mode}", None)
        if misbehave is not None:
            misbehave()
            self.close_connection = True
            return None
        if not self.tree.basic and self.headers.get("X-Auth-Token") not in self.tree.tokens:
            return self._send(401)
        path = self.path.partition("?")[0].rstrip("/") or self.path
        found = self.tree.documents.get(path) or self.tree.documents.get(path + "/")
        return self._send(404 if found is None else 200, found)

    def _silent(self) -> None:
        self.rfile.read(1)  # until the other side gives up

    def _closing(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    def _garbage(self) -> None:
        self._send(200, "\ud800 nonsense")

    def _list(self) -> None:
        self._send(200, [1])

    def _endless(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b" " * 65536)

    def _drip(self) -> None:
        with contextlib.suppress(OSError):
            for one in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 4000:
                self.wfile.write(bytes([one]))
                self.wfile.flush()
                time.sleep(0.05)

    def _busy(self) -> None:
        self._send(503)

    def _forbidden(self) -> None:
        self._send(403)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that went away is what some tests are about."""


@contextlib.contextmanager
def tree(place: Path, *, tls: bool = False) -> Iterator[Tree]:
    """The Redfish tree on a port of its own."""
    made = Tree(copy.deepcopy(json.loads(TREE.read_text("utf-8"))))
    handler = type("_Bound", (_Answers,), {"tree": made})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls:
            made.certificate, key = certificate(place)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(made.certificate, key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            der = ssl.PEM_cert_to_DER_cert(made.certificate.read_text())
            made.pin = sha256(der).hexdigest()
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def certificate(place: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bmc")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = place / "bmc.pem", place / "bmc.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file
