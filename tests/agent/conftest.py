"""Fixtures of the agent's tests: a stand-in collector, an enrolled state directory, a real agent process."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from parts import loaded

from agent import enrol
from agent.state import State

standin = loaded("agent/standin.py")


@pytest.fixture(scope="session", autouse=True)
def byte_code(tmp_path_factory):
    """Agents that these tests start find byte code, as installed ones do: half a second less for each."""
    kept = {name: os.environ.get(name) for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")}
    os.environ["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.mktemp("pyc"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    yield
    for name, value in kept.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture
def collector():
    made = standin.Collector().start()
    yield made
    with contextlib.suppress(OSError):
        made.stop()


@pytest.fixture
def state(tmp_path, collector):
    """A state directory enrolled with the stand-in."""
    made = State(tmp_path / "state")
    enrol.start(made, collector.url, collector.token(), force=False)
    return made


class Running:
    """Agent processes of one test."""

    def __init__(self):
        self.started = []

    def __call__(self, state, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli", "run", "--state", str(state.root)],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self, process, number=signal.SIGTERM):
        """Signal it and return what it wrote to standard error."""
        process.send_signal(number)
        return process.communicate(timeout=60)[1]


@pytest.fixture
def start_agent():
    running = Running()
    yield running
    for process in running.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def until():
    def wait(condition, seconds=180.0):
        """Poll until `condition()` is true; its last value."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)
        return value

    return wait


@pytest.fixture
def item():
    def make(check="host.load", every_ms=1000, **fields):
        """One item of a plan."""
        return {
            "kind": "regular",
            "check": check,
            "version": 1,
            "target": "web-01",
            "asset": "web-01",
            "params": {},
            "every_ms": every_ms,
            "deadline_ms": 60_000,  # longer than a slot: a machine may be slow
            "hold_ms": every_ms * 3,
            "confirm": 2,
            "canary": False,
            **fields,
        }

    return make


@pytest.fixture
def quick_apt(tmp_path, monkeypatch):
    """An apt-get that has nothing to say. The real one takes seconds; tests/sources/security ask it."""
    place = tmp_path / "programs"
    place.mkdir()
    program = place / "apt-get"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
