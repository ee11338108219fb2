"""Slots and windows: when a look or a round is due."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from checks.codec import FieldError
from checks.plan import RoundPlan, Window
from checks.recurrence import check_recurrence, instant, offset_ms, slot_start, windows, zone


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def shanghai(text: str) -> int:
    return utc(text) - 8 * 3_600_000


def a_round(every: str = "", on: str = "", window: str = "", *extra: Window) -> RoundPlan:
    return RoundPlan("r", (), every, on, window, extra)


def test_a_window_that_makes_no_sense_names_the_key():
    for every, on, window, key in [
        ("hour", "", "", "every"),
        ("day", "monday", "", "on"),
        ("week", "1", "", "on"),
        ("month", "29", "", "on"),
        ("month", "monday", "", "on"),
        ("week", "monday", "9-17", "window"),
        ("week", "monday", "09:00-09:00", "window"),
        ("week", "monday", "24:30-10:00", "window"),
    ]:
        with pytest.raises(FieldError) as problem:
            check_recurrence(every, on, window)
        assert problem.value.path == key


def test_an_unknown_zone_is_refused_and_shanghai_is_always_known():
    with pytest.raises(FieldError):
        zone("Asia/Atlantis")
    assert instant(datetime(2026, 11, 16, 9), zone("Asia/Shanghai")) == shanghai("2026-11-16T09:00")


def test_a_weekly_window_is_late_until_the_next_one_starts():
    found = windows(
        a_round("week", "monday", "09:00-17:00"),
        "Asia/Shanghai",
        shanghai("2026-11-16T00:00"),
        shanghai("2026-11-24T00:00"),
    )
    assert [w.id for w in found] == ["r/2026-11-09", "r/2026-11-16", "r/2026-11-23"]
    assert found[1] == Window(
        "r/2026-11-16",
        shanghai("2026-11-16T09:00"),
        shanghai("2026-11-16T17:00"),
        shanghai("2026-11-23T09:00"),
    )


def test_asking_for_an_instant_inside_gives_exactly_the_open_window():
    now = shanghai("2026-11-18T12:00")
    assert [
        w.id for w in windows(a_round("week", "monday", "09:00-17:00"), "Asia/Shanghai", now, now + 1)
    ] == ["r/2026-11-16"]


def test_a_window_over_midnight_ends_on_the_next_day():
    start = utc("2026-11-16T00:00")
    found = windows(a_round("day", "", "22:30-01:00"), "UTC", start, start + 86_400_000)
    assert [(w.from_ms, w.to_ms) for w in found][-1] == (utc("2026-11-16T22:30"), utc("2026-11-17T01:00"))


def test_months_quarters_years_and_fortnights_follow_the_calendar():
    span = (utc("2026-01-15T00:00"), utc("2026-07-01T00:00"))
    ids = [w.id for w in windows(a_round("month", "last", "09:00-10:00"), "UTC", *span)]
    assert ids == [f"r/{day}" for day in ["2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31"]] + [
        f"r/2026-{day}" for day in ["04-30", "05-31", "06-30"]
    ]
    assert [w.id for w in windows(a_round("quarter"), "UTC", *span)] == ["r/2026-01-01", "r/2026-04-01"]
    assert [w.id for w in windows(a_round("quarter", "last"), "UTC", *span)][-1] == "r/2026-06-30"
    assert [w.id for w in windows(a_round("year", "5"), "UTC", *span)] == ["r/2026-01-05"]
    fortnights = windows(a_round("fortnight", "friday"), "UTC", *span)
    assert {b.from_ms - a.from_ms for a, b in pairwise(fortnights)} == {14 * 86_400_000}
    assert all(datetime.fromtimestamp(w.from_ms / 1000, UTC).weekday() == 4 for w in fortnights)


def test_a_month_without_day_or_hours_is_due_during_all_of_it():
    found = windows(a_round("month"), "UTC", utc("2026-02-10T00:00"), utc("2026-02-11T00:00"))
    assert [(w.from_ms, w.to_ms, w.until_ms) for w in found] == [
        (utc("2026-02-01T00:00"), utc("2026-03-01T00:00"), utc("2026-03-01T00:00"))
    ]


def test_explicit_windows_join_the_recurring_ones():
    extra = Window("r/run-1", 5, 10, 20)
    found = windows(a_round("day", "", "00:00-01:00", extra), "UTC", 0, 100)
    assert [w.id for w in found] == ["r/1970-01-01", "r/run-1"]
    assert windows(a_round("", "", "", extra), "UTC", 20, 30) == []


def test_a_local_time_that_does_not_exist_maps_forward_and_a_doubled_one_spans_both():
    berlin = "Europe/Berlin"
    day = windows(
        a_round("day", "", "02:30-04:00"), berlin, utc("2026-03-29T00:00"), utc("2026-03-29T12:00")
    )[-1]
    assert (day.from_ms, day.to_ms) == (utc("2026-03-29T01:30"), utc("2026-03-29T02:00"))
    day = windows(
        a_round("day", "", "02:10-02:50"), berlin, utc("2026-10-25T00:00"), utc("2026-10-25T12:00")
    )[-1]
    assert (day.from_ms, day.to_ms) == (utc("2026-10-25T00:10"), utc("2026-10-25T01:50"))


def test_windows_of_adjacent_spans_are_those_of_the_whole():
    plan = a_round("week", "wednesday", "08:00-09:00")
    a, b, c = utc("2026-01-01T00:00"), utc("2026-03-04T08:30"), utc("2026-06-01T00:00")
    parts = {w.id for w in windows(plan, "UTC", a, b)} | {w.id for w in windows(plan, "UTC", b, c)}
    assert parts == {w.id for w in windows(plan, "UTC", a, c)}


def test_slots_stand_on_the_utc_grid_and_offsets_stay_inside_them():
    assert slot_start(1_771_000_025_123, 60_000) % 60_000 == 0
    assert slot_start(59_999, 60_000) == 0 and slot_start(60_000, 60_000) == 60_000
    offsets = {offset_ms("host.cpu", f"h{i}", "a", 60_000, 20_000) for i in range(200)}
    assert len(offsets) > 150 and min(offsets) >= 0 and max(offsets) < 40_000
    assert offset_ms("host.cpu", "h", "a", 1000, 5000) == 0
