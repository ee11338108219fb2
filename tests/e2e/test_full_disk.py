"""The collector's disk is full (a real file system): a typed answer, nothing acknowledged, nothing lost."""

import os
import time

import pytest
from parts import loaded

from checks.wire import frame as frames


@pytest.fixture
def hostile():
    return loaded("e2e/hostile.py")


def test_a_full_disk_answers_disk_full_and_takes_everything_once_there_is_room(
    small_site, small_disk, hostile, e2e
):
    site = small_site
    site.serve()
    with site.context() as context:
        agent = hostile.enrolled(context, "web-01")
    line = hostile.Line(site.port)
    try:
        assert line.post(agent.batch())[1]["status"] == "ok"
        e2e.fill(
            small_disk
        )  # within the second in which the room is not looked at again: SQLite itself meets it
        waiting = [agent.batch() for _ in range(20)]
        seen = set()
        end = time.monotonic() + 60
        while 60 not in seen and time.monotonic() < end:
            code, ack = line.post(waiting[0])
            assert (code, ack["status"]) == (503, "disk_full"), ack
            assert ack["retry_after"] > 0
            seen.add(ack["retry_after"])
            time.sleep(0.1)
        assert 60 in seen
        assert site.get("/readyz")[0] == 503 and site.get("/healthz")[0] == 200
        assert len(site.logged()) == 1
        (small_disk / "fill").unlink()
        e2e.until(lambda: line.post(waiting[0])[1]["status"] in ("ok", "known"), what="room")
        code, acks = line.post(b"".join(waiting))
        assert code == 200 and {ack["status"] for ack in acks} == {"ok", "known"}
        assert site.get("/readyz")[0] == 200
    finally:
        line.close()
    logged = site.logged()
    assert sorted(logged) == list(range(21))
    sent = [frames.decode(one).header for one in waiting]
    assert [logged[seq][0][1].header for seq in range(1, 21)] == sent
    e2e.until(lambda: site.rows("SELECT max(size) FROM checkpoint")[0][0] == site.size(), what="a head")
    assert site.server.stop() == 0
    e2e.check_log(site)
    e2e.check_chain(site)
    site.fsck()
    assert os.stat(small_disk).st_dev != os.stat(site.place).st_dev
