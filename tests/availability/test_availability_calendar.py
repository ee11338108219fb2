"""Chinese working days: the shipped files against the package they came from, and files that are wrong."""

import json
from datetime import date, timedelta
from hashlib import sha256

import chinese_calendar
import pytest

from collector.availability.calendar_cn import calendar, shipped, shipped_files
from collector.availability.errors import MissingYear, SpecError

YEARS = (2024, 2025, 2026)


def file_of(**changes):
    document = {"year": 2025, "notice": "n", "holidays": ["2025-10-01"], "workdays": ["2025-09-28"]}
    return json.dumps(document | changes).encode()


def test_a_year_without_data_is_an_error_and_never_a_guess():
    with pytest.raises(MissingYear) as caught:
        shipped().is_workday(date(2023, 6, 5))
    assert caught.value.year == 2023


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        file_of(year="2025"),
        file_of(notice=None),
        file_of(holidays=["2024-10-01"]),
        file_of(holidays=["2025-13-01"]),
        file_of(holidays=[5]),
        file_of(workdays=["2025-10-01"]),
    ],
)
def test_a_wrong_data_file_is_refused(raw):
    with pytest.raises(SpecError):
        calendar([raw])


def test_two_files_for_one_year_are_refused():
    with pytest.raises(SpecError):
        calendar([file_of(), file_of(notice="other")])


def test_the_version_changes_with_any_byte_of_the_data():
    assert calendar([file_of()]).version != calendar([file_of(notice="other")]).version
    assert calendar([file_of()]).years[2025].digest == sha256(file_of()).hexdigest()


@pytest.mark.parametrize("year", YEARS)
def test_every_day_of_a_shipped_year_is_what_the_package_says(year):
    days = shipped()
    day = date(year, 1, 1)
    while day.year == year:
        assert days.is_workday(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_every_shipped_year_names_its_notice():
    assert sorted(shipped_files()) == [f"cn_{year}.json" for year in YEARS]
    for year in YEARS:
        assert f"〔{year - 1}〕" in shipped().years[year].notice
