"""What looks made up is named with its places in the log, and honest machines are left alone."""

from fractions import Fraction

import pytest

from checks.plan import Window
from collector.inspection.human import HumanPart
from collector.inspection.record import Counts, ItemReading, MachineItem, Place, Record
from collector.judging.suspicious import Word, suspicions

WEEK = 7 * 86_400_000


def memory(week, target, value, *, check="host.memory", name="memory", entry=None):
    reading = ItemReading(name, value, "percent", "ok")
    place = Place(100 * week + 1 if entry is None else entry, 0)
    return MachineItem(check, 1, target, target, target, week * WEEK, False, "ok", (reading,), "same", place)


def record(week, *items):
    window = Window(f"weekly@{week}", week * WEEK, week * WEEK + 1000, week * WEEK + WEEK)
    return Record(
        **{"v": 1, "round": "weekly", "name": "weekly", "timezone": "Asia/Shanghai", "estate": "00"},
        **{"previous": "", "closed_ms": (week + 1) * WEEK, "window": window, "items": items},
        **dict.fromkeys(("problems", "unclear", "carried_over", "not_inspected", "findings"), ()),
        overview=Counts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        human=HumanPart("", ()),
    )


def told(*records, span=(0, 2**53)):
    return suspicions(records, *span)


def honest(week, seed):
    return Fraction(100 * (seed * 7919 + week * 104_729 % 9973), seed * 7919 + 9973)


def test_a_sensor_that_stands_still_to_the_last_digit_is_named_with_all_its_looks():
    found = told(*(record(week, memory(week, "web", Fraction(873_975, 514_252))) for week in range(5)))
    assert [(one.word, one.target, one.of, len(one.looks)) for one in found] == [
        (Word.CONSTANT, "web", "", 5)
    ]
    assert found[0].looks[0] == Place(1, 0)


def test_three_equal_looks_are_chance_enough():
    weeks = [record(week, memory(week, "web", Fraction(1, 3))) for week in range(3)]
    assert told(*weeks, record(3, memory(3, "web", Fraction(2, 3)))) == ()


@pytest.mark.parametrize("value", [0, 100, Fraction(0), None])
def test_an_idle_machine_a_full_one_and_one_that_told_nothing_are_left_alone(value):
    assert told(*(record(week, memory(week, "web", value)) for week in range(9))) == ()


def test_readings_that_may_stand_still_are_not_looked_at():
    weeks = (
        record(week, memory(week, "web", Fraction(5, 7), check="host.filesystem", name="/"))
        for week in range(9)
    )
    assert told(*weeks) == ()


def test_a_series_that_repeats_another_machines_is_named_with_that_machine():
    weeks = [
        record(
            week, memory(week, "db", honest(week, 3)), memory(week, "web", honest(week, 3), entry=7000 + week)
        )
        for week in range(6)
    ]
    found = told(*weeks)
    assert [(one.word, one.target, one.of, len(one.looks)) for one in found] == [
        (Word.COPIED, "web", "db", 6)
    ]


def test_a_series_played_again_is_named_with_itself():
    values = [honest(week, 5) for week in range(6)]
    weeks = [record(week, memory(week, "web", values[week % 6])) for week in range(12)]
    found = told(*weeks)
    assert [(one.word, one.of, len(one.looks)) for one in found] == [(Word.COPIED, "web", 6)]


def test_a_look_that_stands_in_two_records_is_one_look():
    same = [memory(week, "web", honest(week, 5)) for week in range(6)]
    assert told(*(record(week, one) for week, one in enumerate(same)), record(9, *same)) == ()


def test_order_of_records_changes_nothing_and_a_period_names_what_reaches_into_it():
    weeks = [record(week, memory(week, "web", Fraction(5, 7))) for week in range(6)]
    assert told(*weeks) == told(*reversed(weeks))
    assert len(told(*weeks, span=(5 * WEEK, 6 * WEEK))) == 1
    assert told(*weeks, span=(0, 5 * WEEK)) == ()
