"""A contract as unlike the others as can be needs YAML only too: scored by hand beside the program."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from collector.judging.spans import periods_of
from collector.packs.errors import PackError
from collector.packs.explain import explain
from collector.packs.loading import from_file
from collector.scoring.choices import Choices
from collector.scoring.model import Gap, Item, LineState, PackPeriod, PeriodFacts, System, Unit
from collector.scoring.score import score
from collector.scoring.settlement import settle

FILE = Path(__file__).with_name("town.yaml")
PACK = from_file(FILE)
PERIOD = PackPeriod("half-1", 1, 0, 0, date(2027, 7, 1), date(2028, 1, 1))
UNITS = (Unit("a", "水厂", systems=(System("a1", "一"),)), Unit("b", "管网"))
OF = {"of": "worst"}


def due(required, done):
    made = [Item("due", facts={"what": "inspection"})] * required
    return [*made, *[Item("done", facts={"what": "inspection"})] * done]


def papers(unit, present, required):
    return [
        Item("document_required", Fraction(required), unit=unit),
        Item("document_present", Fraction(present), unit=unit),
    ]


def facts(*more, availability="99.62", satisfaction="83", rounds=(26, 24), gaps=(), plain=False):
    items = [
        Item("availability", Fraction(availability), facts=OF),
        Item("satisfaction", Fraction(satisfaction)),
        *due(*rounds),
        *papers("a", *((8, 8) if plain else (6, 8))),
        *papers("b", 4, 4),
        *more,
    ]
    return PeriodFacts(PERIOD, 0, UNITS, tuple(items), tuple(gaps))


BUSY = (
    *[Item("incident_late")] * 5,  # two are free: 3 x 4 = 12
    *[Item("unreachable")] * 7,  # two times three: 2 x 2 = 4
    *[Item("training")] * 2,  # 4 bonus points
    *[Item("absence")] * 3,  # 3 x 0.5 % of 600 000 = 9 000
    Item("report_late_days", Fraction(2), facts={"fault": "x"}),
    Item("report_late_days", Fraction(1), facts={"fault": "y"}),  # 3 x 0.05 % of 2 400 000 = 3 600
    Item("fine", Fraction(10), facts={"item": "misconduct", "percent": True}),  # 60 000
)


def points(card):
    return {(line.id, line.unit): line.points for line in card.lines if "." not in line.id}


def yuan(card):
    return {one.id: one.yuan for one in card.money}


def variant(tmp_path, *changes):
    """The pack with other YAML in some places."""
    text = FILE.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = tmp_path / "town.yaml"
    file.write_text(text, encoding="utf-8")
    return from_file(file)


def test_every_line_is_what_a_clerk_makes_of_it():
    got = points(score(PACK, facts(*BUSY)))
    assert got == {
        ("uptime", None): 45,  # 99.62 is 99.5 and more
        ("rounds", None): 25,  # 24 of 26 are 92.3 %
        ("response", None): 34,  # 50 - 12 - 4
        ("opinion", None): 27,  # 7 short: two steps begun
        ("papers", "a"): 15,
        ("papers", "b"): 20,
        ("classes", None): 4,
    }


def test_grade_pays_point_by_point_and_fines_are_per_cents():
    card = score(PACK, facts(*BUSY))
    # 45 + 25 + 34 + 27 + 4 + (15 + 20) / 2 = 152.5; 27.5 short of 180: 95 % - 13.75 % = 81.25 %
    assert (card.total, card.grade) == (Fraction("152.5"), "乙")
    assert yuan(card) == {
        "fee_after_grade": Decimal("487500.00"),
        "fines": Decimal("72600.00"),
        "net": Decimal("414900.00"),
    }
    # By the other readings 28 points are short (81 %), or 27 (81.5 %).
    others = {one.value: one.money[0].yuan for one in card.others}
    assert others == {"ceil": Decimal("486000.00"), "floor": Decimal("489000.00")}


@pytest.mark.parametrize(
    ("availability", "wanted"),
    [
        ("99.9", 60),
        ("99.899999", 45),
        ("99.5", 45),
        ("99.499999", 20),
        ("99", 20),
        ("98.999999", 0),
        ("0", 0),
    ],
)
def test_a_tier_begins_at_its_limit(availability, wanted):
    assert points(score(PACK, facts(availability=availability)))[("uptime", None)] == wanted


@pytest.mark.parametrize(("rounds", "wanted"), [((20, 19), 40), ((20, 18), 25), ((5, 4), 25), ((5, 3), 10)])
def test_a_tier_of_a_share_goes_by_what_was_due(rounds, wanted):
    assert points(score(PACK, facts(rounds=rounds)))[("rounds", None)] == wanted


@pytest.mark.parametrize(("late", "wanted"), [(0, 50), (2, 50), (3, 46), (9, 22), (10, 20), (40, 20)])
def test_the_first_two_are_free_and_a_term_takes_no_more_than_its_most(late, wanted):
    got = points(score(PACK, facts(*[Item("incident_late")] * late)))
    assert got[("response", None)] == wanted


@pytest.mark.parametrize(("said", "wanted"), [("90", 30), ("89.9", "28.5"), ("60", 21), ("59.9", 0)])
def test_below_its_last_limit_a_value_has_nothing(said, wanted):
    assert points(score(PACK, facts(satisfaction=said)))[("opinion", None)] == Fraction(wanted)


def test_bonus_points_are_above_the_full_ones_but_not_above_the_most():
    best = dict(availability="100", satisfaction="90", rounds=(4, 4), plain=True)
    assert score(PACK, facts(**best)).total == 200
    assert score(PACK, facts(*[Item("training")] * 5, **best)).total == 200
    less = facts(*[Item("training")] * 5, availability="99.5", satisfaction="90", rounds=(4, 4), plain=True)
    assert score(PACK, less).total == 200 - 15 + 6


@pytest.mark.parametrize(
    ("satisfaction", "late", "share"),
    [
        # With 45 + 40 + 20 points for uptime, rounds, papers:
        ("90", 0, "100"),  # 185
        ("70", 0, "95"),  # 179: 0.5 % less, see below
    ],
)
def test_the_first_point_of_a_grade_pays_its_whole_share(satisfaction, late, share):
    card = score(PACK, facts(availability="99.5", satisfaction=satisfaction, rounds=(4, 4), plain=True))
    short = max(Fraction(180) - card.total, Fraction(0))
    wanted = (Fraction(share) / 100 - short / 200) * 600000
    assert yuan(card)["fee_after_grade"] == wanted
    assert card.total == {"90": 185, "70": 179}[satisfaction]


def test_fines_end_at_their_cap():
    twice = [Item("fine", Fraction(20), facts={"item": "misconduct", "percent": True})] * 2
    money = yuan(score(PACK, facts(*BUSY, *twice)))
    assert (money["fines"], money["net"]) == (Decimal("180000.00"), Decimal("307500.00"))


def test_what_is_not_known_bounds_tiers_fines_and_money():
    gap = Gap("absence", "not_told", at_most=2)
    card = score(PACK, facts(*BUSY, gaps=[gap]))
    fines = next(one for one in card.money if one.id == "fines")
    assert (fines.yuan, fines.low, fines.high) == (None, Decimal("72600.00"), Decimal("78600.00"))
    blind = Item("availability", Fraction("99.62"), facts={**OF, "low": "99.2", "high": "99.95"})
    seen = PeriodFacts(PERIOD, 0, UNITS, (blind,), (Gap("availability", "unknown_time"),))
    line = next(one for one in score(PACK, seen).lines if one.id == "uptime")
    assert (line.points, line.low, line.high, line.state) == (None, 20, 60, LineState.NOT_PROVEN)
    nothing = score(PACK, PeriodFacts(PERIOD, 0, UNITS))
    both = [next(one for one in nothing.lines if one.id == name) for name in ("uptime", "rounds")]
    assert [(one.points, one.low) for one in both] == [(None, 0)] * 2


def test_parts_of_the_price_are_paid_by_points_less_fines(tmp_path):
    ratio = "ratio: {clause: 第9条, full_from: 180, prepaid: 30%}"
    pack = variant(tmp_path, ("fee: {fee: 600000, clause: 第9条, payment_periods: 1, fines_cap: 30%}", ratio))
    card = score(pack, facts(*BUSY))
    # A half-year is a fourth of the price: 600 000 x 152.5 / 180 = 508 333.33…, less 72 600
    assert yuan(card) == {
        "fines": Decimal("72600.00"),
        "payable_total": Decimal("435733.33"),
        "final_payment": Decimal("255733.33"),
        "repayable": Decimal("0.00"),
    }
    both = yuan(
        settle(pack, [card, card, score(pack, facts(availability="99.9", rounds=(4, 4), plain=True))])
    )
    # The third has 60 + 40 + 50 + 27 + 20 = 197: in full. 2 x 435 733.33… + 600 000; 540 000 are prepaid.
    assert both["payable_total"] == Decimal("1471466.67")
    assert both["final_payment"] == Decimal("931466.67")
    assert both["fines"] == Decimal("145200.00")


def test_a_share_of_the_total_comes_off_point_by_point_with_fines(tmp_path):
    pack = variant(
        tmp_path,
        (
            "fee: {fee: 600000, clause: 第9条, payment_periods: 1, fines_cap: 30%}",
            "rate: {clause: 第9条, prepaid: 50%}",
        ),
        ("{name: 甲, at_least: 180, share: 100%}", "{name: 甲, at_least: 180, share: 0%}"),
        ("at_least: 150, share: 95%, each_point: 0.5%", "at_least: 150, share: 1%, each_point: 0.1%"),
        ("at_least: 120, share: 75%, each_point: 0.25%", "at_least: 120, share: 5%"),
    )
    card = score(pack, facts(*BUSY))
    # 1 % + 27.5 x 0.1 % = 3.75 % of 2 400 000
    assert yuan(card) == {"deduct": Decimal("90000.00"), "fines": Decimal("72600.00")}
    assert yuan(settle(pack, [card])) == {
        "cycle_deductions": Decimal("90000.00"),
        "fines": Decimal("72600.00"),
        "all_deductions": Decimal("162600.00"),
        "final_payment": Decimal("1037400.00"),
        "repayable": Decimal("0.00"),
    }


def test_half_years_follow_each_other():
    made = periods_of(PACK.pack.periods, "", Choices({}))
    assert [(one.name, one.first.isoformat(), one.end.isoformat()) for one in made] == [
        ("half-1", "2027-07-01", "2028-01-01"),
        ("half-2", "2028-01-01", "2028-07-01"),
        ("half-3", "2028-07-01", "2029-01-01"),
        ("half-4", "2029-01-01", "2029-07-01"),
    ]


def test_pack_check_says_all_of_it():
    said = "\n".join(explain(PACK, "en"))
    for words in (
        "60 from 99.9% on; 45 from 99.5% on; 20 from 99% on",
        "things done / things due x 100",
        "the first 2 cost nothing, 30 at most",
        "no points below 60",
        "bonus points, above the full ones",
        "95%, 0.5% less for every point short of the grade above (parts: linear (option part))",
        "0.5% of the period's fee each",
        "0.05% of the contract total each",
        "fines of a period are at most 30% of its fee",
        "Total (not below 0), 200 at most",
    ):
        assert words in said, words


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "{points: 45, at_least: 99.5}",
            "{points: 45, at_least: 99.95}",
            "tiers go up: 1999/20 after 999/10",
        ),
        ("{points: 60, at_least: 99.9}", "{points: 61, at_least: 99.9}", "is between 0 and 60"),
        (
            "{points: 45, at_least: 99.5}",
            "{points: 10, at_least: 99.5}",
            "is between 0 and 10",
        ),
        ("free: 2, most: 30", "free: -1", "must not be negative"),
        ("share: 100%}", "share: 100%, each_point: 1%}", "there is no grade above"),
        ("each_point: 0.5%", "each_point: 1%", "would be worse than the grade below it"),
        ("share: 0.05%, of: price", "share: 0.05%, of: fees", "'fees' is none of: fee, price"),
        ("share: 0.5%}", "share: 0.5%, yuan: 100}", "not both a share and an amount"),
        ("full: 6, bonus: true", "full: 6", "full points add up to 206, not 200"),
    ],
)
def test_a_mistake_in_it_is_told(tmp_path, old, new, says):
    with pytest.raises(PackError, match=says):
        variant(tmp_path, (old, new))
