"""The collector's disk is full (a real file system): a typed answer, nothing acknowledged, nothing lost."""

import contextlib
import os
import subprocess
import time

import pytest

from checks.wire import frame as frames


@pytest.fixture
def hostile(load_beside):
    return load_beside("hostile")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 96 MiB; needs root."""
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(place)]
    made = subprocess.run(words, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("NOT TESTED: no permission to mount a small file system for the full-disk test")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.fixture
def small_site(e2e, tmp_path, small_disk):
    made = e2e.Site(tmp_path, small_disk / "collector").init()
    yield made
    made.close()


def fill(place):
    with (place / "fill").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 20)):
            pass
        while file.write(bytes(512)):
            pass


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
        fill(small_disk)  # within the second in which the room is not looked at again: SQLite itself meets it
        waiting = [agent.batch() for _ in range(20)]
        seen = set()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            code, ack = line.post(waiting[0])
            assert (code, ack["status"]) == (503, "disk_full"), ack
            assert ack["retry_after"] > 0
            seen.add(ack["retry_after"])
            time.sleep(0.1)
        assert 60 in seen
        assert site.get("/readyz")[0] == 503 and site.get("/healthz")[0] == 200
        assert len(site.logged()) == 1
        (small_disk / "fill").unlink()
        e2e.until(lambda: line.post(waiting[0])[1]["status"] in ("ok", "known"), 10, what="room")
        code, acks = line.post(b"".join(waiting))
        assert code == 200 and {ack["status"] for ack in acks} == {"ok", "known"}
        assert site.get("/readyz")[0] == 200
    finally:
        line.close()
    logged = site.logged()
    assert sorted(logged) == list(range(21))
    sent = [frames.decode(one).header for one in waiting]
    assert [logged[seq][0][1].header for seq in range(1, 21)] == sent
    e2e.until(lambda: site.rows("SELECT max(size) FROM checkpoint")[0][0] == site.size(), 10, what="a head")
    assert site.server.stop() == 0
    e2e.check_log(site)
    e2e.check_chain(site)
    site.fsck()
    assert os.stat(small_disk).st_dev != os.stat(site.place).st_dev
