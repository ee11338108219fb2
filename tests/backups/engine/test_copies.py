"""Second copies: each judged for itself; a day counts with one, the contract's line only with both."""

import pytest

from checks.artefacts.levels import bad

THERE = "backup-server"


def twice(kit, **more):
    """Dumps at noon's place and copies two hours later elsewhere."""
    world = kit.World(
        kit.entry(clause="HA-06 HA-08", copy={"to": THERE, "within": "4h", **more}, place="local")
    )
    for day in kit.each_day("2026-03-01", "2026-03-04"):
        for place in ("local", THERE):
            world.add(f"full-{day}", f"{day} 23:00", place=place, shows=kit.at(f"{day} 23:59"))
    return world


def words(account):
    return {one.artefact: str(one.state) for one in account.copies}


def test_equal_copies_of_every_night_are_no_finding(kit):
    account = twice(kit).account("2026-03-05 13:00")
    assert set(words(account).values()) == {"equal"} and kit.reasons(account) == {}
    assert account.points[0].places == ("local", THERE)
    assert account.counts["copy_equal"] == 4


def test_a_copy_that_lacks_among_others_is_missing(kit):
    world = twice(kit)
    world.purge("full-2026-03-02", "2026-03-04", place=THERE)
    account = world.account("2026-03-05 13:00")
    assert words(account)["full-2026-03-02"] == "missing"
    assert kit.reasons(account) == {"copy_missing": ["full-2026-03-02"]}
    problem = next(p for p in account.problems if p.reason == "copy_missing")
    assert (problem.place, problem.level, problem.clause) == (THERE, 2, ("HA-08",))
    assert kit.said(problem.first_provable_ms) == "2026-03-04 12:00"
    # Restorable all the same: the first copy stands.
    assert set(kit.day_states(account).values()) == {"restorable"}


def test_where_only_the_newest_copies_lack_the_place_is_behind(kit):
    world = twice(kit)
    world.find("full-2026-03-04", THERE)["from"] = kit.at("2026-04-01")
    account = world.account("2026-03-05 13:00")
    assert kit.reasons(account) == {"copy_behind": ["full-2026-03-04"]}


def test_a_copy_is_awaited_while_its_time_is_not_over_and_unknown_while_nobody_looks(kit):
    world = twice(kit)
    world.add("full-2026-03-05", "2026-03-05 11:00", place="local", hours=0)
    assert words(world.account("2026-03-05 13:00"))["full-2026-03-05"] == "waiting"
    assert words(world.account("2026-03-06 09:00"))["full-2026-03-05"] == "untold"
    assert kit.reasons(world.account("2026-03-06 09:00")) == {}


def test_a_copy_with_other_bytes_differs(kit):
    world = twice(kit)
    one = world.find("full-2026-03-03", THERE)
    one["seen"] = one["seen"].__class__(**{**_fields(one["seen"]), "sha256": "other"})
    account = world.account("2026-03-05 13:00")
    assert kit.reasons(account) == {"copy_differs": ["full-2026-03-03"]}


def test_yesterdays_bytes_under_todays_name_are_a_copy_behind(kit):
    world = twice(kit)
    one = world.find("full-2026-03-04", THERE)
    one["seen"] = one["seen"].__class__(**{**_fields(one["seen"]), "sha256": "full-2026-03-03@"})
    account = world.account("2026-03-05 13:00")
    assert kit.reasons(account)["copy_behind"] == ["full-2026-03-04"]
    assert "copy_differs" not in kit.reasons(account)


@pytest.mark.parametrize(
    ("vantage", "more", "word"),
    [
        ("one-agent", {"filesystem": 7}, "not_elsewhere"),
        ("one-agent", {"filesystem": 8}, "equal"),
        ("another", {"filesystem": 7}, "equal"),
        ("another", {"link_to": "/backup/full"}, "not_elsewhere"),
    ],
    ids=["same device", "another device", "device numbers of two machines", "a link"],
)
def test_a_copy_must_be_really_elsewhere(kit, vantage, more, word):
    world = kit.World(kit.entry(copy={"to": THERE, "within": "4h"}, place="local"))
    world.vantages = {"local": "one-agent", THERE: vantage}
    world.add("full", "2026-03-01 23:00", place="local", filesystem=7, inode=1)
    world.add("full", "2026-03-01 23:00", place=THERE, inode=2, **more)
    account = world.account("2026-03-02 13:00")
    assert words(account) == {"full": word}
    assert ("copy_not_elsewhere" in kit.reasons(account)) is (word == "not_elsewhere")


def test_a_day_with_a_bad_first_copy_is_restorable_from_the_second(kit):
    world = twice(kit)
    world.judge("full-2026-03-02", "2026-03-04 00:00", bad("changed"), place="local")
    account = world.account("2026-03-05 13:00")
    assert set(kit.day_states(account).values()) == {"restorable"}
    assert kit.reasons(account) == {"changed": ["full-2026-03-02"]}
    world.judge("full-2026-03-02", "2026-03-05 00:00", bad("changed"), place=THERE)
    account = world.account("2026-03-05 13:00")
    lost = next(one for one in account.days if one.day == "2026-03-02")
    assert (lost.state, kit.said(lost.lost_ms)) == ("lost", "2026-03-05 12:00")


def test_a_copy_that_came_too_late_is_told_with_its_end(kit):
    world = twice(kit)
    world.find("full-2026-03-03", THERE)["from"] = kit.at("2026-03-05 01:00")
    account = world.account("2026-03-06 13:00")
    late = [p for p in account.problems if p.reason == "copy_behind"]
    assert [(p.artefact, kit.said(p.until_ms)) for p in late] == [("full-2026-03-03", "2026-03-05 12:00")]


def test_trees_are_equal_by_their_root(kit):
    world = twice(kit, equal="tree")
    for place in ("local", THERE):
        for day in kit.each_day("2026-03-01", "2026-03-04"):
            one = world.find(f"full-{day}", place)
            root = "other" if (place, day) == (THERE, "2026-03-02") else day
            one["seen"] = one["seen"].__class__(
                **{**_fields(one["seen"]), "sha256": f"{place}{day}", "fingerprint": root}
            )
    assert kit.reasons(world.account("2026-03-05 13:00")) == {"copy_differs": ["full-2026-03-02"]}


def test_what_stands_only_at_the_second_place_is_a_point_as_well(kit):
    world = twice(kit)
    world.find("full-2026-03-03", "local")["from"] = kit.at("2026-04-01")
    account = world.account("2026-03-05 13:00")
    assert kit.day_states(account)["2026-03-03"] == "restorable"


def _fields(seen):
    return {name: getattr(seen, name) for name in seen.__dataclass_fields__}


def test_each_place_must_keep_its_own(kit):
    """The first copy goes before its time, the second still stands: no day is lost, and one copy is."""
    world = twice(kit)
    world.purge("full-2026-03-02", "2026-03-04", place="local")
    account = world.account("2026-03-05 13:00")
    assert set(kit.day_states(account).values()) == {"restorable"}
    assert kit.reasons(account) == {"copy_missing": ["full-2026-03-02"]}
    problem = next(p for p in account.problems if p.reason == "copy_missing")
    assert (problem.place, problem.clause) == ("local", ("HA-08",))
    assert kit.said(problem.first_provable_ms) == "2026-03-04 12:00"


@pytest.mark.parametrize(
    ("rule", "place", "found"),
    [
        ({"first_keep": "2 days"}, "local", {}),
        ({"first_keep": "3 days"}, "local", {"copy_missing": ["full-2026-03-02"]}),
        ({"keep": "2 days"}, THERE, {}),
        ({"keep": "3 days"}, THERE, {"copy_missing": ["full-2026-03-02"]}),
    ],
)
def test_how_long_each_place_keeps_is_the_policys_to_say(kit, rule, place, found):
    world = twice(kit, **rule)
    world.purge("full-2026-03-02", "2026-03-05 01:00", place=place)
    assert kit.reasons(world.account("2026-03-05 13:00")) == found


def test_copies_that_nobody_could_look_at_for_a_day_are_a_finding_that_could_not_be_told(kit):
    world = twice(kit)
    world.made = [one for one in world.made if one["place"] == "local"]
    soon, later = world.account("2026-03-02 13:00"), world.account("2026-03-05 13:00")
    assert set(words(later).values()) == {"untold"} and kit.reasons(later) == {}
    assert kit.reasons(soon, outcome="could_not_tell") == {}
    assert kit.reasons(later, outcome="could_not_tell") == {"not_read": ["full-2026-03-01"]}
    problem = next(p for p in later.problems if p.reason == "not_read")
    assert (problem.place, problem.level, problem.numbers) == (THERE, 2, (("copies", 3),))
    assert kit.said(problem.first_provable_ms) == "2026-03-02 04:00"
