"""What must not matter: order of arrival, grouping, splitting a period, doubled evidence; and sums."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.packs.loading import packaged
from collector.scoring.model import Gap, Line, PeriodFacts
from collector.scoring.money import fen, range_of
from collector.scoring.score import score
from collector.scoring.settlement import settle
from collector.scoring.unbounded import least

FEW = settings(max_examples=15, deadline=None)


def worth(card):
    """All that decides points and money, without places in the list of items."""
    lines = [replace(line, items=(), causes=(), gaps=()) for line in card.lines]
    return lines, card.sums, card.total, card.low, card.high, card.grade, card.vetoes, card.money, card.others


# Without them a line is not proven, which other tests are about.
NEEDED = {"document_required", "availability", "satisfaction"}


def some_of(data, facts):
    """Some of the facts, in one draw: every item in or out."""
    mask = data.draw(st.integers(0, 2 ** len(facts.items) - 1))
    kept = [item for i, item in enumerate(facts.items) if mask >> i & 1 or item.kind in NEEDED]
    return replace(facts, items=tuple(kept))


@FEW
@given(data=st.data())
def test_order_of_arrival_and_doubled_evidence_change_nothing(busy, data):
    name, facts = busy
    facts = some_of(data, facts)
    pack = packaged(name)
    mixed = [*facts.items, *facts.items]
    data.draw(st.randoms(use_true_random=False)).shuffle(mixed)
    assert worth(score(pack, replace(facts, items=tuple(mixed)))) == worth(score(pack, facts))


@FEW
@given(data=st.data())
def test_a_period_gathered_in_two_parts_is_the_same_period(busy, data):
    name, facts = busy
    pack = packaged(name)
    cut = data.draw(st.integers(0, len(facts.items)))
    overlap = data.draw(st.integers(0, len(facts.items)))
    parts = (*facts.items[cut:], *facts.items[: max(cut, overlap)])
    assert worth(score(pack, replace(facts, items=parts))) == worth(score(pack, facts))


def test_grouping_by_unit_changes_nothing(busy):
    name, facts = busy
    pack = packaged(name)
    grouped = tuple(sorted(facts.items, key=lambda item: (item.unit or "", item.kind)))
    mixed = replace(facts, items=grouped)
    made, usual = score(pack, mixed), score(pack, facts)
    assert (made.total, made.money, made.sums) == (usual.total, usual.money, usual.sums)


@FEW
@given(data=st.data())
def test_a_total_equals_its_lines(busy, data):
    name, facts = busy
    facts = some_of(data, facts)
    card = score(packaged(name), facts)
    own = [line for line in card.lines if "." not in line.id]
    whole = sum((line.low for line in own if line.unit is None), Fraction(0))
    units = {line.unit for line in own} - {None}
    if units:
        each = [sum((line.low for line in own if line.unit == unit), Fraction(0)) for unit in units]
        whole += sum(each, Fraction(0)) / len(each)
        assert sorted(each) == sorted(one.low for one in card.sums)
    off = -sum((line.high for line in card.lines if line.id.startswith("deduction.")), Fraction(0))
    assert off == card.deducted
    floor = None if name.startswith("pingdingshan") else Fraction(0)
    expected = whole - off if floor is None else max(whole - off, floor)
    assert card.low == expected


@FEW
@given(data=st.data())
def test_money_sums(busy, data):
    name, facts = busy
    cards = [score(packaged(name), some_of(data, facts)) for _ in range(3)]
    made = {one.id: one for one in settle(packaged(name), cards, facts).money}
    if name == "luohe-2026":
        for card in cards:
            steps = {one.id: one.yuan for one in card.money}
            assert steps["net"] == steps["fee_after_grade"] - steps["fines"]
        nets = sum(card.money[-1].yuan for card in cards)
        assert made["period_payment"].yuan - made["shortfall"].yuan == nets
    elif name.startswith("pingdingshan"):
        cycles = sum(card.money[0].yuan for card in cards)
        extras = made["promise_deductions"].yuan + made["blame_deductions"].yuan
        assert made["cycle_deductions"].yuan == cycles
        assert made["all_deductions"].yuan == min(cycles + extras, 2545000)
        assert made["final_payment"].yuan - made["repayable"].yuan == 1272500 - made["all_deductions"].yuan
    else:
        paid = made["final_payment"], made["repayable"], made["payable_total"]
        low = [range_of(one).low for one in paid]
        # Three times the year: each is worth the whole price, of which half is prepaid.
        assert range_of(paid[2]).high - 3 * 671000 == range_of(paid[0]).high - low[1]


@FEW
@given(data=st.data())
def test_what_is_missing_bounds_the_scorecard_that_it_would_have_made(busy, data):
    name, facts = busy
    pack = packaged(name)
    kind = data.draw(st.sampled_from(sorted({item.kind for item in facts.items})))
    gone = [item for item in facts.items if item.kind == kind]
    drop = data.draw(st.integers(1, len(gone)))
    rest = tuple(item for item in facts.items if item not in gone[:drop])
    most = data.draw(st.sampled_from([drop, drop + 1, None]))
    open_ = score(pack, replace(facts, items=rest, gaps=(Gap(kind, "not_observed", at_most=most),)))
    true = score(pack, facts)
    assert least(open_.low) <= true.total <= open_.high
    for before, after in zip(true.money, open_.money, strict=True):
        assert after.low is None or after.low <= before.yuan
        assert after.high is None or before.yuan <= after.high
        assert most is None or (after.low is not None and after.high is not None)
    by_id = {(line.id, line.unit): line for line in open_.lines}
    for line in true.lines:
        if "." not in line.id:
            other: Line = by_id[(line.id, line.unit)]
            assert least(other.low) <= line.points <= other.high


def test_a_period_without_any_evidence_is_not_proven_neither_nought_nor_full(busy):
    name, facts = busy
    pack = packaged(name)
    kinds = sorted({item.kind for item in facts.items} | {"satisfaction", "emergency_drill", "training"})
    empty = PeriodFacts(facts.period, 0, facts.units, (), tuple(Gap(kind, "not_observed") for kind in kinds))
    card = score(pack, empty)
    assert card.total is None and card.grade is None
    assert least(card.low) < card.high
    assert all(one.yuan is None for one in card.money if one.id in ("net", "deduct", "payable_total"))


def test_money_is_rounded_half_up_to_the_fen():
    assert str(fen(Fraction("1.005"))) == "1.01"
    assert str(fen(Fraction("-1.005"))) == "-1.01"
    assert str(fen(Fraction("1.00499"))) == "1.00"
    assert str(fen(Fraction(0))) == "0.00"
    assert str(fen(Fraction(4, 9) * 1342000)) == "596444.44"
