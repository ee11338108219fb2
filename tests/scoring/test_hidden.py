"""What a hidden fault may cost: by all terms that it can be of; of those that exclude each other by one."""

from datetime import date
from fractions import Fraction
from itertools import product

import pytest

from collector.packs.loading import packaged
from collector.packs.options import resolve
from collector.scoring.model import Gap, Item, PackPeriod, PeriodFacts, Proof, System, Unit
from collector.scoring.score import score

PERIOD = PackPeriod("x", 1, 0, 1000, date(2026, 7, 1), date(2026, 8, 1))
UNITS = (Unit("a", "A", systems=(System("s", "S"),)),)
BLIND = Gap("fault", "unknown_time", "a", "s", at_most=1)


def line(pack, name, items=(), gaps=(), **options):
    facts = PeriodFacts(PERIOD, 2000, UNITS, tuple(items), tuple(gaps))
    compiled = packaged(pack)
    card = score(compiled, facts, resolve(compiled.pack, options))
    return next(one for one in card.lines if one.id == name)


def fault(entry=1, **facts):
    proofs = (Proof(entry, "log", "A"),)
    return Item("fault", Fraction(1), date(2026, 7, 2), 10, "a", "s", facts=facts, proofs=proofs)


LEVELS, TOLD = (1, 2, 3, 4), (True, False)


@pytest.mark.parametrize("name", ["faults", "response"])
def test_whatever_fault_hides_in_a_blind_stretch_lies_within_the_bounds(name):
    bounds = line("pingdingshan-2024", name, gaps=[BLIND])
    found = {
        line(
            "pingdingshan-2024",
            name,
            [fault(level=level, vendor_cause=True, no_support=first, not_restored=second)],
        ).points
        for level, first, second in product(LEVELS, TOLD, TOLD)
    }
    assert bounds.points is None and bounds.low == min(found) and bounds.high >= max(found)


def test_of_two_deductions_of_one_fault_both_hide_and_of_levels_one():
    assert line("pingdingshan-2024", "response", gaps=[BLIND]).low == 13
    assert line("pingdingshan-2024", "faults", gaps=[BLIND]).low == 0
    luohe = line("luohe-2026", "incidents", gaps=[BLIND])
    assert (luohe.low, luohe.high) == (20, 30)


def test_three_blind_stretches_hide_three_and_what_nothing_limits_has_no_lower_bound_unless_a_floor_is_one():
    three = Gap("fault", "unknown_time", "a", "s", at_most=3)
    assert line("pingdingshan-2024", "response", gaps=[three]).low == 9
    often = Gap("fault", "unknown_time", "a", "s")
    free = line("pingdingshan-2024", "faults", gaps=[often])
    assert (free.low, free.high, free.points) == (None, 20, None)
    assert line("pingdingshan-2024", "response", gaps=[often]).low == 0


def test_a_gap_that_is_told_of_one_deduction_only_costs_that_one():
    told = Gap("fault", "no_statement", "a", "s", 1, {"level": 4, "no_support": True, "not_restored": False})
    assert line("pingdingshan-2024", "response", gaps=[told]).low == 14
