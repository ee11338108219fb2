"""The deriver in the server: it never makes the intake wait, and loses nothing when it cannot keep up."""

import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import select

from collector.crash_points import ENVIRONMENT
from collector.jobs import derive
from collector.jobs.derive import DERIVED, Derive, catch_up, rebuild
from collector.store import runs, series

ENDLESS = 2**62  # ms, past any run


def until(condition, seconds=180.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def count(context) -> int:
    with context.read() as conn:
        return sum(
            row.n for one in series.every(conn) for row in runs.around(conn, [one.id], 0, ENDLESS)[one.id]
        )


def dump(context):
    with context.read() as conn:
        return [
            [tuple(row) for row in conn.execute(select(t).order_by(*t.primary_key.columns))] for t in DERIVED
        ]


@pytest.fixture
def job(world):
    made = Derive(world.context)
    made.start()
    yield made
    made.stop()


def test_batches_that_are_handed_over_show_up_in_the_tables(world, sight, job):
    agent = world.agent("a")
    for i in range(20):
        job.feed([agent.send(sight("p", world.at + i))])
    until(lambda: count(world.context) == 20)


def test_what_was_placed_without_a_word_is_found_in_the_log(world, sight, job):
    agent = world.agent("a")
    agent.send(sight("p", world.at))
    job.feed([agent.send(sight("p", world.at + 1))])
    agent.send(sight("p", world.at + 2))
    until(lambda: count(world.context) == 3)


def test_more_than_fits_is_dropped_and_read_from_the_log(world, sight, job, monkeypatch):
    monkeypatch.setattr(derive, "MOST_WAITING", 2)
    agent = world.agent("a")
    job.feed([agent.send(sight("p", world.at + i)) for i in range(30)])
    until(lambda: count(world.context) == 30)


def test_feed_returns_at_once_while_a_flush_is_held_up(world, sight, job):
    agent = world.agent("a")
    batches = [agent.send(sight("p", world.at + i)) for i in range(50)]
    held, go = threading.Event(), threading.Event()

    def hold():
        with world.context.write():
            held.set()
            go.wait(120)

    blocker = threading.Thread(target=hold)
    blocker.start()
    assert held.wait(60)
    began = time.monotonic()
    for batch in batches:
        job.feed([batch])
    took = time.monotonic() - began
    go.set()
    blocker.join()
    assert took < 60  # it would have waited for the two minutes that nobody let go
    until(lambda: count(world.context) == 50)


def test_stopping_keeps_what_was_taken(world, sight):
    job = Derive(world.context)
    job.start()
    agent = world.agent("a")
    job.feed([agent.send(sight("p", world.at + i)) for i in range(5)])
    job.stop()
    assert count(world.context) == 5


CRASH = """
import sys
from pathlib import Path
from collector.context import open_context
from collector.jobs.derive import catch_up
with open_context(Path(sys.argv[1])) as context:
    catch_up(context)
"""


@pytest.mark.parametrize("point", [1, 2])
def test_a_crash_in_or_right_after_a_flush_changes_nothing_in_the_end(world, sight, point):
    agent = world.agent("a")
    for i in range(10):
        agent.send(sight("p", world.at - 60_000 + i * 1000, "crit" if i == 4 else "ok"))
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(world.directory)],
        env={ENVIRONMENT: str(point), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9 and b"crash point derive" in done.stderr, done.stderr
    assert count(world.context) == (0 if point == 1 else 10)
    catch_up(world.context)
    before = dump(world.context)
    rebuild(world.context)
    assert dump(world.context) == before and count(world.context) == 10
