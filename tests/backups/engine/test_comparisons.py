"""What no single look can tell: yesterday's bytes, the source's signed word, another system, another name."""

from dataclasses import replace

import pytest

from checks.artefacts.levels import Level, bad
from collector.backups.observed import Fingerprint, Found


def signed(kit, root, when, **more):
    return Fingerprint(kit.DB, kit.at(when), root, vantage="db-agent", **more)


def test_yesterdays_file_under_todays_name_is_found(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00", sha256="x")
    world.add("b", "2026-03-01 23:00", sha256="x", shows=kit.at("2026-03-02 23:30"))
    account = world.account("2026-03-03 13:00")
    assert kit.reasons(account)["same_as_before"] == ["b"]
    assert kit.states(account)["2026-03-02"] == "missed"
    # The copy says nothing against the file it was made of.
    assert account.points[0].good


def test_a_file_without_a_time_inside_that_has_yesterdays_bytes_gives_no_day(kit):
    world = kit.World()
    for day in ("01", "02"):
        world.add(f"d{day}", f"2026-03-{day} 23:00", sha256="x", undated=True)
    account = world.account("2026-03-03 13:00")
    assert kit.reasons(account) == {"same_as_before": ["d02"]}
    assert kit.day_states(account) == {"2026-03-01": "restorable", "2026-03-02": "none"}


def test_an_empty_increment_that_the_source_speaks_of_is_good(kit):
    world = kit.World(kit.entry(full=kit.WEEKLY, incremental=kit.DAILY), kind="files")
    world.weekly("2026-03-01", "2026-03-04")
    for day in ("02", "03"):
        one = world.find(f"incremental-2026-03-{day}")
        one["seen"] = replace(one["seen"], sha256="empty", start=None, fingerprint=f"tree-{day}")
    prints = [signed(kit, f"tree-{day}", f"2026-03-{day} 23:30") for day in ("02", "03")]
    world.more["fingerprints"] = tuple(prints)
    assert kit.reasons(world.account("2026-03-05 13:00")) == {}
    world.more["fingerprints"] = ()
    assert set(kit.reasons(world.account("2026-03-05 13:00"))) == {"same_as_before", "orphan"}


def test_old_data_dumped_again_is_found_by_the_time_inside(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-02")
    world.add("again", "2026-03-02 23:00", shows=kit.at("2026-03-03 23:10"))
    account = world.account("2026-03-04 13:00")
    found = kit.reasons(account)
    assert (found["old_inside"], found["missing"]) == (["again"], ["full/2026-03-03"])
    assert account.counts["double"] == 1


def test_a_backup_that_runs_into_the_next_slot_is_not_old_inside(kit):
    world = kit.World()
    world.add("long", "2026-03-01 23:00", hours=25, shows=kit.at("2026-03-03 00:00"))
    account = world.account("2026-03-03 09:00")
    assert "old_inside" not in kit.reasons(account)


@pytest.mark.parametrize(
    ("kind", "reason"), [("database", "fingerprint_edited"), ("files", "manifest_edited")]
)
def test_what_stands_beside_an_artefact_must_be_what_the_source_signed(kit, kind, reason):
    world = kit.World(kind=kind)
    world.add("a", "2026-03-01 23:00", expected="edited", fingerprint="edited")
    world.more["fingerprints"] = (signed(kit, "true", "2026-03-01 23:10"),)
    account = world.account("2026-03-02 13:00")
    assert kit.reasons(account) == {reason: ["a"]}
    problem = next(p for p in account.problems if p.reason == reason)
    assert problem.level == (7 if kind == "database" else 3)
    world.more["fingerprints"] = (signed(kit, "edited", "2026-03-01 23:10"),)
    account = world.account("2026-03-02 13:00")
    assert kit.reasons(account) == {} and account.points[0].level == 7


def test_the_signed_root_of_another_night_does_not_count(kit):
    world = kit.World()
    world.add("a", "2026-03-02 23:00", expected="monday", fingerprint="monday")
    prints = (signed(kit, "monday", "2026-03-01 23:10"), signed(kit, "tuesday", "2026-03-02 23:10"))
    world.more["fingerprints"] = prints
    assert kit.reasons(world.account("2026-03-03 13:00"))["fingerprint_edited"] == ["a"]


def test_a_sandwich_has_two_roots_and_either_may_stand_beside_it(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00", expected="after", fingerprint="after")
    prints = (signed(kit, "before", "2026-03-01 22:59"), signed(kit, "after", "2026-03-02 00:05"))
    world.more["fingerprints"] = prints
    assert kit.reasons(world.account("2026-03-02 13:00")) == {}


def test_a_root_named_for_the_artefact_beats_the_time(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00", expected="x")
    world.more["fingerprints"] = (
        signed(kit, "x", "2026-03-01 23:10"),
        signed(kit, "y", "2026-03-01 23:20", artefact="a"),
    )
    assert kit.reasons(world.account("2026-03-02 13:00")) == {"fingerprint_edited": ["a"]}


def test_without_anything_beside_it_the_signed_root_is_compared_itself(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00", fingerprint="other")
    world.more["fingerprints"] = (signed(kit, "true", "2026-03-01 23:10"),)
    assert kit.reasons(world.account("2026-03-02 13:00")) == {"rows_differ": ["a"]}


def test_another_server_than_the_first_is_the_wrong_source(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00", system="720001")
    world.add("b", "2026-03-02 23:00", system="720002")
    account = world.account("2026-03-03 13:00")
    assert kit.reasons(account) == {"wrong_source": ["b"]}
    assert kit.day_states(account)["2026-03-02"] == "none"


def test_a_failover_keeps_the_system_and_is_good(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00", system="720001", source="db-1")
    world.add("b", "2026-03-02 23:00", system="720001", source="db-2")
    assert kit.reasons(world.account("2026-03-03 13:00")) == {}


def test_the_system_that_the_policy_names_is_held_to_from_the_first_day(kit):
    world = kit.World(kit.entry(systems=["720001"]))
    world.add("a", "2026-03-01 23:00", system="720002")
    assert kit.reasons(world.account("2026-03-02 13:00")) == {"wrong_source": ["a"]}


def test_the_wrong_database_is_found_by_the_name_in_the_dump(kit):
    world = kit.World(kit.entry(sources="oa"))
    world.add("a", "2026-03-01 23:00", source="oa_test")
    assert kit.reasons(world.account("2026-03-02 13:00")) == {"wrong_source": ["a"]}


def test_a_repository_swapped_for_another_is_the_wrong_repository(kit):
    world = kit.World()
    world.add("s1", "2026-03-01 23:00", "snapshot", system="repo-a")
    world.add("s2", "2026-03-02 23:00", "snapshot", system="repo-b")
    account = world.account("2026-03-03 13:00")
    assert kit.reasons(account) == {"wrong_repository": ["s2"]}
    assert next(p for p in account.problems if p.reason == "wrong_repository").level == 6


def test_what_is_on_the_wire_and_in_no_policy_is_a_finding(kit):
    world = kit.World()
    world.policies = replace(world.policies, ignored=(("*/template*", "belongs to PostgreSQL"),))
    world.nightly("2026-03-01", "2026-03-01")
    world.add("x", "2026-03-01 23:00", object="city/forgotten")
    seen = kit.at("2026-03-02 12:00")
    world.more["found"] = (Found("city/new-db", seen), Found("city/template1", seen), Found(kit.DB, seen))
    ledger = world.ledger("2026-03-02 13:00")
    strays = {p.object: p.level for p in ledger.problems if p.reason == "not_in_policy"}
    assert strays == {"city/forgotten": 0, "city/new-db": 0}


def test_a_renamed_object_keeps_its_history_by_a_signed_alias(kit):
    alias = {"name": "city/old-db", "until": "2026-03-03"}
    for entry, expected in ((7, {"restorable"}), (None, {"restorable", "none"})):
        signed_alias = {**alias, "entry": entry} if entry else alias
        world = kit.World(kit.entry(aliases=[signed_alias]))
        world.nightly("2026-03-01", "2026-03-02", object="city/old-db")
        world.nightly("2026-03-03", "2026-03-04")
        ledger = world.ledger("2026-03-05 13:00")
        assert set(kit.day_states(ledger.object(kit.DB)).values()) == expected
        strays = [p.object for p in ledger.problems if p.reason == "not_in_policy"]
        assert strays == ([] if entry else ["city/old-db"])


def test_a_mixed_verdict_of_one_night_leaves_the_others_alone(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-05")
    world.judge("full-2026-03-03", "2026-03-05 00:00", bad("damaged"))
    account = world.account("2026-03-06 13:00")
    assert [one.name for one in account.points if not one.good] == ["full-2026-03-03"]
    assert kit.reasons(account) == {"damaged": ["full-2026-03-03"]}
    assert next(p for p in account.problems if p.reason == "damaged").level == Level.WELL_FORMED
