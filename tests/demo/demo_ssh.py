"""A second sshd, an old one, and a program that is looked at through it."""

import contextlib
import getpass
import hashlib
import os
import signal
import subprocess
from pathlib import Path

import psutil
from demo_parts import PROBER, Asset, Part, free_port, listens, program, until

OLD = (
    "KexAlgorithms diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
    "HostKeyAlgorithms ssh-rsa",
    "Ciphers aes128-cbc",
    "MACs hmac-sha1",
    "PubkeyAcceptedAlgorithms +ssh-rsa",
)


class Sshd(Part):
    """An OpenSSH server with a host key of its own, an account, an instance of a program to look at."""

    programs = ("sshd", "ssh-keygen")

    def __init__(self, place, name="sshd", asset="shell-1", kind="ed25519", lines=(), legacy=False):
        self.name, self.asset, self.kind, self.lines, self.legacy = name, asset, kind, lines, legacy
        super().__init__(place)
        self.port = free_port()
        self.base = self.place / "instance"
        self.config = self.base / "server.conf"
        self.names = {"config": str(self.config)}
        self.approved = ""

    def assets(self):
        section = {"address": "127.0.0.1", "port": self.port, "secret": self.name, "legacy": self.legacy}
        word = f"-Ddemo.base={self.base}"
        params = {
            "server.ssh": {"timeout_ms": 8000},
            "middleware.instance": {
                "word": word, "path_option": "-Ddemo.base=", "path": str(self.base), "owner": self._owner(),
                "options": self._options(), "approved": {str(self.config): self.approved},
            },
        }  # fmt: skip
        return [Asset(self.asset, "server", {"via": PROBER, "ssh": section}, [*params], params)]

    @staticmethod
    def _owner():
        return getpass.getuser()

    def _words(self):
        return ["sleeper", "100000", f"-Ddemo.base={self.base}"]

    def _options(self):
        words = ["/bin/sh", str(self.place / "sleeper"), *self._words()[1:]]
        # As the check digests it: the words of the command line, sorted, one a line.
        return hashlib.sha256("".join(f"{one}\n" for one in sorted(words)).encode()).hexdigest()

    def secrets(self):
        return {self.name: {"user": getpass.getuser(), "key": str(self.place / "client")}}

    def start(self):
        for name, kind in (("host", self.kind), ("other", self.kind), ("client", "ed25519")):
            words = [program("ssh-keygen"), "-q", "-t", kind, "-N", "", "-f", str(self.place / name)]
            subprocess.run(words, check=True, timeout=120)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.base.mkdir()
        self.write_config()
        self.approved = hashlib.sha256(self.config.read_bytes()).hexdigest()
        self.serve()
        (self.place / "sleeper").write_text("#!/bin/sh\nsleep 100000\n")
        (self.place / "sleeper").chmod(0o755)
        self.instance()

    def serve(self, key="host", lines=()):
        """The server with one of its keys."""
        config = (
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {self.place}/{key}", "UsePAM no",
            f"AuthorizedKeysFile {self.place}/client.pub", "StrictModes no", "PermitRootLogin yes",
            f"PidFile {self.place}/pid", "MaxStartups 100", *self.lines, *lines,
        )  # fmt: skip
        (self.place / "conf").write_text("\n".join(config) + "\n")
        self.run("sshd", [program("sshd"), "-D", "-e", "-f", self.place / "conf"], self.port)

    def prepare(self, site):
        words = ["trust", f"127.0.0.1:{self.port}", "--state", site.state(PROBER)]
        said = site.command("roundseal-agent", *words, *(["--legacy"] if self.legacy else []))
        key = next(word for word in said.split() if word.startswith("SHA256:"))
        shown = subprocess.run(
            [program("ssh-keygen"), "-l", "-f", str(self.place / "host.pub")],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        # Whoever approves a key compares it with what the machine itself shows.
        assert key.rstrip(".,;") in shown, (key, shown)

    def _end_server(self):
        """The server and the sessions it has."""
        server = psutil.Process(self.running["sshd"].pid)
        for one in (server, *server.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        self.running.pop("sshd").wait(60)
        until(lambda: not listens(self.port), what="the end of sshd")

    def stop(self):
        if "sshd" in self.running and self.running["sshd"].poll() is None:
            self._end_server()
        super().stop()

    # faults

    def instance(self):
        """The program that is looked at."""
        self.run("instance", [self.place / "sleeper", *self._words()[1:]])

    def write_config(self):
        """Its configuration as approved."""
        self.config.write_text("threads = 20\n")

    def config_changed(self):
        """Somebody changes its configuration."""
        self.config.write_text("threads = 2000\n")

    def instance_dies(self):
        """The program is gone."""
        self.end("instance")

    def other_key(self):
        """The server shows another host key: an impostor, or a new machine."""
        self._end_server()
        self.serve("other")

    def locked_out(self):
        """The inspection's account may not log in any more."""
        self._end_server()
        self.serve(lines=("DenyUsers *",))

    def stops(self):
        """The server is stopped."""
        self._end_server()

    def hangs(self):
        """The server accepts and says nothing."""
        self._end_server()
        code = (
            "import socket, time\n"
            f"s = socket.create_server(('127.0.0.1', {self.port}))\n"
            "held = []\n"
            "while True: held.append(s.accept())\n"
        )
        self.run("sshd", ["python3", "-c", code], self.port)

    def heal(self):
        """The server with its own key."""
        if "sshd" in self.running:
            self._end_server()
        self.serve()


def parts(place):
    """Both of them."""
    return [
        Sshd(place),
        Sshd(place, "old-sshd", "shell-old", "rsa", OLD, legacy=True),
    ]
