"""Real counterparts: files of this machine, and the same through OpenSSH's own SFTP."""

import getpass
from pathlib import Path

import pytest
from parts import loaded

from agent.sources.files import open_files
from agent.sources.memory import Transient
from checks.remote import Login

TESTS = Path(__file__).parents[2]
_parts = loaded("sources/ssh/conftest.py")
state, secrets, means, pin, start_sshd = (
    _parts.state,
    _parts.secrets,
    _parts.means,
    _parts.pin,
    _parts.start_sshd,
)


@pytest.fixture
def reach(start_sshd, secrets, pin):
    """Start an sshd with this line of configuration; gives the parameters that lead there."""

    def start(subsystem="sftp internal-sftp"):
        made = start_sshd(*([f"Subsystem {subsystem}"] if subsystem else []))
        secrets(ssh={"user": getpass.getuser(), "key": str(made.client_key)})
        pin(Login("127.0.0.1", made.port), made.key)
        return {"address": "127.0.0.1", "port": made.port}, made

    return start


@pytest.fixture(params=["here", "sftp"])
def where(request):
    """Parameters of both ways to the same files."""
    return {} if request.param == "here" else request.getfixturevalue("reach")()[0]


@pytest.fixture
def files(means):
    """The source, with the memory of its looks."""
    return open_files(Transient(), means)
