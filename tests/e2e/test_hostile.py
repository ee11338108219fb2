"""Hostile batches against a live server: the documented answer, the process alive, its memory flat."""

import pytest
from parts import loaded

from collector.jobs import lifecycle


@pytest.fixture
def hostile():
    return loaded("e2e/hostile.py")


@pytest.fixture
def served(site, hostile):
    """A live server, an approved agent, a connection."""
    site.serve()
    with site.context() as context:
        agent = hostile.enrolled(context, "web-01")
    line = hostile.Line(site.port)
    yield site, agent, line
    line.close()


def test_each_hostile_request_gets_its_documented_answer_and_nothing_is_logged(served, hostile):
    site, agent, line = served
    assert line.post(agent.batch())[1]["status"] == "ok"
    before, wrong = site.size(), []
    for case in hostile.CASES:
        code, ack = line.post(case.make(agent))
        ack = ack[0] if isinstance(ack, list) else ack
        if (code, ack["status"]) != (case.http, case.word):
            wrong.append(f"{case}: {code} {ack}")
    assert not wrong, "\n".join(wrong)
    assert site.size() == before
    assert line.post(agent.batch())[1]["status"] == "ok"
    assert site.server.alive


def test_replayed_doubled_and_reordered_batches_are_logged_once_in_their_order(served):
    site, agent, line = served
    sent = [agent.batch() for _ in range(5)]
    assert line.post(b"".join(reversed(sent)))[0] == 200
    for _ in range(3):
        line.post(b"".join(sent))
        line.post(b"".join(one for one in sent for _ in range(2)))
    logged = site.logged()
    assert sorted(logged) == [0, 1, 2, 3, 4]
    assert all(len(found) == 1 for found in logged.values())
    indices = [logged[seq][0][0] for seq in sorted(logged)]
    assert indices == sorted(indices)


def test_what_a_revoked_agent_sends_again_and_again_stays_out(served):
    site, agent, line = served
    old = agent.batch()
    assert line.post(old)[1]["status"] == "ok"
    with site.context() as context:
        lifecycle.revoke(context, agent.name, reason="stolen", by="test")
    before = site.size()
    for request in (old, agent.batch(), agent.batch()):
        assert line.post(request)[0] == 403
    assert site.size() == before


def test_a_storm_of_mutations_leaves_the_server_alive_and_its_memory_flat(served, hostile, e2e):
    site, agent, line = served
    good = hostile.base(agent)
    hostile.storm(line, good, 300, seed=1)  # warm: thread stacks, caches, compressors
    for case in hostile.CASES:
        line.post(case.make(agent))
    before, size = site.server.rss_kb(), site.size()
    found = hostile.storm(line, good, 2500, seed=2)
    for _ in range(3):
        for case in hostile.CASES:
            line.post(case.make(agent))
    grown = site.server.rss_kb() - before
    assert grown < 16 * 1024, f"{grown} kB more than before"
    assert {"bad_frame", "bad_signature", "bad_root", "bad_encoding"} <= set(found)
    # A flip in what is not signed (gzip's own header) may well be taken: then it is the true batch.
    assert site.size() - size <= 1
    assert all([one.header for _, one in held] == [good.raw] for held in site.logged().values())
    assert site.server.alive and site.get("/healthz")[0] == 200
    e2e.check_log(site)
