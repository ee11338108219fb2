"""Looks in the child process: what it remembers, what becomes of looks when it dies, hangs or is idle."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from agent import heavy as heavy_module
from agent.clock import Clock
from agent.heavy import Heavy
from agent.memory import LookMemory, Recent
from agent.outbox import Outbox
from agent.runner import Eyes
from agent.sources.means import Means
from checks.api import ErrorKind, ObservationError, State
from checks.result import Item, When

LONG = 60_000


@pytest.fixture
def recent(tmp_path):
    outbox = Outbox(tmp_path / "outbox.db")
    yield Recent(outbox)
    outbox.close()


@pytest.fixture
def heavy(tmp_path):
    made = Heavy("web-01", Means(state=tmp_path))
    yield made
    made.close()


@pytest.fixture
def eyes(tmp_path):
    made = Eyes("web-01", Means(state=tmp_path), Clock())
    yield made
    made.close()


@pytest.fixture
def silent():
    """The port of a peer that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def ssh_item(port, timeout_ms=30_000):
    return Item(
        "network.ssh", 1, "sw", "sw", {"address": "127.0.0.1", "port": port, "timeout_ms": timeout_ms}
    )


def alive(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_a_result_comes_back_as_the_child_made_it(heavy, recent):
    item = Item("host.load", 1, "here", None, {})
    result = heavy.look(item, When(7, "weekly/1"), LookMemory(recent, "k"), LONG)
    assert (result.check, result.slot, result.round, result.error) == ("host.load", 7, "weekly/1", None)
    assert result.readings and result.params == item.params_digest and result.vantage == "web-01"


def test_what_a_look_remembers_is_kept_here_and_given_to_the_next_child(heavy, recent):
    item = Item("host.network", 1, "here", None, {})
    first = LookMemory(recent, "k")
    heavy.look(item, When(0), first, LONG)
    assert first.values
    recent.ended(first.values)
    os.kill(heavy.pid, signal.SIGKILL)
    for _ in range(2):  # the first may still meet the dead one
        with contextlib.suppress(ObservationError):
            again = LookMemory(recent, "k")
            result = heavy.look(item, When(1), again, LONG)
    before = next(iter(first.values.values()))
    assert result.error is None and again.values.keys() == first.values.keys()
    assert next(iter(again.values.values())) != before


def test_ssh_looks_go_to_the_child_and_the_agent_loads_no_paramiko(eyes, recent, silent):
    result = eyes.look(ssh_item(silent, 300), When(0), LookMemory(recent, "k"), LONG)
    assert (result.error, result.state) == (ErrorKind.TIMEOUT, State.UNKNOWN)
    assert eyes._heavy.pid is not None


def test_a_child_that_dies_costs_only_the_looks_under_way(eyes, recent, silent, until):
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(eyes.look(ssh_item(silent), When(0), LookMemory(recent, "k"), LONG))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()

    def under_way():
        child = eyes._heavy and eyes._heavy._child
        return child and len(child.waiting) == 3 and child.pid

    pid = until(under_way)
    os.kill(pid, signal.SIGKILL)
    for thread in threads:
        thread.join(60)
    assert [one.error for one in results] == [ErrorKind.GARBLED] * 3
    until(lambda: eyes._heavy.pid is None)
    again = eyes.look(ssh_item(silent, 300), When(1), LookMemory(recent, "k"), LONG)
    assert again.error is ErrorKind.TIMEOUT and eyes._heavy.pid not in (None, pid)


def test_a_child_that_hangs_keeps_no_look_beyond_its_deadline(eyes, recent, silent):
    eyes.look(ssh_item(silent, 200), When(0), LookMemory(recent, "k"), LONG)
    pid = eyes._heavy.pid
    os.kill(pid, signal.SIGSTOP)
    for _ in range(heavy_module.MOST_STUCK):
        result = eyes.look(ssh_item(silent, 200), When(1), LookMemory(recent, "k"), 100)
        assert result.error is ErrorKind.TIMEOUT
    # So many hang that it is ended, and the next look starts another.
    assert eyes._heavy.pid is None
    assert eyes.look(ssh_item(silent, 200), When(2), LookMemory(recent, "k"), LONG).error is ErrorKind.TIMEOUT
    assert eyes._heavy.pid != pid


def test_the_end_of_a_child_is_logged_with_how_and_with_what_it_costs(eyes, recent, silent, until, caplog):
    results = []
    thread = threading.Thread(
        target=lambda: results.append(eyes.look(ssh_item(silent), When(0), LookMemory(recent, "k"), LONG))
    )
    thread.start()
    child = until(lambda: eyes._heavy and eyes._heavy._child)
    until(lambda: child.waiting)
    os.kill(child.pid, signal.SIGKILL)
    thread.join(60)
    assert results[0].error is ErrorKind.GARBLED
    said = [one.getMessage() for one in caplog.records]
    assert said == [f"child process {child.pid}: it ended, signal 9; looks under way: network.ssh on sw"]


def test_a_child_that_is_closed_is_ended_by_its_reader_and_nothing_is_wrong(heavy, recent, caplog):
    heavy.look(Item("host.load", 1, "here", None, {}), When(0), LookMemory(recent, "k"), LONG)
    child = heavy._child
    heavy.close()
    assert not child.reader.is_alive()
    assert child.sock.fileno() == -1 and not alive(child.pid)
    assert caplog.records == []


def test_a_child_that_a_busy_machine_holds_up_loses_no_look(heavy, recent, silent, until, monkeypatch):
    monkeypatch.setattr(heavy_module, "_TICK_S", 0.05)
    item = ssh_item(silent, 200)
    item.params["hop_secret"] = "x" * 2_000_000  # more than the line holds
    plain = heavy.look(item, When(0), LookMemory(recent, "k"), LONG)
    pid, child = heavy.pid, heavy._child
    os.kill(pid, signal.SIGSTOP)
    results = []
    thread = threading.Thread(
        target=lambda: results.append(heavy.look(item, When(1), LookMemory(recent, "k"), LONG))
    )
    thread.start()
    until(child.lock.locked)
    time.sleep(0.5)  # many ticks; how many does not matter
    os.kill(pid, signal.SIGCONT)
    thread.join(60)
    assert [one.error for one in results] == [plain.error] and heavy.pid == pid


def test_an_idle_child_ends_and_is_started_again(heavy, recent, monkeypatch, until):
    monkeypatch.setattr(heavy_module, "IDLE_S", 0.3)
    monkeypatch.setattr(heavy_module, "_TICK_S", 0.1)
    item = Item("host.load", 1, "here", None, {})
    heavy.look(item, When(0), LookMemory(recent, "k"), LONG)
    pid = heavy.pid
    until(lambda: heavy.pid is None and not alive(pid))
    assert heavy.look(item, When(1), LookMemory(recent, "k"), LONG).error is None


def test_a_child_ends_with_its_agent(tmp_path, until):
    code = (
        "import sys\nfrom pathlib import Path\nfrom agent.heavy import Heavy\n"
        "from agent.sources.means import Means\nfrom agent.sources.memory import Transient\n"
        "from checks.result import Item, When\n"
        "heavy = Heavy('a', Means(state=Path(sys.argv[1])))\n"
        "heavy.look(Item('host.load', 1, 't', None, {}), When(0), Transient(), 60000)\n"
        "print(heavy.pid, flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        pid = int(process.stdout.readline())
        os.kill(pid, signal.SIGTERM)  # as systemd does with the whole service
        time.sleep(0.1)
        assert alive(pid)
        process.kill()
    until(lambda: not alive(pid))


def test_a_resident_agent_with_ssh_looks_loads_no_library_for_them(collector, state, until, item, silent):
    params = {"address": "127.0.0.1", "port": silent, "timeout_ms": 300}
    collector.serve_plan(items=[item("network.ssh", params=params), item("host.load")])
    code = (
        "import sys\nfrom agent import cli, daemon\nold = daemon.Agent.run\n"
        "def run(self):\n    old(self)\n    print('\\n'.join(sys.modules))\n"
        "daemon.Agent.run = run\ncli.main(['run', '--state', sys.argv[1]])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(state.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    until(lambda: any(line["check"] == "network.ssh" for line in collector.results()), 180)
    process.send_signal(signal.SIGTERM)
    loaded = process.communicate(timeout=60)[0].split()
    assert "agent.heavy" in loaded
    banned = {"paramiko", "pysnmp", "requests", "asyncio", "cryptography", "subprocess", "yaml"}
    assert banned & set(loaded) == set()
