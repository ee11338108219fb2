"""SSH against OpenSSH's sshd on this machine: commands on a kept connection, and 100 sessions at once.

The last line is commands a second (wall clock) and sessions lost; lost sessions make it exit 1. The same
with Nagle's wait (without TCP_NODELAY) stands beside it, and the CPU time of this process for one command:
what sshd itself takes is not in it. As root a user of its own with a bare shell is made and removed again.

    python tests/bench/bench_ssh.py [SECONDS]
"""

import contextlib
import getpass
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko

from agent.sources.means import Means
from agent.sources.ssh import RemoteSsh, open_ssh
from agent.sources.ssh_link import fingerprint
from agent.sources.ssh_pins import Pin, Pins
from agent.sources.ssh_pool import POOL
from checks.api import ObservationError
from checks.remote import Login

SESSIONS = 100
LONG = 120_000
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextlib.contextmanager
def user(place: Path) -> Iterator[str]:
    """Somebody who may log in; his shell reads no files of his own."""
    if os.geteuid() != 0:
        yield getpass.getuser()
        return
    name = f"rsbench{os.getpid()}"
    subprocess.run(
        ["useradd", "-m", "-d", str(place / "home"), "-s", "/bin/dash", "-p", "*", name], check=True
    )
    try:
        yield name
    finally:
        subprocess.run(["userdel", "-f", name], check=True, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def serving(place: Path) -> Iterator[Login]:
    """sshd with its key pinned and secrets s0 … s99, one session each."""
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)], check=True)
    with contextlib.suppress(OSError):
        Path("/run/sshd").mkdir(exist_ok=True)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    (place / "conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {place}/client.pub\nPidFile {place}/pid\nMaxStartups 500\n"
    )
    with user(place) as name:
        secrets = place / "secrets.yaml"
        secrets.write_text("".join(f"s{n}: {{user: {name}, key: {place}/client}}\n" for n in range(SESSIONS)))
        secrets.chmod(0o600)
        process = subprocess.Popen(
            [str(SSHD), "-D", "-e", "-f", str(place / "conf")], stderr=subprocess.DEVNULL
        )
        try:
            to = Login("127.0.0.1", port, "s0")
            key = paramiko.PKey.from_path(str(place / "host"))
            Pins(place).put(to.name, Pin(key.get_name(), fingerprint(key.asbytes())))
            end = time.monotonic() + 10
            while time.monotonic() < end:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
            yield to
        finally:
            POOL.close()
            process.terminate()
            process.wait()


def rate(take: Callable[[], None], seconds: float) -> tuple[float, float]:
    """Commands a second of wall clock, and milliseconds of this process's CPU for each: median of three."""
    take()
    rows = []
    for _ in range(3):
        count, cpu, wall = 0, time.process_time(), time.perf_counter()
        while time.perf_counter() - wall < seconds:
            take()
            count += 1
        rows.append((count / (time.perf_counter() - wall), (time.process_time() - cpu) * 1000 / count))
    return statistics.median(row[0] for row in rows), statistics.median(row[1] for row in rows)


def plain(link: paramiko.Transport) -> None:
    """One command as paramiko's own manual has it."""
    channel = link.open_session()
    channel.exec_command("true")
    while channel.recv(4096):
        pass
    channel.recv_exit_status()
    channel.close()


def at_once(ssh: RemoteSsh, to: Login) -> tuple[int, float, float]:
    """Sessions lost, seconds until all 100 have logged in and answered, seconds for a second command."""
    answers: list[tuple[int, str]] = []

    def one(number: int) -> None:
        there = Login(to.address, to.port, f"s{number}")
        with contextlib.suppress(ObservationError):
            answers.append((number, ssh.run(there, f"echo {number}", timeout_ms=LONG).stdout))

    spans, good = [], SESSIONS
    for _ in range(2):
        answers.clear()
        began = time.perf_counter()
        threads = [threading.Thread(target=one, args=(n,)) for n in range(SESSIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spans.append(time.perf_counter() - began)
        good = min(good, sum(said == f"{number}\n" for number, said in answers))
    return SESSIONS - good, spans[0], spans[1]


def main() -> None:
    if SSHD is None:
        print("NOT MEASURED: sshd (openssh-server) is not installed")
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)  # the bench's user reads its key here
        with serving(place) as to:
            ssh = open_ssh(Means(state=place))
            kept, cpu = rate(lambda: ssh.run(to, "true", timeout_ms=LONG) and None, seconds)
            print(f"kept connection: {kept:.0f} commands/s, {cpu:.2f} ms of CPU here for each")
            with POOL.held(to, Means(state=place), _later()) as session:
                bare, _ = rate(lambda: plain(session.transport), seconds)
                print(f"paramiko alone on the same connection: {bare:.0f} commands/s")
                wire = session.transport.sock.inner
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
            slow, _ = rate(lambda: ssh.run(to, "true", timeout_ms=LONG) and None, seconds)
            print(f"the same without TCP_NODELAY: {slow:.0f} commands/s")
            POOL.close()
            lost, first, second = at_once(ssh, to)
            print(f"{SESSIONS} sessions at once: {first:.1f} s to log in and answer, {second:.2f} s the next")
    print(f"{kept:.0f} commands/s on a kept connection, {lost} of {SESSIONS} sessions lost")
    sys.exit(1 if lost else 0)


def _later():
    from agent.sources.ssh_link import Deadline

    return Deadline(LONG, "bench")


if __name__ == "__main__":
    main()
