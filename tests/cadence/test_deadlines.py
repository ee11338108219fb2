"""Limits: hours, working hours, days, working days, weeks, contract months, half-years, years."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.availability.calendar_cn import shipped
from collector.availability.errors import MissingYear, SpecError
from collector.inspection.deadlines import (
    Deadline,
    Unit,
    Workdays,
    add_months,
    due,
    due_day,
    late_days,
    shanghai,
    start_of,
    stretches,
)

ZONE = shanghai()
CALENDAR = shipped()
OFFICE = ((510, 720), (840, 1050))  # 08:30-12:00, 14:00-17:30
DAYS = Workdays(CALENDAR, ZONE, OFFICE)


def at(text):
    return int(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1000)


def test_a_year_without_published_holidays_stops_the_calculation_and_says_which():
    with pytest.raises(MissingYear, match="no public holidays of 2027 in calendar") as caught:
        due(Deadline(3, Unit.WORKING_DAYS), at("2026-12-30T10:00"), DAYS)
    assert caught.value.year == 2027


def test_a_due_date_may_go_on_beyond_the_published_years_and_is_provisional():
    guessing = Workdays(CALENDAR, ZONE, OFFICE, guess=True)
    ended = due(Deadline(3, Unit.WORKING_DAYS), at("2026-12-30T10:00"), guessing)
    assert (ended.day, ended.provisional) == (date(2027, 1, 4), True)
    assert due(Deadline(3, Unit.WORKING_DAYS), at("2026-12-01T10:00"), guessing).provisional is False
    assert due(Deadline(3, Unit.DAYS), at("2026-12-30T10:00"), guessing).provisional is True
    assert due(Deadline(8, Unit.WORKING_HOURS), at("2026-12-31T17:00"), guessing).provisional is True


def test_a_limit_that_needs_no_rest_days_needs_no_calendar():
    limit = Deadline(3, Unit.DAYS, roll_rest_day=False)
    assert due(limit, at("2031-01-01T10:00"), DAYS).day == date(2031, 1, 4)
    assert due(Deadline(24, Unit.HOURS), at("2031-01-01T10:00"), DAYS).at_ms == at("2031-01-02T10:00")


@pytest.mark.parametrize(
    ("limit", "start", "last"),
    [
        # P: "3天内提交": the day of recovery is not counted, until 24:00 of day three, moved past a rest day.
        (Deadline(3, Unit.DAYS), "2024-11-20T09:00", "2024-11-25"),  # Saturday 23rd -> Monday 25th
        (Deadline(3, Unit.DAYS), "2024-11-18T23:59", "2024-11-21"),
        (Deadline(3, Unit.DAYS), "2024-09-28T08:00", "2024-10-08"),  # into National Day
        (Deadline(2, Unit.WORKING_DAYS), "2024-09-27T08:00", "2024-09-30"),  # Sunday 29th is made up
        (
            Deadline(9, Unit.WORKING_DAYS),
            "2026-02-10T08:00",
            "2026-02-28",
        ),  # Spring Festival
        (Deadline(1, Unit.WEEKS), "2026-06-10T12:00", "2026-06-17"),
        (Deadline(1, Unit.MONTHS), "2026-01-31T12:00", "2026-02-28"),  # a made-up Saturday
        (Deadline(1, Unit.YEARS, roll_rest_day=False), "2024-02-29T12:00", "2025-02-28"),
        (Deadline(4, Unit.YEARS, roll_rest_day=False), "2024-02-29T12:00", "2028-02-29"),
        (Deadline(1, Unit.HALF_YEARS, roll_rest_day=False), "2025-08-31T12:00", "2026-02-28"),
        # C24 "从合同签订日期起": the first day counts.
        (
            Deadline(1, Unit.YEARS, first_day_counts=True, roll_rest_day=False),
            "2024-09-30T00:00",
            "2025-09-29",
        ),
        (Deadline(1, Unit.WORKING_DAYS, first_day_counts=True), "2026-06-10T23:00", "2026-06-10"),
        (Deadline(1, Unit.WORKING_DAYS, first_day_counts=True), "2026-06-13T01:00", "2026-06-15"),
    ],
)
def test_the_last_day_by_hand(limit, start, last):
    ended = due(limit, at(start), DAYS)
    assert ended.day == date.fromisoformat(last)
    assert ended.at_ms == start_of(ended.day + timedelta(days=1), ZONE)


def test_a_rolled_last_day_says_from_where():
    assert due(Deadline(3, Unit.DAYS), at("2024-11-20T09:00"), DAYS).rolled == date(2024, 11, 23)
    assert due(Deadline(3, Unit.DAYS), at("2024-11-18T09:00"), DAYS).rolled is None


def test_working_hours_run_in_office_hours_only_and_need_them():
    eight = Deadline(8, Unit.WORKING_HOURS)  # C24 §六5; a day has seven
    assert due(eight, at("2026-06-11T08:30"), DAYS).at_ms == at("2026-06-12T09:30")
    assert due(eight, at("2026-06-12T16:30"), DAYS).at_ms == at("2026-06-15T17:30")  # over the weekend
    assert due(eight, at("2026-06-13T03:00"), DAYS).at_ms == at("2026-06-16T09:30")
    with pytest.raises(SpecError, match="office hours"):
        due(eight, at("2026-06-11T08:30"), Workdays(CALENDAR, ZONE))


def test_nothing_is_due_after_no_days():
    with pytest.raises(SpecError):
        due(Deadline(0, Unit.DAYS), at("2026-06-11T08:30"), DAYS)


def test_each_date_after_the_last_day_is_a_day_late():
    ended = due(Deadline(3, Unit.DAYS), at("2024-11-18T09:00"), DAYS)  # until the 21st, 24:00
    assert late_days(ended, at("2024-11-21T23:59"), ZONE) == 0
    assert late_days(ended, at("2024-11-22T00:00"), ZONE) == 1
    assert late_days(ended, at("2024-11-24T08:00"), ZONE) == 3
    hours = due(Deadline(1, Unit.HOURS), at("2024-11-18T09:00"), DAYS)
    assert late_days(hours, at("2024-11-18T10:00"), ZONE) == 1


def test_the_cycles_of_the_contracts():
    def shown(*asked):
        return [(str(a), (b - a).days) for a, b in stretches(*asked)]

    c24 = shown(date(2024, 9, 30), date(2025, 9, 30), 3)
    assert c24 == [("2024-09-30", 91), ("2024-12-30", 90), ("2025-03-30", 92), ("2025-06-30", 92)]
    luohe = shown(date(2026, 6, 10), date(2027, 6, 10), 3)
    assert [n for _, n in luohe] == [92, 91, 90, 92]
    assert len(shown(date(2026, 6, 10), date(2027, 6, 10), 1)) == 12
    assert shown(date(2025, 8, 29), date(2026, 8, 29), 12) == [("2025-08-29", 365)]


def test_an_anniversary_on_the_31st_comes_back_after_february():
    found = [a for a, _ in stretches(date(2023, 12, 31), date(2024, 5, 1), 1)]
    assert [str(one) for one in found] == [
        "2023-12-31",
        "2024-01-31",
        "2024-02-29",
        "2024-03-31",
        "2024-04-30",
    ]


def test_another_anchor_day_makes_a_short_first_stretch():
    found = [(str(a), str(b)) for a, b in stretches(date(2026, 6, 10), date(2026, 8, 20), 1, 1)]
    assert found == [("2026-06-10", "2026-07-01"), ("2026-07-01", "2026-08-01"), ("2026-08-01", "2026-08-20")]
    cut = [(str(a), str(b)) for a, b in stretches(date(2025, 2, 28), date(2025, 5, 1), 1, 31)]
    assert cut == [("2025-02-28", "2025-03-31"), ("2025-03-31", "2025-04-30"), ("2025-04-30", "2025-05-01")]


STARTS = st.dates(date(2024, 1, 1), date(2026, 6, 30))
LONG = [Unit.DAYS, Unit.WORKING_DAYS, Unit.WEEKS, Unit.MONTHS, Unit.HALF_YEARS]


@given(STARTS, st.sampled_from(LONG), st.integers(1, 40), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_slow_count_day_by_day_agrees(naive, start, unit, count, first_counts, roll):
    if unit in (Unit.MONTHS, Unit.HALF_YEARS):
        count = count % 4 + 1 if unit is Unit.MONTHS else 1
    if unit is Unit.WEEKS:
        count = count % 20 + 1
    limit = Deadline(count, unit, "", first_counts, roll)
    assert due_day(limit, start, DAYS).day == naive.last_day(
        unit.value, count, start, _workdays(), first_counts, roll
    )


@given(STARTS, st.integers(0, 24 * 60 - 1), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_a_slow_count_minute_by_minute_agrees(naive, start, minute, count):
    begin = naive.local(start.isoformat()) + timedelta(minutes=minute)
    wanted = naive.working_minutes(begin, count * 60, _workdays(), OFFICE)
    assert due(Deadline(count, Unit.WORKING_HOURS), naive.ms(begin), DAYS).at_ms == naive.ms(wanted)


@given(STARTS, st.integers(1, 36))
@settings(max_examples=100, deadline=None)
def test_months_of_a_term_leave_no_gap_and_none_twice(start, months):
    end = add_months(start, months)
    found = list(stretches(start, end, 1))
    assert len(found) == months and found[0][0] == start and found[-1][1] == end
    assert all(a[1] == b[0] for a, b in pairwise(found))


_KNOWN = frozenset(
    day for n in range(1096) if CALENDAR.is_workday(day := date(2024, 1, 1) + timedelta(days=n))
)


def _workdays():
    return _KNOWN
