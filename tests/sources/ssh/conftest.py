"""Real parts of the SSH tests: OpenSSH's sshd on a free port, and a device served by paramiko."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
import pytest
import yaml
from ports import free_port

from agent.sources.means import Means
from agent.sources.ssh import open_ssh
from agent.sources.ssh_link import fingerprint
from agent.sources.ssh_pins import Pin, Pins
from agent.sources.ssh_pool import POOL
from checks.remote import Login

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
KEYS = {"rsa": paramiko.RSAKey.generate(2048), "ecdsa": paramiko.ECDSAKey.generate()}


@pytest.fixture
def state(tmp_path):
    made = tmp_path / "state"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def secrets(state):
    """Write secrets.yaml."""

    def write(**held):
        path = state / "secrets.yaml"
        path.write_text(yaml.safe_dump(held))
        path.chmod(0o600)

    write(ssh={"user": "inspect", "password": "s3cr3t-Word"})
    return write


@pytest.fixture
def means(state, secrets):
    return Means(state=state)


@pytest.fixture
def ssh(means):
    yield open_ssh(means)
    POOL.close()


@pytest.fixture
def pin(state):
    """Pin a server's key for a login."""

    def put(to: Login, key: paramiko.PKey) -> Login:
        Pins(state).put(to.name, Pin(key.get_name(), fingerprint(key.asbytes())))
        return to

    return put


# OpenSSH


@dataclass
class Sshd:
    port: int
    key: paramiko.PKey
    client_key: Path
    process: subprocess.Popen = field(repr=False)


@pytest.fixture
def start_sshd(tmp_path):
    """Start sshd with these lines of configuration; root or not, the user of the tests may log in by key."""
    if SSHD is None:
        pytest.skip("NOT TESTED: sshd (openssh-server) is not installed")
    started = []

    def start(*lines, kind="ed25519"):
        place = tmp_path / f"sshd{len(started)}"
        place.mkdir()
        for name, of in (("host", kind), ("client", "ed25519")):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", of, "-N", "", "-f", str(place / name)], check=True, timeout=60
            )
        with contextlib.suppress(OSError):
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for _ in range(5):
            port = free_port()
            config = (
                f"Port {port}",
                "ListenAddress 127.0.0.1",
                f"HostKey {place}/host",
                "UsePAM no",
                f"AuthorizedKeysFile {place}/client.pub",
                "StrictModes no",
                "PermitRootLogin yes",
                f"PidFile {place}/pid",
                "MaxStartups 200",
                "MaxSessions 50",
                *lines,
            )
            (place / "conf").write_text("\n".join(config) + "\n")
            process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(place / "conf")], stderr=subprocess.DEVNULL
            )
            if answers(port, process):
                break
        host = paramiko.PKey.from_path(str(place / "host"))
        started.append(process)
        return Sshd(port, host, place / "client", process)

    yield start
    POOL.close()
    for process in started:
        process.terminate()
        process.wait(60)


@pytest.fixture
def sshd(start_sshd, secrets):
    made = start_sshd()
    secrets(ssh={"user": getpass.getuser(), "key": str(made.client_key)})
    return made


def answers(port, process):
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30):
            return True
        time.sleep(0.02)
    process.kill()
    process.wait()
    return False


# A device


@dataclass
class Behaviour:
    """What a device does; `screens` by command, bytes as they are sent."""

    prompt: bytes = b"<SW-01>"
    screens: dict = field(default_factory=dict)
    motd: bytes = b""
    password: str = "s3cr3t-Word"
    auth: str = "password"
    greeting: tuple = ()  # (what it asks at the shell's start, what must be answered)
    enable: str = ""
    page: int = 0  # lines of a page
    more: bytes = b"  ---- More ----"
    wipe: bytes = b"\x1b[42D" + b" " * 42 + b"\x1b[42D"
    chunk: int = 0
    pause: float = 0.0
    echo: bool = True
    repeats: bool = False  # says back what should stay unseen
    exec: str = ""  # hangs, refused
    flood: bool = False
    keys: str = "rsa"
    unknown: bytes = b"              ^\r\nError: Unrecognized command found at '^' position.\r\n"


class Device(paramiko.ServerInterface):
    """One connection."""

    def __init__(self, behaviour):
        self.behaviour = behaviour
        self.user = ""

    def get_allowed_auths(self, username):
        return self.behaviour.auth

    def check_auth_interactive(self, username, submethods):
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses):
        return self.check_auth_password("", responses[0])

    def check_auth_password(self, username, password):
        good = password == self.behaviour.password
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_pty_request(self, *_):
        return True

    def check_channel_exec_request(self, channel, command):
        if self.behaviour.exec == "hangs":
            time.sleep(3)
        if self.behaviour.exec:
            return False
        threading.Thread(target=self.run, args=(channel, command), daemon=True).start()
        return True

    def check_channel_shell_request(self, channel):
        threading.Thread(target=self.serve, args=(channel,), daemon=True).start()
        return True

    def run(self, channel, command):
        time.sleep(0.1)  # paramiko says yes to the request only now
        with contextlib.suppress(OSError, EOFError):
            channel.sendall(self.behaviour.screens.get(command.decode(), b""))
            channel.shutdown_write()  # and no exit status, as some devices do
            channel.close()

    def serve(self, channel):
        with contextlib.suppress(OSError, EOFError, ConnectionError):
            Conversation(channel, self.behaviour).hold()
            channel.close()


class Conversation:
    def __init__(self, channel, behaviour):
        self.channel, self.of, self.prompt = channel, behaviour, behaviour.prompt
        self.paging = bool(behaviour.page)

    def send(self, data):
        if not self.of.chunk:
            self.channel.sendall(data)
            return
        for at in range(0, len(data), self.of.chunk):
            self.channel.sendall(data[at : at + self.of.chunk])
            time.sleep(self.of.pause)

    def key(self):
        got = self.channel.recv(1)
        if not got:
            raise ConnectionError
        return got

    def line(self, echo=True):
        made = b""
        while (got := self.key()) not in (b"\n", b"\r"):
            made += got
        if echo and self.of.echo:
            self.send(made)
        self.send(b"\r\n")
        return made.decode().strip()

    def unseen(self):
        """A line that is not echoed."""
        made = self.line(echo=False)
        if self.of.repeats:
            self.send(b"You said: " + made.encode() + b"\r\n")
        return made

    def hold(self):
        self.send(self.of.motd)
        for question, answer in self.of.greeting:
            self.send(question)
            while self.unseen() != answer:
                self.send(question)
        while True:
            self.send(self.prompt)
            command = self.line()
            if command in ("enable", "super") and self.of.enable:
                self.raise_level()
            elif command in ("screen-length 0 temporary", "terminal length 0"):
                self.paging = False
            elif command:
                self.show(self.of.screens.get(command, self.of.unknown))

    def raise_level(self):
        for _ in range(3):
            self.send(b"Password:")
            if self.unseen() == self.of.enable:
                self.prompt = self.prompt[:-1] + b"#" if self.prompt.endswith(b">") else self.prompt
                return
        self.send(b"% Access denied\r\n")

    def show(self, data):
        if self.of.flood:
            while True:
                self.channel.sendall(b"never ends\r\n" * 500)
        lines = data.split(b"\n")
        if not self.paging:
            self.send(data)
            return
        for at in range(0, len(lines), self.of.page):
            self.send(b"\n".join(lines[at : at + self.of.page]))
            if at + self.of.page < len(lines):
                self.send(b"\n" + self.of.more)
                self.key()
                self.send(self.of.wipe)


class Listener:
    """Devices on a port of their own."""

    def __init__(self, behaviour):
        self.behaviour = behaviour
        self.key = KEYS[behaviour.keys]
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.transports = []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            transport = paramiko.Transport(sock)
            self.transports.append((transport, sock))
            transport.add_server_key(self.key)
            with contextlib.suppress(paramiko.SSHException, EOFError):
                transport.start_server(event=threading.Event(), server=Device(self.behaviour))

    def drop(self):
        """Close all connections."""
        for transport, sock in self.transports:
            transport.close()
            sock.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self.sock.close()
        self.thread.join(60)
        self.drop()


@pytest.fixture
def device(pin):
    """`device(screens={…})` -> (login, listener); its key is pinned."""
    made = []

    def start(*, pinned=True, **behaviour):
        listener = Listener(Behaviour(**behaviour))
        made.append(listener)
        to = Login("127.0.0.1", listener.port)
        return (pin(to, listener.key) if pinned else to), listener

    yield start
    POOL.close()
    for listener in made:
        listener.close()


@pytest.fixture
def peer():
    """A TCP peer that treats each connection as the function given does."""
    stop = threading.Event()
    made = []

    def start(treat):
        sock = socket.create_server(("127.0.0.1", 0))
        held = []

        def accept():
            while True:
                try:
                    one, _ = sock.accept()
                except OSError:
                    return
                held.append(one)
                with contextlib.suppress(OSError):
                    treat(one, stop)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        made.append((sock, thread, held))
        return Login("127.0.0.1", sock.getsockname()[1])

    yield start
    stop.set()
    for sock, thread, held in made:
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()
        thread.join(60)
        for one in held:
            one.close()
