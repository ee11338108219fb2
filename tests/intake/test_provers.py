"""Batches proven in another process: same answers, and one that dies takes nothing with it."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checks.wire import frame as frames
from collector.jobs import provers
from collector.jobs.batches import read_batches


def children() -> set[int]:
    """Prover processes of this one."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            if b"collector.prover" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(int(pid))
    return found


def test_a_killed_prover_answers_try_again_and_is_replaced(serve, context, enrol, eventually):
    server, agent = serve(provers=1), enrol(context, "web-01")
    assert server.send(agent.batch())[1]["status"] == "ok"
    (first,) = children()
    os.kill(first, signal.SIGKILL)
    waiting = agent.batch()

    def taken():
        code, ack = server.send(waiting)
        assert (code, ack["status"]) in {(200, "ok"), (503, "overload")}
        assert code == 200 or (ack["seq"] == 1 and ack["retry_after"] > 0)
        return code == 200

    eventually(taken, 30)
    assert children() != {first} and len(children()) == 1
    assert server.send(agent.batch())[1]["status"] == "ok"


def test_one_bad_frame_among_good_ones_is_the_only_one_refused(serve, context, enrol):
    server, agent, other = serve(provers=2), enrol(context, "web-01"), enrol(context, "web-02")
    good, bad = agent.batch(count=200), bytearray(other.batch())
    bad[-1] ^= 1
    code, acks = server.send(good, bytes(bad), agent.batch())
    assert code == 200
    assert [ack["status"] for ack in acks] == ["ok", "bad_encoding", "ok"]
    assert acks[1]["agent"] == "web-02" and acks[1]["detail"]


def test_a_large_batch_passes_whole(serve, context, enrol):
    server, agent = serve(provers=1), enrol(context, "web-01")
    assert server.send(*[agent.batch(count=1000) for _ in range(8)])[0] == 200
    with context.read() as conn:
        assert [len(one.rows) for one in read_batches(conn, 0, 100)] == [1000] * 8


def test_provers_end_with_the_server(directory, spawn, eventually):
    server = spawn("--plain-http", "--provers", "2")
    pids = {
        int(pid)
        for task in Path(f"/proc/{server.process.pid}/task").iterdir()
        for pid in (task / "children").read_text().split()
    }
    assert len(pids) == 2
    server.stop(signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids), 30)


def test_what_a_prover_says_is_what_the_thread_says(context, enrol):
    agent = enrol(context, "web-01")
    pieces = [agent.batch(), agent.batch(count=1), agent.batch()[:-4] + b"abcd"]
    one = provers.Provers(1)
    try:
        rows, single, refused = one.prove([(agent.signer.public, piece) for piece in pieces])
    finally:
        one.stop()
    assert [row.target for row in rows] == ["probe-0", "probe-1", "probe-2"] and len(single) == 1
    assert rows[0].t0 + 2 == rows[0].t1 and rows[0].state == "ok" and rows[0].round is None
    assert refused[0] == "bad_encoding"
    assert frames.decode(pieces[0]).enc == 1


def test_callers_that_gather_each_get_their_own_answers(context, enrol):
    agent = enrol(context, "web-01")
    asks = [[agent.batch(count=1 + i % 7)] * (1 + i % 3) + [b"bad"] * (i % 2) for i in range(60)]
    one = provers.Provers(1)
    with ThreadPoolExecutor(20) as threads:
        try:
            found = list(threads.map(lambda ask: one.prove([(agent.signer.public, p) for p in ask]), asks))
        finally:
            one.stop()
    for i, rows in enumerate(found):
        shown = [row if isinstance(row, tuple) else len(row) for row in rows]
        assert shown[: 1 + i % 3] == [1 + i % 7] * (1 + i % 3)
        assert [refused[0] for refused in shown[1 + i % 3 :]] == ["bad_frame"] * (i % 2)


def test_all_who_wait_for_a_process_that_dies_are_told(context, enrol, eventually):
    agent = enrol(context, "web-01")
    ask, one = [(agent.signer.public, agent.batch())], provers.Provers(1)

    def proven():
        try:
            return len(one.prove(ask)) == 1
        except provers.ProverGone:
            return False

    eventually(lambda: proven() and len(children()) == 1, 30)
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(12) as threads:
        try:
            waiting = [threads.submit(proven) for _ in range(12)]
            os.kill(pid, signal.SIGKILL)
            assert not all([each.result(60) for each in waiting])
            eventually(proven, 30)
            assert all([each.result(60) for each in [threads.submit(proven) for _ in range(12)]])
        finally:
            one.stop()


def test_a_prover_that_hangs_is_replaced_and_its_batches_are_answered(
    serve, context, enrol, eventually, monkeypatch
):
    monkeypatch.setattr(provers, "PATIENCE_S", 1.5)
    server, agent = serve(provers=1), enrol(context, "web-01")
    assert server.send(agent.batch())[1]["status"] == "ok"
    (hung,) = children()
    os.kill(hung, signal.SIGSTOP)
    waiting = [agent.batch() for _ in range(3)]
    code, acks = server.send(*waiting)
    assert code == 503
    assert [(ack["status"], ack["seq"]) for ack in acks] == [("overload", seq) for seq in (1, 2, 3)]
    assert all(ack["retry_after"] > 0 for ack in acks)
    eventually(lambda: server.send(*waiting)[0] == 200, 30)
    assert children() != {hung} and not Path(f"/proc/{hung}").exists()
    with context.read() as conn:
        assert [one.seq for one in read_batches(conn, 0, 100)] == [0, 1, 2, 3]


def test_an_answer_that_comes_too_late_is_nobodys(context, enrol, eventually, monkeypatch):
    monkeypatch.setattr(provers, "START_AGAIN_S", 3600.0)  # what hung stays, and wakes up
    agent, one = enrol(context, "web-01"), provers.Provers(1)
    try:
        eventually(lambda: _counts(one, agent, 5) == [5], 30)
        (pid,) = children()
        os.kill(pid, signal.SIGSTOP)
        _have_patience(monkeypatch, one, 0.2)
        assert _counts(one, agent, 2) == "gone"
        _have_patience(monkeypatch, one, 30)
        os.kill(pid, signal.SIGCONT)
        for count in (1000, 1001, 1002, 1003):  # so much that the old answer would be there before theirs
            assert _counts(one, agent, count) in ([count], "gone")
        monkeypatch.setattr(provers, "START_AGAIN_S", 0.0)
        eventually(lambda: _counts(one, agent, 8) == [8], 30)
    finally:
        one.stop()


def _have_patience(monkeypatch, one, seconds):
    monkeypatch.setattr(provers, "PATIENCE_S", seconds)
    for sock in one._processes[0].now[1]:
        if sock.fileno() >= 0:
            provers._patient(sock)


def _counts(one, agent, count):
    try:
        return [len(rows) for rows in one.prove([(agent.signer.public, agent.batch(count=count))])]
    except provers.ProverGone:
        return "gone"


def test_who_waits_when_the_server_ends_is_told_and_nothing_starts_again(
    context, enrol, eventually, monkeypatch
):
    monkeypatch.setattr(provers, "START_AGAIN_S", 0.0)
    agent, one = enrol(context, "web-01"), provers.Provers(2)
    eventually(lambda: _counts(one, agent, 5) == [5], 30)
    for pid in children():
        os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(12) as threads:
        waiting = [threads.submit(_counts, one, agent, 2) for _ in range(12)]
        eventually(lambda: one._waiting, 30)
        one.stop()
        assert [each.result(60) for each in waiting] == ["gone"] * 12
    assert children() == set()
    assert _counts(one, agent, 2) == "gone" and children() == set()


def test_the_default_leaves_one_core_to_the_server():
    assert 0 <= provers.default_count() <= 2


@pytest.mark.parametrize("count", ["-1", "x", "65"])
def test_a_count_that_cannot_be_is_refused(directory, count):
    from click.testing import CliRunner

    from collector.cli import main

    done = CliRunner().invoke(main, ["serve", str(directory), "--provers", count])
    assert done.exit_code == 2 and "--provers" in done.output
