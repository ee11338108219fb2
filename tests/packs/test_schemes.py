"""The four packs: money, periods, clauses, and every ambiguity of the specification as an option."""

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from collector.judging.spans import periods_of
from collector.packs.loading import names, packaged
from collector.packs.options import OptionError, from_text, resolve
from collector.scoring.choices import Choices, options_in, shown
from collector.scoring.terms import Periods

ROWS = {"luohe-2026": ("3.1", 17), "pingdingshan-2024": ("3.2", 15), "huaian-2025": ("3.3", 13)}


def edges(name, start="", **options):
    pack = packaged(name).pack
    values = resolve(pack, options)
    return [
        (one.first.isoformat(), one.end.isoformat())
        for one in periods_of(pack.periods, start, Choices(values))
    ]


def days(name, start="", **options):
    pack = packaged(name).pack
    return [(p.end - p.first).days for p in periods_of(pack.periods, start, Choices(resolve(pack, options)))]


def test_there_are_four_packs():
    assert names() == ("huaian-2025", "luohe-2026", "pingdingshan-2024", "pingdingshan-2025")


@pytest.mark.parametrize("name", names())
def test_every_rule_has_a_clause_and_a_page_and_the_points_make_a_hundred(name):
    scoring = packaged(name).pack.scoring
    for part in (*scoring.lines, *scoring.deductions, *scoring.fines, *scoring.vetoes):
        assert part.clause and part.page and part.title and part.title_en, part.id
    assert sum(line.full for line in scoring.lines) == scoring.full == 100


@pytest.mark.parametrize("name", names())
def test_every_document_that_a_clause_cites_is_listed_with_its_title(name):
    made = packaged(name)
    cited = set(re.findall(r"\b(LH|C24|T25|HA)\b(?!-)", made.body.decode()))
    assert cited <= {one.key for one in made.pack.documents}, cited


@pytest.mark.parametrize(("name", "rows"), ROWS.items())
def test_every_ambiguity_is_an_option_with_a_clause_and_both_languages(name, rows):
    section, count = rows
    options = packaged(name).pack.options
    told = {number.strip() for option in options for number in option.number.split(",")}
    assert {f"{section}/{row}" for row in range(1, count + 1)} <= told
    for option in options:
        assert option.clause and re.search("[一-鿿]", option.zh) and not re.search("[一-鿿]", option.en)


def test_the_tenders_options_are_those_of_the_contract():
    old, new = packaged("pingdingshan-2024").pack, packaged("pingdingshan-2025").pack
    assert {option.key for option in old.options} == {option.key for option in new.options}
    assert resolve(old, {})["promises"] == ()
    assert resolve(new, {})["promises"] == ("availability",)
    assert [line.id for line in old.scoring.lines] == [line.id for line in new.scoring.lines]


def test_prices_and_fees_are_those_of_the_contracts():
    price = {name: packaged(name).pack.price for name in names()}
    assert price["luohe-2026"] == 12 * 133_000 == 4 * 399_000
    assert price["pingdingshan-2024"] == 2_545_000
    assert price["huaian-2025"] == 1_342_000
    fee = packaged("luohe-2026").pack.scoring.money.fee
    assert (fee.fee, fee.payment_periods) == (133_000, 3)


def test_pingdingshan_cycles_have_exactly_the_days_of_the_contract():
    assert edges("pingdingshan-2024") == [
        ("2024-09-30", "2024-12-30"),
        ("2024-12-30", "2025-03-30"),
        ("2025-03-30", "2025-06-30"),
        ("2025-06-30", "2025-09-30"),
    ]
    assert days("pingdingshan-2024") == [91, 90, 92, 92]


def test_huaians_year_is_365_days():
    assert edges("huaian-2025") == [("2025-08-29", "2026-08-29")]
    assert days("huaian-2025") == [365]


def test_luohe_months_run_from_the_10th_and_three_make_a_payment():
    months = edges("luohe-2026")
    assert (months[0], months[-1]) == (("2026-06-10", "2026-07-10"), ("2027-05-10", "2027-06-10"))
    each = days("luohe-2026")
    assert [sum(each[i : i + 3]) for i in range(0, 12, 3)] == [92, 91, 90, 92]


def test_luohe_by_calendar_months_has_thirteen_pieces_that_make_twelve_months():
    pack = packaged("luohe-2026").pack
    made = periods_of(pack.periods, "", Choices(resolve(pack, {"month_anchor": 1})))
    assert [one.first.day for one in made] == [10] + [1] * 12
    assert (made[0].share, made[-1].share) == (Fraction(21, 30), Fraction(9, 30))
    assert sum(one.share for one in made) == 12


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("2024-11-30", ["2024-11-30", "2025-02-28", "2025-05-30", "2025-08-30", "2025-11-30"]),
        ("2023-11-30", ["2023-11-30", "2024-02-29", "2024-05-30", "2024-08-30", "2024-11-30"]),
        ("2024-05-31", ["2024-05-31", "2024-08-31", "2024-11-30", "2025-02-28", "2025-05-31"]),
        ("2024-02-29", ["2024-02-29", "2024-05-29", "2024-08-29", "2024-11-29", "2025-02-28"]),
        ("2024-08-29", ["2024-08-29", "2024-11-29", "2025-02-28", "2025-05-29", "2025-08-29"]),
    ],
)
def test_an_anniversary_late_in_the_month_comes_back_after_a_short_one(start, wanted):
    rule = Periods(3, 4, "cycle-{number}", "c", start)
    made = periods_of(rule, "", Choices({}))
    assert [made[0].first.isoformat(), *(one.end.isoformat() for one in made)] == wanted
    assert all(before.end == after.first for before, after in pairwise(made))
    assert {one.share for one in made} == {1}


@pytest.mark.parametrize("name", names())
def test_a_value_as_text_is_the_value(name):
    for option in packaged(name).pack.options:
        values = option.allowed or (option.least, option.most)
        if isinstance(option.default, tuple):
            values = (option.default, (), option.allowed)
        for value in values:
            assert from_text(option, shown(value)) == value, option.key


def test_an_option_that_is_none_or_cannot_have_the_value_is_refused():
    pack = packaged("luohe-2026").pack
    for chosen, reason in (
        ({"cuont": "literal"}, "did you mean count"),
        ({"count": "twice"}, "none of: distinct_weeks, literal"),
        ({"month_anchor": 31}, "not between 1 and 28"),
        ({"month_anchor": "10"}, "a whole number is wanted"),
        ({"month_anchor": True}, "a whole number is wanted"),
    ):
        with pytest.raises(OptionError, match=reason):
            resolve(pack, chosen)
    with pytest.raises(OptionError, match="a list is wanted"):
        resolve(packaged("pingdingshan-2024").pack, {"half_year.judge_in": 2})


@pytest.mark.parametrize("name", names())
def test_options_that_rules_name_are_declared(name):
    pack = packaged(name).pack
    assert set(options_in(pack.scoring)) <= {option.key for option in pack.options}


@pytest.mark.parametrize(
    ("start", "anchor", "outer"),
    [
        ("2026-01-31", 28, ("28/31", "3/31")),  # 31 January to 28 February is a month, and no whole one here
        ("2025-12-29", 28, ("30/31", "1/31")),
        ("2024-02-29", 28, ("28/29", "1")),  # the year ends on 28 February: the last is whole
        ("2026-01-31", 1, ("1/31", "30/31")),
        ("2026-03-30", 15, ("16/31", "15/31")),
        ("2026-06-10", 10, ("1", "1")),
    ],
)
def test_broken_months_at_both_ends_of_a_term_have_their_shares(start, anchor, outer):
    pack = packaged("luohe-2026").pack
    made = periods_of(pack.periods, start, Choices(resolve(pack, {"month_anchor": anchor})))
    assert (made[0].share, made[-1].share) == tuple(map(Fraction, outer))
    assert {one.share for one in made[1:-1]} == {Fraction(1)}


@pytest.mark.parametrize(
    ("start", "anchor", "outer"),
    [
        ("2026-02-10", 31, ("18/28", "10/28")),  # its first month ends on 28 February, for want of a 31st
        ("2026-03-15", 31, ("16/31", "15/31")),  # its last begins there
        ("2026-05-15", 30, ("15/30", "15/30")),
        ("2026-01-31", 31, ("1", "1")),
        ("2026-02-28", 31, ("1", "1")),
    ],
)
def test_an_anchor_that_a_month_lacks_is_its_last_day(start, anchor, outer):
    pack = packaged("luohe-2026").pack
    made = periods_of(replace(pack.periods, anchor_day=anchor), start, Choices(resolve(pack, {})))
    assert (made[0].share, made[-1].share) == tuple(map(Fraction, outer))
    assert {one.share for one in made[1:-1]} == {Fraction(1)}


@pytest.mark.parametrize("start", ["2024-11-29", "2024-11-30", "2025-08-31", "2024-02-29"])
def test_cycles_from_the_last_days_of_a_month_are_whole_ones(start):
    pack = packaged("pingdingshan-2024").pack
    assert [one.share for one in periods_of(pack.periods, start, Choices(resolve(pack, {})))] == [1] * 4
