"""Commands on real machines: OpenSSH's sshd on a free port, new and old."""

import getpass
import logging
import os
import subprocess
import threading
import time

import paramiko
import pytest

from agent.sources import ssh_pool
from agent.sources.ssh_pins import Pin, Pins
from checks.api import ErrorKind, ObservationError
from checks.remote import Login

LONG = 30_000


@pytest.fixture
def to(sshd, pin):
    return pin(Login("127.0.0.1", sshd.port), sshd.key)


def refused(ssh, to, command="true", timeout_ms=LONG):
    with pytest.raises(ObservationError) as caught:
        ssh.run(to, command, timeout_ms=timeout_ms)
    return caught.value


def test_an_unpinned_host_is_denied_with_the_command_that_pins_it(ssh, sshd):
    problem = refused(ssh, Login("127.0.0.1", sshd.port))
    assert problem.kind is ErrorKind.DENIED
    assert f"roundseal-agent trust 127.0.0.1:{sshd.port}" in problem.detail


def test_another_host_key_than_the_pinned_one_is_denied_and_seen_as_such(ssh, sshd, state, to):
    was = Pins(state).get(to.name)
    ssh.run(to, "true", timeout_ms=LONG)  # a kept connection does not outlive its pin
    Pins(state).put(to.name, Pin(was.kind, "SHA256:" + "A" * 43))
    problem = refused(ssh, to)
    assert problem.kind is ErrorKind.DENIED and "has changed" in problem.detail
    found = ssh.host_key(to, timeout_ms=LONG)
    assert (found.kind, found.presented, found.pinned) == (was.kind, was.sha256, "SHA256:" + "A" * 43)
    assert found.software.startswith("SSH-2.0-OpenSSH")


def test_a_pin_file_that_others_can_write_is_refused(ssh, to, state):
    (state / "hosts.yaml").chmod(0o666)
    assert refused(ssh, to).kind is ErrorKind.DENIED


def test_of_several_host_keys_the_pinned_kind_is_asked_for(start_sshd, ssh, secrets, pin, tmp_path):
    rsa = tmp_path / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(rsa)], check=True)
    sshd = start_sshd(f"HostKey {rsa}")
    secrets(ssh={"user": getpass.getuser(), "key": str(sshd.client_key)})
    to = pin(Login("127.0.0.1", sshd.port), paramiko.PKey.from_path(str(rsa)))
    assert ssh.run(to, "echo here", timeout_ms=LONG).stdout == "here\n"
    assert ssh.host_key(to, timeout_ms=LONG).kind == "ssh-rsa"


def test_output_error_output_and_exit_are_told_apart(ssh, to):
    ran = ssh.run(to, "echo out; echo err >&2; exit 3", timeout_ms=LONG)
    assert (ran.exit, ran.stdout, ran.stderr, ran.cut) == (3, "out\n", "err\n", False)
    assert ran.elapsed_us > 0


def test_a_command_that_a_signal_ended_has_no_exit(ssh, to):
    assert ssh.run(to, "kill -9 $$", timeout_ms=LONG).exit is None


def test_output_in_gbk_is_read_and_bytes_of_no_script_survive(ssh, to):
    assert ssh.run(to, r"printf '\xb4\xc5\xc5\xcc\n'", timeout_ms=LONG).stdout == "磁盘\n"
    assert "\ufffd" in ssh.run(to, r"printf 'a\xff\xffb\n'", timeout_ms=LONG).stdout


def test_ten_megabytes_are_cut_at_a_line_and_the_connection_still_serves(ssh, to):
    ran = ssh.run(to, "yes 0123456789 | head -c 10485760", timeout_ms=LONG, most_bytes=100_000)
    assert ran.cut and ran.exit is None
    assert len(ran.stdout) <= 100_000 and ran.stdout.endswith("0123456789\n")
    assert ssh.run(to, "echo again", timeout_ms=LONG).stdout == "again\n"


def test_error_output_without_end_does_not_hold_up_the_output(ssh, to):
    ran = ssh.run(to, "yes error | head -c 8000000 >&2; echo done", timeout_ms=LONG)
    assert ran.stdout == "done\n" and 0 < len(ran.stderr) <= 65_536 and ran.exit == 0


def test_a_command_that_never_ends_is_a_timeout_and_the_next_look_is_served(ssh, to):
    began = time.monotonic()
    assert refused(ssh, to, "sleep 60", 1500).kind is ErrorKind.TIMEOUT
    assert time.monotonic() - began < 30
    assert ssh.run(to, "echo again", timeout_ms=LONG).stdout == "again\n"


def test_a_command_that_never_stops_talking_is_a_timeout_or_cut(ssh, to):
    assert ssh.run(to, "yes", timeout_ms=LONG, most_bytes=50_000).cut


def test_one_connection_serves_many_commands(ssh, to):
    seen = {ssh.run(to, "echo $SSH_CONNECTION", timeout_ms=LONG).stdout for _ in range(5)}
    assert len(seen) == 1 and seen != {"\n"}


def test_a_kept_connection_that_died_is_made_again(ssh, to):
    before, parent = ssh.run(to, "echo $SSH_CONNECTION; echo $PPID", timeout_ms=LONG).stdout.split("\n")[:2]
    assert refused(ssh, to, f"kill {parent}; sleep 20").kind is ErrorKind.UNREACHABLE
    assert ssh.run(to, "echo $SSH_CONNECTION", timeout_ms=LONG).stdout != before + "\n"


def test_idle_connections_are_closed_and_the_keeper_goes(ssh, to, monkeypatch):
    monkeypatch.setattr(ssh_pool, "IDLE_S", 0.3)
    ssh.run(to, "true", timeout_ms=LONG)
    end = time.monotonic() + 60
    while ssh_pool.POOL._keeper is not None:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert ssh_pool.POOL._sessions == {}
    assert ssh.run(to, "echo again", timeout_ms=LONG).stdout == "again\n"


def test_kept_connections_are_bounded_and_the_idlest_goes(ssh, to, sshd, secrets, monkeypatch):
    monkeypatch.setattr(ssh_pool, "MOST_KEPT", 2)
    names = ("one", "two", "three")
    secrets(**{name: {"user": getpass.getuser(), "key": str(sshd.client_key)} for name in names})
    for name in names:
        ssh.run(Login(to.address, to.port, name), "true", timeout_ms=LONG)
    assert [login.secret for login, _ in ssh_pool.POOL._sessions] == ["two", "three"]


def test_a_failed_login_is_denied_and_tells_nothing_of_the_secret(ssh, to, secrets, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    secrets(ssh={"user": getpass.getuser(), "password": "never-Said-1"})
    problem = refused(ssh, to)
    assert problem.kind is ErrorKind.DENIED
    bad = tmp_path / "bad"
    bad.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nnever-Said-2\n-----END OPENSSH PRIVATE KEY-----\n")
    secrets(ssh={"user": "nobody", "key": str(bad)})
    other = refused(ssh, to)
    assert other.kind is ErrorKind.DENIED and "key file" in other.detail
    assert "never-Said" not in caplog.text + str(problem) + str(other)


def test_a_key_in_the_ssh_agent_opens_the_door(ssh, to, sshd, secrets, tmp_path, monkeypatch):
    sock = str(tmp_path / "agent.sock")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", sock], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not os.path.exists(sock):
            assert time.monotonic() < end
            time.sleep(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", sock)
        subprocess.run(["ssh-add", "-q", str(sshd.client_key)], check=True)
        secrets(ssh={"user": getpass.getuser(), "agent": "yes"})
        assert ssh.run(to, "echo in", timeout_ms=LONG).stdout == "in\n"
    finally:
        agent.terminate()
        agent.wait(60)


def test_a_secret_that_is_not_there_is_denied_before_anything_is_sent(ssh, to, secrets):
    secrets(other={"user": "x"})
    assert "no secret 'ssh'" in refused(ssh, to).detail


def test_an_old_device_is_reached_only_where_the_target_says_so(start_sshd, ssh, secrets, pin):
    sshd = start_sshd(
        "KexAlgorithms diffie-hellman-group1-sha1",
        "HostKeyAlgorithms ssh-rsa",
        "PubkeyAcceptedAlgorithms +ssh-rsa",
        "Ciphers aes128-cbc,3des-cbc",
        "MACs hmac-sha1",
        kind="rsa",
    )
    secrets(ssh={"user": getpass.getuser(), "key": str(sshd.client_key)})
    to = pin(Login("127.0.0.1", sshd.port), sshd.key)
    problem = refused(ssh, to)
    assert problem.kind is ErrorKind.UNSUPPORTED and "legacy" in problem.detail
    old = Login("127.0.0.1", sshd.port, legacy=True)
    assert ssh.run(old, "echo old", timeout_ms=LONG).stdout == "old\n"


def test_a_target_behind_a_bastion_is_reached_through_it(start_sshd, ssh, secrets, pin):
    bastion, inner = start_sshd(), start_sshd()
    user = getpass.getuser()
    secrets(
        ssh={"user": user, "key": str(inner.client_key)}, jump={"user": user, "key": str(bastion.client_key)}
    )
    hop = f"127.0.0.1:{bastion.port}"
    to = Login("127.0.0.1", inner.port, hop=hop, hop_secret="jump")
    assert "roundseal-agent trust 127.0.0.1" in refused(ssh, to).detail
    pin(Login("127.0.0.1", bastion.port), bastion.key)
    problem = refused(ssh, to)
    assert problem.kind is ErrorKind.DENIED and f"--hop {hop} --hop-secret jump" in problem.detail
    pin(to, inner.key)
    # sshd sees the bastion's end of the way, not ours
    assert ssh.run(to, "echo $SSH_CONNECTION", timeout_ms=LONG).stdout.split()[-1] == str(inner.port)
    dead = Login("127.0.0.1", 1, hop=hop, hop_secret="jump")
    assert refused(ssh, dead).kind is ErrorKind.UNREACHABLE


def test_eight_looks_at_one_target_take_turns_and_none_is_lost(ssh, to):
    seen = []
    threads = [
        threading.Thread(target=lambda n=n: seen.append(ssh.run(to, f"echo {n}", timeout_ms=LONG).stdout))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(seen) == sorted(f"{n}\n" for n in range(8))
