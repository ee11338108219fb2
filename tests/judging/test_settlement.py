"""Payments: which months belong together, and what is paid for sealed, running and coming ones."""

from datetime import date
from fractions import Fraction

import pytest

from collector.cli_settle import said
from collector.jobs import scorecards, settlements
from collector.judging.judge import NoScorecard
from collector.judging.settling import groups
from collector.judging.spans import periods_of
from collector.packs.loading import packaged
from collector.packs.options import resolve
from collector.scoring.choices import Choices


def spans(name, **options):
    pack = packaged(name).pack
    start = pack.periods.start or "2025-09-30"
    periods = periods_of(pack.periods, start, Choices(resolve(pack, options)))
    return groups(pack, periods)


def test_luohe_pays_four_times_for_three_months_each():
    made = spans("luohe-2026")
    assert [one.name for one in made] == ["payment-1", "payment-2", "payment-3", "payment-4"]
    assert [(one.periods[-1].end - one.periods[0].first).days for one in made] == [92, 91, 90, 92]


def test_broken_months_belong_to_the_payment_in_which_they_begin():
    made = spans("luohe-2026", month_anchor=1)
    assert [len(one.periods) for one in made] == [4, 3, 3, 3]
    assert made[1].periods[0].first == date(2026, 10, 1)
    assert sum(period.share for one in made for period in one.periods) == 12


@pytest.mark.parametrize(
    ("name", "count"), [("pingdingshan-2024", 4), ("pingdingshan-2025", 4), ("huaian-2025", 1)]
)
def test_the_others_settle_over_the_term(name, count):
    (one,) = spans(name)
    assert (one.name, len(one.periods)) == ("term", count)


def test_a_payment_is_of_the_months_that_have_begun_and_final_only_when_all_are_sealed(site):
    site.apply()
    for monday in ("2026-07-13", "2026-07-20", "2026-07-27"):
        site.inspect(monday)
    site.go("2026-08-10T01:00")
    site.settle()
    for name in ("2026-06", "2026-07"):
        scorecards.seal(site.context, name, by="manager")
    (one,) = settlements.settlements(site.context)
    assert (one.name, one.final, one.awaited) == ("payment-1", False, ())
    assert one.settlement.periods == ("2026-06", "2026-07", "2026-08")
    cards = [scorecards.scorecard(site.context, name).scorecard for name in one.settlement.periods]
    low = sum(next(step.exact[0] for step in card.money if step.id == "net") for card in cards)
    high = sum(next(step.exact[1] for step in card.money if step.id == "net") for card in cards)
    paid = one.settlement.money[0]
    assert paid.id == "period_payment"
    assert (Fraction(paid.low), Fraction(paid.high)) == (max(low, 0), max(high, 0))
    assert said(one)["money"][0]["high"] == str(paid.high)


def test_before_the_second_month_the_others_are_awaited(site):
    site.apply()
    site.go("2026-07-05T00:00")
    site.settle()
    (one,) = settlements.settlements(site.context)
    assert one.awaited == ("2026-07", "2026-08")
    with pytest.raises(NoScorecard, match="future"):
        settlements.settlements(site.context, site.world.at + 10**9)
