"""What the ledger says to others: plain JSON, each problem under the lines that it breaks."""

import json

import pytest

from checks.artefacts.levels import REASONS, Level, bad, good
from collector.backups.clauses import TOPICS, broken
from collector.backups.ledger import as_json
from collector.backups.obligations import obligations, percent
from collector.backups.observed import Drill

RULE = {"at_least": "99%", "over": "year", "unit": "drill", "count": "first_attempt"}


def situation(kit):
    """A month of a city's database in which one night was missed, one dump is bad, and one drill failed."""
    drill = {"every": "month", "restore_within": "12h"}
    world = kit.World(
        kit.entry(drill=drill, copy={"to": "there", "within": "4h"}, place="here"), success=RULE
    )
    for day in kit.each_day("2026-03-01", "2026-03-10"):
        if day != "2026-03-04":
            for place in ("here", "there"):
                world.add(f"full-{day}", f"{day} 23:00", place=place)
    world.judge("full-2026-03-06", "2026-03-08", bad("changed"), place="here")
    world.judge("full-2026-03-06", "2026-03-08", bad("changed"), place="there")
    begun = kit.at("2026-03-09 13:00")
    times = {"decided_ms": begun, "answered_ms": begun + 14 * kit.HOUR, "ended_ms": begun + 15 * kit.HOUR}
    verdicts = (good(Level.RESTORABLE), bad("overran"))
    world.more["drills"] = (Drill("d1", kit.DB, begun, verdicts=verdicts, bytes=5, whole=5, **times),)
    return world.ledger("2026-03-11 13:00")


def test_each_line_says_what_breaks_it_and_since_when(kit):
    held = obligations(situation(kit))
    assert json.loads(json.dumps(held)) == held
    lines = held["lines"]
    assert {line: sorted({p["reason"] for p in lines[line]["problems"]}) for line in lines} == {
        "HA-06": ["changed", "missing"],
        "HA-07": [],
        "HA-08": ["changed", "missing"],
        "HA-09": ["missing"],
        "HA-10": ["changed"],
        "HA-12": ["overran"],
    }
    assert lines["HA-07"] == {
        "objects": [kit.DB],
        "kept": True,
        "standing": 0,
        "untold": 0,
        "first_provable": None,
        "problems": [],
        "days_without_point": 2,
        "days_unproven": 0,
        "copies": {"equal": 9},
    }
    assert lines["HA-12"]["rto"] == {
        "drills": 1,
        "worst_ms": None,
        "allowed_ms": 12 * kit.HOUR,
        "over": 0,
        "untold": 1,
    }
    assert lines["HA-12"]["success"] == held["success"] and "success" not in lines["HA-06"]
    assert lines["HA-06"]["kept"] is False and lines["HA-06"]["standing"] == 3
    assert kit.said(lines["HA-09"]["first_provable"]) == "2026-03-05 12:00"


def test_days_copies_drills_and_times_stand_beside_them(kit):
    held = obligations(situation(kit))
    one = held["objects"][0]
    assert one["days"] == {
        "owed": 10,
        "restorable": 8,
        "without_point": ["2026-03-04", "2026-03-06"],
        "unproven": [],
        "excused": [],
    }
    assert one["copies"] == {"equal": 9}
    assert (one["slots"]["missed"], one["slots"]["on_time"], one["slots"]["good"]) == (1, 9, 9)
    assert one["tested"] == "bad"
    assert (one["rto"][0]["within"], one["rto"][0]["ms"]) == (None, None)
    success = held["success"][0]
    assert (success["rate"], success["rate_percent"], success["lower_percent"], success["holds"]) == (
        [0, 1],
        "0.00",
        "0.00",
        False,
    )


def test_percentages_are_rounded_down_so_that_none_looks_kept_that_is_not():
    from fractions import Fraction

    assert percent(Fraction(285, 288)) == "98.95"
    assert percent(Fraction(98_999_999, 100_000_000)) == "98.99"
    assert percent(None) is None


def test_the_ledger_as_json_can_be_limited_to_objects(kit):
    ledger = situation(kit)
    whole = as_json(ledger)
    assert json.loads(json.dumps(whole)) == whole
    assert [len(whole["objects"][0][key]) for key in ("slots", "points", "days", "copies")] == [10, 9, 10, 9]
    assert as_json(ledger, objects=["other"])["problems"] == []


def test_every_reason_of_a_backup_breaks_some_line_of_each_contract():
    huaian = tuple(line for line in TOPICS if line.startswith("HA"))
    for reason, level in REASONS.items():
        assert broken(huaian, reason, int(level), "full"), reason


def test_a_line_that_is_not_known_is_cited_for_everything():
    assert broken(("XX-01", "HA-11"), "missing", 0, "full") == ("XX-01",)


@pytest.mark.parametrize(
    ("reason", "role", "lines"),
    [
        ("missing", "full", ("HA-06", "HA-09")),
        ("missing", "incremental", ("HA-07", "HA-09")),
        ("retention_short", "full", ("HA-06", "HA-07")),
        ("copy_differs", "full", ("HA-08",)),
        ("not_drilled", "", ("HA-10", "HA-12")),
        ("not_sealed", "full", ("HA-11",)),
        ("open_to_others", "full", ("HA-11",)),
        ("overran", "", ("HA-12",)),
        ("orphan", "incremental", ("HA-06", "HA-07")),
    ],
)
def test_what_breaks_which_line_of_huaian(reason, role, lines):
    found = broken(tuple(TOPICS), reason, int(REASONS[reason]), role)
    known = {"HA-06", "HA-07", "HA-08", "HA-09", "HA-10", "HA-11", "HA-12"} & set(found)
    if reason == "missing":
        known.discard("HA-08")  # the counties' line asks for the same
    assert known == set(lines)


def test_an_empty_policy_and_nothing_seen_is_no_crash(kit):
    held = kit.World().account("2026-03-01 13:00")
    assert (held.slots, held.retention.oldest, held.rpo.ms) == ((), "", None)
