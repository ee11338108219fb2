"""Days until something is full: what daily values carry, and what they don't."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.inspection.capacity import LEAST_DAYS, Day, Outlook, forecast

GB = 10**9
WHOLE = 1000 * GB


def line(days, slope, start=400 * GB, whole=WHOLE):
    return [Day(18_000 + day, start + slope * day, whole) for day in range(days)]


def series(seed, days, *, slope=0, noise=0, memory=0.0, step=0):
    """Daily values: a line, noise that remembers the day before, and a walk."""
    luck = random.Random(seed)
    made, error, walked = [], 0.0, 0.0
    for day in range(days):
        error = memory * error + luck.gauss(0, noise)
        walked += luck.gauss(0, step)
        made.append(Day(18_000 + day, int(400 * GB + slope * day + error + walked), WHOLE))
    return made


def test_nothing_is_claimed_of_nothing_of_few_days_and_of_a_thing_without_size():
    assert forecast([]).reason == "too_few_days"
    assert forecast(line(LEAST_DAYS - 1, GB)).reason == "too_few_days"
    assert forecast([replace(each, total=0) for each in line(30, GB)]).reason == "no_size"


def test_a_disk_that_was_just_enlarged_has_no_trend_yet():
    values = [*line(30, 8 * GB), *[Day(18_030 + day, 640 * GB + day, 2 * WHOLE) for day in range(5)]]
    made = forecast(values)
    assert (made.outlook, made.reason, made.days_used) == (Outlook.NO_CLAIM, "resized", 5)


def test_days_that_nobody_looked_at_are_gaps_and_not_a_straight_line():
    values = line(30, 8 * GB)
    assert forecast(values[:7] + values[-7:] + [replace(values[-1], day=18_050)]).reason == "gaps"


def test_an_exact_line_is_full_when_it_meets_the_size():
    made = forecast(line(31, 12 * GB))  # 760 GB on the last day, 240 GB free
    assert made.outlook is Outlook.FILLING
    assert (made.days, made.earliest, made.latest) == (20, 20, 20)


def test_what_fills_beyond_three_times_the_days_seen_has_no_date():
    made = forecast(line(20, GB))
    assert made.outlook is Outlook.FAR
    assert (made.days, made.latest, made.horizon) == (None, None, 57)


def test_what_stands_still_or_shrinks_is_never_full():
    assert forecast(line(30, 0)).outlook is Outlook.STEADY
    assert forecast(line(30, -GB)).outlook is Outlook.SHRINKING


def test_what_is_full_is_full_today_however_few_the_days():
    assert forecast([Day(18_000, WHOLE, WHOLE)]).outlook is Outlook.FULL


def test_one_wild_day_moves_nothing_much():
    values = line(31, 12 * GB)
    values[15] = replace(values[15], used=990 * GB)
    made = forecast(values)
    assert made.outlook is Outlook.FILLING
    assert 18 <= made.days <= 22


@given(
    st.lists(
        st.tuples(st.integers(17_000, 18_000), st.integers(0, 2**60), st.integers(0, 2**60)), max_size=40
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200, deadline=None)
def test_any_values_have_an_outlook_whose_bounds_are_in_order(rows, luck):
    values = [Day(*row) for row in {row[0]: row for row in rows}.values()]
    made = forecast(values)
    assert (made.outlook is Outlook.NO_CLAIM) == bool(made.reason)
    assert (made.days is None) == (made.outlook not in (Outlook.FILLING, Outlook.FULL))
    bounds = [each for each in (made.earliest, made.days, made.latest) if each is not None]
    assert bounds == sorted(bounds)
    assert all(0 <= each <= made.horizon for each in bounds)
    luck.shuffle(values)
    assert forecast(values) == made


@given(st.integers(0, 2**32), st.integers(1, 1000))
@settings(max_examples=50, deadline=None)
def test_the_unit_of_the_values_changes_no_day(seed, factor):
    values = series(seed, 40, slope=10 * GB, noise=3 * GB)
    larger = [Day(each.day, each.used * factor, each.total * factor) for each in values]
    first, second = forecast(values), forecast(larger)
    assert (first.outlook, first.days, first.earliest) == (second.outlook, second.days, second.earliest)


@pytest.mark.parametrize("memory", [0.0, 0.6])
@pytest.mark.parametrize("days", [30, 60])
def test_the_interval_holds_the_true_day_of_nine_in_ten_series(memory, days):
    slope, held, claims = 8 * GB, 0, 0
    for seed in range(150):
        values = series(seed, days, slope=slope, noise=5 * GB, memory=memory)
        made = forecast(values)
        true = (600 * GB - slope * (days - 1)) / slope
        if made.outlook is Outlook.FILLING:
            claims += 1
            until = made.horizon if made.latest is None else made.latest
            held += (made.earliest or 0) - 1 <= true <= until + 1
    print(f"{days} days, memory {memory}: {held} of {claims} intervals hold the true day")
    assert claims >= 120
    assert held >= 0.9 * claims


@pytest.mark.parametrize("days", [14, 30, 60])
@pytest.mark.parametrize("kind", [{"noise": 5 * GB}, {"noise": 5 * GB, "memory": 0.6}, {"step": 5 * GB}])
def test_of_series_without_growth_one_in_ten_at_most_is_said_to_fill(kind, days):
    made = [forecast(series(seed, days, **kind)).outlook for seed in range(150)]
    wrong = sum(one in (Outlook.FILLING, Outlook.FAR) for one in made)
    print(f"{days} days, {kind}: {wrong} of 150 said to fill")
    assert wrong <= 15
