"""Restore drills with Redis: a dump and an append-only directory of a real server."""

import contextlib
import gzip
import os
import shutil
import socket
import subprocess
import time

import pytest

COUNT = {"id": "keys", "sql": "DBSIZE", "expected": "299"}
NAME = {"id": "name", "sql": 'GET "会话:7"', "expected": "value 7"}


def say(wire, *words):
    """One command; its answer must not be an error."""
    parts = [str(one).encode() for one in words]
    wire.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in parts))
    answer = wire.recv(65536)
    assert answer[:1] in b"+:", answer


@contextlib.contextmanager
def running(place, *more):
    """A server in a directory, and a line to it."""
    where = f"/tmp/rs-drill-redis-{os.getpid()}"  # a socket's path must be short
    argv = ["redis-server", "--port", "0", "--unixsocket", where, "--dir", str(place), "--save", "", *more]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process, socket.socket(socket.AF_UNIX) as wire:
        try:
            end = time.monotonic() + 60
            while wire.connect_ex(where):
                assert time.monotonic() < end and process.poll() is None
                time.sleep(0.05)
            wire.settimeout(60)
            yield wire
        finally:
            process.terminate()
            process.wait(60)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(where)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """300 keys, one of which has run out by the time of the drill, and two of another database."""
    if shutil.which("redis-server") is None:
        pytest.skip("NOT TESTED: redis is not installed")
    place = tmp_path_factory.mktemp("redis")
    with running(place, "--appendonly", "yes") as wire:
        for number in range(299):
            say(wire, "SET", f"会话:{number}", f"value {number}")
        say(wire, "HSET", "h", *(f"{n}" for n in range(200)))
        say(wire, "SELECT", "1")
        say(wire, "RPUSH", "l", *range(5000))
        say(wire, "SELECT", "0")
        say(wire, "DEL", "h")
        say(wire, "SET", "gone", "soon", "PXAT", int(time.time() * 1000) + 86_400_000)
        say(wire, "SAVE")
    return place


def test_a_dump_is_loaded_asked_and_gone_through_whole(site, redis, tmp_path):
    packed = tmp_path / "dump.rdb.gz"
    packed.write_bytes(gzip.compress((redis / "dump.rdb").read_bytes()))
    left = {"id": "left", "sql": "DBSIZE", "expected": "300"}
    other = {"id": "write", "sql": "SET x y", "expected": "OK"}
    for path in (redis / "dump.rdb", packed):
        seen = site.drill(path, kind="redis", questions=[left, NAME])
        assert [seen.said(one) for one in ("restorable", "usable")] == [("ok", "")] * 2, seen.one
        assert seen.said("true") == ("unknown", "no_fingerprint")
        assert (seen.one.restored.rows, seen.one.restored.tables) == (301, 2)
        assert (seen.one.restored.listed, seen.one.restored.found) == (300, 301)
        assert (seen.one.target.product, seen.one.rto_by) == ("redis", "question")
        assert seen.one.base.made.start is not None and seen.one.rpo is not None
    refused = site.drill(redis / "dump.rdb", kind="redis", questions=[other], compare="none")
    assert refused.said("usable") == ("crit", "wrong_answer")
    assert site.left() == []


def test_an_append_only_directory_is_played_whole_or_not_believed(site, redis, tmp_path):
    seen = site.drill(redis / "appendonlydir", kind="redis", compare="none", questions=[NAME])
    assert [seen.said(one) for one in ("restorable", "usable")] == [("ok", "")] * 2, seen.one
    assert seen.one.restored.rows == 301
    shutil.copytree(redis / "appendonlydir", tmp_path / "cut")
    [last] = (tmp_path / "cut").glob("*.incr.aof")
    last.write_bytes(last.read_bytes()[:-5])
    seen = site.drill(tmp_path / "cut", kind="redis", compare="none")
    assert seen.said("well_formed") == ("crit", "truncated"), seen.one
    last.unlink()
    seen = site.drill(tmp_path / "cut", kind="redis", compare="none")
    assert seen.said("present") == ("crit", "part_missing"), seen.one
    assert site.left() == []


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        (lambda raw: raw[: len(raw) // 2], "well_formed", ("crit", "truncated")),
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "well_formed", ("crit", "damaged")),
        (lambda raw: b"REDIS0099" + raw[9:], "restorable", ("unknown", "no_tool")),
        (lambda raw: b"not redis" + raw[9:], "well_formed", ("crit", "unknown_format")),
        (lambda raw: b"", "present", ("crit", "empty")),
    ],
    ids=["cut", "flipped", "too new for this host", "something else", "nothing"],
)
def test_what_does_not_load_says_why(site, redis, tmp_path, change, level, said):
    (tmp_path / "dump.rdb").write_bytes(change((redis / "dump.rdb").read_bytes()))
    seen = site.drill(tmp_path / "dump.rdb", kind="redis", compare="none")
    assert seen.said(level) == said, (seen.one, seen.readings)
    assert site.left() == []
