"""The server killed at every write point: whatever was acknowledged is in the log exactly once."""

import http.client
import json
import shutil
from collections import Counter

import pytest

from checks.wire import frame as frames
from collector.context import open_context
from collector.jobs.batches import read_batches
from collector.jobs.fsck import Fsck

BATCHES = 300


def send_until_it_dies(server, requests):
    """Frames acknowledged before the server was gone."""
    good = []
    for group in requests:
        try:
            code, acks = server.send(*group)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return good
        assert code == 200
        assert {ack["status"] for ack in acks} <= {"ok", "known"}
        good += [frames.decode(piece).header for piece in group]
    return good


@pytest.fixture
def prepared(directory, enrol):
    """Two agents and what they will send: enough for full tiles."""
    with open_context(directory) as context:
        agents = [enrol(context, "web-01"), enrol(context, "web-02")]
    requests = []
    for _ in range(BATCHES // 60):
        for agent in agents:
            requests.append([agent.batch(count=2) for _ in range(30)])
    return directory, requests


@pytest.mark.parametrize("nth", [1, 2, 3, 4, 6, 9, 14, 22, 33])
def test_a_kill_at_the_nth_write_point_loses_no_acknowledged_batch(prepared, spawn, nth):
    directory, requests = prepared
    acknowledged = []
    try:
        server = spawn("--plain-http", env={"ROUNDSEAL_CRASH_AFTER": str(nth)})
    except RuntimeError as died:  # at a point of the start-up
        if "exit -9" not in str(died):
            raise
    else:
        acknowledged = send_until_it_dies(server, requests)
        assert server.process.wait(60) == -9  # the last points may be those of the checkpoint timer
    with open_context(directory) as context:
        assert Fsck(context, full=True).run().problems == []
        with context.read() as conn:
            logged = Counter((b.agent, b.seq) for b in read_batches(conn, 0, 10_000))
    assert set(logged.values()) <= {1}
    sent = {frames.headers.parse(raw).agent + str(frames.headers.parse(raw).seq) for raw in acknowledged}
    assert sent <= {agent + str(seq) for agent, seq in logged}
    # And everything sent again is taken or known: nothing is in between.
    again = spawn("--plain-http")
    assert len(send_until_it_dies(again, requests)) == BATCHES
    assert again.stop() == 0
    with open_context(directory) as context:
        report = Fsck(context, full=True).run()
        assert (report.batches, report.problems) == (BATCHES, [])


def test_a_kill_while_packing_leaves_a_group_packed_or_as_it_was(prepared, spawn, tmp_path):
    import os
    import subprocess
    import sys

    directory, requests = prepared
    server = spawn("--plain-http")
    send_until_it_dies(server, requests)
    server.stop()
    program = (
        "import sys; from pathlib import Path; from collector.context import open_context\n"
        "from collector.jobs.packing import pack_group\n"
        "with open_context(Path(sys.argv[1])) as c: pack_group(c, 0)"
    )
    for nth in ("1", "2", "3"):
        copy = shutil.copytree(directory, tmp_path / nth)
        environment = {**os.environ, "ROUNDSEAL_CRASH_AFTER": nth}
        done = subprocess.run(
            [sys.executable, "-c", program, str(copy)], env=environment, capture_output=True
        )
        assert done.returncode == (-9 if nth != "3" else 0)
        with open_context(copy) as context:
            assert Fsck(context, full=True).run().problems == []


def test_a_signed_head_that_was_not_published_is_published_and_not_signed_anew(prepared, spawn, eventually):
    directory, requests = prepared
    server = spawn("--plain-http")
    send_until_it_dies(server, requests[:1])
    server.stop()
    before = (directory / "published").read_bytes()
    with open_context(directory) as context:
        # As after a crash between signing and committing: the file is there, the row is not.
        import sqlite3

        from collector.jobs.checkpoints import Publisher

        size = Publisher(context).current.size
        with sqlite3.connect(directory / "collector.db") as raw:
            raw.execute("DROP TRIGGER checkpoint_no_delete")
            raw.execute("DELETE FROM checkpoint WHERE size = ?", (size,))
        raw.close()
        publisher = Publisher(context)
        assert publisher.frozen == ""
        context.writer.sequencer.forget()
        assert publisher.publish().note.encode() == before
