"""A chain of a real mariabackup, broken one way at a time."""

import os
import shutil

import pytest

CHECK = "backup.mariabackup"


@pytest.fixture
def place(chain, tmp_path):
    """Copies of full, first, second."""
    return chain.copy(tmp_path / "my", "full", "first", "second")


@pytest.fixture
def looks(looker, place):
    """A looker at all of them."""
    return looker(CHECK, path=place / "*", zone_min=0)


def test_a_chain_is_good(looks):
    seen = looks.look(log=True).kept("ok_chain")
    assert seen.bad() == {}
    newest = next(one for one in seen.facts.artefacts if one.base.name == "second")
    assert newest.base.kind == "incremental" and newest.log == "completed"
    assert newest.base.parent == next(one for one in seen.facts.artefacts if one.base.name == "first").base.id
    assert abs(newest.base.made.end - seen.taken_at) < 600_000 and len(newest.base.made.system) == 32


def test_an_increment_alone_finds_its_parents_beside_it(looker, place):
    seen = looker(CHECK, path=place / "second", zone_min=0).look()
    assert seen.bad() == {} and len(seen.facts.artefacts) == 3


@pytest.mark.parametrize("gone", [
    "shop/item.ibd", "shop/item.frm", "ibdata1", "ib_logfile0", "mysql/proc.MAD", "mysql/general_log.CSM",
])  # fmt: skip
def test_a_missing_part_is_found_and_spoils_what_is_built_on_it(looks, place, gone):
    path = place / "full" / gone
    if not path.exists() and gone.endswith(".ibd"):
        path = path.with_suffix(".new")
    path.unlink()
    seen = looks.look(artefacts=3)
    assert seen.word("full:present") == "crit part_missing"
    assert seen.word("second:connected") == "crit link_damaged"


def test_half_of_an_increments_table_is_a_missing_part(looks, place):
    (place / "first" / "ibdata1.meta").unlink()
    assert looks.look().word("first:present") == "crit part_missing"


def test_a_backup_that_was_broken_off_is_unfinished(looks, place):
    for one in (*(place / "second").glob("*_checkpoints"), *(place / "second").glob("*_info")):
        one.unlink()
    log = place / "second" / "backup.log"
    log.write_bytes(log.read_bytes().replace(b"completed OK!", b"mariabackup: Error: disk full"))
    seen = looks.look().kept("crit_unfinished")
    assert (
        seen.word("second:present") == "crit unfinished"
        and seen.word("second:well_formed") == "crit no_end_mark"
    )


def test_a_log_that_does_not_say_completed_is_bad_and_none_is_only_asked_for(looks, place):
    log = place / "second" / "backup.log"
    log.write_bytes(log.read_bytes() + b"mariabackup: Error: could not write\n")
    assert looks.look().bad() == {"second:well_formed": "crit no_end_mark"}
    log.unlink()
    assert looks.look().bad() == {}
    assert looks.look(log=True).kept("unknown_no_log").bad() == {"second:well_formed": "unknown not_recorded"}


def test_redo_that_ends_before_the_pages_is_cut(looks, place):
    path = next((place / "full").glob("*_checkpoints"))
    lines = [
        "last_lsn = 1\n" if "last_lsn" in one else one for one in path.read_text().splitlines(keepends=True)
    ]
    path.write_text("".join(lines))
    assert looks.look(artefacts=3).word("full:well_formed") == "crit truncated"


def test_an_increment_without_its_parent_is_an_orphan(looks, place):
    assert looks.look().bad() == {}
    shutil.rmtree(place / "first")
    found = looks.look().kept("crit_orphan")
    if next(one for one in found.facts.links if one.name == "full").spans.end == int(
        next(one for one in found.facts.artefacts if one.base.name == "second").base.parent
    ):
        pytest.skip("NOT TESTED: nothing was checkpointed between the two")
    assert found.word("second:connected") == "crit orphan"
    shutil.rmtree(place / "full")
    assert looks.look().word("second:connected") == "crit orphan"


def test_an_increment_beside_another_full_has_the_wrong_parent(looker, chain, tmp_path):
    place = chain.copy(tmp_path / "my", "other", "first")
    seen = looker(CHECK, path=place / "*", zone_min=0).look()
    assert seen.word("first:connected") == "crit wrong_parent"


def test_another_servers_data_is_the_wrong_source(looks):
    seen = looks.look(system="0" * 32)
    assert set(seen.bad().values()) == {"crit wrong_source"}


def test_a_flipped_byte_shows_where_it_was_read_before(looks, place):
    assert looks.look().bad() == {}
    path = place / "full" / "ibdata1"
    stat = path.stat()
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert looks.look(artefacts=3).word("full:unchanged") == "crit changed"


def test_something_else_is_unsupported_or_missing(looker, tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "one").mkdir(mode=0o700)
    assert looker(CHECK, path=tmp_path / "one").look().state == "crit"
    assert looker(CHECK, path=tmp_path / "none").look().state == "crit"
