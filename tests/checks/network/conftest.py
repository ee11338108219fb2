"""Recorded outputs of real devices, shown by an SSH server with a device's prompt and paging."""

from pathlib import Path

import pytest
from parts import loaded

from agent.sources.memory import Transient
from agent.sources.open import open_source
from checks.api import Source

TESTS = Path(__file__).parents[2]
_parts = loaded("sources/ssh/conftest.py")
state, secrets, means, pin, device, ssh, start_sshd = (
    _parts.state,
    _parts.secrets,
    _parts.means,
    _parts.pin,
    _parts.device,
    _parts.ssh,
    _parts.start_sshd,
)
OUTPUTS = TESTS / "agent" / "outputs"


@pytest.fixture
def devices(means):
    """The source, with the memory of its looks."""
    return open_source(Source.DEVICE, Transient(), means)


@pytest.fixture
def cli(device):
    """`cli(platform, command=output)` -> (parameters that lead to such a device, what it shows).

    An output is bytes, or the name of a recording of that command.
    """

    def start(platform, outputs, **behaviour):
        shown = {command: recorded(platform, command, one) for command, one in outputs.items()}
        to, listener = device(screens=shown, **behaviour)
        params = {"address": to.address, "port": to.port, "platform": platform, "secret": "ssh"}
        return params, listener.behaviour.screens

    return start


def recorded(platform, command, output):
    """Bytes of an output."""
    if not isinstance(output, bytes):
        output = (OUTPUTS / platform / command.replace(" ", "_") / f"{output}.raw").read_bytes()
    return output.replace(b"\r\n", b"\n").rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"
