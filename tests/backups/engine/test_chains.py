"""Points and paths: what a chain gives, and what happens to it when one link breaks."""

import pytest

from checks.artefacts.levels import Level, bad, good
from collector.backups.observed import Epoch


def city(kit, **more):
    entry = kit.entry(full=kit.WEEKLY, incremental=kit.DAILY, **more)
    return kit.World(entry, since="2026-03-01")


def test_a_full_found_bad_later_orphans_its_children_that_instant(kit):
    world = city(kit)
    world.weekly("2026-03-01", "2026-03-12")
    world.judge("full-2026-03-08", "2026-03-13 00:00", bad("changed"))
    before = world.account("2026-03-12 13:00")
    assert set(kit.day_states(before).values()) == {"restorable"}
    account = world.account("2026-03-13 13:00")
    lost = [one for one in account.days if one.state == "lost"]
    assert [one.day for one in lost] == [f"2026-03-{day:02}" for day in range(8, 13)]
    # Lost by the look of the 13th; it may have been since the last that said otherwise.
    assert {(kit.said(one.lost_ms), kit.said(one.maybe_ms)) for one in lost} == {
        ("2026-03-13 12:00", "2026-03-12 12:00")
    }
    orphans = [one.name for one in account.points if one.orphan_ms is not None]
    assert orphans == [f"incremental-2026-03-{day:02}" for day in range(9, 13)]
    assert kit.reasons(account)["changed"] == ["full-2026-03-08"]
    assert kit.reasons(account)["orphan"] == orphans
    first = next(p for p in account.problems if p.reason == "orphan")
    assert (first.level, first.clause) == (6, ("HA-06", "HA-07"))


def test_a_full_that_recovers_gives_its_days_back(kit):
    world = city(kit)
    world.weekly("2026-03-01", "2026-03-04")
    world.judge("full-2026-03-01", "2026-03-03 00:00", bad("changed"))
    world.judge("full-2026-03-01", "2026-03-04 00:00", good(Level.UNCHANGED))
    account = world.account("2026-03-04 13:00")
    assert set(kit.day_states(account).values()) == {"restorable"}
    assert kit.reasons(account) == {}
    ended = next(p for p in account.problems if p.reason == "changed")
    assert (kit.said(ended.first_provable_ms), kit.said(ended.until_ms)) == (
        "2026-03-03 12:00",
        "2026-03-04 12:00",
    )


def test_a_broken_link_in_the_middle_leaves_what_is_before_it(kit):
    world = city(kit)
    world.weekly("2026-03-01", "2026-03-06")
    world.judge("incremental-2026-03-04", "2026-03-06 00:00", bad("link_damaged"))
    days = kit.day_states(world.account("2026-03-07 13:00"))
    assert [day for day, state in days.items() if state == "lost"] == [
        "2026-03-04",
        "2026-03-05",
        "2026-03-06",
    ]


def test_a_link_that_was_bad_from_the_beginning_never_gave_a_day(kit):
    world = city(kit)
    world.weekly("2026-03-01", "2026-03-03")
    world.find("incremental-2026-03-02")["turns"] = [(0, (*kit.PROVEN[:4], bad("truncated")))]
    days = kit.day_states(world.account("2026-03-04 13:00"))
    assert days == {"2026-03-01": "restorable", "2026-03-02": "none", "2026-03-03": "none"}


def test_an_incremental_whose_parent_was_deleted_is_an_orphan(kit):
    world = city(kit)
    world.weekly("2026-03-01", "2026-03-04")
    world.purge("incremental-2026-03-03", "2026-03-05")
    account = world.account("2026-03-05 13:00")
    assert kit.reasons(account) == {
        "vanished": ["incremental-2026-03-03"],
        "orphan": ["incremental-2026-03-04"],
    }
    point = account.points[-1]
    assert (point.name, point.good, kit.said(point.orphan_ms)) == (
        "incremental-2026-03-04",
        False,
        "2026-03-05 12:00",
    )


def test_an_incremental_whose_parent_nobody_ever_saw_is_an_orphan(kit):
    world = city(kit)
    world.add("full", "2026-03-01 23:00", id="f")
    world.add("inc", "2026-03-02 23:00", "incremental", id="i", parent="0/4000028")
    account = world.account("2026-03-03 13:00")
    assert kit.reasons(account) == {"orphan": ["inc"]}
    assert account.points[-1].path is None


def test_an_incremental_of_another_objects_full_has_the_wrong_parent(kit):
    other = "city/else-db"
    world = kit.World(
        kit.entry(full=kit.WEEKLY, incremental=kit.DAILY),
        kit.entry(object=other, full=kit.WEEKLY),
        objects=(kit.DB, other),
    )
    world.add("full", "2026-03-01 23:00", id="f")
    world.add("theirs", "2026-03-01 23:00", id="t", object=other)
    world.add("inc", "2026-03-02 23:00", "incremental", id="i", parent="t")
    ledger = world.ledger("2026-03-03 13:00")
    assert kit.reasons(ledger) == {"wrong_parent": ["inc"]}


def test_an_incremental_of_an_older_full_has_the_wrong_parent(kit):
    world = city(kit)
    world.weekly("2026-03-01", "2026-03-08")
    world.add("inc", "2026-03-09 23:00", "incremental", id="i", parent="full-2026-03-01")
    account = world.account("2026-03-10 13:00")
    assert kit.reasons(account) == {"wrong_parent": ["inc"]}


def test_the_first_incremental_after_a_manual_full_may_build_on_either(kit):
    for parent in ("manual", "incremental-2026-03-04"):
        world = city(kit)
        world.weekly("2026-03-01", "2026-03-04")
        world.add("manual", "2026-03-05 15:00", id="manual")
        world.add("inc", "2026-03-05 23:00", "incremental", id="i", parent=parent)
        account = world.account("2026-03-06 13:00")
        assert kit.reasons(account) == {}
        assert kit.day_states(account)["2026-03-05"] == "restorable"
        assert account.points[-1].path[-1] == ("manual" if parent == "manual" else "full-2026-03-01")


def test_a_differential_builds_on_the_full_and_not_on_the_last(kit):
    daily = {**kit.DAILY, "to": "full"}
    world = kit.World(kit.entry(full=kit.WEEKLY, incremental=daily))
    world.add("full", "2026-03-01 23:00")
    for day in ("02", "03"):
        world.add(f"d{day}", f"2026-03-{day} 23:00", "incremental")
    world.judge("d02", "2026-03-04 00:00", bad("changed"))
    account = world.account("2026-03-04 13:00")
    assert [one.path for one in account.points] == [("full",), ("d02", "full"), ("d03", "full")]
    assert kit.day_states(account)["2026-03-03"] == "restorable"


def test_after_a_restore_of_production_lsns_may_come_again(kit):
    """LSN and system begin anew: a new epoch, no corruption, and no parent from before."""
    world = city(kit)
    world.add("full-1", "2026-03-01 23:00", id="0/2000028", system="A")
    world.add("inc-1", "2026-03-02 23:00", "incremental", id="0/3000028", parent="0/2000028", system="A")
    world.add("full-2", "2026-03-03 15:00", id="0/2000028", system="B")
    world.add("inc-2", "2026-03-03 23:00", "incremental", id="0/2500028", parent="0/2000028", system="B")
    restored = kit.at("2026-03-03 12:00")
    world.more["epochs"] = (Epoch(kit.DB, restored, 9, "production restored"),)
    account = world.account("2026-03-04 13:00")
    assert kit.reasons(account) == {}
    assert account.points[-1].path == ("inc-2", "full-2")
    world.more["epochs"] = (Epoch(kit.DB, restored, None, "nobody signed it"),)
    assert set(kit.reasons(world.account("2026-03-04 13:00"))) == {"wrong_source"}
    world.find("full-2")["from"] = kit.at("2027-01-01")
    world.more["epochs"] = (Epoch(kit.DB, restored, 9, "production restored"),)
    # Without the full made since, the same LSN is that of a full from before: not its parent.
    assert kit.reasons(world.account("2026-03-04 13:00")) == {"wrong_parent": ["inc-2"]}


def test_a_snapshot_needs_no_parent(kit):
    world = kit.World()
    for day in ("01", "02"):
        world.add(
            f"s{day}", f"2026-03-{day} 23:00", "snapshot", id=f"s{day}", parent="s01" if day == "02" else ""
        )
    world.purge("s01", "2026-03-03")
    account = world.account("2026-03-03 13:00")
    assert kit.day_states(account)["2026-03-02"] == "restorable"


def test_what_only_breaks_privacy_restores_all_the_same(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-01")
    world.judge("full-2026-03-01", "2026-03-02 00:00", bad("open_to_others"), bad("not_sealed"))
    account = world.account("2026-03-02 13:00")
    point = account.points[0]
    assert (point.level, point.restore_level, point.good) == (1, 4, True)
    assert set(kit.reasons(account)) == {"open_to_others", "not_sealed"}


def test_what_could_not_be_opened_is_unproven_and_neither_good_nor_bad(kit):
    world = kit.World()
    sealed = (*kit.PROVEN[:4], kit.cannot(Level.SEALED, "no_key"))
    world.add("a", "2026-03-01 23:00", verdicts=sealed)
    account = world.account("2026-03-02 13:00")
    assert kit.day_states(account) == {"2026-03-01": "unproven"}
    assert (account.points[0].good, account.slots[0].good) == (False, None)
    assert kit.reasons(account) == {}
    assert kit.reasons(account, outcome="could_not_tell") == {"no_key": ["a"]}
    assert account.rpo.ms is None


@pytest.mark.parametrize("asked", ["sealed", "connected", "true"])
def test_a_good_level_above_the_one_asked_does_not_stand_for_it(kit, asked):
    world = kit.World(kit.entry(level=asked))
    world.add("a", "2026-03-01 23:00", verdicts=(*kit.PROVEN, good(Level.USABLE)))
    assert kit.day_states(world.account("2026-03-02 13:00")) == {"2026-03-01": "unproven"}
    world.judge("a", "2026-03-02 00:00", good(Level.RESTORABLE))
    state = "unproven" if asked == "true" else "restorable"  # restored, but beside nothing
    assert kit.day_states(world.account("2026-03-02 13:00")) == {"2026-03-01": state}


def test_a_level_that_the_policy_asks_must_be_reached(kit):
    world = kit.World(kit.entry(level="true"))
    world.add("a", "2026-03-01 23:00")
    assert kit.day_states(world.account("2026-03-02 13:00")) == {"2026-03-01": "unproven"}
    world.judge("a", "2026-03-02 00:00", good(Level.TRUE))
    assert kit.day_states(world.account("2026-03-02 13:00")) == {"2026-03-01": "restorable"}
