"""The policy as the estate gives it: strict, every mistake with its place."""

from fractions import Fraction

import pytest

from collector.backups.compile import Estate, PolicyError, parse
from collector.backups.policy import Keep, ObjectKind, Pick, Role, To

NAMES = {"city/oa-db": "database", "county/xian-1/oa-db": "database", "county/xian-1/oa-files": "files"}
ESTATE = Estate(NAMES, 1_772_294_400_000, places={"backup-server", "local"})
# The design's example (backup.md 5.1).
HUAIAN = [
    {
        "object": "city/oa-db",
        "clause": "HA-06 HA-07 HA-12",
        "full": {"every": "week", "on": "sunday", "window": "22:00-06:00", "grace": "4h", "keep": "3 months"},
        "incremental": {
            "every": "day",
            "window": "22:00-06:00",
            "grace": "4h",
            "keep": "3 months",
            "to": "last",
        },
        "source": {"kind": "appliance", "reader": "mail"},
        "drill": {"every": "month", "restore_within": "12h", "compare": "exact", "questions": "oa-smoke"},
    },
    {
        "object": "county/*/oa-db",
        "clause": "HA-08 HA-10 HA-11",
        "full": {
            "every": "day",
            "window": "00:00-05:00",
            "grace": "3h",
            "keep": "3 months",
            "source": {"kind": "sys_dump", "path": "/backup/{object}/%Y%m%d*.dmp"},
        },
        "copy": {"to": "backup-server", "within": "2h", "equal": "sha256"},
        "sealed": {"scheme": "age", "for": ["ops", "buyer-escrow"]},
        "access": {"owner": "backup", "mode": "0600", "refused": ["probe", "app"]},
        "drill": {"every": "month", "pick": "rotating", "restore_within": "12h"},
    },
    {
        "object": "county/*/oa-files",
        "incremental": {"every": "day", "keep": "3 months", "to": "last", "base": {"every": "quarter"}},
        "copy": {"to": "backup-server", "within": "4h", "equal": "tree"},
    },
]
SUCCESS = {"at_least": "99%", "over": "year", "unit": "drill", "count": "first_attempt"}


def changed(index=0, **more):
    """The example with one entry changed; None takes a key out."""
    made = [dict(one) for one in HUAIAN]
    made[index] = {key: value for key, value in {**made[index], **more}.items() if value is not None}
    return made


def mistakes(backup, estate=ESTATE, success=None):
    with pytest.raises(PolicyError) as caught:
        parse(backup, estate, success)
    return [(one.path, one.reason) for one in caught.value.mistakes]


def test_the_example_of_the_design_is_read_as_it_stands():
    policies = parse(HUAIAN, ESTATE, SUCCESS)
    city, county, files = policies.objects
    full, increment = city.policies[0].schedules
    assert (full.role, full.every, full.on, full.opens, full.closes) == (
        Role.FULL,
        "week",
        "sunday",
        1320,
        1800,
    )
    assert (full.grace_ms, full.keep, full.source.kind) == (4 * 3_600_000, Keep(months=3), "appliance")
    assert (increment.role, increment.to) == (Role.INCREMENTAL, To.LAST)
    assert city.policies[0].clause == ("HA-06", "HA-07", "HA-12")
    assert county.policies[0].drill.pick is Pick.ROTATING
    assert county.policies[0].schedules[0].source.path == "/backup/{object}/%Y%m%d*.dmp"
    assert county.policies[0].sealed.recipients == ("ops", "buyer-escrow")
    assert county.policies[0].access.refused == ("probe", "app")
    assert files.kind is ObjectKind.FILES
    roles = [(one.role, one.every, one.opens, one.keep) for one in files.policies[0].schedules]
    assert roles == [
        (Role.INCREMENTAL, "day", None, Keep(months=3)),
        (Role.FULL, "quarter", None, Keep(months=3)),
    ]
    assert policies.success.at_least == Fraction(99, 100)


def test_no_keep_is_an_error():
    full = {key: value for key, value in HUAIAN[0]["full"].items() if key != "keep"}
    assert mistakes(changed(full=full)) == [((0, "full", "keep"), "missing")]


def test_a_glob_that_matches_nothing_is_an_error():
    assert mistakes(changed(object="city/x*")) == [((0, "object"), "'city/x*' matches no object")]


def test_a_number_without_a_unit_is_an_error():
    full = {**HUAIAN[0]["full"], "grace": 4}
    assert mistakes(changed(full=full))[0][0] == (0, "full", "grace")
    full = {**HUAIAN[0]["full"], "keep": "3 fortnights"}
    assert "3 months" in mistakes(changed(full=full))[0][1]


def test_an_unknown_key_is_an_error_unless_it_is_somebody_elses():
    assert mistakes(changed(retries=3)) == [((0, "retries"), "unknown key")]
    assert parse(changed(retries=3), Estate(NAMES, 0, extra=("retries",))).objects


def test_a_window_in_a_week_needs_its_day():
    full = {key: value for key, value in HUAIAN[0]["full"].items() if key != "on"}
    assert mistakes(changed(full=full)) == [((0, "full", "on"), "missing: a window in a week needs its day")]


def test_an_incremental_needs_a_full_to_build_on():
    assert mistakes(changed(full=None)) == [
        ((0, "incremental", "base"), "missing: an incremental needs a full to build on")
    ]


def test_a_copy_to_a_place_that_is_none_is_an_error():
    copy = {"to": "nowhere", "within": "2h"}
    assert mistakes(changed(1, copy=copy)) == [((1, "copy", "to"), "'nowhere' is no place of this estate")]


def test_all_mistakes_are_told_at_once():
    backup = [*changed(object="x/*"), {"object": "city/oa-db"}, "no mapping"]
    paths = [path for path, _ in mistakes(backup, success={"at_least": "101%"})]
    assert paths == [(0, "object"), (3, "full"), (4,), ("success", "at_least")]


def test_an_object_of_no_kind_is_an_error():
    estate = Estate({"city/oa-db": ""}, 0)
    assert mistakes(changed()[:1], estate)[0][0] == (0, "kind")
    kinds = [one.kind for one in parse(changed(kind="uploads")[:1], estate).objects]
    assert kinds == [ObjectKind.UPLOADS]


def test_the_same_object_twice_is_an_error_unless_the_second_begins_later():
    twice = [HUAIAN[0], {**HUAIAN[0], "clause": "HA-06"}]
    assert mistakes(twice) == [((1, "object"), "city/oa-db is named twice; a new version says from: DATE")]
    twice[1]["from"] = "2026-06-01"
    versions = parse(twice, ESTATE).objects[0].policies
    assert [(one.version, one.clause) for one in versions] == [
        (1, ("HA-06", "HA-07", "HA-12")),
        (2, ("HA-06",)),
    ]
    assert versions[1].from_ms == 1_780_243_200_000  # midnight in Shanghai


def test_a_slot_is_due_by_the_calendar_or_by_an_event():
    full = {"before": "change", "within": "4h", "keep": "1 year"}
    schedule = parse(changed(1, full=full), ESTATE).objects[1].policies[0].schedules[0]
    assert (schedule.role, schedule.before, schedule.within_ms) == (Role.EVENT, "change", 4 * 3_600_000)
    both = {**full, "every": "day"}
    assert mistakes(changed(1, full=both))[0][0] == (1, "full", "before")


def test_a_table_of_sizes_must_rise():
    drill = {
        **HUAIAN[0]["drill"],
        "allowed": [{"up_to": "2TB", "within": "36h"}, {"up_to": "1TB", "within": "9h"}],
    }
    assert mistakes(changed(drill=drill)) == [((0, "drill", "allowed"), "sizes must rise")]


@pytest.mark.parametrize("raw", [None, 7, "text", {"object": "x"}])
def test_what_is_no_list_is_an_error_and_no_crash(raw):
    assert mistakes(raw) == [((), "a list is wanted here")]
