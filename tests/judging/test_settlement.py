"""Payments: which months belong together, and what is paid for sealed, running and coming ones."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from click.testing import CliRunner

from checks.wire.numbers import EntryKind
from collector.cli import main
from collector.evidence.bundle import Period
from collector.evidence.policy import parse_policy
from collector.jobs import bundles, derive, projection, scorecards, settlements
from collector.jobs.as_of import applied
from collector.jobs.checkpoints import Publisher
from collector.jobs.judging_json import settlement as said
from collector.judging import paid
from collector.judging.judge import NoScorecard
from collector.judging.settling import groups
from collector.judging.spans import periods_of
from collector.packs.loading import packaged
from collector.packs.options import resolve
from collector.scoring.choices import Choices
from collector.store import scorecards as store
from collector.verify.verify import Options, verify_bundle

BEGIN = 1_788_969_600_000  # 2026-09-10T00:00+08:00


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
    net = [next(step for step in card.money if step.id == "net") for card in cards]
    # Of June and July nobody stated who was there: nothing but the payment's floor bounds their fines.
    assert [one.low is None for one in net] == [True, True, False]
    high = sum(one.exact[1] for one in net)
    paid = one.settlement.money[0]
    assert paid.id == "period_payment"
    assert (Fraction(paid.low), Fraction(paid.high)) == (0, max(high, 0))
    assert said(one)["money"][0]["high"] == str(paid.high)


def test_before_the_second_month_the_others_are_awaited(site):
    site.apply()
    site.go("2026-07-05T00:00")
    site.settle()
    (one,) = settlements.settlements(site.context)
    assert one.awaited == ("2026-07", "2026-08")
    with pytest.raises(NoScorecard, match="future"):
        settlements.settlements(site.context, site.world.at + 10**9)


MONTHS = ("2026-06", "2026-07", "2026-08")


@pytest.fixture
def quarter(site):
    """A collector whose first three months are over and sealed, with what their entries are."""
    site.apply()
    site.inspect("2026-07-13")
    sealed = []
    for month, day in zip(MONTHS, ("2026-07-10", "2026-08-10", "2026-09-10"), strict=True):
        site.go(f"{day}T01:00")
        site.settle()
        sealed.append(scorecards.seal(site.context, month, by="manager")[0])
        Publisher(site.context).publish()
    return site, tuple(sealed)


def money(verdict):
    return [(word, detail) for name, word, detail in verdict.claims if name.startswith("settlement")]


def test_a_payment_is_sealed_once_all_its_months_are_and_verified_to_the_fen(quarter, tmp_path):
    site, sealed = quarter
    ((idx, made),) = settlements.seal(site.context, by="manager")
    assert (made.name, made.number) == ("payment-1", 0)
    assert [(one.period, one.entry) for one in made.parts] == list(zip(MONTHS, sealed, strict=True))
    assert settlements.seal(site.context, by="manager") == ()
    (now,) = (one for one in settlements.settlements(site.context) if one.name == "payment-1")
    assert now.final and now.settlement == made.settlement
    paid = made.settlement.money[0]
    ((word, detail),) = money(site.verdict(tmp_path / "b.zip"))
    assert (word, f"{paid.low} to {paid.high}" in detail) == ("proven if", True), detail
    site.go("2026-09-11T01:00")
    told = {"justified": "true", "points": "3", "text": "服务不及时"}
    site.say("complaint", amendment="yes", at="2026-07-20T09:00+08:00", **told)
    scorecards.seal(site.context, "2026-07", by="manager")
    ((second, again),) = settlements.seal(site.context, by="manager")
    assert (again.number, second > idx) == (1, True)
    verdict = site.verdict(tmp_path / "c.zip")
    assert [word for word, _ in money(verdict)] == ["proven if", "proven if"] and verdict.good
    derive.rebuild(site.context)
    with site.context.read() as conn:
        assert [row.idx for row, _ in settlements.logged(conn)] == [idx, second]


def test_a_payment_that_is_not_sealed_and_one_that_is_not_there_are_refused(site):
    site.apply()
    site.go("2026-08-10T01:00")
    site.settle()
    scorecards.seal(site.context, "2026-06", by="manager")
    assert settlements.seal(site.context, by="manager") == ()
    for name, code in (("payment-1", "not_sealed"), ("payment-9", "no_such_payment")):
        with pytest.raises(NoScorecard) as refused:
            settlements.seal(site.context, by="manager", name=name)
        assert refused.value.code == code


def log(site, whole, **header):
    made = {**paid.header_of(whole, None), "by": "manager", **header}
    return projection.log(site.context, [(EntryKind.RECORD, made, paid.encode(whole))])[0]


def test_money_that_the_scorecards_do_not_give_is_contradicted(quarter, tmp_path):
    site, _ = quarter
    with site.context.read() as conn:
        held = applied(conn, 10**9)
        seals = {row.period: (row.idx, scorecards.read_sealed(conn, row)) for row in store.sealed(conn)}
    whole = paid.make(held, site.world.at, seals, "payment-1", 0)
    first, *rest = whole.settlement.money
    dear = replace(first, high=first.high + Decimal("0.01"))
    log(site, replace(whole, settlement=replace(whole.settlement, money=(dear, *rest))))
    ((word, detail),) = money(site.verdict(tmp_path / "b.zip"))
    assert (word, detail) == ("contradicted", "the scorecards give another settlement")


def test_a_bundle_of_the_last_month_adds_up_what_it_carries_and_says_what_it_stands_on(quarter, tmp_path):
    site, _ = quarter
    settlements.seal(site.context, by="manager")
    Publisher(site.context).publish()
    month = Period("2026-09", BEGIN, site.context.now() + 1)
    bundles.make_bundle(site.context, month, tmp_path / "m.zip")
    policy = parse_policy(f"log {site.context.vkey}\nquorum none\n")
    verdict = verify_bundle(tmp_path / "m.zip", policy, Options(None, True, 1))
    assert verdict.range[0] > 0 and verdict.good, verdict.findings
    ((word, detail),) = money(verdict)
    assert word == "not proven" and "give this to the fen, but those of 2026-06, 2026-07" in detail


def test_the_command_seals_for_managers_only_and_says_what_is_paid(quarter):
    site, _ = quarter
    place = str(site.context.directory)
    site.context.close()
    refused = CliRunner().invoke(main, ["scorecard", "settle", place, "--seal", "--by", "operator"])
    assert refused.exit_code == 2 and "not for operator" in refused.output
    done = CliRunner().invoke(main, ["scorecard", "settle", place, "--seal", "--by", "manager"])
    assert done.exit_code == 0 and done.output.startswith("payment-1: sealed, entry "), done.output
    again = CliRunner().invoke(main, ["scorecard", "settle", place, "--seal", "--by", "manager"])
    assert again.exit_code == 0 and "nothing to seal" in again.output
