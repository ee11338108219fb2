"""Good words that no look can repeat, levels that nobody asked, lists that were cut, jobs that are late."""

from dataclasses import replace

import pytest

from checks.artefacts.levels import Level, good, untold
from collector.backups.compile import Estate, PolicyError, parse
from collector.backups.fold import fold
from collector.backups.observed import Drill

NO_KEY = untold(Level.WELL_FORMED, "no_key")


def untellable(kit, **more):
    """Made on the first of March, read until the fourth, and never opened again."""
    world = kit.World(kit.entry(**more))
    world.add("a", "2026-03-01 23:00")
    world.judge("a", "2026-03-05", NO_KEY)
    return world


def test_a_good_word_stands_for_a_month_that_no_look_repeats_and_no_longer(kit):
    world = untellable(kit)
    before, after = world.account("2026-04-04 11:00"), world.account("2026-04-04 12:00")
    assert (before.points[0].good, kit.day_states(before)["2026-03-01"]) == (True, "restorable")
    assert "no_key" not in kit.reasons(before, outcome="could_not_tell")
    assert (after.points[0].good, kit.day_states(after)["2026-03-01"]) == (False, "unproven")
    [problem] = [one for one in after.problems if one.reason == "no_key"]
    assert (str(problem.outcome), problem.level, problem.artefact) == ("could_not_tell", 4, "a")
    times = [kit.said(at) for at in (problem.first_provable_ms, problem.last_good_ms)]
    assert times == ["2026-04-04 12:00", "2026-03-04 12:00"]


def test_the_policy_says_how_long(kit):
    world = untellable(kit, believe="10 days")
    assert world.account("2026-03-14 11:00").points[0].good
    assert not world.account("2026-03-14 12:00").points[0].good


def test_an_older_backup_that_went_out_of_date_is_named_as_well_as_the_newest(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-04-10")
    world.judge("full-2026-03-02", "2026-03-05", NO_KEY)
    found = world.account("2026-04-10 13:00")
    assert kit.reasons(found, outcome="could_not_tell") == {"no_key": ["full-2026-03-02"]}
    assert kit.day_states(found)["2026-03-02"] == "unproven"
    assert found.retention.restorable_days == found.retention.promised_days - 1


def test_a_look_that_can_tell_again_ends_the_doubt(kit):
    world = untellable(kit)
    world.judge("a", "2026-04-20", good(Level.WELL_FORMED))
    assert world.account("2026-04-21 13:00").points[0].good
    assert kit.reasons(world.account("2026-04-21 13:00"), outcome="could_not_tell") == {}


def test_what_was_bad_stays_bad_however_long_nobody_can_tell(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00", verdicts=(*kit.PROVEN[:4], kit.wrong("damaged")))
    world.judge("a", "2026-03-05", NO_KEY)
    assert "damaged" in kit.reasons(world.account("2026-05-10 13:00"))


def test_what_nobody_read_again_is_in_no_doubt(kit):
    """Nothing has moved and its turn has not come: no look said that it could not tell."""
    world = kit.World()
    world.add("a", "2026-03-01 23:00")
    looks = list(world.looks(kit.at("2026-06-01 13:00")))
    first = next(i for i, one in enumerate(looks) if one.sightings)
    looks = [one if i <= first else replace(one, sightings=()) for i, one in enumerate(looks)]
    [record] = fold(looks)[kit.DB][""].records
    assert record.doubts == () and len(record.verdicts) == len(kit.PROVEN)


def test_a_restore_that_read_all_of_it_is_a_good_word_too(kit):
    world = untellable(kit)
    begun = kit.at("2026-03-20 10:00")
    held = (good(Level.RESTORABLE),)
    world.more = {"drills": (Drill("d", kit.DB, begun, "a", ended_ms=begun + kit.HOUR, verdicts=held),)}
    assert world.account("2026-04-20 10:00").points[0].good
    assert not world.account("2026-04-20 11:00").points[0].good


def test_no_time_at_all_is_a_mistake(kit):
    with pytest.raises(PolicyError, match=r"0\.believe: no time at all"):
        parse([kit.entry(believe="0 days")], Estate({kit.DB: "database"}, 0))


def test_the_newest_backup_of_which_nobody_asks_what_is_demanded_is_not_silently_unproven(kit):
    world = kit.World(kit.entry(level="sealed"))
    world.nightly("2026-03-01", "2026-03-04")
    found = world.account("2026-03-05 13:00")
    assert set(kit.day_states(found).values()) == {"unproven"}
    assert kit.reasons(found, outcome="could_not_tell") == {"not_read": ["full-2026-03-04"]}
    [problem] = [one for one in found.problems if one.reason == "not_read"]
    assert (problem.level, kit.said(problem.first_provable_ms)) == (5, "2026-03-05 12:00")


def test_a_listing_that_was_cut_proves_neither_that_something_went_nor_that_it_never_came(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-03")
    whole = list(world.looks(kit.at("2026-03-04 13:00")))
    gone = {"sightings": (), "listed": (), "t0": whole[-1].t0 + kit.HOUR}
    place = fold([*whole, replace(whole[-1], count=20_000, partial=True, **gone)])[kit.DB][""]
    assert [one.gone_ms for one in place.records] == [None] * 3 and place.looks[-1] == whole[-1].t0
    place = fold([*whole, replace(whole[-1], count=0, **gone)])[kit.DB][""]
    assert all(one.gone_ms for one in place.records) and place.looks[-1] == gone["t0"]


def test_a_backup_that_does_not_say_when_it_ended_was_late_where_a_look_after_grace_did_not_show_it(kit):
    world = kit.World()
    world.nightly("2026-03-01", "2026-03-04", end=None)
    late = world.find("full-2026-03-03")
    late["from"] = kit.at("2026-03-04 15:00")
    world.extra_looks = [kit.at("2026-03-04 16:00")]
    account = world.account("2026-03-05 13:00")
    assert kit.states(account)["2026-03-03"] == "late" and "missing" not in kit.reasons(account)
    [problem] = [one for one in account.problems if one.outcome == "bad" and one.reason != "not_drilled"]
    assert (problem.reason, problem.artefact, problem.numbers) == (
        "late",
        "full-2026-03-03",
        (("over_min", 120),),
    )
    times = [kit.said(at) for at in (problem.first_provable_ms, problem.until_ms)]
    assert times == ["2026-03-04 12:00", "2026-03-04 16:00"]


@pytest.mark.parametrize(
    ("full", "hours", "found"),
    [
        ({}, 11, {}),  # from 23:00 to 10:00: grace is over at 10:00
        ({}, 12, {"late": ["a"]}),
        ({"window": None, "grace": None}, 12, {}),  # nobody said when it must be done
    ],
    ids=["within grace", "after grace", "no hours named"],
)
def test_a_job_that_begins_in_time_and_is_done_too_late_is_a_finding(kit, full, hours, found):
    named = {key: value for key, value in {**kit.DAILY, **full}.items() if value}
    world = kit.World(kit.entry(full=named))
    world.add("a", "2026-03-01 23:00", hours=hours)
    account = world.account("2026-03-02 13:00")
    problems = [one for one in account.problems if one.reason == "late"]
    assert {one.reason: [one.artefact] for one in problems} == found
    assert account.slots[0].good
    if problems:
        [one] = problems
        assert (str(one.outcome), one.clause, one.numbers) == ("bad", ("HA-09",), (("over_min", 60),))
        assert kit.said(one.first_provable_ms) == kit.said(one.until_ms) == "2026-03-02 12:00"
