"""Redis: dumps by a real server, cut, flipped, extended, without a checksum; append-only directories."""

import os
import shutil
import socket
import subprocess
import time
import zlib

import pytest

from checks.artefacts import rdb

ID = "backup.redis"


def say(wire, *words):
    parts = [str(one).encode() for one in words]
    body = b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in parts)
    wire.sendall(b"*%d\r\n" % len(parts) + body)
    answer = wire.recv(65536)
    assert answer[:1] in b"+:", answer


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A dump and an append-only directory of a real server."""
    program = shutil.which("redis-server")
    if program is None or shutil.which("redis-check-rdb") is None:
        pytest.skip("NOT TESTED: redis is not installed")
    place = tmp_path_factory.mktemp("r")
    # A socket's path must be short.
    where = f"/tmp/rs-redis-{os.getpid()}"
    argv = [
        program,
        "--port",
        "0",
        "--unixsocket",
        where,
        "--dir",
        str(place),
        "--save",
        "",
        "--appendonly",
        "yes",
    ]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process, socket.socket(socket.AF_UNIX) as wire:
        try:
            end = time.monotonic() + 60
            while wire.connect_ex(where):
                assert time.monotonic() < end and process.poll() is None
                time.sleep(0.05)
            wire.settimeout(60)
            for number in range(300):
                say(wire, "SET", f"会话:{number}", f"value {number} " * 5)
            say(wire, "EXPIRE", "会话:1", 7200)
            say(wire, "SAVE")
        finally:
            process.terminate()
            process.wait(60)
    if os.path.exists(where):
        os.unlink(where)
    return place


@pytest.fixture
def place(server, tmp_path):
    tmp_path.chmod(0o700)
    shutil.copytree(server, tmp_path / "backup")
    subprocess.run(["chmod", "-R", "go-rwx", str(tmp_path / "backup")], check=True)
    return tmp_path / "backup"


@pytest.fixture
def look(verified, place):
    def run(name="dump.rdb", record="", **params):
        return verified(ID, {"path": str(place / name), **params}, name=record)

    return run


def test_a_good_dump(look):
    seen = look(record="ok_dump", least_keys=200)
    assert seen.reasons == {}
    one = seen.facts.artefacts[0]
    assert (one.dump.checksum, one.tool, one.dump.keys, one.dump.expires) == ("right", "ok", 300, 1)
    assert one.base.made.tool.startswith("redis ") and one.base.made.end is not None
    assert look(least_keys=301).reasons == {"true": "rows_missing"}
    assert look(max_age_s=1).reasons in ({}, {"fresh": "old_inside"})


def test_damage_of_every_kind(look, place):
    path = place / "dump.rdb"
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for raw, word in (
        (whole[:-1], "truncated"),
        (whole[: len(whole) // 2], "truncated"),
        (bytes(flipped), "damaged"),
        (whole + b"rubbish behind it", "trailing_bytes"),
        (whole[:-8] + bytes(8), "no_checksum"),
        (b"<html>no dump at all</html>", "unknown_format"),
    ):
        path.write_bytes(raw)
        seen = look(record=f"crit_{word}" if word in ("truncated", "no_checksum") else "")
        assert seen.reasons == {"well_formed": word} or seen.reasons == {
            "well_formed": word, "fresh": "not_recorded"
        }, word  # fmt: skip
    path.write_bytes(b"")
    assert look().reasons["present"] == "empty"


def test_packed_dumps_are_read_as_well_and_cut_ones_are_cut(look, place):
    raw = (place / "dump.rdb").read_bytes()
    packed = zlib.compress(raw, wbits=31)
    (place / "dump.rdb.gz").write_bytes(packed)
    (place / "dump.rdb.gz").chmod(0o600)
    seen = look("dump.rdb.gz")
    assert seen.reasons == {} and seen.facts.artefacts[0].dump.checksum == "right"
    (place / "dump.rdb.gz").write_bytes(packed[:-9])
    assert look("dump.rdb.gz").reasons["well_formed"] == "truncated"


def test_an_append_only_directory(look, place):
    seen = look("appendonlydir")
    assert seen.reasons == {} and seen.facts.artefacts[0].tool == "ok"
    parts = sorted((place / "appendonlydir").glob("*.aof"))
    os.truncate(parts[0], parts[0].stat().st_size - 3)
    assert look("appendonlydir").reasons == {"well_formed": "truncated"}
    parts[0].unlink()
    assert look("appendonlydir", record="crit_part_missing").reasons["present"] == "part_missing"


def test_without_the_tool_a_small_dump_is_still_proven(look, monkeypatch):
    monkeypatch.setattr("agent.sources.backup_tools._PATH", "/nonexistent")
    assert look().reasons == {}
    monkeypatch.setattr("checks.backup.redis._SMALL", 1000)
    assert look(record="unknown_no_tool").reasons == {"well_formed": "no_tool"}
    # Of an append-only file nobody counts the keys: that there are enough is not known.
    assert look("appendonlydir", least_keys=1).reasons["true"] == "not_read"


def test_the_checksum_is_that_of_the_specification():
    assert rdb.crc64(b"123456789") == 0xE9C6D914C4B8D9CA
