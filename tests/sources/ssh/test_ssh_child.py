"""SSH looks as the agent takes them: in the child process, against a pinned and a changed device."""

import paramiko
import pytest

from agent.clock import Clock
from agent.memory import LookMemory, Recent
from agent.outbox import Outbox
from agent.runner import Eyes
from checks.api import ErrorKind, State
from checks.result import Item, When

LONG = 60_000


@pytest.fixture
def look(tmp_path, means):
    outbox = Outbox(tmp_path / "outbox.db")
    eyes = Eyes("web-01", means, Clock())

    def take(to, check="network.ssh"):
        item = Item(check, 1, "sw-01", "sw-01", {"address": to.address, "port": to.port})
        return eyes.look(item, When(0), LookMemory(Recent(outbox), "k"), LONG)

    yield take
    eyes.close()
    outbox.close()


@pytest.mark.parametrize("check", ["network.ssh", "server.ssh"])
def test_a_host_key_as_approved_is_ok_and_another_one_crit(look, device, pin, check):
    to, _ = device(pinned=False)
    first = look(to, check)
    assert (first.state, first.readings[0].reason) == (State.UNKNOWN, "not_pinned")
    pin(to, paramiko.RSAKey.generate(2048))
    changed = look(to, check)
    assert (changed.state, changed.readings[0].reason) == (State.CRIT, "key_changed")


def test_a_pinned_device_is_ok_and_a_dead_one_an_error(look, device):
    to, listener = device()
    good = look(to)
    assert good.state is State.OK and good.facts["key"]["kind"] == "ssh-rsa"
    listener.close()
    assert look(to).error in (ErrorKind.REFUSED, ErrorKind.UNREACHABLE)
