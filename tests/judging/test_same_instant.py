"""Statements and seals of one millisecond, and of a clock that was set back: the log's order tells."""

import pytest

from collector.jobs import derive, settlements
from collector.jobs import scorecards as jobs
from collector.jobs.statements import StatementError
from collector.judging.judge import NoScorecard

MONTHS = ("2026-06", "2026-07", "2026-08")
MINUTE = 60_000


@pytest.fixture
def term(site):
    """Three months that are over, with a round in them; the clock stands from here on."""
    site.apply()
    site.inspect("2026-07-13")
    site.go("2026-09-11T01:00")
    site.settle()
    return site


def complaint(site, hour, **more):
    told = {"justified": "true", "points": "2", "text": "x"}
    return site.say("complaint", at=f"2026-07-20T{hour}:00+08:00", **told, **more)


def sealed_all(site):
    made = []
    for name in MONTHS:
        made.append(jobs.seal(site.context, name, by="manager"))
        derive.catch_up(site.context)
    return made


def refused(site, hour):
    with pytest.raises(StatementError) as caught:
        complaint(site, hour)
    return caught.value.code


def words(verdict):
    return {name: word for name, word, _ in verdict.claims if name.startswith(("scorecard", "settlement"))}


def test_what_is_said_and_sealed_in_one_millisecond_stands_in_the_order_of_the_log(term, tmp_path):
    complaint(term, "09")
    (_, _), (idx, july), (_, _) = sealed_all(term)
    assert refused(term, "10") == "sealed"
    later = complaint(term, "10", amendment="yes")
    number, again = jobs.seal(term.context, "2026-07", by="manager")
    assert (again.number, later > idx) == (1, True)
    taken = [one.proofs[0].entry for one in again.facts.items if one.kind == "deduction"]
    assert (
        len(taken) == 2
        and [one.proofs[0].entry for one in july.facts.items if one.kind == "deduction"] == taken[:1]
    )
    assert number > later
    settlements.seal(term.context, by="manager")
    verdict = term.verdict(tmp_path / "b.zip")
    assert set(words(verdict).values()) == {"proven if"} and verdict.good, verdict.findings


def test_a_clock_that_was_set_back_puts_nothing_in_front_of_a_seal_or_behind_it(term, tmp_path):
    complaint(term, "09")
    term.world.at -= 10 * MINUTE
    complaint(term, "10")
    made = sealed_all(term)
    assert len([one for one in made[1][1].facts.items if one.kind == "deduction"]) == 2
    term.world.at -= 10 * MINUTE
    assert refused(term, "11") == "sealed"
    complaint(term, "11", amendment="yes")
    _, again = jobs.seal(term.context, "2026-07", by="manager")
    assert again.number == 1
    settlements.seal(term.context, by="manager")
    verdict = term.verdict(tmp_path / "b.zip")
    assert set(words(verdict).values()) == {"proven if"} and verdict.good, verdict.findings


def test_what_came_late_by_the_log_is_late_though_the_clock_was_set_back(term, tmp_path):
    """Receipts never fall: what is said now has the receipt of the newest entry, and is late by that."""
    term.go("2026-09-13T00:00")
    term.say("visit", "operator", unit="centre", at="2026-09-12T09:00+08:00")
    limit = term.go("2026-09-12T23:00")
    term.say("visit", "operator", unit="county", at="2026-09-12T09:00+08:00")
    verdict = term.verdict(tmp_path / "b.zip")
    assert verdict.good and term.world.at == limit, verdict.findings


def test_a_period_is_not_over_because_the_clock_was_ahead_once(term):
    now = term.world.at
    term.go("2026-10-20T00:00")
    complaint(term, "09")
    term.world.at = now
    with pytest.raises(NoScorecard, match="not over"):
        jobs.seal(term.context, "2026-09", by="manager")
