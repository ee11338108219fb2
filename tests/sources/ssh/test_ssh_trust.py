"""`trust`: a host key is read, shown, pinned once, and never replaced in silence."""

import json

import pytest

from agent import cli
from agent.sources.ssh_link import fingerprint
from agent.sources.ssh_pins import Pins

LONG = 30_000


@pytest.fixture
def trust(state, capsys):
    def run(*words):
        code = cli.main(["trust", "--state", str(state), "--json", *words])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_a_key_is_pinned_and_then_looks_are_taken(device, trust, ssh, state):
    to, listener = device(pinned=False, screens={"a": b"1\r\n"})
    code, said = trust(to.name)
    assert (code, said["status"]) == (0, "pinned")
    assert said["fingerprint"] == fingerprint(listener.key.asbytes())
    assert ssh.run(to, "a", timeout_ms=LONG).stdout == "1\r\n"
    assert trust(to.name)[1]["status"] == "already_pinned"
    assert (state / "hosts.yaml").stat().st_mode & 0o777 == 0o600


def test_another_key_is_not_pinned_unless_that_is_said(device, trust, state, pin):
    to, listener = device(pinned=False)
    code, said = trust(to.name, "--key", "SHA256:" + "A" * 43)
    assert (code, said["status"]) == (1, "other_key") and Pins(state).get(to.name) is None
    import paramiko

    pin(to, paramiko.ECDSAKey.generate())
    code, said = trust(to.name)
    assert (code, said["status"]) == (1, "key_changed")
    assert trust(to.name, "--replace")[1]["status"] == "pinned"
    assert Pins(state).get(to.name).sha256 == fingerprint(listener.key.asbytes())


@pytest.mark.parametrize("target", ["", "a b", "host:99999", "[::1]:x", "10.0.0.1:0"])
def test_a_target_that_is_none_ends_in_one_line(state, capsys, target):
    assert cli.main(["trust", "--state", str(state), target]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_target_that_does_not_answer_is_told(state, capsys, peer):
    to = peer(lambda sock, stop: sock.close())
    assert cli.main(["trust", "--state", str(state), to.name]) == 2
    assert "refused" in capsys.readouterr().err


def test_other_targets_pins_stay(device, trust, state):
    first, second = device(pinned=False)[0], device(pinned=False, keys="ecdsa")[0]
    trust(first.name), trust(second.name)
    pins = Pins(state)
    assert pins.get(first.name).kind == "ssh-rsa" and pins.get(second.name).kind == "ecdsa-sha2-nistp256"
