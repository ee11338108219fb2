"""Two collectors on one PostgreSQL: each message is logged once, though the sender dies in the middle."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
import yaml
from parts import loaded

from collector.crash_points import ENVIRONMENT
from collector.jobs import derive, messages

intake = loaded("intake/conftest.py")
postgres = intake.postgres  # a real server of our own
PEOPLE = 6
SERVER = """\
import sys, time
from pathlib import Path
from collector.context import open_context
from collector.jobs.messages import Messages
place, leap, at, began = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), time.time_ns()
def clock():
    return at + (time.time_ns() - began) // 1_000_000 + int(leap.read_text())
with open_context(place, clock) as context:
    context.writer.start()
    job = Messages(context, tick_s=0.05)
    job.start()
    print(context.writer.held, flush=True)
    sys.stdin.read()
    job.stop()
"""


@pytest.fixture
def told_on_postgres(postgres, tmp_path, told_class):
    import psycopg

    name = f"t{os.urandom(5).hex()}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    begin = told_class.sites.at("2026-07-01T08:00")
    with told_class.sites.opened(tmp_path / "one", begin, f"{postgres}/{name}") as site:
        yield told_class(site)


def started(place, leap, at, crash="0"):
    argv = [sys.executable, "-c", SERVER, str(place), str(leap), str(at)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(argv, env={**os.environ, ENVIRONMENT: crash}, **pipes)
    return process, process.stdout.readline().strip()


def waited(condition, seconds=180):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


@pytest.mark.postgres
def test_each_message_is_logged_once_though_the_sender_is_killed_in_the_middle(
    told_on_postgres, hook, tmp_path
):
    told, other, leap = told_on_postgres, tmp_path / "two", tmp_path / "leap"
    shutil.copytree(told.context.directory, other)
    settings = yaml.safe_load((other / "collector.yaml").read_text())
    (other / "collector.yaml").write_text(yaml.safe_dump(settings | {"id": "ab" * 8}))
    leap.write_text("0")
    told.apply(*(f"{{when: fault, to: '{hook.url}{n}'}}" for n in range(PEOPLE)))
    told.probe(4, down=range(4))
    derive.catch_up(told.context)
    at = told.world.at
    one, holds = started(told.context.directory, leap, at, "message-sent:3")
    two, waits = started(other, leap, at)
    try:
        assert (holds, waits) == ("True", "False")
        waited(lambda: one.poll() is not None)
        assert one.returncode == -signal.SIGKILL
        leap.write_text("60000")  # the lease of the dead one has run out, and every wait after a try
        waited(lambda: len(told.logged()) == PEOPLE)
        two.communicate("", timeout=120)
    finally:
        for process in (one, two):
            process.kill()
            process.communicate()
    logged = Counter((one.to, item.id, item.stage) for one in told.logged() for item in one.items)
    assert len(logged) == PEOPLE and set(logged.values()) == {1}
    assert {one.state for one in told.outbox()} == {"accepted"}
    sent = Counter(path for path, _, _ in hook.got)
    # What had been handed over when it died went out again: at least once, never lost.
    again = sum(sent.values()) - PEOPLE
    assert len(sent) == PEOPLE and set(sent.values()) <= {1, 2} and 1 <= again <= messages.MOST_AT_ONCE
    told.world.at = at + 120_000
    assert messages.prepare(told.context) == 0 and messages.outgoing(told.context, told.world.at) == []


@pytest.mark.postgres
def test_one_that_does_not_hold_the_lease_sends_nothing(told_on_postgres, hook, tmp_path):
    told, leap = told_on_postgres, tmp_path / "leap"
    leap.write_text("0")
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(4, down=range(4))
    told.context.writer.start()
    try:
        job = messages.Messages(told.context)
        told.context.writer.held = False
        job._turn()
        assert told.outbox() == [] and hook.got == []
        told.context.writer.held = True
        job._turn()
        for thread in list(job._busy.values()):
            thread.join()
    finally:
        told.context.writer.stop()
    assert [one.accepted for one in told.logged()] == [True]
