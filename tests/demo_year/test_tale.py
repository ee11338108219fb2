"""The tale of a demonstration's year: what the clerk makes of it is what the packs make of it, to the fen."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from collector.packs.loading import packaged
from collector.scoring.cases import run_case

HERE = Path(__file__).resolve().parent
PACKS = ("luohe-2026", "pingdingshan-2024", "pingdingshan-2025", "huaian-2025")


class Year:
    """A year that nobody plays: tale, plans of people, truth."""

    def __init__(self, year, pack, seed):
        self.found = year["year_estate"].terms(pack)
        self.tale = year["year_tale"].TALES[self.found.scheme](self.found, seed)
        self.people = year["year_people"].People(None)
        told = {"luohe_monthly": "luohe", "pds_quarterly": "pds", "huaian_yearly": "huaian"}
        play = getattr(year["year_habits"], told[self.found.scheme])
        self.truth = play(self.people, self.found, self.tale, seed)


def asked(given):
    """What a case asks of a period; reprimands and missed promises go with the settlement."""
    return {key: value for key, value in given.items() if key not in ("reprimands", "away")}


def case(found, given, expect):
    """A period's truth as a worked case."""
    given = asked(given)
    raw = {"id": "x", "scheme": found.scheme, "pack": found.pack, "input": given, "expect": expect}
    if found.pack != "pingdingshan-2025":
        del raw["pack"]
    return run_case("x", raw, packaged)


@pytest.mark.parametrize("seed", [7, 11, 23])
@pytest.mark.parametrize("pack", PACKS)
def test_every_period_of_a_tale_comes_to_the_same_through_its_pack(year, pack, seed):
    made = Year(year, pack, seed)
    for given in made.truth.values():
        expect = year["clerk"].SCHEMES[made.found.scheme](given, {})
        assert case(made.found, given, expect).got == expect


@pytest.mark.parametrize("pack", PACKS)
def test_a_seed_gives_the_same_year_again_and_another_seed_another(year, pack):
    one, same, other = Year(year, pack, 7), Year(year, pack, 7), Year(year, pack, 8)
    assert (one.tale, one.truth) == (same.tale, same.truth)
    assert one.tale != other.tale


@pytest.mark.parametrize("seed", [7, 11, 23])
@pytest.mark.parametrize("pack", PACKS)
def test_a_tale_has_everything_that_a_year_is_to_show(year, pack, seed):
    made = Year(year, pack, seed)
    tale, outages = made.tale, made.tale.outages
    assert tale.absent
    assert tale.backups_missed
    assert tale.backups_late
    work = [one for one in outages if one.window is not None]
    assert {len(one.counted) for one in work} == {0, 1}  # excused as a whole, and in part or not at all
    assert any(one.approved is None for one in work)
    assert any(one.approved is not None and one.counted and one.onset == one.begin for one in work)
    assert any(one.counted and one.onset > one.begin for one in work)
    assert {"approved", "refused"} <= {one.majeure for one in outages}
    assert any(one.contradicted is not None for one in outages)
    truth = year["year_truth"]
    wanted = [one for one in tale.occasions if one.told is not None]
    kept = [truth.in_time(made.found, tale, one, 21) for one in wanted]
    assert {True, False} == set(kept)
    assert tale.held[0] < tale.held[1]
    assert tale.moved is not None
    kinds = {"seal", "bring", "state"}
    assert {what.__name__ for _, _, what in made.people.acts} == kinds


def test_work_counts_from_the_later_of_its_start_and_the_approval_with_its_notice(year):
    tale = year["year_tale"]
    start, hour = tale.at(date(2025, 3, 3), "20:00"), tale.HOUR
    window = (start, start + 2 * hour)

    def counted(approved, begin=start, end=start + 3 * hour):
        return tale.Outage(0, begin, end, window=window, approved=approved).counted

    assert counted(None) == ((start, start + 3 * hour),)
    assert counted(start - 9 * hour) == ((window[1], start + 3 * hour),)
    assert counted(start - hour) == ((start, start + hour), (window[1], start + 3 * hour))
    assert counted(start) == ((start, start + 3 * hour),)
    assert counted(start - 9 * hour, end=window[1]) == ()


def test_a_special_inspection_counts_for_any_occasion_and_only_where_no_server_was_silent(year):
    tale, truth = year["year_tale"], year["year_truth"]
    found = year["year_estate"].terms("huaian-2025")
    year_of = tale.Tale(found.begin, found.end)

    def days(first, looked, silent=None):
        made = (date(2025, 12, first), date(2025, 12, first + 2), looked and date(2025, 12, looked))
        return tale.Occasion(f"m{first}", *made, silent, told=date(2025, 11, 20))

    year_of.occasions = [days(20, 10), days(22, 15, 4), days(29, None)]
    assert truth.specials(found, year_of, (0,)) == [date(2025, 12, 10)]
    first, second, third = year_of.occasions
    assert truth.in_time(found, year_of, first, 14, 7)
    assert truth.in_time(found, year_of, second, 14, 7)  # by the one for the other moment
    assert not truth.in_time(found, year_of, third, 14)
    assert not truth.in_time(found, year_of, first, 7)  # too early
    assert not truth.in_time(found, year_of, first, 21, 11)  # too late
    year_of.absent = {(0, date(2025, 12, 8))}
    assert truth.specials(found, year_of, (0,)) == []


def test_holidays_are_whole_stretches_of_free_days(year):
    tale = year["year_tale"]
    every = list(tale.free_days(date(2025, 8, 29), date(2026, 8, 29), tale.HOLIDAYS))
    assert [(str(first), str(after)) for first, after, _ in every] == [
        ("2025-10-01", "2025-10-09"),  # with the mid-autumn day in its middle
        ("2026-02-15", "2026-02-24"),
        ("2026-05-01", "2026-05-06"),
    ]


def test_a_report_is_late_by_dates_after_a_last_day_that_is_no_rest_day(year):
    tale, truth = year["year_tale"], year["year_truth"]

    def late(end, days):
        moment = tale.at(end, "11:00")
        return truth.report_late(tale.Outage(0, moment - tale.HOUR, moment, report_days=days))

    assert late(date(2025, 3, 3), 3) == 0  # Monday to Thursday
    assert late(date(2025, 3, 3), 6) == 3
    assert late(date(2025, 3, 5), 5) == 0  # Saturday is moved to Monday
    assert late(date(2024, 9, 30), 9) == 1  # 3 October is in the holiday that ends on the 7th


def documented():
    """The case blocks of the packs' pages that are a period of a demonstration."""
    for pack in PACKS:
        text = (HERE.parents[1] / "docs" / "packs" / f"{pack}.md").read_text()
        for block in text.split("```yaml\n")[1:]:
            for one in yaml.safe_load(block.split("```")[0]):
                if "-demo-" in one["id"]:
                    yield pytest.param(pack, one, id=one["id"])


@pytest.mark.parametrize(("pack", "one"), list(documented()))
def test_the_example_on_a_packs_page_is_that_period_of_the_played_year(year, pack, one):
    """`…-demo-7-2026-02`: seed and period."""
    _, _, rest = one["id"].partition("-demo-")
    seed, _, period = rest.partition("-")
    made = Year(year, pack, int(seed))
    given = made.truth[period]
    assert one["input"] == asked(given)
    expect = year["clerk"].SCHEMES[made.found.scheme](given, {})
    assert one["expect"] == {name: expect[name] for name in one["expect"]}
    assert "total" in one["expect"]


def test_each_pack_has_such_an_example():
    assert {one.values[0] for one in documented()} == set(PACKS)


def test_the_lapse_is_told_once_for_each_pair_of_months(year):
    made = Year(year, "luohe-2026", 7)
    every = list(year["year_habits"].months(made.found))
    lapses = [year["year_truth"].luohe_lapses(made.found, made.tale, every, n) for n in range(12)]
    assert sum(lapses) == 1
    assert lapses[9] == 1
    assert every[9][1] - timedelta(days=1) == date(2026, 3, 9)
