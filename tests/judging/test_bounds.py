"""Bounds are bounds: what nobody can count is limited by what caps it, and by nothing else."""

from decimal import Decimal
from fractions import Fraction

import pytest
from click.testing import CliRunner

from checks.wire import strict_json
from collector.cli import main
from collector.documents.numbers import spanned
from collector.jobs import scorecard_json, settlements
from collector.jobs import scorecards as jobs
from collector.judging import judge
from collector.judging.outlook import outlook
from collector.packs.loading import packaged
from collector.scoring.model import Gap, PackPeriod, PeriodFacts, Scorecard
from collector.scoring.score import score
from collector.scoring.settlement import settle
from collector.scoring.unbounded import NO_LIMIT, bound, least, most

MONTH = "2026-07"
OFTEN = {"luohe-2026": ("absence",), "pingdingshan-2024": ("absence", "promise_missed", "reprimand")}


def card_of(pack: str, *gaps: Gap) -> Scorecard:
    made = packaged(pack)
    first = judge._term(made.body.decode(), "", ())[0]
    return score(made, PeriodFacts(first, first.to_ms, (), (), gaps))


def period() -> PackPeriod:
    return judge._term(packaged("pingdingshan-2024").body.decode(), "", ())[0]


def test_a_number_beyond_all_contracts_is_no_bound_and_a_large_fine_is_one():
    assert bound(-NO_LIMIT / 1_000_000) is None and bound(NO_LIMIT * 3) is None
    assert bound(Fraction(10**20)) == 10**20
    assert (least(None), most(None)) == (-NO_LIMIT, NO_LIMIT)
    assert (least(Fraction(2)), most(Fraction(3))) == (2, 3)


def test_fines_that_nobody_can_count_leave_a_month_no_lower_bound_and_the_payment_its_floor():
    card = card_of("luohe-2026", Gap("absence", "not_observed"))
    steps = {one.id: one for one in card.money}
    assert (steps["fines"].low, steps["fines"].high) == (Decimal("0.00"), None)
    assert (steps["net"].low, steps["net"].yuan) == (None, None) and steps["net"].high is not None
    paid = {one.id: one for one in settle(packaged("luohe-2026"), [card]).money}
    assert paid["period_payment"].low == 0  # set off within the payment, and never asked back
    assert (paid["shortfall"].low, paid["shortfall"].high) == (0, None)


def test_a_line_with_a_floor_has_it_as_its_bound_and_the_total_of_a_contract_caps_its_fines():
    gaps = [Gap(kind, "not_told") for kind in OFTEN["pingdingshan-2024"]]
    card = card_of("pingdingshan-2024", *gaps)
    lines = {one.id: one for one in card.lines}
    assert [(lines[name].low, lines[name].high) for name in ("onsite", "support")] == [(0, 10)] * 2
    assert card.low is not None and card.low < card.high
    pack = packaged("pingdingshan-2024")
    money = settle(pack, [card], PeriodFacts(period(), 0, (), (), tuple(gaps))).money
    steps = {one.id: one for one in money}
    assert steps["blame_deductions"].high is None
    assert steps["all_deductions"].high == pack.pack.price
    assert steps["final_payment"].low == 0


def test_points_that_nothing_limits_have_no_lower_bound_and_are_reckoned_all_the_same():
    card = card_of("pingdingshan-2024", Gap("security", "not_accepted"))
    line = next(one for one in card.lines if one.id == "security")
    assert (line.low, line.high, line.points) == (None, 20, None)
    assert (card.low, card.total) == (None, None) and card.high == card_of("pingdingshan-2024").high
    assert card.sums[0].low is None
    assert card.grade is None
    facts = PeriodFacts(period(), 0, (), (), (Gap("security", "not_accepted"),))
    found = outlook(card, facts)
    assert found.sure == 0 and [one.low for one in found.risks if one.line == "security"] == [None]


@pytest.mark.parametrize(
    ("lang", "low", "high"), [("zh", "无下限", "无上限"), ("en", "no lower", "no upper")]
)
def test_ranges_without_an_end_say_so_in_words(lang, low, high):
    assert spanned(None, Decimal("1.5"), lang).startswith(low)
    assert high in spanned(Decimal("1.5"), None, lang)
    assert "1.50" in spanned(Decimal("1.5"), None, lang)


def test_a_duty_of_which_nobody_can_tell_how_often_it_was_broken_bounds_nothing(site, tmp_path):
    """LH-01: nobody stated who was there. It is in the seal, verified, shown, and settled."""
    site.apply()
    site.go("2026-08-10T01:00")
    site.settle()
    made = jobs.scorecard(site.context, MONTH)
    duty = [one for one in made.facts.gaps if "absent" in str(one.facts.get("item")) or one.kind == "absence"]
    assert [(one.kind, one.at_most) for one in duty] == [("absence", None), ("fine", None)]
    net = next(one for one in made.scorecard.money if one.id == "net")
    assert net.low is None and net.high is not None
    with site.context.read() as conn:
        told = scorecard_json.whole(made, jobs.status(conn, made), [])
    assert next(one for one in told["money"] if one["id"] == "net")["low"] is None
    jobs.seal(site.context, MONTH, by="manager")
    site.settle()
    verdict = site.verdict(tmp_path / "b.zip")
    assert {word for name, word, _ in verdict.claims if name.startswith("scorecard")} == {"proven if"}
    paid = settlements.settlements(site.context)[0].settlement.money
    assert next(one for one in paid if one.id == "period_payment").low == 0
    place = str(site.context.directory)
    site.context.close()
    shown = CliRunner().invoke(main, ["scorecard", place, "--period", MONTH]).output
    assert "net: not proven (no lower bound .. " in shown
    asked = CliRunner().invoke(main, ["scorecard", place, "--period", MONTH, "--json"]).output
    assert strict_json.loads(asked.encode())["money"][-1]["low"] is None


def test_an_acceptance_closes_it(site):
    site.apply()
    site.go("2026-08-10T01:00")
    site.say("acceptance", period=MONTH, accepted="true")
    card = jobs.scorecard(site.context, MONTH).scorecard
    assert next(one for one in card.money if one.id == "fines").high == 0
