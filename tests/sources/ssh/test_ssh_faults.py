"""Peers that do not speak SSH as they should: a typed error each, within the deadline."""

import socket
import threading
import time

import paramiko
import pytest

from checks.api import ErrorKind, ObservationError
from checks.remote import Login

SOON = 1500
LONG = 30_000


def fails(ssh, to, timeout_ms=SOON):
    """The error of a look; its deadline is kept with a machine's slowness to spare."""
    began = time.monotonic()
    with pytest.raises(ObservationError) as caught:
        ssh.run(to, "true", timeout_ms=timeout_ms)
    assert time.monotonic() - began < timeout_ms / 1000 + 20
    assert "s3cr3t" not in str(caught.value)
    return caught.value.kind


def test_a_port_nobody_listens_on_is_refused(ssh):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert fails(ssh, Login("127.0.0.1", sock.getsockname()[1]), LONG) is ErrorKind.REFUSED


def test_a_name_that_does_not_exist_is_unreachable(ssh):
    assert fails(ssh, Login("nowhere.invalid"), LONG) is ErrorKind.UNREACHABLE


def test_a_silent_peer_is_a_timeout(ssh, peer):
    assert fails(ssh, peer(lambda sock, stop: stop.wait(60))) is ErrorKind.TIMEOUT


def test_a_peer_that_closes_at_once_is_refused(ssh, peer):
    assert fails(ssh, peer(lambda sock, stop: sock.close()), LONG) is ErrorKind.REFUSED


def test_a_peer_that_closes_after_its_greeting_is_unreachable(ssh, peer):
    def treat(sock, stop):
        sock.sendall(b"SSH-2.0-OpenSSH_9\r\n")
        sock.recv(10_000)
        sock.close()

    assert fails(ssh, peer(treat), LONG) is ErrorKind.UNREACHABLE


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.1 400 Bad Request\r\n" * 200, b"SSH-1.5-Old\r\n", b"SSH-2.0-x\r\n" + bytes(range(256)) * 300],
    ids=["http", "ssh1", "noise"],
)
def test_garbage_is_garbled_or_unsupported(ssh, peer, greeting):
    def treat(sock, stop):
        sock.sendall(greeting)
        stop.wait(2)
        sock.close()

    kinds = {ErrorKind.GARBLED, ErrorKind.UNSUPPORTED, ErrorKind.UNREACHABLE}
    assert fails(ssh, peer(treat), LONG) in kinds


def test_a_greeting_that_never_ends_is_cut_short(ssh, peer):
    def treat(sock, stop):
        while not stop.is_set():
            sock.sendall(b"x" * 4096)

    assert fails(ssh, peer(treat), LONG) is ErrorKind.GARBLED


def test_a_peer_that_answers_byte_by_byte_for_ever_is_a_timeout(ssh, peer):
    def treat(sock, stop):
        while not stop.wait(0.05):
            sock.sendall(b"x")

    assert fails(ssh, peer(treat)) is ErrorKind.TIMEOUT


def test_a_device_that_never_answers_a_command_is_a_timeout(ssh, device):
    to, _ = device(exec="hangs")
    assert fails(ssh, to) is ErrorKind.TIMEOUT


def test_a_device_that_runs_no_single_commands_is_unsupported(ssh, device):
    to, _ = device(exec="refused")
    assert fails(ssh, to, LONG) is ErrorKind.UNSUPPORTED


def test_a_wrong_password_is_denied(ssh, device):
    to, _ = device(password="another")
    assert fails(ssh, to, LONG) is ErrorKind.DENIED


def test_a_device_that_wants_a_password_and_gets_none_says_so(ssh, device, secrets):
    to, _ = device()
    secrets(ssh={"user": "inspect"})
    with pytest.raises(ObservationError, match="password") as caught:
        ssh.run(to, "true", timeout_ms=LONG)
    assert caught.value.kind is ErrorKind.DENIED


def test_a_device_that_asks_for_the_password_interactively_gets_it(ssh, device):
    to, _ = device(auth="keyboard-interactive", screens={"a": b"1\r\n"})
    assert ssh.run(to, "a", timeout_ms=LONG).stdout == "1\r\n"


def test_a_device_that_tells_no_exit_leaves_it_open(ssh, device):
    to, _ = device(screens={"display clock": b"12:00\r\n"})
    ran = ssh.run(to, "display clock", timeout_ms=LONG)
    assert (ran.exit, ran.stdout) == (None, "12:00\r\n")


def test_a_dead_target_delays_no_other(ssh, peer, device):
    to, _ = device(screens={"x": b"1\r\n"})
    dead = peer(lambda sock, stop: stop.wait(60))
    thread = threading.Thread(target=fails, args=(ssh, dead, 4000))
    thread.start()
    assert ssh.run(to, "x", timeout_ms=LONG).stdout == "1\r\n"
    assert thread.is_alive()
    thread.join(60)


def test_a_changed_key_of_a_device_is_denied_before_the_password_is_sent(ssh, device, pin):
    to, listener = device(pinned=False)
    pin(to, paramiko.RSAKey.generate(2048))
    with pytest.raises(ObservationError, match="has changed"):
        ssh.run(to, "true", timeout_ms=LONG)
    assert listener.transports
    assert all(not transport.is_authenticated() for transport, _ in listener.transports)
