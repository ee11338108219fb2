"""borg: damage by entry and by memory, missing segments, compaction, and a repository nobody writes to."""

import os
import time

import pytest

ID = "backup.borg"
NOW = int(time.time()) * 1000


@pytest.fixture
def look(verified, borg, secrets):
    """One look; memory is this test's."""
    memory = {}

    def run(*, password="right", name="", fresh=False, **params):
        given = {"path": str(borg), "password": password, "rolling": 0, **params}
        held = {} if fresh else memory
        return verified(ID, given, secrets=secrets, memory=held, name=name)

    return run


def test_a_good_repository_and_nothing_in_it_moves(look, borg, stamps, lives, root_of):
    before = stamps(borg)
    seen = look(name="ok_two_archives", artefacts=2)
    assert seen.reasons == {}
    newest = seen.facts.artefacts[0].base
    assert (newest.name, newest.made.start) == ("oa-2026-03-03", 1_772_416_800_000 + 86_400_000)
    assert newest.bytes > 3_000_000 and newest.parts == 13
    assert newest.fingerprint == root_of(lives["borg"])
    assert seen.facts.repository.encryption == "repokey-blake2"
    assert look().facts.repository.stored.read == 0
    assert stamps(borg) == before


def test_a_flipped_segment_is_damage_and_where_it_was_read_before_a_change(look, borg, largest, flip):
    assert look().reasons == {}
    flip(largest(borg / "data"))
    seen = look(name="crit_flipped_segment")
    assert seen.of("repository") == {"unchanged": "changed", "well_formed": "damaged"}
    assert look(fresh=True).of("repository") == {"well_formed": "damaged"}
    assert look(fresh=True, password="").of("repository")["well_formed"] == "damaged"


def test_a_segment_that_is_cut_or_missing(look, borg, largest):
    segment = largest(borg / "data")
    os.truncate(segment, segment.stat().st_size - 1)
    assert look(fresh=True).of("repository")["well_formed"] == "damaged"
    segment.unlink()
    assert look(fresh=True, name="crit_missing_segment").of("repository")["present"] == "part_missing"


def test_a_wrong_passphrase_and_none(look):
    assert look().reasons == {}
    seen = look(password="wrong")
    assert seen.of("repository") == {"sealed": "does_not_open"}
    assert seen.facts.stands.count == 2, "what stood there at the last look"
    closed = look(password="", fresh=True, name="unknown_no_passphrase")
    assert str(closed.result.state) == "unknown" and closed.reasons["stands"] == "not_read"


def test_another_repository_and_one_without_encryption(look, borg, tool, tmp_path):
    assert look().reasons == {}
    moved = borg.rename(borg.with_name("old"))
    base = {"BORG_BASE_DIR": str(tmp_path / "base"), "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    tool("borg", "init", "-e", "none", borg, **base)
    tool("borg", "create", f"{borg}::oa-x", ".", cwd=moved / "data", **base)
    seen = look()
    assert seen.of("repository") == {"connected": "wrong_repository", "sealed": "not_sealed"}


def test_compaction_is_benign_and_a_backup_under_way_too(look, borg, tool, tmp_path):
    assert look().reasons == {}
    base = {"BORG_BASE_DIR": str(tmp_path / "base")}
    tool("borg", "delete", f"{borg}::oa-2026-03-02", **base)
    tool("borg", "compact", "--threshold", "0", borg, **base)
    seen = look()
    assert seen.reasons == {} and seen.facts.stands.count == 1
    newest = max(int(one.name) for one in (borg / "data").rglob("*") if one.name.isdigit() and one.is_file())
    (borg / "data" / "0" / str(newest + 1)).write_bytes(b"BORG_SEGhalf an entry")
    assert "unchanged" not in look().reasons


def test_a_lock_left_behind_and_no_repository(look, borg):
    lock = borg / "lock.exclusive"
    lock.mkdir()
    os.utime(lock, (NOW // 1000 - 90_000,) * 2)
    assert look().of("repository") == {"connected": "stale_lock"}
    borg.rename(borg.with_name("elsewhere"))
    assert look(name="crit_no_repository").reasons == {"stands": "missing"}


@pytest.fixture
def keyfile(tool, tmp_path, borg):
    """A repository whose key lies elsewhere, and that key as `borg key export` writes it."""
    top, base = tmp_path / "apart", {"BORG_BASE_DIR": str(tmp_path / "apart-base")}
    tool("borg", "init", "-e", "keyfile", top, **base)
    tool("borg", "create", f"{top}::oa-2026-03-04", ".", cwd=borg / "data", **base)
    top.chmod(0o700)
    tool("borg", "key", "export", top, tmp_path / "exported", **base)
    return top, (tmp_path / "exported").read_text()


def test_a_key_that_lies_apart_is_held_or_missed_and_never_a_wrong_one(look, secrets, keyfile, largest, flip):
    top, key = keyfile
    # The password is right, and the key is not here: nothing can be said of what it would open.
    assert look(path=str(top), fresh=True).of("repository") == {"sealed": "no_key"}
    assert str(look(path=str(top), fresh=True).result.state) == "unknown"
    secrets["right"]["key"] = key
    seen = look(path=str(top), fresh=True)
    assert seen.reasons == {} and seen.facts.repository.encryption == "keyfile"
    secrets["wrong"]["key"] = key
    assert look(path=str(top), fresh=True, password="wrong").of("repository")["sealed"] == "does_not_open"
    flip(largest(top / "data"))
    assert look(path=str(top), fresh=True).of("repository")["well_formed"] == "damaged"


def test_a_repository_that_only_grows_is_read_as_any_other(look, tool, tmp_path, borg, largest):
    top, base = tmp_path / "grows", {"BORG_BASE_DIR": str(tmp_path / "grows-base")}
    tool("borg", "init", "-e", "repokey", "--append-only", top, **base)
    tool("borg", "create", "-C", "none", f"{top}::oa-2026-03-04", ".", cwd=borg / "data", **base)
    top.chmod(0o700)
    assert look(path=str(top), fresh=True).reasons == {}
    largest(top / "data").unlink()
    assert look(path=str(top), fresh=True).of("repository")["present"] == "part_missing"
