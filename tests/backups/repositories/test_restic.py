"""restic: what its own check passes over is found, what pruning does is none, nothing is written."""

import json
import os
import time

import pytest

ID = "backup.restic"
NOW = int(time.time()) * 1000


@pytest.fixture
def look(verified, restic, secrets):
    """One look; memory is this test's."""
    memory = {}

    def run(*, password="right", name="", fresh=False, **params):
        given = {"path": str(restic), "password": password, "rolling": 0, **params}
        held = {} if fresh else memory
        return verified(ID, given, secrets=secrets, memory=held, name=name)

    return run


def test_a_good_repository_and_nothing_in_it_moves(look, restic, stamps, lives, root_of):
    before = stamps(restic)
    seen = look(name="ok_two_snapshots", host="oa-1", tags=["daily"], artefacts=2, rolling=28)
    assert seen.reasons == {}
    newest, older = seen.facts.artefacts
    assert (newest.base.made.end, newest.changed, newest.removed) == (1_772_416_800_000 + 86_400_000, 1, 0)
    assert (older.changed, newest.base.parent[:8]) == (None, older.base.name)
    assert newest.base.bytes > 3_000_000 and newest.base.parts >= 12
    assert newest.content == older.content == "ok"
    assert newest.base.fingerprint == root_of(lives["restic"]) != older.base.fingerprint
    assert seen.facts.repository.keys and seen.facts.stands.count == 2
    again = look(host="oa-1", artefacts=2)
    assert again.reasons == {} and again.facts.repository.stored.read == 0
    assert stamps(restic) == before


def test_a_flipped_pack_that_check_passes_over_is_found(look, restic, largest, flip):
    assert look().reasons == {}
    flip(largest(restic / "data"))
    seen = look(name="crit_flipped_pack")
    assert seen.of("repository") == {"unchanged": "changed"}
    assert seen.facts.repository.check == ""  # restic's own opinion
    assert look().of("repository") == {"unchanged": "changed"}, "it stays found"


def test_a_pack_that_is_cut_or_missing(look, restic, largest):
    pack = largest(restic / "data")
    os.truncate(pack, pack.stat().st_size - 1)
    assert look(fresh=True).of("repository")["unchanged"] == "changed"
    pack.unlink()
    seen = look(fresh=True, name="crit_missing_pack")
    assert seen.of("repository") == {"present": "part_missing"}


def test_another_repository_at_the_same_path(look, restic, tool):
    assert look().reasons == {}
    assert look(fresh=True, repository="0" * 64).of("repository") == {"connected": "wrong_repository"}
    moved = restic.rename(restic.with_name("old"))
    tool("restic", "--no-cache", "-q", "-r", restic, "init")
    tool("restic", "--no-cache", "-q", "-r", restic, "backup", ".", cwd=moved / "keys")
    for _ in range(2):
        assert look().of("repository") == {"connected": "wrong_repository"}


def test_a_wrong_password_and_none(look):
    assert look().reasons == {}
    seen = look(password="wrong", name="crit_wrong_password")
    assert seen.of("repository")["sealed"] == "does_not_open"
    assert seen.facts.stands.count == 2, "names of snapshots need no password"
    closed = look(password="", name="unknown_no_password")
    assert closed.of("repository") == dict.fromkeys(("well_formed", "sealed", "connected"), "no_key")
    assert str(closed.result.state) == "unknown"


def test_key_slots_and_paths_and_hosts_by_policy(look):
    seen = look(keys=["escrow@buyer"], paths=["/srv/oa"])
    assert seen.of("repository") == {"sealed": "recipient_missing"}
    assert seen.of(seen.facts.artefacts[0].base.name)["true"] == "wrong_source"
    assert look(host="nobody").reasons["stands"] == "missing"


def test_a_lock_left_behind(look, restic):
    lock = restic / "locks" / ("0" * 64)
    lock.write_bytes(b"x")
    os.utime(lock, (NOW // 1000 - 90_000,) * 2)
    assert look().of("repository") == {"connected": "stale_lock"}
    os.utime(lock, (NOW // 1000 - 3600,) * 2)
    assert look().reasons == {}


def test_pruning_is_benign_and_an_old_snapshot_is_late(look, restic, tool):
    assert look().reasons == {}
    words = ("--no-cache", "-q", "-r", restic, "forget", "--keep-last", "1", "--prune", "--max-unused", "0")
    tool("restic", *words)
    seen = look()
    assert seen.reasons == {} and seen.facts.stands.count == 1
    assert look(max_age_s=3600).reasons == {"fresh": "old_inside"}


def test_no_repository_and_a_vanished_one(look, restic):
    restic.rename(restic.with_name("elsewhere"))
    seen = look(name="crit_no_repository")
    assert seen.reasons == {"stands": "missing"}


def test_no_password_in_the_facts_and_no_temporary_pack_is_read(look, restic):
    (restic / "data" / "00").mkdir(exist_ok=True)
    (restic / "data" / "00" / ("0" * 64 + "-tmp-123")).write_bytes(b"half a pack")
    seen = look()
    assert seen.reasons == {}
    assert "Secret" not in json.dumps(seen.result.facts)


def test_several_keys_and_other_ways_to_pack(look, tool, tmp_path, restic, largest, secrets, flip):
    top = tmp_path / "packed"
    tool("restic", "-r", top, "init")
    tool("restic", "-r", top, "backup", restic / "keys", restic / "index", "--compression", "off")
    tool("restic", "-r", top, "backup", restic / "data", "--compression", "max", "--pack-size", "4")
    (tmp_path / "second").write_text("another-Secret-8")
    tool("restic", "-r", top, "key", "add", "--new-password-file", tmp_path / "second")
    top.chmod(0o700)
    # Either opens it; a third does not.
    assert look(path=str(top), fresh=True).reasons == {}
    assert look(path=str(top), fresh=True, password="wrong").reasons == {}
    secrets["third"] = {"password": "nobody's"}
    assert look(path=str(top), fresh=True, password="third").of("repository")["sealed"] == "does_not_open"
    flip(largest(top / "data"))
    assert look(path=str(top), fresh=True).of("repository")["unchanged"] == "changed"
