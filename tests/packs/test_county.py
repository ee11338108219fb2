"""A fourth contract needs YAML only: a made-up county, scored by hand beside the program."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from collector.packs.loading import from_file
from collector.scoring.model import Gap, Item, LineState, PackPeriod, PeriodFacts, System, Unit
from collector.scoring.score import score
from collector.scoring.settlement import settle

PACK = from_file(Path(__file__).with_name("county.yaml"))
PERIOD = PackPeriod("2027-01", 1, 0, 0, date(2027, 1, 31), date(2027, 3, 31))
UNITS = (
    Unit("a", "甲局", systems=(System("a1", "一"), System("a2", "二"))),
    Unit("b", "乙局"),
)


def patrols(unit, *days):
    return [Item("inspection", day=date(2027, 2, day), unit=unit) for day in days]


def facts(*more, gaps=()):
    items = [
        *patrols("a", 1, 1, 2, 3, 4, 5, 6, 7, 8),  # eight days: 12 points
        *patrols("b", *range(1, 13)),  # twelve days, ten count: 15 points
        Item("document_required", Fraction(4), unit="a", system="a1"),
        Item("document_present", Fraction(3), unit="a", system="a1"),
        Item("document_required", Fraction(2), unit="a", system="a2"),
        Item("document_present", Fraction(2), unit="a", system="a2"),
        Item("availability", Fraction("99.1")),  # 0.4 short: one whole step of 0.25, 2 points
        Item("security", facts={"level": "major"}),
        Item("security", facts={"level": "hazard"}),
        *[Item("unreachable")] * 5,  # two pairs: 1 point
        *more,
    ]
    return PeriodFacts(PERIOD, 0, UNITS, tuple(items), tuple(gaps))


def points(card):
    return {(line.id, line.unit): line.points for line in card.lines}


def test_every_line_is_what_a_clerk_makes_of_it():
    got = points(score(PACK, facts()))
    assert got[("patrols", "a")] == 12
    assert got[("patrols", "b")] == 15
    assert got[("papers", "a")] == Fraction(35, 8)  # mean of 3.75 and 5
    assert got[("papers", "b")] == 0  # no system, and the contract gives nothing for it
    assert got[("events", None)] == 13  # 15 - 1 - 1
    assert got[("uptime", None)] == 8
    assert got[("opinion", None)] == Fraction(5, 2)


def test_total_grade_and_money_follow():
    card = score(PACK, facts())
    # units: (12 + 4.375 + 15 + 0) / 2 = 15.6875; contract: 13 + 8 + 2.5 = 23.5
    assert card.total == Fraction("39.1875")
    assert card.grade == "丙"
    assert {one.id: one.yuan for one in card.money}["net"] == Decimal("33333.33")
    better = score(PACK, facts(Item("satisfaction", Fraction(5))))
    assert (better.total, better.grade) == (Fraction("41.6875"), "乙")


def test_a_third_of_the_fee_less_fines_is_rounded_once():
    card = score(PACK, facts(Item("absence"), Item("absence")))
    money = {one.id: one.yuan for one in card.money}
    assert money["fines"] == Decimal("666.66")
    assert money["net"] == Decimal("32666.67")  # 33333.333… - 666.66 = 32666.6733…
    made = settle(PACK, [card, card])
    paid = {one.id: one.yuan for one in made.money}
    assert paid["period_payment"] == Decimal("65333.35")  # 65333.3466…: not twice the rounded net
    assert paid["shortfall"] == 0


def test_options_and_floors_are_the_countys_own():
    by_item = score(PACK, facts(), {"count": "items"})
    assert points(by_item)[("patrols", "a")] == Fraction("13.5")
    linear = score(PACK, facts(), {"soft": "linear"})
    assert points(linear)[("uptime", None)] == Fraction("6.8")
    many = [Item("security", facts={"level": "notified"})] * 10
    assert points(score(PACK, facts(*many), {"mercy": 3}))[("events", None)] == -5
    assert [other.option for other in score(PACK, facts()).others] == ["count"]


def test_a_gap_makes_a_line_and_the_total_not_proven_and_bounds_them():
    card = score(PACK, facts(gaps=[Gap("inspection", "not_observed", unit="a", at_most=1)]))
    line = next(line for line in card.lines if (line.id, line.unit) == ("patrols", "a"))
    assert (line.points, line.low, line.high, line.state) == (
        None,
        12,
        Fraction("13.5"),
        LineState.NOT_PROVEN,
    )
    assert (card.total, card.low, card.high) == (None, Fraction("39.1875"), Fraction("39.9375"))
    assert card.grade == "丙"  # both bounds
    assert card.money[-1].yuan == Decimal("33333.33")
