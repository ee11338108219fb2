"""Looks into records: what an artefact was over time; and result lines into looks."""

from dataclasses import replace

import pytest

from checks.api import Reading, State, Unit
from checks.artefacts.artefact import Artefact, Made, Placed
from checks.artefacts.levels import Level, Outcome, bad, good, readings, untold
from checks.artefacts.look import Stands
from checks.codec import FieldError, to_json
from checks.result import Result
from collector.backups.fold import fold, look_of


def records(kit, world, now, place=""):
    return fold(world.looks(kit.at(now)))[kit.DB][place].records


def test_a_record_knows_when_it_came_was_seen_and_went(kit):
    world = kit.World()
    world.add("a", "2026-03-02 23:00", until=kit.at("2026-03-05 09:00"))
    (one,) = records(kit, world, "2026-03-07 13:00")
    times = [one.absent_ms, one.first_ms, one.last_ms, one.gone_ms]
    assert [kit.said(at)[8:10] for at in times] == ["02", "03", "04", "05"]


def test_another_backup_under_the_same_name_is_another_record(kit):
    world = kit.World()
    world.add("dump.sql", "2026-03-01 23:00", sha256="a", until=kit.at("2026-03-02 23:30"))
    world.add("dump.sql", "2026-03-02 23:00", sha256="b", shows=kit.at("2026-03-02 23:30"))
    first, second = records(kit, world, "2026-03-04 13:00")
    assert (first.gone_ms, second.gone_ms) == (kit.at("2026-03-03 12:00"), None)
    assert (first.sha256, second.sha256) == ("a", "b")


@pytest.mark.parametrize("head", [True, False], ids=["its head is whole", "its head cannot be read"])
def test_other_bytes_of_the_same_backup_are_changed(kit, head):
    world = kit.World()
    world.add("a", "2026-03-01 23:00", sha256="x", until=kit.at("2026-03-03 01:00"))
    world.add("a", "2026-03-01 23:00", sha256="y", undated=not head, shows=kit.at("2026-03-03 01:00"))
    (one,) = records(kit, world, "2026-03-04 13:00")
    assert {v.level: v.reason for v in one.verdicts if v.outcome is Outcome.BAD} == {3: "changed"}
    turn = one.turns[0]
    assert (kit.said(turn.at_ms), kit.said(turn.last_good_ms)) == ("2026-03-03 12:00", "2026-03-02 12:00")


def test_one_that_grows_is_not_changed(kit):
    world = kit.World()
    fields = {"trouble": "moving", "verdicts": (untold(Level.PRESENT, "moving"),)}
    world.add("a", "2026-03-01 23:00", sha256="x", until=kit.at("2026-03-03 01:00"), **fields)
    world.add("a", "2026-03-01 23:00", sha256="y", shows=kit.at("2026-03-03 01:00"))
    (one,) = records(kit, world, "2026-03-04 13:00")
    assert all(v.outcome is Outcome.GOOD for v in one.verdicts)


def test_what_could_not_be_told_takes_nothing_back(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00")
    world.judge("a", "2026-03-03", bad("damaged"))
    world.judge("a", "2026-03-04", untold(Level.WELL_FORMED, "timeout"))
    (one,) = records(kit, world, "2026-03-05 13:00")
    assert one.verdicts[-1].reason == "damaged"
    world.judge("a", "2026-03-05", good(Level.WELL_FORMED))
    (one,) = records(kit, world, "2026-03-05 13:00")
    assert one.verdicts[-1].outcome is Outcome.GOOD
    assert [turn.verdict.reason for turn in one.turns] == ["damaged", ""]


def test_only_who_listed_a_name_can_tell_that_it_is_gone(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00")
    looks = list(world.looks(kit.at("2026-03-03 13:00")))
    other = replace(looks[-1], check="backup.access", sightings=(), listed=(), count=0, t0=looks[-1].t0 + 1)
    held = fold([*looks, other])[kit.DB][""].records
    assert held[0].gone_ms is None
    assert fold([*looks, replace(other, check="backup.test")])[kit.DB][""].records[0].gone_ms == other.t0


def test_two_checks_keep_their_words_apart(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00")
    looks = list(world.looks(kit.at("2026-03-03 13:00")))
    seen = looks[-1].sightings[0]
    access = replace(
        looks[-1],
        check="backup.access",
        sightings=(replace(seen, verdicts=(bad("open_to_others"),)),),
        t0=looks[-1].t0 + 1,
    )
    later = replace(looks[-1], t0=looks[-1].t0 + 2)
    (one,) = fold([*looks, access, later])[kit.DB][""].records
    assert {v.level: v.reason for v in one.verdicts if v.outcome is Outcome.BAD} == {2: "open_to_others"}


def test_a_look_that_failed_proves_nothing_and_is_known_to_have_been_tried(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00")
    looks = list(world.looks(kit.at("2026-03-03 13:00")))
    failed = replace(looks[-1], sightings=(), listed=None, count=0, error="unreachable", t0=looks[-1].t0 + 1)
    place = fold([*looks, failed])[kit.DB][""]
    assert place.records[0].gone_ms is None and place.tried == failed.t0
    assert place.looks[-1] == looks[-1].t0


def test_a_place_that_was_listed_and_not_read_is_known_by_its_names(kit):
    world = kit.World()
    world.add("a", "2026-03-01 23:00")
    looks = [replace(one, sightings=()) for one in world.looks(kit.at("2026-03-02 13:00"))]
    (one,) = fold(looks)[kit.DB][""].records
    assert (one.kind, one.start, one.verdicts, one.read_ms) == ("", None, (), None)


BASE = Artefact(
    name="day:1.dmp",
    kind="full",
    bytes=7,
    parts=1,
    modified=2,
    sha256="aa",
    made=Made(start=1, end=2, source="oa", system="72"),
    placed=Placed(0o600, "backup", "backup", filesystem=3, inode=4),
    expected="root",
)


def result(base=BASE):
    verdicts = good(Level.PRESENT), bad("open_to_others")
    facts = {"artefacts": [{"base": to_json(base)}], "stands": to_json(Stands(1, ()))}
    told = (*readings(base.name, verdicts), Reading(f"{base.name}:bytes", 7, Unit.BYTES, State.OK))
    return Result("backup.x", 1, "a", "t", "v", 0, 5000, 6000, "p", facts, tuple(told), State.CRIT)


def test_a_result_line_becomes_a_look():
    look = look_of(result(), object="o", place="p", received_ms=7000, offset_ms=1500)
    (seen,) = look.sightings
    assert (look.object, look.place, look.t0, look.count, look.item) == ("o", "p", 3500, 1, "t")
    assert (seen.name, seen.start, seen.system, seen.filesystem) == ("day:1.dmp", 1, "72", 3)
    assert [(v.level, v.outcome, v.reason) for v in seen.verdicts] == [
        (Level.PRESENT, Outcome.GOOD, ""),
        (Level.PLACED, Outcome.BAD, "open_to_others"),
    ]


def test_a_small_offset_of_the_clock_is_left_alone():
    assert look_of(result(), object="o", place="p", received_ms=7000, offset_ms=900).t0 == 5000


def test_facts_that_are_no_artefacts_are_an_error_that_names_them():
    broken = replace(
        result(), facts={"artefacts": [{"base": {"name": 7}}], "stands": {"count": 0, "listed": []}}
    )
    with pytest.raises(FieldError, match="artefacts"):
        look_of(broken, object="o", place="p", received_ms=0)
