"""Every key of every pack, changed alone, shows: in points, in money, or in what is printed."""

from dataclasses import replace
from fractions import Fraction

import pytest

from collector.packs.loading import names, packaged
from collector.scoring.model import Item
from collector.scoring.score import score
from collector.scoring.settlement import settle

# Keys whose change moves points or money of the facts below; the others decide what becomes a fact (which
# inspection counts, when a clock starts), and stand printed in the line that rests on it.
MOVES = {
    "luohe-2026": {
        "count": "literal",
        "late.per": "clock",
        "major_impact": "ignored",
        "floor.item": "none",
        "floor.total": "none",
        "floor.net": "zero",
        "grade.rounding": "half_up",
        "na": "none",
        "lapse.per": "kind",
        "docs.catalogue": "per_unit",
        "fine.per": "case",
    },
    "pingdingshan-2024": {
        "refusal_points": 1,
        "vendor_cause": "stated",
        "half_year.judge_in": (1, 3),
        "fault_and_response": "fault_only",
        "hazard.found_by": ("vendor", "buyer", "superior"),
        "promises": ("availability",),
        "grade.rounding": "half_up",
    },
    "huaian-2025": {
        "step": "linear",
        "aggregate": "union",
        "critical_interruption_points": 3,
        "missed_month_points": 0,
        "grade.rounding": "half_up",
    },
}
MOVES["pingdingshan-2025"] = MOVES["pingdingshan-2024"] | {"promises": ()}


def others(option):
    """Some other value of an option."""
    if isinstance(option.default, tuple):
        return option.allowed if option.default != option.allowed else ()
    if option.allowed:
        return next((value for value in option.allowed if value != option.default), None)
    return option.most if option.default != option.most else option.least


def printed(card):
    return [line.options for line in card.lines], card.options


def worth(card):
    return card.total, card.grade, [(line.id, line.unit, line.points) for line in card.lines], card.money


def facts_for(key, facts):
    """Facts that come near a limit, where the busy period stays away from it."""
    if key == "floor.total":
        return replace(
            facts, items=(*facts.items, Item("deduction", Fraction(99), facts={"item": "complaint"}))
        )
    if key == "grade.rounding":
        return replace(facts, items=EDGE[facts.period.name])
    return facts


def half(unit, points):
    return Item("satisfaction", Fraction(points), unit=unit)


# Each half a point below a grade.
EDGE = {
    "2026-07": tuple(
        item
        for unit in "abc"
        for item in (
            half(unit, "29.5"),
            Item("document_required", unit=unit),
            Item("document_present", unit=unit),
            *([Item("visit", unit=unit)] if unit != "c" else []),
            *([Item("inspection", unit=unit)] if unit != "c" else []),
        )
    ),
    "cycle-2": (
        Item("defect_report"),
        Item("emergency_drill"),
        Item("training"),
        Item("report_late_days", Fraction("5.5")),
    ),
    "year-1": (
        Item("availability", Fraction(100), facts={"of": "worst"}),
        Item("satisfaction", Fraction("79.5")),
    ),
}


@pytest.mark.parametrize("name", names())
def test_every_key_changed_alone_shows_in_the_scorecard(name, rich):
    pack = packaged(name)
    usual = score(pack, rich[name])
    for option in pack.pack.options:
        value = others(option)
        if value is None:
            continue  # a decision without an alternative: printed, nothing to choose
        other = score(pack, rich[name], {option.key: value})
        assert worth(other) != worth(usual) or printed(other) != printed(usual), option.key


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, keys in MOVES.items() for key in keys])
def test_a_key_that_decides_points_moves_points_or_money(name, key, rich):
    pack, facts = packaged(name), facts_for(key, rich[name])
    options = {"step": "linear"} if (name, key) == ("huaian-2025", "grade.rounding") else {}
    before, after = score(pack, facts, options), score(pack, facts, {**options, key: MOVES[name][key]})
    assert worth(before) != worth(after), (before.total, before.grade)
    assert dict(after.options)[key] != dict(before.options)[key]


@pytest.mark.parametrize("name", ["pingdingshan-2024", "pingdingshan-2025"])
def test_a_promised_availability_costs_two_points_and_three_per_cent(name, rich):
    pack = packaged(name)
    money = {}
    for promised in ((), ("availability",)):
        card = score(pack, rich[name], {"promises": promised})
        made = settle(pack, [card], rich[name], {"promises": promised})
        money[promised] = next(one.yuan for one in made.money if one.id == "promise_deductions"), card.total
    assert money[("availability",)][0] - money[()][0] == Fraction(76350)
    assert money[()][1] - money[("availability",)][1] == 2


@pytest.mark.parametrize("name", names())
def test_both_readings_of_a_contradiction_are_shown_with_their_money(name, rich):
    pack = packaged(name)
    card = score(pack, rich[name])
    assert card.others
    for other in card.others:
        again = score(pack, rich[name], {other.option: _value(pack, other)})
        assert (again.total, again.grade, again.money) == (other.total, other.grade, other.money)
        assert other.clause


def _value(pack, other):
    option = next(option for option in pack.pack.options if option.key == other.option)
    return int(other.value) if option.least is not None else other.value


def test_refusing_correction_at_one_or_two_points_may_be_worth_127250_yuan():
    pack = packaged("pingdingshan-2024")
    items = (
        Item("defect_report"),
        *[Item("absence")] * 2,
        Item("refusal"),
        *[Item("unreachable")] * 7,
        Item("emergency_drill"),
        Item("training"),
    )
    from collector.scoring.case_read import facts

    card = score(pack, facts(items))
    (other,) = card.others
    assert (card.total, other.total) == (94, 95)
    assert (card.money[0].yuan, other.money[0].yuan) == (127250, 0)
