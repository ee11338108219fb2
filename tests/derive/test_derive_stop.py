"""A server with very much to derive ends at once when told to, and a broken database is not hammered."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from collector.jobs import derive
from collector.jobs.derive import Derive, catch_up
from collector.store import late, runs, series

ENDLESS = 2**62  # ms, past any run
MINUTE = 60_000


def serving(directory: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", "from collector.cli import main; main()"]
    process = subprocess.Popen(
        [*command, "serve", str(directory), "--plain-http"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert "listening" in process.stdout.readline()
    return process


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.communicate()


@pytest.mark.parametrize("wait_s", [0.0, 1.5])
def test_sigterm_ends_a_server_with_a_huge_late_backlog_within_seconds(world, sight, wait_s):
    agent = world.agent("a")
    world.at += 600 * MINUTE
    t = world.at - 500 * MINUTE
    targets = [f"p{k}" for k in range(40)]
    for i in range(120):
        agent.send(*[sight(p, t + i * MINUTE) for p in targets])
    for i in range(120):  # every one of them is late
        agent.send(*[sight(p, t + i * MINUTE + 1, "crit" if i % 2 else "ok") for p in targets])
    world.context.close()
    process = serving(world.directory)
    time.sleep(wait_s)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    try:
        process.wait(60)
    finally:
        end(process)
    assert process.returncode == 0 and time.monotonic() - began < 45
    world.open()
    catch_up(world.context)
    with world.context.read() as conn:
        assert late.count(conn) == 0
        n = [
            sum(run.n for run in runs.around(conn, [one.id], 0, ENDLESS)[one.id])
            for one in series.every(conn)
        ]
    assert n == [240] * 40


def test_stopping_in_the_middle_of_late_work_keeps_it_for_the_next_time(world, sight, monkeypatch):
    monkeypatch.setattr("collector.jobs.derive_late.SLICE", 1)
    agent = world.agent("a")
    world.at += 600 * MINUTE
    t = world.at - 500 * MINUTE
    for i in range(60):
        agent.send(sight("p", t + i * MINUTE))
    agent.send(sight("p", t + 1))
    job = Derive(world.context)
    job.start()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with world.context.read() as conn:
            if late.count(conn):
                break
        time.sleep(0.01)
    began = time.monotonic()
    job.stop()
    assert time.monotonic() - began < 30
    catch_up(world.context)
    with world.context.read() as conn:
        assert late.count(conn) == 0
        assert [run.n for run in runs.around(conn, [1], 0, ENDLESS)[1]] == [61]


def test_a_database_that_fails_is_asked_ever_more_rarely_and_said_so(world, sight, monkeypatch, caplog):
    monkeypatch.setattr(derive, "IDLE_S", 0.05)
    asked = []

    def broken(self, upto=None):
        asked.append(time.monotonic())
        raise OperationalError("select", None, Exception("disk I/O error"))

    monkeypatch.setattr(derive.Deriver, "read_on", broken)
    job = Derive(world.context)
    with caplog.at_level(logging.ERROR):
        job.start()
        end = time.monotonic() + 60
        while len(asked) < 5 and time.monotonic() < end:
            time.sleep(0.02)
        began = time.monotonic()
        job.stop()
    assert time.monotonic() - began < 30
    waits = [b - a for a, b in pairwise(asked)]
    assert len(waits) >= 4 and all(wait >= 0.04 * 2**i for i, wait in enumerate(waits[:4])), waits
    assert 1 <= len(caplog.records) <= len(asked)


def test_a_server_whose_directory_vanished_does_not_spin_and_ends(world, sight):
    world.agent("a").send(sight("p", world.at))
    world.context.close()
    process = serving(world.directory)
    try:
        while world.directory.exists():  # the server may be replacing a file in it
            shutil.rmtree(world.directory, ignore_errors=True)
        spent = []
        while not spent or (spent[-1] >= 1.0 and len(spent) < 20):  # it may have been at work still
            before = cpu_seconds(process.pid)
            time.sleep(3)
            spent.append(cpu_seconds(process.pid) - before)
        assert spent[-1] < 1.0, spent
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        end(process)
    world.directory.mkdir(exist_ok=True)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
