"""A real agent process where things are not as they should be: clock, disk, machine, signals, memory."""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from agent.state import State
from checks import registry

FORBIDDEN = (
    "psutil",
    "subprocess",
    "locale",
    "ctypes",
    "agent.sources.host_commands",
    "agent.drills.errors",
    "requests",
    "paramiko",
    "pysnmp",
    "asyncio",
    "cryptography",
    "dns",
    "icmplib",
    "yaml",
    "nacl.public",
    "argparse",
    "email",
    "http.client",
    "lzma",
    "shutil",
    "inspect",
    "ast",
    "dis",
    "tokenize",
    "traceback",
    "ipaddress",
    "random",
    "selectors",
)


def test_a_resident_agent_never_loads_what_only_some_checks_need(collector, state, start_agent, until, item):
    owed = {
        k: v for k, v in item("host.uptime").items() if k in ("check", "version", "target", "asset", "params")
    }
    now = time.time_ns() // 1_000_000
    window = {"id": "hand/1", "from_ms": now - 1000, "to_ms": now + 16_000, "until_ms": now + 90_000}
    # Every check of the host itself; psutil reads sensors, where the kernel shows any.
    checks = [name for name in registry.ids() if name.startswith("host.") and name != "host.sensors"]
    collector.serve_plan(
        items=[item(check, every_ms=5000, deadline_ms=4500) for check in checks],
        rounds=[
            {
                "id": "hand",
                "items": [{**owed, "deadline_ms": 60_000}],
                "every": "",
                "on": "",
                "window": "",
                "windows": [window],
            }
        ],
    )
    code = (
        "import sys, threading\nfrom agent import cli, daemon\n"
        "import agent.daemon\nold = daemon.Agent.run\n"
        "def run(self):\n    old(self)\n"
        "    print(*(n for n, m in sys.modules.items() if type(m).__name__ != 'Later'))\n"
        "daemon.Agent.run = run\ncli.main(['run', '--state', sys.argv[1]])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(state.root)],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    # A round spreads over a quarter of its window.
    until(lambda: any(line.get("round") for line in collector.results()), 90)
    until(lambda: {line["check"] for line in collector.results()} >= set(checks), 90)
    process.send_signal(signal.SIGTERM)
    loaded = process.communicate(timeout=60)[0].split()
    assert "agent.sender" in loaded
    assert [name for name in FORBIDDEN if name in loaded] == []


def test_two_agents_on_one_state_directory_the_second_gives_up(collector, state, start_agent, until, item):
    collector.serve_plan(items=[item()])
    first = start_agent(state)
    until(lambda: collector.results())
    second = start_agent(state)
    assert second.wait(60) == 2
    assert "another agent is running" in second.stderr.read()
    assert first.poll() is None


def test_a_state_directory_from_another_machine_is_refused(state, start_agent):
    identity = state.identity()
    if not identity.machine.machine_id:
        pytest.skip("NOT TESTED: this machine has no machine id")
    state.write_identity(replace(identity, machine=replace(identity.machine, machine_id="00" * 32)))
    process = start_agent(state)
    assert process.wait(60) == 2
    assert "enrolled on another machine" in process.stderr.read()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_or_secrets_that_others_can_read_are_refused(state, start_agent, mode):
    state.path("secrets.yaml").write_text("snmp-ro: public\n")
    for name in ("secrets.yaml", "agent.key"):
        state.path("secrets.yaml").chmod(0o600)
        state.path(name).chmod(mode)
        process = start_agent(state)
        assert process.wait(60) == 2
        assert f"{name} has mode 0{mode:o}" in process.stderr.read()


def test_a_plan_with_an_unknown_check_is_looked_at_as_unsupported_and_status_says_so(
    collector, state, start_agent, until, item
):
    collector.serve_plan(items=[item("host.crystal_ball"), item()])
    process = start_agent(state)
    until(lambda: {line["check"] for line in collector.results()} == {"host.crystal_ball", "host.load"})
    found = subprocess.run(
        [sys.executable, "-m", "agent.cli", "status", "--json", "--state", str(state.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    value = json.loads(found.stdout)
    assert found.returncode == 1
    assert value["plan"]["unsupported"] == ["host.crystal_ball"]
    assert value["running"] is True
    start_agent.end(process)
    errors = [line["error"] for line in collector.results() if line["check"] == "host.crystal_ball"]
    assert errors[0] == {"kind": "unsupported"}


def test_a_new_plan_is_taken_as_soon_as_an_answer_names_it(collector, state, start_agent, until, item):
    first = collector.serve_plan(items=[item()])
    process = start_agent(state)
    until(lambda: collector.results())
    second = collector.serve_plan(items=[item("host.memory")])
    until(lambda: any(line["check"] == "host.memory" for line in collector.results()))
    start_agent.end(process)
    for head, lines in collector.batches:
        checks = {json.loads(line)["check"] for line in lines}
        assert (head.plan, checks) in ((first, {"host.load"}), (second, {"host.memory"}))


def test_a_stopped_agent_sends_what_it_has_and_the_next_start_goes_on(
    collector, state, start_agent, until, item
):
    collector.serve_plan(items=[item(target=f"t{n}") for n in range(5)], flush_ms=3_600_000)
    process = start_agent(state)
    until(lambda: collector.results())  # the first results: a change of state
    count = len(collector.results())
    time.sleep(2.5)
    assert len(collector.results()) == count  # nothing changes: nothing is flushed for an hour
    begun = time.monotonic()
    start_agent.end(process)
    assert process.returncode == 0
    assert time.monotonic() - begun < 55  # not the hour
    assert len(collector.results()) >= count + 8


def test_systemd_is_told_when_the_agent_is_ready_and_that_it_turns(
    collector, state, start_agent, until, item, tmp_path
):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        sock.settimeout(60)
        collector.serve_plan(items=[item()])
        process = start_agent(state, NOTIFY_SOCKET=str(path), WATCHDOG_USEC="2000000")
        said = []
        while not ("READY=1" in said and said.count("WATCHDOG=1") >= 2):
            said += sock.recv(4096).decode().split("\n")
        start_agent.end(process)
        while "STOPPING=1" not in said:
            said += sock.recv(4096).decode().split("\n")
    assert any(line.startswith("STATUS=") for line in said)


@pytest.mark.parametrize("step", [3600, -3600])
def test_a_wall_clock_set_by_an_hour_neither_stops_the_agent_nor_brings_a_burst(
    collector, state, start_agent, until, item, tmp_path, step, libfaketime
):
    rate = tmp_path / "faketimerc"
    rate.write_text("+0\n")
    collector.serve_plan(items=[item(target=f"t{n}", every_ms=2000) for n in range(6)], flush_ms=1000)
    process = start_agent(
        state,
        LD_PRELOAD=libfaketime,
        FAKETIME_TIMESTAMP_FILE=str(rate),
        FAKETIME_NO_CACHE="1",
        DONT_FAKE_MONOTONIC="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    until(lambda: len(collector.results()) >= 12)
    before = len(collector.results())
    rate.write_text(f"{step:+d}\n")
    until(lambda: len(collector.results()) >= before + 18, 180)
    errors = start_agent.end(process)
    assert "the wall clock was set by" in errors
    results = collector.results()
    # No burst: three looks a second, on a clock that nobody sets and however late they are sent. Not counted
    # are those of the first batch: a slow machine takes the looks of several slots while it still starts.
    spent = (collector.headers()[-1].clock.mono - collector.headers()[0].clock.mono) / 1000
    later = len(results) - len(collector.batches[0][1])
    assert later <= 3 * (spent + 4) + 12, (later, spent)
    # No batch mixes results from both sides, and the headers' two clocks show the step.
    steps = []
    for (one, _), (two, lines) in itertools.pairwise(collector.batches):
        steps.append((two.clock.wall - one.clock.wall) - (two.clock.mono - one.clock.mono))
        starts = [json.loads(line)["t0"] for line in lines]
        assert max(starts) - min(starts) < 60_000
    assert [round(s / 1000) for s in steps if abs(s) > 2000] == [step]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 12 MiB; needs root."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("NOT TESTED: no permission to mount a small file system for the full-disk test")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_an_agent_on_a_full_disk_goes_on_and_recovers_by_itself(
    collector, small_disk, start_agent, until, item, tmp_path
):
    from agent import enrol

    state = State(small_disk / "state")
    enrol.start(state, collector.url, collector.token(), force=False)
    collector.serve_plan(items=[item(target=f"t{n}", every_ms=3000) for n in range(4)])
    process = start_agent(state)
    until(lambda: len(collector.results()) >= 4)
    with (small_disk / "fill").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    time.sleep(9)  # three slots
    assert process.poll() is None
    stood = len(collector.headers())
    (small_disk / "fill").unlink()
    until(lambda: len(collector.headers()) > stood + 2)
    errors = start_agent.end(process)
    assert process.returncode == 0
    assert "outbox" in errors and "written again" in errors
    slots = {line["slot"] for line in collector.results() if line["target"] == "t0"}
    gaps = sorted(slots)
    # Results waited in memory: these slots are not missing; one may be, where the machine stood still.
    assert [b - a for a, b in itertools.pairwise(gaps) if b - a > 6000] == []
    assert [h.seq for h in collector.headers()] == list(range(len(collector.headers())))
