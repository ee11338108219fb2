"""Places that answer badly: a share that never answers (FUSE, served from this process)."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import paramiko
import pytest
from parts import loaded

_bad_mounts = loaded("sources/bad_mounts.py")


@pytest.fixture
def dead_share() -> Callable[[Path], AbstractContextManager[None]]:
    """`with dead_share(path):`: its server greets and then says nothing at all, like NFS gone dead."""
    return partial(_bad_mounts.bad_mount, how="dead", kind="fuse.nfs")


# OpenSSH's server with its own SFTP


@dataclass
class Sshd:
    """A running server; `servers` are its processes that speak SFTP."""

    port: int
    key: paramiko.PKey
    client_key: Path
    state: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def servers(self) -> list[int]:
        """Processes of sessions."""
        found, seen = [self.process.pid], []
        while found:
            pid = found.pop()
            for path in Path(f"/proc/{pid}/task").glob("*/children"):
                children = [int(one) for one in path.read_text().split()]
                seen += children
                found += children
        return seen


@pytest.fixture
def backup_sshd(tmp_path: Path) -> Iterator[Sshd]:
    """sshd on a free port; the user of the tests may log in by key."""
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("NOT TESTED: sshd (openssh-server) is not installed")
    place, state = tmp_path / "sshd", tmp_path / "state"
    place.mkdir(mode=0o700)
    state.mkdir(mode=0o700, exist_ok=True)
    for name in ("host", "client"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
        subprocess.run(words, check=True, timeout=60)
    with contextlib.suppress(OSError):
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port, process = _listening(program, place)
    try:
        yield Sshd(port, paramiko.PKey.from_path(str(place / "host")), place / "client", state, process)
    finally:
        process.terminate()
        process.wait(60)


def _listening(program: str, place: Path) -> tuple[int, "subprocess.Popen[bytes]"]:
    for _ in range(5):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
        config = (
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {place}/host",
            "UsePAM no",
            f"AuthorizedKeysFile {place}/client.pub",
            "StrictModes no",
            "PermitRootLogin yes",
            f"PidFile {place}/pid",
            "Subsystem sftp internal-sftp",
        )
        (place / "conf").write_text("\n".join(config) + "\n")
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", str(place / "conf")], stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30):
                return port, process
            time.sleep(0.02)
        process.kill()
        process.wait()
    pytest.skip("NOT TESTED: sshd does not start here")
