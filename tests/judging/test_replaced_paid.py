"""What a replaced contract had begun is paid by it: its settlement, by its own name, verified."""

from dataclasses import replace
from decimal import Decimal

import pytest

from checks.wire.numbers import EntryKind
from collector.jobs import projection, settlements
from collector.jobs import scorecards as jobs
from collector.judging import paid
from collector.judging.judge import NoScorecard

LUOHE = "luohe-2026, start: 2026-06-10"
OLD = "pingdingshan-2024, start: 2026-05-05"


def money(verdict):
    return {name: (word, detail) for name, word, detail in verdict.claims if name.startswith("settlement")}


def seal(site, *names):
    for name in names:
        jobs.seal(site.context, name, by="manager")
        site.settle()


def test_a_replaced_contracts_term_is_settled_of_what_it_had_begun_and_verified(site, estate, tmp_path):
    """The same pack name for the group: the later contract's term carries its pack, in log and report."""
    site.apply(estate.replace(LUOHE, OLD))
    site.go("2026-08-15T10:00")
    site.settle()
    seal(site, "cycle-1")
    site.apply(estate.replace(LUOHE, "pingdingshan-2025, start: 2026-09-01"))
    site.go("2026-12-10T01:00")
    site.settle()
    with pytest.raises(NoScorecard) as refused:
        settlements.seal(site.context, by="manager", name="term")
    assert refused.value.code == "not_sealed" and "cycle-2" in str(refused.value)
    seal(site, "cycle-2")
    ((idx, made),) = settlements.seal(site.context, by="manager")
    assert (made.name, made.settlement.pack, made.settlement.periods) == (
        "term",
        "pingdingshan-2024",
        ("cycle-1", "cycle-2"),
    )
    told = {one.name: one for one in settlements.settlements(site.context)}
    assert list(told) == ["term", "term@pingdingshan-2025"]
    assert told["term"].final and told["term"].settlement == made.settlement
    assert told["term@pingdingshan-2025"].settlement.pack == "pingdingshan-2025"
    with pytest.raises(NoScorecard, match="there are term, term@pingdingshan-2025"):
        settlements.seal(site.context, by="manager", name="payment-1")
    verdict = site.verdict(tmp_path / "b.zip")
    assert {name: word for name, (word, _) in money(verdict).items()} == {"settlement term": "proven if"}
    assert verdict.good, verdict.findings
    # A fen more, and the two cycles under the name of the later contract.
    first, *rest = made.settlement.money
    dear = replace(made.settlement, money=(replace(first, high=first.high + Decimal("0.01")), *rest))
    for whole in (replace(made, settlement=dear, number=1), replace(made, name="term@pingdingshan-2025")):
        header = {**paid.header_of(whole, idx if whole.number else None), "by": "manager"}
        projection.log(site.context, [(EntryKind.RECORD, header, paid.encode(whole))])
    found = money(site.verdict(tmp_path / "c.zip"))
    words = [word for word, _ in found.values()]
    assert words == ["proven if", "contradicted", "contradicted"], found


def test_of_payments_those_months_that_the_old_contract_had_begun(site, estate, tmp_path):
    """Luohe from June to the middle of August: its first payment has three months, its second none."""
    site.apply(estate)
    site.go("2026-08-15T10:00")
    site.apply(estate.replace(LUOHE, "luohe-2026, start: 2026-09-10"))
    site.go("2026-12-09T01:00")
    site.settle()
    seal(site, "2026-06", "2026-07", "2026-08")
    ((_, made),) = settlements.seal(site.context, by="manager")
    assert (made.name, made.settlement.periods) == ("payment-1", ("2026-06", "2026-07", "2026-08"))
    told = [one.name for one in settlements.settlements(site.context)]
    assert told == ["payment-1", "payment-1@2026-09-10"]
    verdict = site.verdict(tmp_path / "b.zip")
    assert [word for word, _ in money(verdict).values()] == ["proven if"] and verdict.good, verdict.findings


def test_a_payment_in_whose_middle_the_contract_ended_is_of_the_months_that_had_begun(site, estate):
    site.apply(estate)
    site.go("2026-07-15T10:00")
    site.apply(estate.replace(LUOHE, "pingdingshan-2025, start: 2026-07-15"))
    site.go("2026-09-10T01:00")
    site.settle()
    seal(site, "2026-06")
    told = {one.name: one for one in settlements.settlements(site.context)}
    first = told["payment-1"]
    assert first.settlement.pack == "luohe-2026" and set(told) == {"payment-1", "term"}
    assert first.final == (first.settlement.periods == ("2026-06",)) and not first.awaited
