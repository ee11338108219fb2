"""Other machines by SSH (paramiko): one command, a device's command line, or only its host key.

What a secret may hold: `user`; `key` (path of a private key) with `passphrase`; `agent: yes` (ssh-agent);
`password`; `enable` (for the higher level of a device).
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import paramiko

from agent.sources import ssh_link
from agent.sources.means import Means
from agent.sources.ssh_link import Deadline, errors
from agent.sources.ssh_pins import Pins
from agent.sources.ssh_pool import POOL, Session, connect, greeted
from agent.sources.ssh_shell import Shell, open_shell, screens
from agent.sources.ssh_text import decode, whole_lines
from checks.api import ErrorKind, ObservationError
from checks.remote import MOST_BYTES, HostKey, Login, Ran, Screen

_CHUNK = 65536
_DRAIN_S = 0.2  # so long standard output may be silent before standard error is looked at
_EXIT_S = 5.0  # after its output a command's exit is waited for
_MOST_STDERR = 64 * 1024


class RemoteSsh:
    """The Ssh source of checks.remote."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._pins = pins(means.state)

    def run(self, to: Login, command: str, *, timeout_ms: int, most_bytes: int = MOST_BYTES) -> Ran:
        """Run one command through the target's shell, without a terminal."""
        deadline = Deadline(timeout_ms, to.name)
        with POOL.session(to, self._means, self._pins, deadline) as session:
            began = time.monotonic_ns()
            with opened_channel(session, to, self._means, self._pins, deadline) as channel:
                execute(channel, command, to.name, deadline)
                out, err, cut = _read(channel, to.name, deadline, most_bytes)
                code = None if cut else exit_code(channel, to.name, deadline)
            elapsed = (time.monotonic_ns() - began) // 1000
            return Ran(code, decode(out), decode(err), cut, elapsed)

    def shell(
        self,
        to: Login,
        platform: str,
        commands: Sequence[str],
        *,
        timeout_ms: int,
        most_bytes: int = MOST_BYTES,
    ) -> tuple[Screen, ...]:
        """Type commands at a device's prompt, one behind the other."""
        deadline = Deadline(timeout_ms, to.name)
        with POOL.session(to, self._means, self._pins, deadline) as session:
            kept = session.shell is not None and session.shell.alive
            try:
                made = screens(self._shell(session, to, platform, deadline), commands, deadline, most_bytes)
            except ObservationError as problem:
                if not kept or problem.kind is not ErrorKind.UNREACHABLE:
                    raise
                # The kept session had ended without our knowing.
                session.close()
                connect(session, to, self._means, self._pins, deadline)
                made = screens(self._shell(session, to, platform, deadline), commands, deadline, most_bytes)
            if made and made[-1].cut:
                session.close()  # what still comes is not wanted
            return made

    def _shell(self, session: Session, to: Login, platform: str, deadline: Deadline) -> Shell:
        if session.shell is None or not session.shell.alive:
            secret = self._means.secret(to.secret)
            session.shell = open_shell(session.transport, to.name, platform, secret, deadline)
        return session.shell

    def host_key(self, to: Login, *, timeout_ms: int) -> HostKey:
        """Greet the target and read its host key; nobody logs in to it."""
        deadline = Deadline(timeout_ms, to.name)
        with greeted(to, self._means, self._pins, deadline) as link:
            shown, pin = ssh_link.presented(link), self._pins.get(to.name)
            software = link.remote_version[:255]
            return HostKey(shown.kind, shown.sha256, "" if pin is None else pin.sha256, software)


@cache
def pins(state: Path | None) -> Pins:
    """The pins of a state directory, held once."""
    return Pins(state)


def open_ssh(means: Means) -> RemoteSsh:
    """The source; connections are kept by the process, not by it."""
    return RemoteSsh(means)


@contextmanager
def opened_channel(
    session: Session, to: Login, means: Means, held: Pins, deadline: Deadline
) -> Iterator[paramiko.Channel]:
    """A channel for one command or subsystem; a kept connection that died in silence is made again, once."""
    channel = _open(session, to, means, held, deadline)
    try:
        yield channel
    finally:
        with contextlib.suppress(Exception):
            channel.close()


def _open(session: Session, to: Login, means: Means, held: Pins, deadline: Deadline) -> paramiko.Channel:
    try:
        return _session_channel(session, to, deadline)
    except ObservationError as problem:
        if problem.kind is not ErrorKind.UNREACHABLE:
            raise
    session.close()
    connect(session, to, means, held, deadline)
    return _session_channel(session, to, deadline)


def _session_channel(session: Session, to: Login, deadline: Deadline) -> paramiko.Channel:
    with errors(to.name, deadline):
        try:
            return session.transport.open_session(timeout=deadline.left())
        except paramiko.ChannelException:
            raise ObservationError(ErrorKind.DENIED, f"{to.name}: opens no session") from None


def execute(channel: paramiko.Channel, command: str, peer: str, deadline: Deadline) -> None:
    """Have the target's shell run it."""
    with errors(peer, deadline):
        try:
            channel.exec_command(command.encode())
        except paramiko.SSHException:
            if deadline.over or not channel.get_transport().is_active():
                raise
            raise ObservationError(ErrorKind.UNSUPPORTED, f"{peer}: runs no single commands") from None


def _read(channel: paramiko.Channel, peer: str, deadline: Deadline, most: int) -> tuple[bytes, bytes, bool]:
    """Standard output, standard error, and whether more came than is wanted."""
    out, err = bytearray(), bytearray()
    with errors(peer, deadline):
        while True:
            channel.settimeout(deadline.left(_DRAIN_S))
            try:
                data = channel.recv(_CHUNK)
            except TimeoutError:
                deadline.left()
                drain(channel, err)
                continue
            out += data
            if len(out) > most:
                return whole_lines(bytes(out[:most])), bytes(err), True
            if not data:
                break
        while len(err) < _MOST_STDERR and _some(channel, err, deadline):
            continue
    return bytes(out), bytes(err[:_MOST_STDERR]), False


def _some(channel: paramiko.Channel, err: bytearray, deadline: Deadline) -> bool:
    channel.settimeout(deadline.left())
    data = channel.recv_stderr(_CHUNK)
    err += data
    return bool(data)


def drain(channel: paramiko.Channel, err: bytearray) -> None:
    """Take standard error out of the way: full, it would hold up standard output."""
    while channel.recv_stderr_ready():
        err += channel.recv_stderr(_CHUNK)
        del err[_MOST_STDERR:]


def exit_code(channel: paramiko.Channel, peer: str, deadline: Deadline) -> int | None:
    """None where the peer never tells it, or a signal ended the command."""
    channel.status_event.wait(min(deadline.left(), _EXIT_S))
    code: int = channel.exit_status
    if code != -1:
        return code
    link = channel.get_transport()
    if not channel.eof_received:
        link.join(_DRAIN_S)  # its thread ends with the connection
        if not link.is_active():
            deadline.left()
            raise ObservationError(ErrorKind.UNREACHABLE, f"{peer}: connection lost")
    return None
